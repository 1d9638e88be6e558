"""A small problem with two objectives that conflict: what is relevant is cheap."""

from __future__ import annotations

import numpy as np

from trimtab.ranker.item_values import ItemValues
from trimtab.ranker.methods.problem import Problem, multipliers_of
from trimtab.ranker.objectives import objectives_of
from trimtab.ranker.training.lists import RankingLists

N_LISTS, N_ITEMS = 60, 8


def small_problem(*, seed: int = 0, n_lists: int = N_LISTS) -> Problem:
    """Relevance follows the first two features, prices the third; labels are noisy, lists of different lengths."""
    rng = np.random.Generator(np.random.PCG64(seed))
    features = rng.normal(size=(n_lists, N_ITEMS, 4)).astype(np.float32)
    wanted = 1.5 * features[..., 0] + features[..., 1]
    prices = np.exp(0.8 * features[..., 2] - 0.3 * wanted).astype(np.float32)
    bought = rng.random(wanted.shape) < 1 / (1 + np.exp(1.5 - wanted))
    labels = np.stack([np.where(bought, 1.0, (wanted > 0) / 3), bought], axis=2).astype(np.float32)
    there = np.arange(N_ITEMS) < rng.integers(1, N_ITEMS + 1, n_lists)[:, None]
    features[~there], labels[~there], prices[~there] = 0, np.nan, np.nan
    rows = np.where(there, rng.integers(0, 1000, there.shape), -1)
    lists = RankingLists(features, prices, labels, np.arange(n_lists).astype(str), rows, ("relevance", "purchase"))
    aspects = np.where(there[..., None], rng.integers(0, 4, (*there.shape, 2)), -1)
    objectives = objectives_of(has_prices=True)
    return Problem(lists, objectives, multipliers_of(lists, ItemValues(objectives, {"price": "number"})), aspects)
