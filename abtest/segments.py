"""Parts of the traffic that a report looks at one by one: by how often a query is asked, by shopper, by category."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from abtest.contexts import with_history
from abtest.logs import LoggedSlates, ReplayLog
from abtest.sums import Ints
from engine import Engine

Flags = NDArray[np.bool_]

N_CATEGORIES = 4
"""The categories with most searches are segments."""


def segments_of(slates: LoggedSlates, read: ReplayLog, engine: Engine) -> dict[str, Flags]:
    """[n] by name; a segment that holds every impression, or none, is left out.

    - queries: the most frequent that make up a third of the searches, the next third, the rest.
    - shoppers: with a history in the bundle, or without.
    - category: what most of a query's shown items are of.
    """
    third = _third_of_query(slates.queries)
    known = with_history(engine, read.users)[slates.users] >= 0
    found = {
        "frequent queries": third == 0,
        "middling queries": third == 1,
        "rare queries": third == 2,
        "shoppers with a history": known,
        "shoppers without": ~known,
    }
    categories = _category_of_query(slates, engine)[slates.queries]
    codes, counts = np.unique(categories[categories >= 0], return_counts=True)
    for code in codes[np.argsort(-counts, kind="stable")][:N_CATEGORIES]:
        found[f"category {engine.store.categories[code]}"] = categories == code
    return {name: which for name, which in found.items() if which.any() and not which.all()}


def _third_of_query(queries: Ints) -> Ints:
    """[n] 0 for the most frequent queries, 2 for the rarest; a query is in one third whole."""
    counts = np.bincount(queries)
    order = np.argsort(-counts, kind="stable")
    above = np.cumsum(counts[order]) - counts[order]
    third = np.empty(len(counts), dtype=np.int64)
    third[order] = np.minimum(3 * above // max(counts.sum(), 1), 2)
    return third[queries]


def _category_of_query(slates: LoggedSlates, engine: Engine) -> Ints:
    """[n_queries] the category most shown for each query; -1 where none is known."""
    n_queries, n_categories = int(slates.queries.max()) + 1, len(engine.store.categories)
    there = slates.rows >= 0
    codes = engine.store.category_codes[slates.rows[there]].astype(np.int64)
    queries = np.repeat(slates.queries, there.sum(axis=1))
    cells = np.bincount((queries * (n_categories + 1) + codes + 1), minlength=n_queries * (n_categories + 1))
    table = cells.reshape(n_queries, n_categories + 1)[:, 1:]
    return np.where(table.any(axis=1), table.argmax(axis=1), -1) if n_categories else np.full(n_queries, -1)
