"""What a search is worth, position by position: relevance, revenue, diversity.

- relevance: discounted gain of what was bought and clicked, a purchase at the top being 1: the unit of the receipt
  (`engine.lists.behaviour_gain`, `core.metrics.discounts`).
- revenue: money a search.
- diversity: discounted novelty of the slate (`core.diversity`); it needs no outcome.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from abtest.estimators import Floats
from abtest.logs import LoggedSlates
from core.diversity import novelties_of_slates
from core.metrics import discounts
from engine import Engine
from engine.lists import behaviour_gain

METRICS = ("relevance", "revenue", "diversity")
"""A bundle without prices has no revenue."""

SLATES_AT_ONCE = 10_000


def rewards_of(slates: LoggedSlates, engine: Engine) -> dict[str, Floats]:
    """[n, k] by metric, positions beyond a slate's end being 0."""
    grades = np.where(slates.purchases > 0, 2, (slates.clicks > 0).astype(np.int64))
    rewards = {
        "relevance": behaviour_gain(grades) * discounts(slates.rows.shape[1]),
        "revenue": slates.revenue,
        "diversity": novelty(slates.rows, engine),
    }
    return {metric: rewards[metric] for metric in METRICS if metric in engine.known_weights}


def novelty(rows: NDArray[np.integer], engine: Engine) -> Floats:
    """[n, k] discounted novelty of rows in the item store, -1 for none; sums to `core.diversity.slate_diversity`."""
    fresh = np.zeros(rows.shape)
    for start in range(0, len(rows), SLATES_AT_ONCE):
        some = rows[start : start + SLATES_AT_ONCE]
        aspects = engine.store.aspects(some.ravel()).reshape(*some.shape, -1)
        fresh[start : start + len(some)] = np.where(some >= 0, novelties_of_slates(aspects), 0.0)
    return np.asarray(fresh * discounts(rows.shape[1]), dtype=np.float64)
