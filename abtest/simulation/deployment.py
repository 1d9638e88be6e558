"""A policy deployed in a simulated world, in memory: the slates it shows and what shoppers do."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from trimtab.abtest.ope.contexts import Bounds
from trimtab.abtest.ope.log.logged_slates import LoggedSlates, ReplayLog
from trimtab.abtest.ope.outcomes import rewards_of
from trimtab.abtest.ope.sums import groups_of
from trimtab.abtest.simulation.clicks import N_DRAWS, ClickModel, PositionBased
from trimtab.abtest.simulation.simulate import Drawing, K, Searchers, draw, searchers_of
from trimtab.abtest.simulation.world import Intents, World
from trimtab.core.weights import normalise
from trimtab.engine import Engine
from trimtab.engine.cluster.reference import EngineReference


def deploy(  # noqa: PLR0913  # an experiment has many settings; they are keyword-only
    engine: Engine,
    world: World,
    weights: Mapping[str, float],
    n: int,
    rng: np.random.Generator,
    *,
    k: int = K,
    click_model: ClickModel | None = None,
    temperature: float | None = None,
    loss: float | None = None,
    bounds: Bounds = (),
    intents: Intents | None = None,
) -> ReplayLog:
    """Serve n searches under raw weights, exploring as the engine would; the log of it.

    Args:
        temperature: the engine's where none is given.
        loss: share of the sorted slate's expected relevance that a draw may cost; temperatures are then by search.
        bounds: that every search carries; weights that would cost more are moved, as those of a service's searches.
        intents: who searches, n of them; drawn from the world where none are given.
    """
    intents = world.draw(n, rng) if intents is None else intents
    n = len(intents)
    asked = normalise(weights, engine.known_weights)
    drawing = Drawing(EngineReference(engine), Searchers.of(world), asked, k, bounds, loss, temperature)
    drawn = draw(drawing, intents, rng.random((n, k)))
    rows = drawn.rows
    served, codes_of_served = np.unique(drawn.weights, axis=0, return_inverse=True)
    uniforms = rng.random((n, k, N_DRAWS), dtype=np.float32)
    clicks, purchases = (click_model or PositionBased()).browse(*world.judge(intents, rows), uniforms)
    prices = np.nan_to_num(engine.store.prices).astype(np.float64)
    groups = groups_of(world.user_ids)
    shoppers, users = searchers_of(engine, drawing.searchers, intents)
    slates = LoggedSlates(
        numbers=np.arange(n),
        queries=intents.queries,
        users=users,
        groups=groups[intents.users],
        weights=codes_of_served.ravel(),
        temperatures=drawn.temperatures,
        seeds=np.full(n, -1),
        moments=intents.timestamps.astype("datetime64[us]").astype(np.int64) / 1e6,
        rows=rows.astype(np.int32),
        propensities=drawn.propensities,
        clicks=clicks.astype(np.int8),
        carts=np.zeros(rows.shape, dtype=np.int8),
        purchases=purchases.astype(np.int8),
        revenue=purchases * prices[rows],
    )
    searches = tuple(map(drawing.search_for, world.texts))
    weightings = [dict(zip(engine.known_weights, one, strict=True)) for one in served.tolist()]
    return ReplayLog(slates, searches, shoppers, tuple(weightings))


def value_of(engine: Engine, deployed: ReplayLog, metric: str) -> tuple[float, float]:
    """Mean of a metric over the searches of a deployment, and its Monte-Carlo standard error."""
    totals = rewards_of(deployed.slates, engine)[metric].sum(axis=1)
    return float(totals.mean()), float(totals.std(ddof=1) / np.sqrt(len(totals)))
