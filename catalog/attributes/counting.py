"""Counts over the values of many rows: how often each code is there, whose they are, and which rows have some."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.core.compiled import kernel

Numbers = NDArray[np.int64]


class Counts(NamedTuple):
    """How often codes are there.

    Attributes:
        codes: [n] those that are there, ascending.
        counts: [n] how often each is.
        missing: how many rows, or owners of rows, have none.
    """

    codes: Numbers
    counts: Numbers
    missing: int

    @classmethod
    def of(cls, counts: Numbers, there: Numbers, totals: Numbers) -> Counts:
        """
        Args:
            counts: [n_codes].
            there: the codes that are there at first, in any order, as many as the first of `totals` says; the other of
                them is what is missing.
        """
        n, missing = totals.tolist()
        codes = np.sort(there[:n])
        return cls(codes, counts[codes], missing)


BROAD = 4
"""Rows are broad where the catalogue has less than as many times more: then all values are gone through in the order in
which they lie in memory, and not row by row."""


def is_broad(n_rows: int, n_items: int) -> bool:
    """Whether rows are better counted by going through all that there are."""
    return n_rows * BROAD > n_items


class Marked(NamedTuple):
    """Broad rows, marked among all.

    Attributes:
        marks: [n_items].
        n: how many are.
    """

    marks: NDArray[np.bool_]
    n: int

    @classmethod
    def of(cls, rows: Numbers, n_items: int) -> Marked | None:
        """The marks of some rows, each once; None where they are not broad."""
        if not is_broad(len(rows), n_items):
            return None
        marks = np.zeros(n_items, dtype=bool)
        marks[rows] = True
        return cls(marks, len(rows))


@kernel("b1[:]", "i4[:]", "i4[:]", "out i4[:]", "out i8[:]")
def count_marked(marks: Any, rows: Any, codes: Any, counts: Any, having: Any) -> None:
    """Add the codes of the rows that are marked to the counts [n_codes], and say how many of these rows have any.

    Args:
        rows, codes: [n_values], by row; no rows where each has one code.
    """
    n, latest = 0, -1
    if len(rows) == 0:
        for row in range(len(codes)):
            counts[codes[row]] += marks[row]
    for place in range(len(rows)):
        row = rows[place]
        marked = marks[row]
        counts[codes[place]] += marked
        n += marked and row != latest
        latest = row
    having[0] = n


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


@kernel("i8[:]", "i4[:]", "i4[:]", "out i8[:]", "out i8[:]", "out i8[:]")
def count_single(rows: Any, codes: Any, kinds: Any, counts: Any, there: Any, totals: Any) -> None:
    """Add the kinds of value of some rows, each of which has one or none, to the counts [n_kinds].

    Args:
        codes: [n_items], negative for none.
        kinds: [n_codes] as what a code counts.
        there: [n_kinds] written to: the kinds that are there, in the order in which they are met.
        totals: [2] written to: how many kinds are there, and how many rows have none.
    """
    n, missing = 0, 0
    for row in rows:
        code = codes[row]
        if code < 0:
            missing += 1
            continue
        kind = kinds[code]
        if counts[kind] == 0:
            there[n] = kind
            n += 1
        counts[kind] += 1
    totals[0], totals[1] = n, missing


@kernel("i8[:]", "i8[:]", "i4[:]", "i4[:]", "out i8[:]", "out i8[:]", "out i8[:]")
def count_several(rows: Any, starts: Any, codes: Any, kinds: Any, counts: Any, there: Any, totals: Any) -> None:
    """Add the kinds of value of some rows to the counts [n_kinds], see `count_single`."""
    n, missing = 0, 0
    for row in rows:
        first, last = starts[row], starts[row + 1]
        missing += first == last
        for place in range(first, last):
            kind = kinds[codes[place]]
            if counts[kind] == 0:
                there[n] = kind
                n += 1
            counts[kind] += 1
    totals[0], totals[1] = n, missing


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


@kernel("i8[:]", "i8[:]", "i8[:]", "i4[:]", "i4[:]", "out i8[:,:]", "out i8[:]", "out i8[:]")
def count_by_owner(
    rows: Any, owners: Any, starts: Any, codes: Any, kinds: Any, counted: Any, there: Any, totals: Any
) -> None:
    """Add each kind of value once for an owner.

    Args:
        rows: those of an owner are beside each other.
        owners: [n_items] whose each row is.
        kinds: [n_codes] as what a code counts.
        counted: [n_kinds, 2] how often each kind is there, and the owner it was counted for last, none at first.
        there: [n_kinds] written to: the kinds that are there, in the order in which they are met.
        totals: [2] written to: how many kinds are there, and how many owners have none.
    """
    latest, having, missing, n = -1, -1, 0, 0
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
            if counted[kind, 1] != owner:
                counted[kind, 1] = owner
                if counted[kind, 0] == 0:
                    there[n] = kind
                    n += 1
                counted[kind, 0] += 1
    totals[0], totals[1] = n, missing


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
