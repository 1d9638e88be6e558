"""A catalogue that changes while it serves: how soon a change is searched, and what changed items cost a search.

Searches are timed by the processor's time, engines take turns, and ratios are of the medians.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.figures import Figure
from benchmarks.serving.latency import DIVERSE, queries
from trimtab.catalog.live.changes import read_items
from trimtab.core.records import Query
from trimtab.engine import Engine
from trimtab.engine.live.live_engine import LiveEngine

N_CHANGES = 50
N_ITEMS = 1000


def measure(engine: Engine, *, n_queries: int = 150) -> Iterator[Figure]:
    with TemporaryDirectory() as folder:
        states = {name: LiveEngine(engine, Path(folder, name.replace(" ", "-"))) for name in ("prices", "new", "words")}
        ids = engine.store.item_ids(np.random.Generator(np.random.PCG64(0)).permutation(len(engine.store))[:N_ITEMS])
        states["prices"].change([{"item_id": item_id, "price": 2.5, "in_stock": True} for item_id in ids])
        states["new"].change([_new(number) for number in range(N_ITEMS)])
        titles = dict(zip(ids, engine.store.titles(engine.store.rows_of(ids)), strict=True))
        states["words"].change([{"item_id": item_id, "title": f"{title}, new"} for item_id, title in titles.items()])
        engines = {"as built": engine, **{name: state.newest for name, state in states.items()}}
        seconds = _times(engines, queries(engine, n_queries))
        for stage in ("retrieve", "search"):
            built = np.median(seconds["as built"][stage])
            yield Figure(f"{stage}, nothing changed: p50", built * 1e3, "ms")
            for name in states:
                ratio = float(np.median(seconds[name][stage]) / built)
                yield Figure(
                    f"{stage}, {N_ITEMS:,} items changed ({name}): p50 against nothing changed", ratio, "times"
                )

        price = _visible(states["prices"], lambda n: {"item_id": ids[n], "price": 3.0 + n})
        yield Figure(f"price sent to searched, {N_ITEMS:,} items changed: p50", price, "ms", 1000.0, "less")
        words = _visible(states["new"], lambda n: {"item_id": f"new-{n}", "title": f"Medlar sorbet {n}"})
        yield Figure(f"words sent to searched, {N_ITEMS:,} items changed: p50", words, "ms", 1000.0, "less")


def _times(engines: dict[str, Engine], texts: list[str]) -> dict[str, dict[str, list[float]]]:
    """Seconds of this thread's processor time by engine and stage: what else the machine does is not in them."""
    seconds: dict[str, dict[str, list[float]]] = {name: {"retrieve": [], "search": []} for name in engines}
    for text in texts:
        query = Query(text, weights=DIVERSE, group=False)
        for name, engine in engines.items():
            stages: dict[str, Callable[[], object]] = {
                "retrieve": partial(engine.retriever.retrieve, text),
                "search": partial(engine.slate, query),
            }
            for stage, step in stages.items():
                seconds[name][stage].append(min(_processor_seconds(step) for _ in range(3)))
    return seconds


def _processor_seconds(step: Callable[[], object]) -> float:
    start = time.thread_time()
    step()
    return time.thread_time() - start


def _visible(live: LiveEngine, item: Any) -> float:
    """Milliseconds from an item as JSON to an engine that searches with it, on the disk in between; the median."""
    taken = []
    for number in range(N_CHANGES):
        start = time.perf_counter()
        live.change(read_items([item(number)]))
        taken.append(time.perf_counter() - start)
    return float(np.median(taken)) * 1e3


def _new(number: int) -> dict[str, object]:
    title = f"Quince sorbet {number}, 16 oz"
    return {"item_id": f"new-{number}", "title": title, "product_type": "Sorbet", "brand": "Orchard", "price": 4.0}
