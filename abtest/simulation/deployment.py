"""A policy deployed in a simulated world, in memory: the slates it shows and what shoppers do."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from trimtab.abtest.ope.contexts import Search, policy_of, weights_of
from trimtab.abtest.ope.logged_slates import LoggedSlates, ReplayLog
from trimtab.abtest.ope.outcomes import rewards_of
from trimtab.abtest.ope.sums import Ints, groups_of
from trimtab.abtest.simulation.clicks import N_DRAWS, ClickModel, PositionBased
from trimtab.abtest.simulation.simulate import K, gentle, searchers_of, show
from trimtab.abtest.simulation.world import Intents, World
from trimtab.core.weights import normalise
from trimtab.engine import Engine
from trimtab.ranker.slate.log_policy import QueryContexts, SlatePolicy


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
    intents: Intents | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> ReplayLog:
    """Serve n searches under raw weights, exploring as the engine would; the log of it.

    Args:
        temperature: the engine's where none is given.
        loss: share of the sorted slate's expected relevance that a draw may cost; temperatures are then by search.
        intents: who searches, n of them; drawn from the world where none are given.
    """
    intents = world.draw(n, rng) if intents is None else intents
    n = len(intents)
    effective = normalise(weights, engine.known_weights)
    temperatures = np.full(n, engine.temperature if temperature is None else temperature)

    def policy_for(_: Search, contexts: QueryContexts, users: Ints, at: Ints) -> SlatePolicy:
        if loss is None:
            return policy_of(engine, effective, float(temperatures[0]))
        found = gentle(engine, weights_of(engine, effective), contexts, users, k=k, loss=loss)[:, 0]
        temperatures[at] = found[users]
        return policy_of(engine, effective, found)

    rows, propensities = show(engine, world, policy_for, intents, rng.random((n, k)), progress=progress)
    uniforms = rng.random((n, k, N_DRAWS), dtype=np.float32)
    clicks, purchases = (click_model or PositionBased()).browse(*world.judge(intents, rows), uniforms)
    prices = np.nan_to_num(engine.store.prices).astype(np.float64)
    groups = groups_of(world.user_ids)
    shoppers, users = searchers_of(engine, world, intents)
    slates = LoggedSlates(
        numbers=np.arange(n),
        queries=intents.queries,
        users=users,
        groups=groups[intents.users],
        weights=np.zeros(n, dtype=np.int64),
        temperatures=temperatures,
        seeds=np.full(n, -1),
        moments=intents.timestamps.astype("datetime64[us]").astype(np.int64) / 1e6,
        rows=rows.astype(np.int32),
        propensities=propensities,
        clicks=clicks.astype(np.int8),
        carts=np.zeros(rows.shape, dtype=np.int8),
        purchases=purchases.astype(np.int8),
        revenue=purchases * prices[rows],
    )
    searches = tuple(Search(text) for text in world.texts)
    return ReplayLog(slates, searches, shoppers, (effective,))


def value_of(engine: Engine, deployed: ReplayLog, metric: str) -> tuple[float, float]:
    """Mean of a metric over the searches of a deployment, and its Monte-Carlo standard error."""
    totals = rewards_of(deployed.slates, engine)[metric].sum(axis=1)
    return float(totals.mean()), float(totals.std(ddof=1) / np.sqrt(len(totals)))
