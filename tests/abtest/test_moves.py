"""What sorted slates do, from a log that explored: outcomes are moved to where a policy shows the items."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trimtab.abtest.ope.estimators import snips
from trimtab.abtest.ope.examination import N_DRAWS, fitted
from trimtab.abtest.ope.intervals import cautious_error, estimate, standard_error
from trimtab.abtest.ope.moves import Moves, expected_examination, standings
from trimtab.abtest.ope.reliability import MARGIN
from trimtab.abtest.ope.replay import replay
from trimtab.abtest.ope.sums import Sums, add_up
from trimtab.abtest.report.report import cost_of_exploration
from trimtab.abtest.simulation.deployment import deploy, value_of
from trimtab.abtest.simulation.simulate import simulate
from trimtab.abtest.simulation.world import World
from trimtab.engine import Engine
from trimtab.ranker.slate.exploration import stratified
from trimtab.ranker.slate.log_policy import QueryContexts, SlatePolicy

RELEVANT = {"relevance": 1.0}


def generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def lists(n_users: int, n: int, pins: dict[int, int] | None = None) -> QueryContexts:
    rng = generator(n)
    gains = rng.random((n_users, n, 1)).astype(np.float32)
    return QueryContexts(np.arange(n), gains, rng.integers(0, 3, size=(n, 2)), pins or {})


def policy(weight: float = 1.0, w_diversity: float = 0.0, temperature: float = 0.3) -> SlatePolicy:
    return SlatePolicy(np.array([weight]), w_diversity, temperature)


@pytest.mark.parametrize(("w_diversity", "pins"), [(0.0, {}), (0.4, {}), (0.4, {1: 2})])
def test_chances_to_stand_are_those_of_all_slates_there_are(w_diversity: float, pins: dict[int, int]) -> None:
    contexts, drawing, k = lists(2, 5, pins), policy(w_diversity=w_diversity), 3
    slates = np.array([one for one in permutations(range(5), k) if all(one[at] == pin for at, pin in pins.items())])
    slates = slates[[all(pin not in np.delete(one, at) for at, pin in pins.items()) for one in slates]]
    users = np.array([1, 0])
    found = drawing.standings(contexts, users, np.stack([stratified(4000, k)] * 2))
    for number, user in enumerate(users):
        chances = drawing.exact_propensities(contexts, np.full(len(slates), user), slates).prod(axis=1)
        assert chances.sum() == pytest.approx(1)
        expected = np.zeros((5, k))
        for position in range(k):
            np.add.at(expected[:, position], slates[:, position], chances)
        assert found[number] == pytest.approx(expected, abs=0.01)
    few = standings(drawing, contexts, users, k)
    assert few.sum(axis=1) == pytest.approx(1)
    assert np.abs(few - found).mean() < 0.02


def test_a_page_longer_than_the_list_shows_all_of_it() -> None:
    found = standings(policy(), lists(1, 3), np.array([0]), 5)
    assert found[0, :, :3].sum(axis=0) == pytest.approx(1)
    assert not found[0, :, 3:].any()


@pytest.mark.parametrize("decay", [0.0, 0.6, 1.2])
def test_examination_comes_back_whatever_is_attractive(decay: float) -> None:
    k, n = 6, 20_000
    chances = (1.0 + np.arange(k)) ** -decay
    contexts, drawing, rng = lists(100, 8), policy(), generator(1)
    who = rng.integers(0, 100, size=n)
    slates, _ = drawing.draw(contexts, who, rng.random((n, k)))
    attraction = contexts.gains[who[:, None], slates, 0] ** 2  # what stands high is attractive
    rows, positions = np.nonzero(rng.random((n, k)) < chances * attraction)
    chances_to_stand = standings(drawing, contexts, np.arange(100), k, n_draws=N_DRAWS)
    found = fitted(positions, chances_to_stand[who[rows], slates[rows, positions]])
    assert found.n_clicks == len(rows)
    assert found.chances == pytest.approx(chances, rel=0.1)
    assert found.chances[0] == 1


def test_nothing_clicked_further_down_is_no_surprise() -> None:
    found = fitted(np.zeros(30, dtype=np.int64), np.tile([0.9, 0.08, 0.02], (30, 1)))
    assert np.isfinite(found.chances).all()
    assert (np.diff(found.chances) <= 0).all()


@pytest.mark.parametrize("seed", range(4))
def test_the_value_of_sorted_slates_comes_back_from_draws(seed: int) -> None:
    """A policy that sorts as the log would, and one that sorts the other way round; the truth is a sum of products."""
    k, n = 4, 20_000
    chances = np.array([1.0, 0.6, 0.4, 0.3])
    n_users = 200
    contexts, drawing, rng = lists(n_users, 6), policy(temperature=0.5), generator(100 + seed)
    who = np.repeat(np.arange(n_users), n // n_users)
    slates, _ = drawing.draw(contexts, who, rng.random((n, k)))
    attraction = rng.random(6)
    clicks = (rng.random((n, k)) < chances * attraction[slates]).astype(np.float64)
    expected = expected_examination(drawing, contexts, np.arange(n_users), chances)
    for weight in (1.0, -1.0):
        wanted = policy(weight).sorted_slates(contexts, np.arange(n_users), k)
        moves = Moves.none(n, k)
        moves.fill(np.arange(n), slates, wanted[who], expected[who], chances)
        at = np.maximum(moves.sources, 0)
        moved = np.take_along_axis(clicks, at.astype(np.int64), axis=1)
        rewards = moves.rewards({"clicks": moved}, {"clicks": True}, chances)["clicks"]
        found = estimate(add_up(snips(rewards, moves.weights)))
        truth = float((attraction[wanted] @ chances).mean())
        assert found.standard_error is not None
        assert found.value is not None
        assert abs(found.value - truth) < 4.5 * found.standard_error
        assert moves.weights.mean() == pytest.approx(1, abs=0.02)


def test_an_error_of_the_examination_is_an_error_of_the_value() -> None:
    """What a standard error of each direction moves the estimate by, by estimating with the other examination."""
    k, n, n_users = 4, 40_000, 200
    chances = np.array([1.0, 0.6, 0.4, 0.3])
    contexts, drawing, rng = lists(n_users, 6), policy(temperature=0.5), generator(7)
    who = np.repeat(np.arange(n_users), n // n_users)
    slates, _ = drawing.draw(contexts, who, rng.random((n, k)))
    attraction = contexts.gains[who[:, None], slates, 0]
    clicks = (rng.random((n, k)) < chances * attraction).astype(np.float64)
    rows, positions = np.nonzero(clicks)
    stood = standings(drawing, contexts, np.arange(n_users), k, n_draws=N_DRAWS)
    found = fitted(positions[:2000], stood[who[rows], slates[rows, positions]][:2000])
    assert found.spread.shape == (k, k - 1)
    assert not found.spread[0].any()

    def sums(weight: float, examined: np.ndarray) -> Sums:
        expected = expected_examination(drawing, contexts, np.arange(n_users), examined)
        wanted = policy(weight).sorted_slates(contexts, np.arange(n_users), k)
        moves = Moves.none(n, k)
        moves.fill(np.arange(n), slates, wanted[who], expected[who], examined)
        at = np.maximum(moves.sources, 0).astype(np.int64)
        moved = moves.rewards({"clicks": np.take_along_axis(clicks, at, axis=1)}, {"clicks": True}, examined)["clicks"]
        slopes = moves.slopes(moves.weights * moved, found.spread)
        return add_up(snips(moved, moves.weights), slopes=slopes)

    def value(examined: np.ndarray) -> float:
        return (sums(1.0, examined).value or 0.0) - (sums(-1.0, examined).value or 0.0)

    difference = sums(1.0, found.chances).minus(sums(-1.0, found.chances))
    step = 0.1
    for slope, direction in zip(difference.slopes / n, found.spread.T, strict=True):
        ways = [value(found.chances * np.exp(way * step * direction)) for way in (1, -1)]
        assert slope == pytest.approx((ways[0] - ways[1]) / (2 * step), abs=0.15 * np.abs(difference.slopes / n).max())
    alone = MARGIN * standard_error(difference)
    assert cautious_error(difference) ** 2 == pytest.approx(alone**2 + ((difference.slopes / n) ** 2).sum())


def test_a_short_slate_ends_where_it_ends() -> None:
    moves = Moves.none(2, 5)
    shown, wanted = np.array([[2, 0, 1]]), np.array([[0, 1, 3]])
    moves.fill(np.array([1]), shown, wanted, np.full((1, 4), 0.5), np.array([1.0, 0.5, 0.25]))
    assert moves.sources.tolist() == [[-1] * 5, [1, 2, -1, -1, -1]]
    assert moves.weights.tolist() == [[1.0] * 5, [1.0, 0.5, 0.0, 1.0, 1.0]]


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        (
            {"value": 0.08, "low": 0.06, "high": 0.1, "caution": None},
            "further apart than the ranker does: `--explore 0.12%`",
        ),
        (
            {"value": 0.01, "low": 0.005, "high": 0.015, "caution": None},
            "less far apart than the ranker does: `--explore 4%`",
        ),
        ({"value": 0.03, "low": 0.01, "high": 0.05, "caution": None}, "it cost 3.0% (1.0% to 5.0%)."),
        ({"value": 0.08, "low": None, "high": None, "caution": "few"}, "it cost 8.0%."),
        ({"value": 0.08, "low": 0.06, "high": 0.1, "caution": "few"}, "it cost 8.0% (6.0% to 10.0%)."),
    ],
)
def test_what_exploring_cost_is_said_beside_what_it_was_to_cost(cost: dict[str, Any], words: str) -> None:
    text = cost_of_exploration({"expected": 0.02, **cost})
    assert words in text
    assert ("--explore" in words) == ("--explore" in text)
    assert cost_of_exploration(None) == ""


def test_a_report_says_what_deployed_weights_do_and_what_it_assumes(
    engine: Engine, world: World, tmp_path: Path
) -> None:
    small = world.among(n_queries=8, n_users=200)
    simulate(engine, 4000, tmp_path / "log", seed=5, world=small, exploration_loss=0.02)
    policies = {"same": engine.default_weights, "relevant": RELEVANT}
    found = replay(tmp_path / "log", engine, policies, tmp_path / "report")
    assert found["compared"]["served"] == "sorted"
    assert found["estimator"]["relevance"] == "position"
    assert set(found["estimators"]["same"]["relevance"]) == {"position", "position, not normalised", "matched"}
    by_position = found["compared"]["examination"]["by_position"]
    assert by_position == pytest.approx((1.0 + np.arange(10)) ** -0.6, rel=0.25)
    assert {one["value"] for one in found["differences"]["same - logged"].values()} == {0.0}
    for name, raw in policies.items():
        served = deploy(engine, small, raw, 8_000, generator(3), temperature=1e-4)
        for metric in ("relevance", "revenue"):
            one = found["policies"][name][metric]
            truth, error = value_of(engine, served, metric)
            assert abs(one["value"] - truth) < 4 * np.hypot(one["standard_error"], error)
            assert one["ess"] > 4000 / 5
    cost = found["exploration_cost"]
    assert cost["expected"] == pytest.approx(0.02, abs=0.01)
    assert 0 < cost["low"] < cost["value"] < cost["high"] < 0.5
    text = (tmp_path / "report" / "report.md").read_text()
    assert f"by this log it cost {cost['value']:.1%}" in text
    assert "This assumes that how often a position is looked at depends on nothing but the position" in text
