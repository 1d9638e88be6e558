"""What each degradation level costs, on the shopping trips that the grocery ranker was tested on.

A search is a product type by a household that bought something of it on that trip, as in `engine.build.grocery`; items,
prices and histories are those before the test weeks, and what the household bought in those weeks before the trip is
its live features. Weights are the bundle's own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.figures import Figure
from trimtab.catalog.datasets.grocery import Grocery, load_grocery
from trimtab.core.diversity import slate_diversity
from trimtab.core.metrics import discounted_sum, exponential_gain, mean_interval
from trimtab.core.records import Query
from trimtab.engine import Engine
from trimtab.engine.build.grocery import Split, Splits, at_end_of_week, sample_intents
from trimtab.engine.build.labelled_lists import Intent
from trimtab.engine.bundle.storage import load_bundle
from trimtab.engine.plan.degradation import SLATE_LEVELS, FixedLevels
from trimtab.service.search.recent_events import MOST_EVENTS

K = 10
METRICS = ("ndcg@10", "revenue@10", "diversity@10", "milliseconds")
UNITS = {"revenue@10": "$", "milliseconds": "ms of processor time, median"}


def measure(bundle: Path) -> Iterator[Figure]:
    """Figures of the whole search, then of each level with those before it and its change from the whole search."""
    grocery, split = load_grocery(), Splits().test
    loaded = load_bundle(bundle)
    engine = Engine(replace(loaded, pipeline=at_end_of_week(loaded.pipeline, grocery, split.known_until)))
    engine.warm_up()
    intents = sample_intents(grocery.purchases, engine.store, split)
    queries = [
        Query(intent.text, k=K, user_id=intent.user_id, recent=recent, group=False)
        for intent, recent in zip(intents, _recent(grocery, split, intents), strict=True)
    ]
    judge = _Judge(engine)
    whole = _measured(engine, queries, intents, judge, ())
    for name in METRICS:
        yield _figure(f"whole search: {name}", name, whole[name])
    for n_levels, level in enumerate(SLATE_LEVELS, start=1):
        found = _measured(engine, queries, intents, judge, SLATE_LEVELS[:n_levels])
        for name in METRICS:
            yield _figure(f"{level}: {name}", name, found[name])
        for name in METRICS[:2]:
            change = mean_interval(100 * (found[name] - whole[name]) / whole[name].mean())
            yield Figure(f"{level}: {name}, change", change.value, "%", interval=(change.low, change.high))


def _figure(label: str, name: str, values: NDArray[np.float64]) -> Figure:
    if name == "milliseconds":
        return Figure(label, float(np.median(values)), UNITS[name])
    mean = mean_interval(values)
    return Figure(label, mean.value, UNITS.get(name, ""), interval=(mean.low, mean.high))


def _measured(
    engine: Engine, queries: Sequence[Query], intents: Sequence[Intent], judge: _Judge, levels: tuple[str, ...]
) -> dict[str, NDArray[np.float64]]:
    """[n] values by metric."""
    degradation = FixedLevels(frozenset(levels))
    rows = []
    for query, intent in zip(queries, intents, strict=True):
        asked = query if SLATE_LEVELS[0] not in levels else replace(query, recent=())
        start = time.process_time()
        slate = engine.slate(asked, degradation)
        spent = 1e3 * (time.process_time() - start)
        rows.append((*judge.of(intent, slate.rows), spent))
    columns = np.array(rows).T
    return dict(zip(METRICS, columns, strict=True))


class _Judge:
    """What a slate was worth on a trip: bought is grade 2, of the type looked for grade 1."""

    def __init__(self, engine: Engine) -> None:
        self._store = engine.store
        self._types = {name: code for code, name in enumerate(engine.store.types)}
        self._n_of_type = np.bincount(engine.store.type_codes + 1, minlength=len(self._types) + 1)[1:]

    def of(self, intent: Intent, rows: NDArray[np.int64]) -> tuple[float, float, float]:
        """ndcg, discounted revenue and diversity."""
        bought = np.isin(rows, list(intent.bought))
        code = self._types[intent.product_type]
        grades = np.where(bought, 2, self._store.type_codes[rows] == code)
        ideal = np.ones(min(K, len(intent.bought) + int(self._n_of_type[code])))
        ideal[: len(intent.bought)] = 2
        ndcg = discounted_sum(exponential_gain(grades)) / discounted_sum(exponential_gain(ideal))
        revenue = discounted_sum(np.where(bought, np.nan_to_num(self._store.prices[rows]), 0.0))
        return ndcg, revenue, slate_diversity(self._store.aspects(rows))


def _recent(grocery: Grocery, split: Split, intents: Sequence[Intent]) -> list[tuple[str, ...]]:
    """What each household had bought in the test weeks before its trip, the newest first."""
    since = grocery.purchases.filter(pl.col("week") > split.known_until).sort("timestamp", descending=True)
    by_household = {key[0]: frame for key, frame in since.group_by("household_id", maintain_order=True)}
    lists = []
    for intent in intents:
        before = by_household[intent.user_id].filter(pl.col("timestamp") < intent.timestamp)["item_id"]
        lists.append(tuple(f"purchase:{item_id}" for item_id in before.head(MOST_EVENTS)))
    return lists
