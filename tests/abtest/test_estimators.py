"""Estimators against obp 0.5.7 (recorded by golden/record_obp.py), and the properties that make them estimators."""

from __future__ import annotations

import csv
import gzip
import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.abtest.bandit_cases import K, N, bandit_log, chosen, slate_log
from trimtab.abtest.ope import estimators
from trimtab.abtest.ope.estimators import Terms
from trimtab.abtest.ope.intervals import estimate
from trimtab.abtest.ope.sums import add_up

GOLDEN = json.loads((Path(__file__).parent / "golden" / "obp.json").read_text())
EXACT = {"rel": 1e-9, "abs": 1e-12}


def value(terms: Terms) -> float:
    result = add_up(terms).value
    assert result is not None
    return result


def one_action_terms() -> dict[str, Terms]:
    log = bandit_log()
    rows = np.arange(N)
    shown = log["actions"]
    r, q_logged = log["rewards"], log["q"][rows, shown]
    w = log["target"][rows, shown] / log["logging"][rows, shown]
    q_target = (log["target"] * log["q"]).sum(axis=1)
    return {
        "matched_replay": estimators.matched_replay(r, log["target"].argmax(axis=1) == shown),
        "direct_method": estimators.direct_method(q_target),
        "ips": estimators.ips(r, w),
        "snips": estimators.snips(r, w),
        "clipped_ips": estimators.clipped_ips(r, w, clip=2.0),
        "doubly_robust": estimators.doubly_robust(r, w, q_logged, q_target),
        "switch_dr": estimators.switch_dr(r, w, q_logged, q_target, threshold=1.5),
        "dr_with_shrinkage": estimators.dr_with_shrinkage(r, w, q_logged, q_target, shrinkage=3.0),
    }


def slate_terms() -> dict[str, Terms]:
    log = slate_log()
    r, shown = log["rewards"], log["slates"]
    ratios = chosen(log["target"], shown) / chosen(log["logging"], shown)
    marginal = log["target_marginals"] / log["logging_marginals"]
    q_target = (log["target"] * log["q"]).sum(axis=2)
    return {
        "slate_standard": estimators.slate_standard(r, ratios),
        "slate_standard_self_normalised": estimators.slate_standard(r, ratios, self_normalised=True),
        "slate_independent": estimators.slate_independent(r, marginal),
        "slate_independent_self_normalised": estimators.slate_independent(r, marginal, self_normalised=True),
        "slate_cascade": estimators.slate_cascade(r, ratios),
        "slate_cascade_self_normalised": estimators.slate_cascade(r, ratios, self_normalised=True),
        "cascade_dr": estimators.cascade_dr(r, ratios, chosen(log["q"], shown), q_target),
    }


@pytest.mark.parametrize("name", GOLDEN["one_action"])
def test_one_action_estimators_equal_obp(name: str) -> None:
    assert value(one_action_terms()[name]) == pytest.approx(GOLDEN["one_action"][name], **EXACT)


@pytest.mark.parametrize("name", GOLDEN["slates"])
def test_slate_estimators_equal_obp(name: str) -> None:
    assert value(slate_terms()[name]) == pytest.approx(GOLDEN["slates"][name], **EXACT)


def test_readme_example_of_obp() -> None:
    golden = GOLDEN["readme_example"]
    assert golden["truth"] == 0.9634340222575517
    weights = np.array(golden["target"]) / np.array(golden["logging"])
    error = abs(value(estimators.ips(golden["rewards"], weights)) - golden["truth"]) / golden["truth"]
    assert error == pytest.approx(0.01827255896321327, **EXACT)


def open_bandit_rows(path: Path) -> dict[str, np.ndarray]:
    with gzip.open(path, "rt") as file:
        rows = list(csv.DictReader(file))
    return {
        name: np.array([float(row[name]) for row in rows])
        for name in ("item_id", "position", "click", "propensity_score")
    }


@pytest.mark.shared_data
def test_open_bandit_sample_equals_obp_and_finds_the_uniform_policys_click_rate(shared_data: Path) -> None:
    folder = shared_data / "open-bandit"
    thompson = open_bandit_rows(folder / "bts" / "men" / "men.csv.gz")
    w = (1 / 34) / thompson["propensity_score"]
    ips, snips = (estimator(thompson["click"], w) for estimator in (estimators.ips, estimators.snips))
    assert value(ips) == pytest.approx(GOLDEN["open_bandit"]["ips"], **EXACT)
    assert value(snips) == pytest.approx(GOLDEN["open_bandit"]["snips"], **EXACT)
    # What the uniform policy really got on its own traffic is within the estimate's 99 % interval.
    uniform = open_bandit_rows(folder / "random" / "men" / "men.csv.gz")["click"]
    per_row = thompson["click"] * w
    error = np.sqrt(per_row.var() / len(per_row) + uniform.var() / len(uniform))
    assert abs(per_row.mean() - uniform.mean()) < 2.58 * error


