"""Latency of the stages in one thread, on kinds of things people search for."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from benchmarks.figures import Figure
from trimtab.core.records import Filter, Query, Slate
from trimtab.core.work.stopwatch import Stopwatch
from trimtab.engine import Engine
from trimtab.engine.plan.search_plan import SearchPlan
from trimtab.engine.stages.frontier import N_POINTS
from trimtab.engine.stages.pipeline import N_CANDIDATES

PLAIN = {"relevance": 0.6, "revenue": 0.4}
N_TURNS = 2
FACETS = ("brand", "category", "product_type", "price", "popularity", "in_stock")
DIVERSE = {"relevance": 0.6, "revenue": 0.3, "diversity": 0.1}


def queries(engine: Engine, n: int, *, seed: int = 0) -> list[str]:
    """Distinct texts with a full set of candidates: product types, and pairs of them where those are too few."""
    rng = np.random.Generator(np.random.PCG64(seed))
    types = engine.store.types
    texts = [f"{types[a]} {types[b]}" for a, b in rng.integers(0, len(types), size=(4 * n, 2))]
    texts = list(dict.fromkeys([*rng.permutation(np.array(types)).tolist(), *texts]))
    full = (text for text in texts if len(engine.retriever.retrieve(text)) == N_CANDIDATES)
    return [text for text, _ in zip(full, range(n), strict=False)]


def measure(engine: Engine, *, n_queries: int = 1000) -> Iterator[Figure]:
    texts = queries(engine, n_queries)
    _times(engine, texts[:100], DIVERSE)
    retrieve, rank = _times(engine, texts, PLAIN)
    _, rank_diverse = _times(engine, texts, DIVERSE)
    n_items = f"{len(engine.store):,} items"
    yield Figure(f"retrieve, {n_items}: p50", _quantile(retrieve, 0.5), "ms", 1.0, "less")
    yield Figure(f"retrieve, {n_items}: p99", _quantile(retrieve, 0.99), "ms")
    yield Figure("rank 200 with features: p50", _quantile(rank, 0.5), "ms")
    yield Figure("rank 200 with features: p99", _quantile(rank, 0.99), "ms", 1.0, "less")
    yield Figure("rank 200 with features and diversity: p50", _quantile(rank_diverse, 0.5), "ms")
    yield Figure("rank 200 with features and diversity: p99", _quantile(rank_diverse, 0.99), "ms", 2.0, "less")
    for group, of in ((False, ""), (True, " of groups")):
        plain, filtered = (_quantile(seconds, 0.5) for seconds in _facet_times(engine, texts[:200], group=group))
        yield Figure(f"plain search{of}, processor time: p50", plain, "ms")
        yield Figure(
            f"six facets and three filters{of}, in plain searches: p50", filtered / plain, "times", 1.5, "less"
        )
    for depth in (10, 20):
        frontiers = _frontier_times(engine, texts[:100], depth)
        yield Figure(
            f"frontier of up to {N_POINTS} weightings, {depth} deep: p50", _quantile(frontiers, 0.5), "ms", 20.0, "less"
        )


def _times(engine: Engine, texts: Sequence[str], weights: Mapping[str, float]) -> tuple[list[float], list[float]]:
    """Seconds to retrieve, and to featurise, score and choose."""
    stages = [engine.slate(Query(text, weights=weights, group=False)).seconds for text in texts]
    retrieve = [seconds["retrieve"] for seconds in stages]
    return retrieve, [sum(seconds[stage] for stage in ("featurise", "rank", "choose")) for seconds in stages]


def _facet_times(engine: Engine, texts: Sequence[str], *, group: bool) -> tuple[list[float], list[float]]:
    """Seconds of processor time of plain searches, and of such with facets and filters that none had before.

    The two take turns by all texts, so that little of a text is kept from one to the other.
    """
    plain, filtered = list[float](), list[float]()
    for turn in range(N_TURNS):
        best = [_timed(engine, Query(text, group=group), plain).rows[0] for text in texts]
        for number, (text, row) in enumerate(zip(texts, best, strict=True)):
            price = Filter("price", (f"{0.5 + (number + turn / 2) / 1000}..{30 + number / 100}",))
            brand = engine.store.brands[engine.store.brand_codes[row]]
            filters = (price, Filter("in_stock", ("true",)), Filter("brand", (brand,)))
            _timed(engine, Query(text, filters=filters, facets=FACETS, group=group), filtered)
    return plain, filtered


def _timed(engine: Engine, query: Query, seconds: list[float]) -> Slate:
    """The slate of a query, whose processor time is added to the seconds."""
    began = time.process_time()
    slate = engine.slate(query)
    seconds.append(time.process_time() - began)
    return slate


def _frontier_times(engine: Engine, texts: Sequence[str], depth: int) -> list[float]:
    """Seconds for all weightings of candidates that are scored already."""
    seconds = []
    for text in texts:
        found = engine.candidates(SearchPlan(Query(text, k=depth, group=False)))
        watch = Stopwatch()
        engine.frontier(found)
        watch.lap("frontier")
        seconds.append(watch.total()["frontier"])
    return seconds


def _quantile(seconds: Sequence[float], share: float) -> float:
    return float(np.quantile(seconds, share)) * 1e3
