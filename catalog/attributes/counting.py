"""Counts over the values of many rows: how often each code is there, whose they are, and which rows have some."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.core.compiled import kernel


@kernel("i8[:]", "i8[:]", "out b1[:]", "out i8[:]", "out i8[:]")
def take_first_of_each(rows: Any, codes: Any, seen: Any, places: Any, count: Any) -> None:
    """Write the places of the rows that are the first with their code, as many as there is room for, and how many.

    Args:
        codes: [n_items]; rows whose code is negative are never taken.
        seen: [n_codes] False.
    """
    n = 0
    for place in range(len(rows)):
        if n == len(places):
            break
        code = codes[rows[place]]
        if code >= 0 and not seen[code]:
            seen[code] = True
            places[n] = place
            n += 1
    count[0] = n


@kernel("i8[:]", "i4[:]", "out i8[:]")
def count_single(rows: Any, codes: Any, counts: Any) -> None:
    """Add the codes of some rows, each of which has one, to the counts [n_codes]."""
    for row in rows:
        counts[codes[row]] += 1


@kernel("i8[:]", "i8[:]", "i4[:]", "out i8[:]")
def count_several(rows: Any, starts: Any, codes: Any, counts: Any) -> None:
    """Add the codes of some rows to the counts [n_codes + 1], of which the last is of rows that have any."""
    n_having = 0
    for row in rows:
        first, last = starts[row], starts[row + 1]
        n_having += first < last
        for place in range(first, last):
            counts[codes[place]] += 1
    counts[len(counts) - 1] += n_having


@kernel("i4[:]", "i8[:]", "out i8[:]", "out i8[:]")
def count_once_each(codes: Any, owners: Any, last: Any, counts: Any) -> None:
    """Add each code once for an owner to the counts [n_codes].

    Args:
        codes, owners: [n_values]; the values of an owner are beside each other.
        last: [n_codes] the owner each code was counted for last; none of them at first.
    """
    for place in range(len(codes)):
        code = codes[place]
        if last[code] != owners[place]:
            last[code] = owners[place]
            counts[code] += 1


@kernel("i8[:]", "i8[:]", "i8[:]", "i4[:]", "i4[:]", "out i8[:]", "out i8[:]")
def count_by_owner(rows: Any, owners: Any, starts: Any, codes: Any, kinds: Any, last: Any, counts: Any) -> None:
    """Add each kind of value once for an owner to the counts [n_kinds + 1], of which the last is of owners without any.

    Args:
        rows: those of an owner are beside each other.
        owners: [n_items] whose each row is.
        kinds: [n_codes] as what a code counts.
        last: [n_kinds] the owner each kind was counted for last; none of them at first.
    """
    latest, having, missing = -1, -1, 0
    for row in rows:
        owner, first, end = owners[row], starts[row], starts[row + 1]
        if owner != latest:
            latest = owner
            missing += 1
        if first < end and owner != having:
            having = owner
            missing -= 1
        for place in range(first, end):
            kind = kinds[codes[place]]
            if last[kind] != owner:
                last[kind] = owner
                counts[kind] += 1
    counts[len(counts) - 1] += missing


@kernel("i8[:]", "out i8[:]", "out i8[:]")
def place_by_code(codes: Any, starts: Any, order: Any) -> None:
    """Put the places of codes [n] into an order in which equal ones are beside each other.

    Args:
        starts: [n_codes] where those of each code begin; moved on.
    """
    for place in range(len(codes)):
        code = codes[place]
        order[starts[code]] = place
        starts[code] += 1


@kernel("i4[:]", "i8", "i8", "out b1[:]")
def mark_between(codes: Any, first: Any, last: Any, mask: Any) -> None:
    """Set the rows, each of which has one code, whose code is from `first` up to, not including, `last`."""
    for row in range(len(codes)):
        mask[row] |= first <= codes[row] < last


def n_beside(owners: NDArray[np.int64]) -> int:
    """How many different owners there are, equal ones of which are beside each other."""
    return len(owners) and 1 + int(np.count_nonzero(np.diff(owners)))
