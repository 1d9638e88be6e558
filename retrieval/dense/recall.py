"""How much of what exact search finds a dense index finds, also among what filters leave; and as widely as it must."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

import faiss
import numpy as np

from trimtab.core.records import FloatArray, IntArray
from trimtab.retrieval.dense.index import DenseIndex
from trimtab.retrieval.dense.kinds import BLOCK, breadths_of
from trimtab.retrieval.dense.selection import Selection
from trimtab.retrieval.encoders.vector_parts import Vectors

K = 200
WANTED, WANTED_SELECTED = 0.98, 0.95
"""The recall asked for of all vectors, and of those that a filter leaves."""
LITTLE = 0.005
"""What a wider search must find more to be worth its time where none finds as much as is asked for."""
SHARES = (0.1, 0.01, 0.001)
"""The shares that the filters leave for which it is measured."""
SAME = 1e-5
"""By how much cosines differ that are the same."""


@dataclass(frozen=True, slots=True)
class Recall:
    """Recall against exact search, a vector as near as the last of the exact ones counting as one of them.

    Attributes:
        at_100, at_200: of all vectors.
        selected: at 200 by the share of the vectors that a filter leaves.
    """

    at_100: float
    at_200: float
    selected: Mapping[float, float]

    @property
    def is_enough(self) -> bool:
        return self.at_200 >= WANTED and min(self.selected.values(), default=1.0) >= WANTED_SELECTED

    def as_dict(self) -> dict[str, Any]:
        """What the manifest has of it."""
        return {
            "recall@100_against_exact": self.at_100,
            "recall@200_against_exact": self.at_200,
            "recall@200_under_filters": {f"{share:g}": value for share, value in asdict(self)["selected"].items()},
        }


def tuned(index: DenseIndex, vectors: Vectors, queries: Sequence[FloatArray]) -> tuple[DenseIndex, Recall]:
    """The index, searching as widely as the recall asked for needs, and the recall that it then has.

    Args:
        vectors: [n_vectors, dim], those that are in it.
        queries: [n, dim] of each kind of query; the recall is that of the kind of which least is found.
    """
    ends = np.cumsum([len(some) for some in queries]).tolist()
    kinds = [slice(start, end) for start, end in pairwise([0, *ends]) if end > start]
    every = np.concatenate(queries)
    whole = _Exact.of(vectors, every, None)
    selections = {share: _some_of(len(vectors), share) for share in SHARES}
    parts = {share: _Exact.of(vectors, every, np.flatnonzero(one.rows)) for share, one in selections.items()}

    def least(exact: _Exact, found: list[IntArray], k: int = K) -> float:
        shares = exact.shares_of(vectors, [one[:k] for one in found], k)
        return min((float(shares[kind].mean()) for kind in kinds), default=1.0)

    def found_by(index: DenseIndex, selection: Selection | None = None) -> list[IntArray]:
        return [index.nearest(query, K, selection)[0] for query in every]

    def measured(index: DenseIndex, found: list[IntArray]) -> Recall:
        selected = {share: least(parts[share], found_by(index, one)) for share, one in selections.items()}
        return Recall(least(whole, found, 100), least(whole, found), selected)

    tried: list[tuple[float, DenseIndex, list[IntArray]]] = []
    for breadth in breadths_of(index.index, index.kind):
        way = replace(index, breadth=breadth)
        found = found_by(way)
        tried.append((least(whole, found), way, found))
        if tried[-1][0] >= WANTED and (recall := measured(way, found)).is_enough:
            return way, recall
    most = max(share for share, _, _ in tried)
    _, way, found = tried[-1] if most >= WANTED else next(one for one in tried if one[0] >= most - LITTLE)
    return way, measured(way, found)


@dataclass(frozen=True, slots=True)
class _Exact:
    """What exact search finds.

    Attributes:
        queries: [n_queries, dim].
        cosines: [n_queries, <= K] of the nearest vectors, nearest first.
    """

    queries: FloatArray
    cosines: FloatArray

    @classmethod
    def of(cls, vectors: Vectors, queries: FloatArray, some: IntArray | None) -> _Exact:
        """Search some of the vectors, or all of them."""
        n = len(vectors) if some is None else len(some)
        nearest = np.empty((len(queries), 0), dtype=np.float32)
        for start in range(0, n if len(queries) else 0, BLOCK):
            block = vectors[slice(start, start + BLOCK) if some is None else some[start : start + BLOCK]]
            k = min(K, len(block))
            found = faiss.knn(queries, np.ascontiguousarray(block), k, metric=faiss.METRIC_INNER_PRODUCT)[0]
            nearest = -np.sort(-np.concatenate([nearest, found], axis=1), axis=1)[:, :K]
        return cls(queries, nearest)

    def shares_of(self, vectors: Vectors, found: list[IntArray], k: int) -> FloatArray:
        """[n_queries] recall@k of what was found for each query; 1 where there is nothing to be found."""
        nearest = self.cosines[:, :k]
        if nearest.size == 0:
            return np.ones(len(found), dtype=np.float32)
        last = nearest[:, -1] - SAME
        hits = [
            np.count_nonzero(np.vecdot(vectors[one], query) >= floor)
            for one, query, floor in zip(found, self.queries, last, strict=True)
        ]
        return np.array(hits, dtype=np.float32) / np.float32(nearest.shape[1])


def _some_of(n_vectors: int, share: float) -> Selection:
    rows = np.random.Generator(np.random.PCG64(0)).random(n_vectors) < share
    return Selection(rows, np.empty(0, dtype=np.int64), n_vectors)
