"""Asking by what is to be achieved: the map is monotone, inverts the path, and becomes weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.ranker.problems import small_problem
from trimtab.core.errors import BadInput, BadParameter
from trimtab.ranker.attainment import PATH, Attainment, fit_attainment, weights_for
from trimtab.ranker.methods.heads import CalibratedHeads
from trimtab.ranker.methods.problem import lattice
from trimtab.ranker.methods.slates import discounted_values, slates_of
from trimtab.ranker.training.heads import Recipe
from trimtab.ranker.training.paths import attainment_of_gains, attainment_of_ranker

IDENTITY = Attainment(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
STEEP = fit_attainment(PATH, PATH**0.4)
MAPS = {"revenue": STEEP, "diversity": IDENTITY}


@given(st.lists(st.floats(0, 10), min_size=3, max_size=21))
def test_more_attainment_is_never_less_weight(values: list[float]) -> None:
    weights = np.linspace(0, 1, len(values))
    mapped = fit_attainment(weights, values)
    asked = mapped.weight_for(np.linspace(0, 1, 50))
    assert (np.diff(asked) >= -1e-12).all()
    again = Attainment.from_dict(mapped.as_dict())
    np.testing.assert_array_equal(again.weight_for(np.linspace(0, 1, 50)), asked)


def test_attainment_inverts_the_path_and_refuses_what_is_no_share() -> None:
    weights = np.linspace(0, 1, 21)
    mapped = fit_attainment(weights, np.sqrt(weights))
    assert mapped.weight_for(0.5) == pytest.approx(0.25, abs=0.02)
    with pytest.raises(BadInput, match="shares of 0 to 1"):
        mapped.weight_for(1.2)


def test_a_path_that_is_steep_at_its_end_is_resolved() -> None:
    # Evenly spaced weights would put everything below 0.05 on one line: a third of what there is.
    asked = np.linspace(0.1, 0.9, 9)
    np.testing.assert_allclose(STEEP.weight_for(asked) ** 0.4, asked, atol=0.03)


@given(st.floats(0, 1), st.floats(0, 1))
def test_shares_become_weights_on_the_simplex(revenue: float, diversity: float) -> None:
    weights = weights_for(MAPS, {"revenue": revenue, "diversity": diversity}, rest="relevance")
    assert sum(weights.values()) == pytest.approx(1)
    assert min(weights.values()) >= 0
    if weights.get("relevance", 0) > 0:
        assert weights["diversity"] == pytest.approx(diversity)
        assert weights["revenue"] == pytest.approx(float(STEEP.weight_for(revenue)))


@pytest.mark.parametrize(
    ("maps", "shares", "parameter", "allowed"),
    [
        ({}, {"revenue": 0.5}, "mode", "weights"),
        (MAPS, {}, "mode", "revenue, diversity"),
        (MAPS, {"relevance": 0.5}, "relevance", "revenue, diversity"),
        (MAPS, {"margin": 0.5}, "margin", "revenue, diversity"),
        (MAPS, {"revenue": 1.5}, "revenue", "0 to 1"),
        (MAPS, {"revenue": float("nan")}, "revenue", "0 to 1"),
    ],
)
def test_what_is_no_share_is_refused(maps: dict, shares: dict, parameter: str, allowed: str) -> None:
    with pytest.raises(BadParameter) as caught:
        weights_for(maps, shares, rest="relevance")
    assert caught.value.name == parameter
    assert allowed in caught.value.allowed


@pytest.mark.parametrize(
    "stored",
    [
        {"weights": [0, 1], "shares": [1, 0]},
        {"weights": [0, 1], "shares": [0]},
        {"weights": [0, float("nan")], "shares": [0, 1]},
    ],
)
def test_what_is_stored_wrongly_is_refused(stored: dict) -> None:
    with pytest.raises(BadInput, match="rise together"):
        Attainment.from_dict(stored)


def test_the_share_asked_for_is_the_share_reached() -> None:
    problem = small_problem()
    method = CalibratedHeads(Recipe(hidden=(4,), n_steps=100, lists_per_step=32, learning_rate=3e-2))
    method.fit(problem, lattice(2, 1))
    gains = method.predict(problem.inputs, torch.from_numpy(problem.mask)).numpy()
    maps = attainment_of_gains(problem, gains, method.ranges)
    assert set(maps) == {"revenue", "diversity"}

    def revenue(weight: float) -> float:
        scores = method.score(problem.inputs, torch.from_numpy(problem.mask), np.array([1 - weight, weight]))
        return float(discounted_values(slates_of(scores, problem), problem.gains)[:, 1].mean())

    least, most = revenue(0), revenue(1)
    for asked in (0.2, 0.5, 0.8):
        reached = (revenue(float(maps["revenue"].weight_for(asked))) - least) / (most - least)
        assert reached == pytest.approx(asked, abs=0.15)  # 60 short lists: a slate moves by whole items
    served = attainment_of_ranker(problem, method.export())
    np.testing.assert_allclose(served["revenue"].shares, maps["revenue"].shares, atol=0.05)
