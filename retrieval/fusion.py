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

from typing import NamedTuple

import numpy as np

from trimtab.core.compiled import KernelPart, any_order, kernel
from trimtab.core.extended_array import RowArray, located
from trimtab.core.records import Candidates, FloatArray, IntArray

DENSE_WEIGHT = 0.5
"""Share of the cosine."""

POOL = 200
"""The least depth of a search in both indices, so that up to here a shorter answer is the head of a longer one."""
GROUPS_POOL = 100
"""The same of a search for groups of variants, which are as near as some 200 items."""

N_BEST = 5
FEEDBACK_WEIGHT = 1 / 3
"""Share of the nearness to the centre of the `N_BEST` best. Recall@100 gains .005 to .009 by it on ESCI and Icecat."""

EMPTY = -1
"""A place of a table that has no row."""
PLACE_BITS = 32


class Floors(NamedTuple):
    """What is too far away.

    Attributes:
        candidate: a cosine below which an item without a word of the query cannot be a candidate.
        scale: a cosine below which all count as it does: that of the last of the dense pool, or the floor of
            candidates where that is higher.
    """

    candidate: float
    scale: float


FLOORS = (Floors, "f8", "f8")


def fused(
    by_words: tuple[IntArray, FloatArray],
    near: tuple[IntArray, FloatArray],
    vectors: RowArray[np.float32],
    queries: FloatArray,
    popularity: FloatArray,
    *,
    n: int,
    floor: float,
    by_meaning: bool = True,
) -> Candidates:
    """The best n of what was found, best first; a tie goes to the more popular item, then to the earlier row.

    Args:
        by_words: rows and their BM25.
        near: rows, and the cosines of the nearest vectors, of which there may be more.
        vectors: of all items.
        queries: [m, dim] unit vectors that mean what is looked for: as near as an item is to any, so near it is.
        floor: the cosine of what is near enough to be a candidate without a word of the query.
        by_meaning: whether the best say what else is meant.
    """
    rows, n_by_words = union(by_words[0], near[0]), len(by_words[0])
    scores = np.empty((3, len(rows)), dtype=np.float32)
    scores[1, :n_by_words], scores[1, n_by_words:] = by_words[1], 0.0
    floors = Floors(floor, max(float(near[1][:POOL].min(initial=1.0)), floor))
    keys, count = np.empty(len(rows), dtype=np.int64), np.empty(1, dtype=np.int64)
    _score(*located(vectors, rows), queries, floors, by_meaning, scores, keys, count)
    keys = keys[: count[0]]
    keys.sort()
    n = min(n, len(keys))
    best_rows, best = np.empty(n, dtype=np.int64), np.empty((3, n), dtype=np.float32)
    _read_best(keys, rows, popularity, scores, best_rows, best)
    return Candidates(best_rows, best[0], best[1], best[2], queries)


def union(rows: IntArray, more: IntArray) -> IntArray:
    """Rows, and behind them those of others that are not among them."""
    n = len(rows) + len(more)
    every, count = np.empty(n, dtype=np.int64), np.empty(1, dtype=np.int64)
    _unite(rows, more, np.empty(2 << n.bit_length(), dtype=np.int64), every, count)
    return every[: count[0]]


@kernel("i8[:]", "i8[:]", "out i8[:]", "out i8[:]", "out i8[:]")
def _unite(rows: IntArray, more: IntArray, table: IntArray, every: IntArray, count: IntArray) -> None:
    """
    Args:
        table: is written to; its length is a power of two, and larger than the number of rows.
    """
    table[:] = EMPTY
    last = len(table) - 1
    for place in range(len(rows)):
        at = rows[place] & last
        while table[at] != EMPTY:
            at = at + 1 & last
        table[at] = every[place] = rows[place]
    n = len(rows)
    for row in more:
        at = row & last
        while table[at] != EMPTY and table[at] != row:
            at = at + 1 & last
        if table[at] == EMPTY:
            table[at] = every[n] = row
            n += 1
    count[0] = n


@any_order
def _product(vector: FloatArray, other: FloatArray) -> np.float32:
    total = np.float32(0)
    for place in range(len(other)):
        total += vector[place] * other[place]
    return total


@KernelPart
def _fuse(dense: FloatArray, lexical: FloatArray, low: float, fused: FloatArray) -> None:
    """Write fused scores, 0 to 1.

    Args:
        low: the cosine of the last of the dense pool; below it counts as it does.
    """
    high = best = 0.0
    for item in range(len(dense)):
        high, best = max(high, float(dense[item])), max(best, float(lexical[item]))
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


@KernelPart
def _feedback(fused: FloatArray, vectors: FloatArray, places: IntArray) -> None:
    """Give the nearness to the centre of the best its share; it counts from the median of the candidates on."""
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
        fused[item] = (1 - FEEDBACK_WEIGHT) * fused[item] + FEEDBACK_WEIGHT * near


@kernel("f4[:,:]", "i8[:]", "f4[:,:]", FLOORS, "b1", "out f4[:,:]", "out i8[:]", "out i8[:]")
def _score(
    vectors: FloatArray,
    places: IntArray,
    queries: FloatArray,
    floors: Floors,
    by_meaning: bool,
    scores: FloatArray,
    keys: IntArray,
    count: IntArray,
) -> None:
    """Write the keys of the candidates, of which the smaller is the better one, and how many there are.

    Args:
        scores: [3, n] BM25 of each item in the second row; its cosine and its fused score are written beside it.
    """
    dense, lexical, fused = scores[0], scores[1], scores[2]
    for item in range(len(places)):
        dense[item] = _product(vectors[places[item]], queries[0])
        for number in range(1, len(queries)):
            dense[item] = max(dense[item], _product(vectors[places[item]], queries[number]))
    _fuse(dense, lexical, floors.scale, fused)
    if by_meaning and len(fused) > N_BEST:
        _feedback(fused, vectors, places)
    bits = fused.view(np.int32)
    n = 0
    for item in range(len(places)):
        if lexical[item] > 0 or dense[item] >= np.float32(floors.candidate):
            keys[n] = (-np.int64(bits[item]) << PLACE_BITS) + item
            n += 1
    count[0] = n


@kernel("out i8[:]", "i8[:]", "f4[:]", "f4[:,:]", "out i8[:]", "out f4[:,:]")
def _read_best(
    keys: IntArray, rows: IntArray, popularity: FloatArray, scores: FloatArray, best_rows: IntArray, best: FloatArray
) -> None:
    """Write the rows and the scores of the best, ties settled."""
    places = (1 << PLACE_BITS) - 1
    for begin in range(1, len(keys)):
        at = begin
        while at > 0 and keys[at] >> PLACE_BITS == keys[at - 1] >> PLACE_BITS:
            row, other = rows[keys[at] & places], rows[keys[at - 1] & places]
            if popularity[row] < popularity[other] or (popularity[row] == popularity[other] and row > other):
                break
            keys[at - 1], keys[at] = keys[at], keys[at - 1]
            at -= 1
    for place in range(len(best_rows)):
        item = keys[place] & places
        best_rows[place] = rows[item]
        for score in range(3):
            best[score, place] = scores[score, item]
