"""Sets of rows as ascending arrays: what is in any or in both of them, and where rows of one stand in another."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.core.compiled import KernelPart, kernel

Rows = NDArray[np.int32]
Places = NDArray[np.int32]
NO_ROWS: Rows = np.empty(0, dtype=np.int32)

FEW = 8
"""Rows are looked up one by one in what has more than as many times more, and else met in passing."""
WINDOW = 1 << 14
"""Rows that are met together."""


def any_of(sets: Sequence[Rows]) -> Rows:
    """The rows that are in any of some sets."""
    return reduce(_merged, sorted(sets, key=len)) if sets else NO_ROWS


def both_of(few: Rows, many: Rows) -> Rows:
    """The rows that are in both of two sets; quickest where the first has no more."""
    return few[places_in(many, few) >= 0]


def have_common(few: Rows, many: Rows) -> bool:
    """Whether any row is in both of two sets; quickest where the first has no more."""
    found = np.zeros(1, dtype=np.bool_)
    _find_common(few, many, found)
    return bool(found[0])


def places_in(many: Rows, few: Rows) -> Places:
    """[n_few] where each row of one set stands in another, -1 where it does not."""
    if len(few) * FEW < len(many):
        places = np.empty(len(few), dtype=np.int32)
        _look_up(few, many, places)
        return places
    found = np.empty(len(few) + 1, dtype=np.int32)
    _meet(few, many, np.zeros(WINDOW, dtype=np.int32), found)
    return found[1:]


def _merged(one: Rows, other: Rows) -> Rows:
    merged, n = np.empty(len(one) + len(other), dtype=np.int32), np.empty(1, dtype=np.int64)
    _merge(one, other, merged, n)
    return merged[: n[0]]


@kernel("i4[:]", "i4[:]", "out i4[:]", "out i8[:]")
def _merge(one: Any, other: Any, merged: Any, n: Any) -> None:
    """Write the rows of either, and how many there are, without a branch on them: no processor could foresee it."""
    i, j, k = 0, 0, 0
    while i < len(one) and j < len(other):
        left, right = one[i], other[j]
        merged[k] = min(left, right)
        i += left <= right
        j += right <= left
        k += 1
    for rest in range(i, len(one)):
        merged[k] = one[rest]
        k += 1
    for rest in range(j, len(other)):
        merged[k] = other[rest]
        k += 1
    n[0] = k


@kernel("i4[:]", "i4[:]", "out i4[:]", "out i4[:]")
def _meet(few: Any, many: Any, window: Any, found: Any) -> None:
    """Write the place of each row among many others by going through both, without a branch on whether they are equal.

    Args:
        window: [n] zeros: of as many rows, which of the few is which, from 1 on; zeros again at the end.
        found: [1 + n_few] the places, behind one that is of no row.
    """
    for place in range(len(found)):
        found[place] = -1
    i, j = 0, 0
    while i < len(few) and j < len(many):
        first, begin = few[i], i
        last = first + len(window)
        while i < len(few) and few[i] < last:
            window[few[i] - first] = i + 1
            i += 1
        while j < len(many) and many[j] < first:
            j += 1
        while j < len(many) and many[j] < last:
            found[window[many[j] - first]] = j
            j += 1
        for one in range(begin, i):
            window[few[one] - first] = 0


@kernel("i4[:]", "i4[:]", "out i4[:]")
def _look_up(few: Any, many: Any, places: Any) -> None:
    """Write the place of each row among many others by looking each up."""
    first = 0
    for i in range(len(few)):
        first = _first_from(many, few[i], first)
        places[i] = first if first < len(many) and many[first] == few[i] else -1


@kernel("i4[:]", "i4[:]", "out b1[:]")
def _find_common(few: Any, many: Any, found: Any) -> None:
    first = 0
    for row in few:
        first = _first_from(many, row, first)
        if first < len(many) and many[first] == row:
            found[0] = True
            return


@KernelPart
def _first_from(many: Any, row: Any, first: Any) -> Any:
    """The first place, of a place and those after it, that holds no smaller row, by steps that double from there
    (Bentley & Yao 1976): the next row is near in a dense set, and far in a sparse one."""
    step = 1
    while first + step < len(many) and many[first + step] < row:
        step *= 2
    last = min(first + step, len(many))
    first += step // 2
    while first < last:
        middle = (first + last) // 2
        if many[middle] < row:
            first = middle + 1
        else:
            last = middle
    return first
