"""Is another bundle fit to answer in place of the one that does, and what would change?

The same golden queries go to both. What a bundle answers must be numbers at every weighting that the interface allows;
what changes is how much of the first page stays, in which order, what the receipts promise, and how long it takes.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import numpy as np

from trimtab.core.errors import BundleMismatch
from trimtab.core.records import Query, Slate
from trimtab.engine.search import Engine

N_GOLDEN = 50
PAGE = 10
DEPTH = 100
"""How far down the two orders are compared."""
NONSENSE = "zzzzqqqq"


@dataclass(frozen=True, slots=True)
class Parity:
    """Two bundles on the same queries at the default weights of each.

    Attributes:
        overlap: mean share of the first page (10) that both show.
        least_overlap: of the query that changes most.
        kendall_tau: mean tau-b of the order of what both have in their first 100; none where no query has two.
        receipts: by objective, the share by which the candidate expects more than the running bundle, over all queries.
        running_ms, candidate_ms: median milliseconds of a search.
        changed_most: the queries that change most, with their overlap.
    """

    n_queries: int
    overlap: float
    least_overlap: float
    kendall_tau: float | None
    receipts: Mapping[str, float | None]
    running_ms: float
    candidate_ms: float
    changed_most: Mapping[str, float]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def golden_queries(engine: Engine, n: int = N_GOLDEN) -> list[str]:
    """Names of the catalogue's product types and categories, those bought most first, and words that mean nothing."""
    store = engine.store
    weight_of: dict[str, float] = {}
    for codes, names in ((store.type_codes, store.types), (store.category_codes, store.categories)):
        known = codes >= 0
        weights = np.bincount(codes[known], weights=store.popularity[known] + 1.0, minlength=len(names))
        weight_of |= {name: weight for name, weight in zip(names, weights.tolist(), strict=True) if name}
    by_weight = sorted(weight_of, key=lambda name: (-weight_of[name], name))
    return [*islice(by_weight or store.titles(range(min(n, len(store)))), n - 1), NONSENSE]


def prove(engine: Engine, queries: Iterable[str]) -> None:
    """Search at the default weights, for each objective alone, and drawn.

    Raises:
        BundleMismatch: an answer has a value that is not a finite number; names the query.
    """
    askings: list[Mapping[str, float] | None] = [None, *({name: 1.0} for name in engine.known_weights)]
    for text in queries:
        for weights in askings:
            _require_numbers(engine.slate(Query(text, weights=weights)), text)
        _require_numbers(engine.slate(Query(text, explore=True, session_id="golden")), text)


def _require_numbers(slate: Slate, text: str) -> None:
    arrays = (slate.scores, slate.gains, slate.propensities)
    promised = [value for line in slate.receipt.values() for value in (line.expected, line.baseline)]
    if not all(np.isfinite(array).all() for array in (*arrays, promised)):
        raise BundleMismatch(f"its ranker gives a value that is not a finite number for {text!r}")


def compare(running: Engine, candidate: Engine, queries: Sequence[str]) -> Parity:
    """Measure both on the queries, one after the other, so that neither has a quieter machine."""
    overlaps: dict[str, float] = {}
    taus: list[float] = []
    seconds: list[tuple[float, float]] = []
    promised = {name: np.zeros(2) for name in running.known_weights}
    for text in queries:
        (ours, our_seconds), (theirs, their_seconds) = (_timed(engine, text) for engine in (running, candidate))
        seconds.append((our_seconds, their_seconds))
        overlaps[text] = _overlap(ours.item_ids[:PAGE], theirs.item_ids[:PAGE])
        tau = _tau(ours.item_ids, theirs.item_ids)
        if tau is not None:
            taus.append(tau)
        for name, line in ours.receipt.items():
            promised[name] += line.expected, theirs.receipt[name].expected
    our_ms, their_ms = np.median(np.array(seconds), axis=0) * 1e3
    worst = sorted(overlaps, key=lambda text: overlaps[text])[:5]
    return Parity(
        n_queries=len(queries),
        overlap=float(np.mean(list(overlaps.values()))),
        least_overlap=min(overlaps.values()),
        kendall_tau=float(np.mean(taus)) if taus else None,
        receipts={name: float((new - old) / abs(old)) if old else None for name, (old, new) in promised.items()},
        running_ms=float(our_ms),
        candidate_ms=float(their_ms),
        changed_most={text: overlaps[text] for text in worst},
    )


def _timed(engine: Engine, text: str) -> tuple[Slate, float]:
    start = time.perf_counter()
    slate = engine.slate(Query(text, k=DEPTH))
    return slate, time.perf_counter() - start


def _overlap(ours: Sequence[str], theirs: Sequence[str]) -> float:
    """Share of the longer page that both have; 1 where both are empty."""
    longer = max(len(ours), len(theirs))
    return len(set(ours) & set(theirs)) / longer if longer else 1.0


def _tau(ours: Sequence[str], theirs: Sequence[str]) -> float | None:
    place = {item_id: number for number, item_id in enumerate(theirs)}
    places = np.array([place[item_id] for item_id in ours if item_id in place])
    before, after = np.triu_indices(len(places), 1)
    # No two are in one place. SciPy has it too, and takes longer to import than a check does.
    return float(np.sign(places[after] - places[before]).mean()) if len(places) > 1 else None
