"""Fusion: one order out of two scores.

Convex combination of both scores on a scale from 0 to 1 (Bruch, Gai & Ingber 2023, "An Analysis of Fusion Functions
for Hybrid Retrieval"): BM25 over the query's best, and the cosine between that of the last of the dense pool, or the
floor that is reached by chance, and the best, since cosines of one query differ by little and by how much depends on
encoder and query. The scales depend on the query alone and never on how many candidates were asked for, so a shorter
answer is the head of a longer one.

Then the best say what else is meant (pseudo-relevance feedback on vectors; Li et al. 2022, "Pseudo Relevance Feedback
with Deep Language Models and Dense Retrievers"): what is near their centre moves up.
"""

from __future__ import annotations

import numpy as np

from trimtab.core.compiled import KernelPart, any_order, kernel
from trimtab.core.extended_array import RowArray, located
from trimtab.core.records import FloatArray, IntArray

DENSE_WEIGHT = 0.5
"""Share of the cosine."""

N_BEST = 5
FEEDBACK_WEIGHT = 1 / 3
"""Share of the nearness to the centre of the `N_BEST` best. Recall@100 gains .005 to .009 by it on ESCI and Icecat."""


def union(rows: IntArray, more: IntArray) -> IntArray:
    """Rows, and behind them those of others that are not among them."""
    every = np.concatenate([rows, more])
    count = np.array([len(rows)])
    _add_new(np.sort(rows), more, every, count)
    return every[: count[0]]


def cosines_of(vectors: RowArray[np.float32], rows: IntArray, query: FloatArray) -> FloatArray:
    """[n] cosines of a query and some items."""
    cosines = np.empty(len(rows), dtype=np.float32)
    _cosines(*located(vectors, rows), query, cosines)
    return cosines


def fused_scores(
    dense: FloatArray,
    lexical: FloatArray,
    *,
    dense_range: tuple[float, float],
    best_lexical: float,
) -> FloatArray:
    """[n] float32 fused score, 0 to 1.

    Args:
        dense: [n] cosine of query and item.
        lexical: [n] BM25, 0 where the item does not match.
        dense_range: cosine of the last and of the best of the dense pool; beyond them counts as they do.
        best_lexical: the largest BM25 of the query, 0 where nothing matches.
    """
    fused = np.empty(len(dense), dtype=np.float32)
    _fuse(dense, lexical, *dense_range, best_lexical, fused)
    return fused


def with_feedback(fused: FloatArray, vectors: RowArray[np.float32], rows: IntArray) -> FloatArray:
    """[n] float32 fused score, 0 to 1, of which a share is nearness to the centre of the best.

    Args:
        vectors: of all items; nearness counts from the median of the candidates on.
        rows: [n] of the candidates.
    """
    if len(fused) <= N_BEST:
        return fused
    with_nearness = np.empty_like(fused)
    _feedback(fused, *located(vectors, rows), with_nearness)
    return with_nearness


@any_order
def _product(vector: FloatArray, other: FloatArray) -> np.float32:
    total = np.float32(0)
    for place in range(len(other)):
        total += vector[place] * other[place]
    return total


@kernel("i8[:]", "i8[:]", "out i8[:]", "out i8[:]")
def _add_new(ordered: IntArray, more: IntArray, every: IntArray, count: IntArray) -> None:
    n = count[0]
    for row in more:
        place = np.searchsorted(ordered, row)
        if place == len(ordered) or ordered[place] != row:
            every[n] = row
            n += 1
    count[0] = n


@kernel("f4[:,:]", "i8[:]", "f4[:]", "out f4[:]")
def _cosines(vectors: FloatArray, places: IntArray, query: FloatArray, cosines: FloatArray) -> None:
    for item in range(len(places)):
        cosines[item] = _product(vectors[places[item]], query)


@kernel("f4[:]", "f4[:]", "f8", "f8", "f8", "out f4[:]")
def _fuse(dense: FloatArray, lexical: FloatArray, low: float, high: float, best: float, fused: FloatArray) -> None:
    for item in range(len(dense)):
        near = np.float64(dense[item] >= high)
        if high > low:
            near = min(max((dense[item] - low) / (high - low), 0.0), 1.0)
        share = lexical[item] / best if best > 0 else 0.0
        fused[item] = DENSE_WEIGHT * near + (1 - DENSE_WEIGHT) * share


@KernelPart
def _best(scores: FloatArray, best: IntArray) -> None:
    """The places of the largest scores, the first of equal ones first."""
    n_found = 0
    for item in range(len(scores)):
        at = n_found
        while at > 0 and scores[item] > scores[best[at - 1]]:
            if at < len(best):
                best[at] = best[at - 1]
            at -= 1
        if at < len(best):
            best[at] = item
            n_found = min(n_found + 1, len(best))


@kernel("f4[:]", "f4[:,:]", "i8[:]", "out f4[:]")
def _feedback(fused: FloatArray, vectors: FloatArray, places: IntArray, blended: FloatArray) -> None:
    best = np.empty(N_BEST, dtype=np.int64)
    _best(fused, best)
    centre = np.zeros(vectors.shape[1], dtype=np.float32)
    for one in best:
        vector = vectors[places[one]]
        for place in range(len(centre)):
            centre[place] += vector[place]
    centre /= np.float32(N_BEST)
    nearness = np.empty(len(fused), dtype=np.float32)
    for item in range(len(fused)):
        nearness[item] = _product(vectors[places[item]], centre)
    low, high = np.median(nearness), nearness.max()
    for item in range(len(fused)):
        near = min(max((nearness[item] - low) / (high - low), 0.0), 1.0) if high > low else 0.0
        blended[item] = (1 - FEEDBACK_WEIGHT) * fused[item] + FEEDBACK_WEIGHT * near


def best_first(fused: FloatArray, popularity: FloatArray, rows: IntArray, n: int) -> IntArray:
    """[<= n] indices by descending score; a tie goes to the more popular item, then to the earlier row."""
    order = np.argsort(-fused)
    ordered = fused[order]
    if (ordered[1:] == ordered[:-1]).any():
        order = np.lexsort((rows, -popularity, -fused))
    return order[:n]
