"""Items that words find and what they score by them: sums and bests of several words, and the sums of those items alone
that may be among the best.

Most items that have one of two frequent words are none of the best. What the last of as many as are wanted of some
likely ones scores, those that score much by a word, is the least that another must: only what reaches that is sorted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, reduce
from typing import Any, NamedTuple

import numpy as np

from trimtab.catalog.attributes.column import Mask
from trimtab.core.compiled import kernel
from trimtab.core.records import FloatArray
from trimtab.retrieval.lexical.row_sets import Rows, any_of, places_in

MANY = 20_000
"""Rows of some words, all together, from which on it is quicker to leave out most of them first."""
SAMPLED, OF_DEPTH = 8192, 8
"""The scores of a word that are looked at to tell which are high, and how many times as many as are wanted are meant to
be."""
ROUNDED = 1e-5
"""By how much of itself a sum of float32 may be off, at most."""
WINDOW = 1 << 17
"""Rows whose sums are added up together."""


class Scored(NamedTuple):
    """Items that are found by some words, and what each scores by them.

    Attributes:
        rows: ascending.
        scores: of each, above 0.
    """

    rows: Rows
    scores: FloatArray

    def kept(self, which: Mask) -> Scored:
        """Some of them."""
        return Scored(self.rows[which], self.scores[which])

    def allowed(self, allowed: Mask) -> Scored:
        """Those that are allowed, of all rows [n_items]."""
        rows, scores, count = np.empty_like(self.rows), np.empty_like(self.scores), np.empty(1, dtype=np.int64)
        _keep_allowed(*self, allowed, rows, scores, count)
        return Scored(rows[: count[0]], scores[: count[0]])

    def times(self, n: int) -> Scored:
        """The same items with as many times their scores."""
        return self if n == 1 else Scored(self.rows, np.float32(n) * self.scores)

    @property
    def highest(self) -> float:
        """The most that any of them scores; 0 where there are none."""
        return float(self.scores.max(initial=0.0))


NOTHING = Scored(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float32))


def sum_of_any(parts: Sequence[Scored]) -> Scored:
    """The items that any has, with the sum of their scores."""
    return reduce(partial(_either, adds=True), parts, NOTHING)


def best_of_any(parts: Sequence[Scored]) -> Scored:
    """The items that any has, with the best of their scores."""
    return reduce(partial(_either, adds=False), parts, NOTHING)


def sum_of_all(parts: Sequence[Scored]) -> Scored:
    """The items that all have, with the sum of their scores."""
    return reduce(_both, parts) if parts else NOTHING


def with_more(found: Scored, more: Scored) -> Scored:
    """The same items, with what they score by more words too."""
    if len(more.rows) == 0:
        return found
    scores = found.scores.copy()
    _add_at(places_in(more.rows, found.rows), more.scores, scores)
    return Scored(found.rows, scores)


def sum_of_best(
    parts: Sequence[Scored], depth: int, more: float, least_of: Callable[[Scored], float], many: int = MANY
) -> Scored:
    """The items that any has, with the sum of their scores; without some that are surely none of the best.

    Args:
        depth: how many are looked for.
        more: what else may be added to a score.
        least_of: what the last of the best of some items scores; 0 if they are fewer than are looked for.
        many: of fewer rows none is left out.
    """
    if sum(len(part.rows) for part in parts) < many:
        return sum_of_any(parts)
    likely = any_of([_high(part, depth) for part in parts])
    start = Scored(likely, np.zeros(len(likely), dtype=np.float32))
    least = least_of(reduce(with_more, parts, start)) * (1 - ROUNDED) - more
    return _sum_reaching(parts, np.float32(least)) if least > 0 else sum_of_any(parts)


def _high(part: Scored, depth: int) -> Rows:
    """Some of the rows that score most, more than `depth` as a rule."""
    some = part.scores[:: max(len(part.scores) // SAMPLED, 1)]
    n = min(OF_DEPTH * depth * len(some) // max(len(part.scores), 1) + 1, len(some))
    return part.rows[part.scores >= np.partition(some, -n)[-n]] if n else part.rows


def _sum_reaching(parts: Sequence[Scored], least: np.float32) -> Scored:
    """The items that any has, with the sum of their scores where that is no less than something.

    Rows are added up in windows that a processor has at hand (as Lucene's BooleanScorer does).
    """
    if len(parts) == 1:
        return parts[0].kept(parts[0].scores >= least)
    n = sum(len(part.rows) for part in parts)
    rows, scores, count = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.float32), np.zeros(1, dtype=np.int64)
    window = np.zeros(WINDOW, dtype=np.float32)
    edges = np.arange(0, max(int(part.rows[-1]) for part in parts if len(part.rows)) + WINDOW + 1, WINDOW)
    bounds = [np.searchsorted(part.rows, edges).tolist() for part in parts]
    for number, first in enumerate(edges[:-1].tolist()):
        some = [
            Scored(part.rows[slice(*its[number : number + 2])], part.scores[slice(*its[number : number + 2])])
            for part, its in zip(parts, bounds, strict=True)
        ]
        for part in some:
            _add(*part, first, window)
        for part in some:
            _take(part.rows, first, least, window, rows, scores, count)
    order = np.argsort(rows[: count[0]])
    return Scored(rows[order], scores[order])


def _both(one: Scored, other: Scored) -> Scored:
    few, many = (one, other) if len(one.rows) < len(other.rows) else (other, one)
    rows, scores, count = np.empty_like(few.rows), np.empty_like(few.scores), np.empty(1, dtype=np.int64)
    _write_both(*few, places_in(many.rows, few.rows), many.scores, rows, scores, count)
    return Scored(rows[: count[0]], scores[: count[0]])


@kernel("i4[:]", "f4[:]", "i4[:]", "f4[:]", "out i4[:]", "out f4[:]", "out i8[:]")
def _write_both(few: Any, scores: Any, places: Any, of_many: Any, rows: Any, sums: Any, count: Any) -> None:
    """Write the rows that are among many others, and the sum of what they score there and here."""
    n = 0
    for item in range(len(few)):
        rows[n], sums[n] = few[item], scores[item] + of_many[max(places[item], 0)]
        n += places[item] >= 0
    count[0] = n


@kernel("i4[:]", "f4[:]", "i4", "out f4[:]")
def _add(rows: Rows, scores: FloatArray, first: int, window: FloatArray) -> None:
    """Add to the sums of a window, whose first row is given."""
    for place in range(len(rows)):
        window[rows[place] - first] += scores[place]


@kernel("i4[:]", "i4", "f4", "out f4[:]", "out i4[:]", "out f4[:]", "out i8[:]")
def _take(found: Rows, first: int, least: Any, window: FloatArray, rows: Rows, scores: FloatArray, count: Any) -> None:
    """Write the sums of a window that reach something behind those that were written before; none is left in it."""
    n = count[0]
    for row in found:
        total = window[row - first]
        window[row - first] = 0
        if total >= least:
            rows[n], scores[n] = row, total
            n += 1
    count[0] = n


def _either(one: Scored, other: Scored, *, adds: bool) -> Scored:
    if len(one.rows) == 0 or len(other.rows) == 0:
        return one if len(other.rows) == 0 else other
    n = len(one.rows) + len(other.rows)
    rows, scores, count = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.float32), np.empty(1, dtype=np.int64)
    _merge_scores(*one, *other, adds, rows, scores, count)
    return Scored(rows[: count[0]], scores[: count[0]])


LAST_ROW: Any = np.int32(np.iinfo(np.int32).max)


@kernel("i4[:]", "f4[:]", "i4[:]", "f4[:]", "b1", "out i4[:]", "out f4[:]", "out i8[:]")
def _merge_scores(
    rows: Any, scores: Any, others: Any, of_others: Any, adds: bool, merged: Any, totals: Any, count: Any
) -> None:
    """Write the rows of either, the sum or the best of what they score, and how many there are."""
    i, j, n = 0, 0, 0
    nothing = np.float32(0)
    while i < len(rows) or j < len(others):
        left = rows[i] if i < len(rows) else LAST_ROW
        right = others[j] if j < len(others) else LAST_ROW
        one = scores[i] if left <= right else nothing
        other = of_others[j] if right <= left else nothing
        merged[n], totals[n] = min(left, right), one + other if adds else max(one, other)
        i += left <= right
        j += right <= left
        n += 1
    count[0] = n


@kernel("i4[:]", "f4[:]", "out f4[:]")
def _add_at(places: Rows, scores: FloatArray, totals: FloatArray) -> None:
    for item in range(len(places)):
        totals[item] += scores[places[item]] if places[item] >= 0 else 0


@kernel("i4[:]", "f4[:]", "b1[:]", "out i4[:]", "out f4[:]", "out i8[:]")
def _keep_allowed(rows: Rows, scores: FloatArray, allowed: Mask, kept: Rows, of_kept: FloatArray, count: Any) -> None:
    n = 0
    for place in range(len(rows)):
        kept[n], of_kept[n] = rows[place], scores[place]
        n += allowed[rows[place]]
    count[0] = n
