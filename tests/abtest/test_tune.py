"""Weights found on a log: the floor holds, the gain is real, and a short log changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from trimtab.abtest.ope.estimators import snips
from trimtab.abtest.ope.evidence import evidence_of
from trimtab.abtest.ope.intervals import lower_bounds
from trimtab.abtest.ope.sums import add_up
from trimtab.abtest.ope.tune import OWN, Tables, candidates_around, choose, front_of, knee_candidate, tune
from trimtab.abtest.simulation.deployment import deploy, value_of
from trimtab.abtest.simulation.simulate import simulate
from trimtab.abtest.simulation.world import World
from trimtab.core.errors import BadParameter
from trimtab.engine import Engine

pytestmark = pytest.mark.usefixtures("temperatures_of_few_lists")


@pytest.mark.parametrize(("n_log", "n_deployed"), [(3000, 8000), pytest.param(6000, 20_000, marks=pytest.mark.slow)])
def test_a_tuned_profile_keeps_its_floor_and_gains_when_it_is_deployed(
    engine: Engine, world: World, tmp_path: Path, n_log: int, n_deployed: int
) -> None:
    """At a confidence at which chance does not decide: over 16 seeds the gain was sure in all logs and true in all."""
    small = world.among(n_queries=8, n_users=60)
    own = {"relevance": 0.7, "diversity": 0.3}
    simulate(engine, n_log, tmp_path / "log", seed=2, world=small, weights=own)
    result = tune(
        tmp_path / "log",
        engine,
        tmp_path / "p.json",
        maximise="relevance",
        keep={"revenue": 0.9},
        served="explored",
        confidence=0.999,
    )
    profile = json.loads((tmp_path / "p.json").read_text())
    assert profile == {"weights": result["weights"]}
    assert result["chosen"] != OWN
    assert result["compared"]["served"] == "explored"
    assert 0 < result["gain_at_least"] < result["gain"]
    promise, own_value = result["promise"], result["candidates"][OWN]["values"]["relevance"]
    assert promise["realised"]["value"] == pytest.approx(own_value), (
        "explored as the log is, the own weights are the log"
    )
    assert promise["promised"]["low"] < promise["promised"]["value"] < promise["promised"]["high"]
    rng = np.random.Generator(np.random.PCG64(3))
    before, after = (deploy(engine, small, weights, n_deployed, rng) for weights in (own, profile["weights"]))
    assert value_of(engine, after, "relevance")[0] > value_of(engine, before, "relevance")[0]
    assert value_of(engine, after, "revenue")[0] > 0.9 * value_of(engine, before, "revenue")[0]
    assert result["segments"]


def test_a_log_that_is_sure_of_nothing_keeps_its_weights(engine: Engine, world: World, tmp_path: Path) -> None:
    simulate(
        engine, 40, tmp_path / "log", seed=2, world=world.among(n_queries=8, n_users=60)
    )  # fewer than the least effective sample size
    result = tune(tmp_path / "log", engine, maximise="revenue", keep={"relevance": 1.0})
    assert result["chosen"] == OWN
    assert result["weights"] == pytest.approx(dict(engine.default_weights))
    assert result["gain"] is None


def test_what_candidates_earn_in_parts_of_a_log_adds_up(engine: Engine, world: World) -> None:
    rng = np.random.Generator(np.random.PCG64(5))
    small = world.among(n_queries=4, n_users=20)
    log = deploy(engine, small, engine.default_weights, 200, rng, temperature=0.008)
    candidates = {OWN: dict(engine.default_weights), "relevant": {"relevance": 1.0, "revenue": 0.0, "diversity": 0.0}}
    evidence = evidence_of(engine, log, candidates, draw_every=1)
    tables = Tables(evidence, engine)
    which = rng.random(len(evidence.slates)) < 0.3
    one, other, everything = (tables.sums(some) for some in (which, ~which, np.ones_like(which)))
    assert set(everything) == set(candidates)
    for name, by in everything.items():
        assert set(by) == set(engine.known_weights)
        for metric, sums in by.items():
            both = one[name][metric] + other[name][metric]
            assert_allclose(both.numerators, sums.numerators)
            assert_allclose(both.denominators, sums.denominators)
            assert both.overlap.n == sums.overlap.n == len(which)


def test_candidates_are_compared_sorted_where_that_is_asked(engine: Engine, world: World, tmp_path: Path) -> None:
    simulate(engine, 100, tmp_path / "log", seed=2, world=world.among(n_queries=8, n_users=60), exploration_loss=0.001)
    result = tune(tmp_path / "log", engine, maximise="revenue", keep={}, served="sorted")
    assert result["compared"]["served"] == "sorted"
    assert result["candidates"][OWN]["weights"] == pytest.approx(dict(engine.default_weights))


@pytest.mark.parametrize(
    ("maximise", "keep", "names"),
    [
        ("profit", {}, "^maximise: "),
        ("revenue", {"profit": 0.9}, "^keep: "),
        ("revenue", {"relevance": 98.0}, "^keep: "),
    ],
)
def test_a_wish_that_makes_no_sense_is_named(
    engine: Engine, log: Path, maximise: str, keep: dict[str, float], names: str
) -> None:
    with pytest.raises(BadParameter, match=names):
        tune(log, engine, maximise=maximise, keep=keep)


def test_candidates_differ_and_hold_the_logs_own() -> None:
    own = {"relevance": 0.8, "revenue": 0.2, "diversity": 0.0}
    found = candidates_around(own)
    assert found[OWN] == own
    assert len({tuple(np.round(list(one.values()), 4)) for one in found.values()}) == len(found) > 15
    assert_allclose([sum(one.values()) for one in found.values()], 1)
    assert any(one["diversity"] > 0 for one in found.values())


def test_bounds_hold_all_at_once_where_nothing_differs() -> None:
    """30 comparisons of noise with noise: some bound is above the truth in about one of twenty logs."""
    rng = np.random.Generator(np.random.PCG64(0))
    wrong = 0
    for _ in range(100):
        common = rng.normal(size=300)
        ones = np.ones(300)
        base = add_up(snips(common, ones))
        noise = common[:, None] + rng.normal(size=(300, 30))
        bounds = lower_bounds([add_up(snips(column, ones)).minus(base) for column in noise.T], n_draws=400)
        wrong += bool((bounds > 0).any())
    assert wrong / 100 < 0.1


def test_a_share_is_taken_of_the_other_value() -> None:
    ones = np.ones(50)
    mine, theirs = (add_up(snips(np.full(50, value), ones)) for value in (3.0, 2.0))
    assert mine.minus(theirs, share=0.5).value == pytest.approx(2.0)


def test_the_floor_forbids_what_gains_most() -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    ones, noise = np.ones(2000), rng.normal(0, 0.1, 2000)

    def sums(relevance: float, revenue: float) -> dict:
        return {
            "relevance": add_up(snips(relevance + noise, ones)),
            "revenue": add_up(snips(revenue + noise + rng.normal(0, 0.1, 2000), ones)),
        }

    asked = {OWN: sums(1.0, 1.0), "greedy": sums(0.8, 2.0), "fair": sums(0.99, 1.2)}
    choice = choose(asked, maximise="revenue", keep={"relevance": 0.95})
    assert choice.name == "fair"
    assert choice.kept == {OWN: True, "greedy": False, "fair": True}


def test_front_and_knee() -> None:
    values: dict[str, dict[str, float | None]] = {
        "a": {"x": 0.0, "y": 1.0},
        "b": {"x": 0.8, "y": 0.9},
        "c": {"x": 1.0, "y": 0.0},
        "beaten": {"x": 0.5, "y": 0.5},
        "silent": {"x": None, "y": 3.0},
    }
    front = front_of(values, ("x", "y"))
    assert front == ["a", "b", "c"]
    assert knee_candidate(values, front, ("x", "y")) == "b"
    assert knee_candidate(values, front[:2], ("x", "y")) is None


def test_weights_are_chosen_by_absolute_gains_where_revenue_is_negative() -> None:
    """More is returned than sold: losing more is not a gain, and a floor lets a loss grow by its share."""
    rng = np.random.Generator(np.random.PCG64(7))
    ones, sold = np.ones(3000), rng.normal(-1.0, 0.5, 3000)
    noise = rng.normal(0, 0.05, 3000)
    changes = {OWN: 0.0, "better": 0.2, "worse": -0.2, "a little worse": -0.01}
    sums = {
        name: {"revenue": add_up(snips(sold + change + (name != OWN) * noise, ones))}
        for name, change in changes.items()
    }
    choice = choose(sums, maximise="revenue", keep={})
    assert choice.name == "better"
    assert choice.gains["worse"][0] < choice.gains["worse"][1] < 0
    kept = choose(sums, maximise="revenue", keep={"revenue": 0.98}).kept
    assert kept == {OWN: True, "better": True, "worse": False, "a little worse": True}
    del sums["better"]
    assert choose(sums, maximise="revenue", keep={}).name == OWN


@pytest.mark.parametrize(("n_logs", "most"), [(8, 3), pytest.param(30, 5, marks=pytest.mark.slow)])
def test_nothing_is_chosen_of_candidates_that_do_not_differ(n_logs: int, most: int) -> None:
    """26 candidates, rare purchases: in about one of twenty logs some gain seems sure, and no more."""
    rng = np.random.Generator(np.random.PCG64(8))
    chosen = 0
    for _ in range(n_logs):
        bought = (rng.random(1500) < 0.04) * rng.lognormal(0, 1, 1500)
        weights = {OWN: np.ones(1500), **{str(one): rng.lognormal(-0.02, 0.2, 1500) for one in range(25)}}
        sums = {name: {"revenue": add_up(snips(bought, one))} for name, one in weights.items()}
        chosen += choose(sums, maximise="revenue", keep={}).name != OWN
    assert chosen <= most  # of .4 and 1.5 expected
