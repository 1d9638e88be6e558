"""Latency of the stages in one thread, on kinds of things people search for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from benchmarks.figures import Figure
from trimtab.core.records import Query
from trimtab.core.stopwatch import Stopwatch
from trimtab.engine import Engine
from trimtab.engine.plan.search_plan import SearchPlan
from trimtab.engine.stages.frontier import N_POINTS
from trimtab.engine.stages.pipeline import N_CANDIDATES

PLAIN = {"relevance": 0.6, "revenue": 0.4}
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
    for depth in (10, 20):
        frontiers = _frontier_times(engine, texts[:100], depth)
        yield Figure(
            f"frontier of up to {N_POINTS} weightings, {depth} deep: p50", _quantile(frontiers, 0.5), "ms", 20.0, "less"
        )


def _times(engine: Engine, texts: Sequence[str], weights: Mapping[str, float]) -> tuple[list[float], list[float]]:
    """Seconds to retrieve, and to featurise, score and choose."""
    stages = [engine.slate(Query(text, weights=weights)).seconds for text in texts]
    retrieve = [seconds["retrieve"] for seconds in stages]
    return retrieve, [sum(seconds[stage] for stage in ("featurise", "rank", "choose")) for seconds in stages]


def _frontier_times(engine: Engine, texts: Sequence[str], depth: int) -> list[float]:
    """Seconds for all weightings of candidates that are scored already."""
    seconds = []
    for text in texts:
        found = engine.candidates(SearchPlan(Query(text, k=depth)))
        watch = Stopwatch()
        engine.frontier(found)
        watch.lap("frontier")
        seconds.append(watch.total()["frontier"])
    return seconds


def _quantile(seconds: Sequence[float], share: float) -> float:
    return float(np.quantile(seconds, share)) * 1e3
