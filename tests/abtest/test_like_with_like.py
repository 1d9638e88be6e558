"""Policies are compared as they would be deployed: sorted, or drawn at equal exploration, and all sides alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trimtab.abtest.ope.asked import LOGGED
from trimtab.abtest.ope.estimators import snips
from trimtab.abtest.ope.evidence import Deployment, evidence_of
from trimtab.abtest.ope.intervals import estimate
from trimtab.abtest.ope.like_with_like import MIN_SORTED_SHARE, Served, like_with_like
from trimtab.abtest.ope.log.logged_slates import ReplayLog
from trimtab.abtest.ope.outcomes import rewards_of, weighted_rewards
from trimtab.abtest.ope.replay import replay
from trimtab.abtest.ope.sums import add_up
from trimtab.abtest.simulation.deployment import deploy, value_of
from trimtab.abtest.simulation.world import World
from trimtab.core.records import Query
from trimtab.core.weights import normalise
from trimtab.engine import Engine
from trimtab.engine.log.impressions import read_log

RELEVANT = {"relevance": 1.0}
NEAR = {"relevance": 0.8, "revenue": 0.18, "diversity": 0.02}


def generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@pytest.mark.parametrize("served", ["sorted", "explored"])
def test_the_logged_weights_differ_in_nothing_from_themselves(
    engine: Engine, log: Path, tmp_path: Path, served: Served
) -> None:
    pl.concat(read_log(log)).head(600).write_parquet(tmp_path / "short.parquet")
    found = replay(tmp_path / "short.parquet", engine, {"same": engine.default_weights}, served=served)
    assert found["compared"]["served"] == served
    values = [one["value"] for one in found["differences"]["same - logged"].values()]
    assert all(value in (0, None) for value in values)
    assert found["differences"]["same - logged"]["diversity"]["value"] == 0


def test_sorted_slates_are_those_of_the_engine(engine: Engine, world: World) -> None:
    log = deploy(engine, world, engine.default_weights, 40, generator(1))
    weights = {"near": normalise(NEAR, engine.known_weights)}
    found = evidence_of(engine, log, weights, draw_every=1, deployment=Deployment(is_sorted=True))
    for name, raw in (("near", NEAR), (LOGGED, engine.default_weights)):
        for number, user, rows in zip(
            found.slates.queries, found.slates.users, found.own_rows[name].tolist(), strict=True
        ):
            query = Query(log.queries[number].text, k=10, user_id=log.users[user].user_id, weights=raw)
            assert engine.slate(query).rows.tolist() == [row for row in rows if row >= 0]


Deployed = Callable[..., ReplayLog]


@pytest.fixture(scope="module")
def deployed(engine: Engine, world: World) -> Deployed:
    """4,000 searches under weights, by seed and temperature; each made once."""
    made: dict[tuple[object, ...], ReplayLog] = {}

    def of(weights: Mapping[str, float], seed: int, temperature: float) -> ReplayLog:
        key = (*weights.items(), seed, temperature)
        if key not in made:
            made[key] = deploy(engine, world, weights, 4000, generator(seed), temperature=temperature)
        return made[key]

    return of


def answers_are_true(engine: Engine, deployed: Deployed, temperature: float, asked: Served) -> Served:
    """How policies were compared; every answer is held against a deployment that is served in the same way."""
    log = deployed(engine.default_weights, 2, temperature)
    weights = {"near": normalise(NEAR, engine.known_weights)}
    compared = like_with_like(engine, log, weights, asked)
    found = evidence_of(engine, log, weights, deployment=compared.deployment)
    for name, raw in (("near", NEAR), (LOGGED, engine.default_weights)):
        drawn_at = 1e-3 if compared.served == "sorted" else temperature * compared.deployment.factors.get(name, 1.0)
        served = deployed(raw, 3, drawn_at)
        truth, error = value_of(engine, served, "relevance")
        logged = np.ones(found.slates.rows.shape), rewards_of(found.slates, engine)
        valued = {policy: (one.weights, one.rewards) for policy, one in weighted_rewards(found, engine)}
        of_policy, rewards = valued.get(name, logged)
        one = estimate(add_up(snips(rewards["relevance"], of_policy), found.slates.groups))
        assert one.low is not None
        assert one.high is not None
        assert one.low - 3 * error < truth < one.high + 3 * error
    return compared.served


def test_a_gentle_log_answers_for_sorted_slates(engine: Engine, deployed: Deployed) -> None:
    assert answers_are_true(engine, deployed, 0.0002, "sorted") == "sorted"


def test_a_log_that_explored_answers_for_sorted_slates(engine: Engine, deployed: Deployed) -> None:
    assert answers_are_true(engine, deployed, 0.008, "sorted") == "sorted"


def test_a_log_answers_at_equal_exploration(engine: Engine, deployed: Deployed) -> None:
    assert answers_are_true(engine, deployed, 0.008, "explored") == "explored"


@pytest.mark.parametrize(("temperature", "is_moved"), [(0.0001, False), (0.003, True), (0.008, True)])
def test_outcomes_are_moved_to_sorted_slates_unless_the_log_often_shows_those(
    engine: Engine, deployed: Deployed, temperature: float, is_moved: bool
) -> None:
    compared = like_with_like(engine, deployed(engine.default_weights, 2, temperature), {})
    assert compared.served == "sorted"
    assert (compared.sorted_share < MIN_SORTED_SHARE) == is_moved
    assert (compared.examination is not None) == is_moved


def test_policies_are_compared_explored_where_too_little_was_clicked(engine: Engine, world: World) -> None:
    log = deploy(engine, world, engine.default_weights, 40, generator(2), temperature=0.008)
    assert like_with_like(engine, log, {}).served == "explored"
    assert like_with_like(engine, log, {}, "sorted").deployment.is_sorted


def test_policies_are_drawn_at_what_costs_them_as_much(engine: Engine, world: World) -> None:
    log = deploy(engine, world, engine.default_weights, 200, generator(4))
    own = normalise(engine.default_weights, engine.known_weights)
    weights = {"same": own, "relevant": normalise(RELEVANT, engine.known_weights)}
    compared = like_with_like(engine, log, weights, "explored")
    factors = compared.deployment.factors
    assert factors["same"] == 1
    assert factors["relevant"] != 1
    at_it = deploy(engine, world, RELEVANT, 200, generator(4), temperature=engine.temperature * factors["relevant"])
    again = like_with_like(engine, at_it, {}, "explored")
    assert again.expected_loss == pytest.approx(compared.expected_loss, rel=0.2)
