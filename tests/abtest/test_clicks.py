"""Ways to read a page, each by what defines it; and replay is right under all of them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from trimtab.abtest.ope import estimators
from trimtab.abtest.ope.evidence import evidence_of
from trimtab.abtest.ope.intervals import estimate
from trimtab.abtest.ope.outcomes import rewards_of
from trimtab.abtest.ope.sums import add_up
from trimtab.abtest.simulation.clicks import CLICK_MODELS, DynamicBayesian, PositionBased
from trimtab.abtest.simulation.deployment import deploy, value_of
from trimtab.abtest.simulation.world import World
from trimtab.core.weights import normalise
from trimtab.engine import Engine

N, K = 40_000, 5
NOBODY_CAME_FOR_IT = np.zeros((N, K), dtype=bool)


def draws(seed: int = 0) -> np.ndarray:
    return np.random.Generator(np.random.PCG64(seed)).random((N, K, 3))


def test_a_cascade_ends_at_its_first_click() -> None:
    clicks, _ = CLICK_MODELS["cascade"].browse(np.full((N, K), 0.3), np.zeros((N, K)), NOBODY_CAME_FOR_IT, draws())
    assert clicks.sum(axis=1).max() == 1
    assert_allclose(clicks.mean(axis=0), 0.3 * 0.7 ** np.arange(K), atol=0.01)


def test_a_dbn_reads_on_until_something_is_bought() -> None:
    model = DynamicBayesian(perseverance=0.8)
    clicks, purchases = model.browse(np.ones((N, K)), np.zeros((N, K)), NOBODY_CAME_FOR_IT, draws())
    assert_allclose(clicks.mean(axis=0), 0.8 ** np.arange(K), atol=0.01)
    clicks, purchases = model.browse(np.ones((N, K)), np.full((N, K), 0.5), NOBODY_CAME_FOR_IT, draws())
    assert purchases.sum(axis=1).max() == 1
    after = np.cumsum(purchases, axis=1) - purchases > 0
    assert not (clicks & after).any()


def test_trust_clicks_what_stands_first() -> None:
    nothing = np.zeros((N, K))
    plain, _ = PositionBased(noise=0.0).browse(nothing, nothing, NOBODY_CAME_FOR_IT, draws())
    trusting, _ = PositionBased(noise=0.0, trust=0.2).browse(nothing, nothing, NOBODY_CAME_FOR_IT, draws())
    assert not plain.any()
    shares = trusting.mean(axis=0)
    assert_allclose(shares[0], 0.2, atol=0.01)
    assert (np.diff(shares) < 0).all()


@pytest.mark.parametrize("name", CLICK_MODELS)
def test_replay_finds_the_truth_however_shoppers_read_downwards(engine: Engine, world: World, name: str) -> None:
    small, model = world.among(n_queries=5, n_users=40), CLICK_MODELS[name]
    other = {"relevance": 0.75, "revenue": 0.2, "diversity": 0.05}
    rng = np.random.Generator(np.random.PCG64(11))
    log = deploy(engine, small, engine.default_weights, 10_000, rng, click_model=model)
    evidence = evidence_of(engine, log, {"other": normalise(other, engine.known_weights)})
    truth = deploy(engine, small, other, 10_000, rng, click_model=model)
    weights = estimators.prefix_weights(evidence.ratios["other"])
    for metric in ("relevance", "revenue"):
        rewards = rewards_of(evidence.slates, engine)[metric]
        found = estimate(add_up(estimators.snips(rewards, weights), evidence.slates.groups), n_resamples=100)
        assert found.value is not None
        value, error = value_of(engine, truth, metric)
        # 3 standard errors of either side: a fixed seed, and not a coin that fails one time in twenty.
        assert abs(found.value - value) < 3 * np.hypot(found.standard_error or 0.0, error)