def plackett_luce_slates(utilities: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Every slate there is [s, k] and its conditional propensities [s, k]."""
    slates = np.array(list(permutations(range(len(utilities)), k)))
    odds = np.exp(utilities)
    conditional = np.empty(slates.shape)
    for number, slate in enumerate(slates):
        left = odds.sum()
        for position, item in enumerate(slate):
            conditional[number, position] = odds[item] / left
            left -= odds[item]
    return slates, conditional


@settings(deadline=None)
@given(
    st.lists(st.floats(-2, 2), min_size=4, max_size=4),
    st.lists(st.floats(-2, 2), min_size=4, max_size=4),
    st.integers(0, 2**32),
)
def test_slate_estimators_are_unbiased_over_every_slate(logging: list[float], target: list[float], seed: int) -> None:
    """Expectation over all slates, each with its own chance: no sampling error hides a bias."""
    rng = np.random.Generator(np.random.PCG64(seed))
    slates, logged = plackett_luce_slates(np.array(logging), K)
    _, wanted = plackett_luce_slates(np.array(target), K)
    ratios, chances, target_chances = wanted / logged, logged.prod(axis=1), wanted.prod(axis=1)
    # The reward at a position depends on the item there and on the first item: allowed by cascade, not by independence.
    table = rng.random((4, 4, K))
    cascade = np.stack([table[slates[:, 0], slates[:, p], p] for p in range(K)], axis=1)
    truth = (target_chances[:, None] * cascade).sum()
    for terms in (estimators.slate_standard(cascade, ratios), estimators.slate_cascade(cascade, ratios)):
        assert (chances[:, None] * terms.numerators).sum() == pytest.approx(truth, rel=1e-9)
    # Cascade-DR stays unbiased for any Q, however wrong.
    q = rng.normal(size=(K, 4))
    q_logged = np.stack([q[p, slates[:, p]] for p in range(K)], axis=1)
    odds = np.exp(np.array(target))
    q_target = np.empty(slates.shape)
    for number, slate in enumerate(slates):
        for position in range(K):
            left = np.setdiff1d(np.arange(4), slate[:position])
            q_target[number, position] = (odds[left] * q[position, left]).sum() / odds[left].sum()
    dr = estimators.cascade_dr(cascade, ratios, q_logged, q_target)
    assert (chances[:, None] * dr.numerators).sum() == pytest.approx(truth, rel=1e-9, abs=1e-9)


@settings(deadline=None)
@given(st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_click_ips_moves_clicks_to_where_the_target_shows_the_item(top: float, second: float) -> None:
    """A deterministic log shows items a, b; the target shows b, a. Expected clicks under a position-based model."""
    examination = np.array([top, second])
    attraction = np.array([0.3, 0.6])
    expected_clicks = (examination * attraction)[None, :]
    terms = estimators.click_ips(expected_clicks, examination[None, :], examination[::-1][None, :])
    assert terms.numerators.sum() == pytest.approx(examination[::-1] @ attraction)


def test_limits_of_the_shrunk_estimators_are_their_neighbours() -> None:
    log = bandit_log()
    rows, shown = np.arange(N), log["actions"]
    r, q_logged = log["rewards"], log["q"][rows, shown]
    w = log["target"][rows, shown] / log["logging"][rows, shown]
    q_target = (log["target"] * log["q"]).sum(axis=1)
    dr, dm = estimators.doubly_robust(r, w, q_logged, q_target), estimators.direct_method(q_target)
    switch, shrink = estimators.switch_dr, estimators.dr_with_shrinkage
    assert value(switch(r, w, q_logged, q_target, threshold=np.inf)) == pytest.approx(value(dr))
    assert value(switch(r, w, q_logged, q_target, threshold=-1.0)) == pytest.approx(value(dm))
    assert value(shrink(r, w, q_logged, q_target, shrinkage=np.inf)) == pytest.approx(value(dr))
    assert value(shrink(r, w, q_logged, q_target, shrinkage=1e-15)) == pytest.approx(value(dm))


def test_no_data_is_no_number() -> None:
    nothing = np.empty(0)
    assert add_up(estimators.ips(nothing, nothing)).value is None
    assert add_up(estimators.matched_replay(np.ones(3), np.zeros(3))).value is None
    assert add_up(estimators.snips(np.ones(3), np.zeros(3))).value is None


@pytest.mark.parametrize("chance", [1e-300, 5e-324])
def test_one_chance_of_next_to_nothing_is_a_refusal_and_no_overflow(chance: float) -> None:
    logged, rewards = np.full((400, 3), 0.5), np.ones((400, 3))
    logged[7] = chance
    ratios = estimators.ratios_of(np.full(logged.shape, 0.5), logged)
    assert (np.delete(ratios, 7, axis=0) == 1).all()
    for terms in (
        estimators.slate_cascade(rewards, ratios),
        estimators.slate_cascade(rewards, ratios, self_normalised=True),
        estimators.slate_standard(rewards, ratios),
        estimators.slate_independent(rewards, ratios),
        estimators.cascade_dr(rewards, ratios, rewards, rewards),
    ):
        assert estimate(add_up(terms)).refusal == "effective sample size 1 of 400 impressions, at least 50 is needed"
