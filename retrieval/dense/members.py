"""The items that have each distinct vector, those of one vector together."""

from __future__ import annotations

import numpy as np

from trimtab.catalog.attributes.column import Mask
from trimtab.core.compiled import kernel
from trimtab.core.records import IntArray

NO_ROW = -1
NO_MASK: Mask = np.empty(0, dtype=bool)
"""Allows all."""


def members_of(vector_of: IntArray, priority: IntArray, n_vectors: int) -> tuple[IntArray, IntArray]:
    """Rows by vector, those that come first of each first, and where those of each begin.

    Args:
        vector_of: [n_items] the vector of each.
        priority: [n_items] the smaller comes first.
    """
    members = np.lexsort((priority, vector_of)).astype(np.int64)
    counts = np.bincount(vector_of, minlength=n_vectors)
    return members, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


@kernel("i8[:]", "i8[:]", "i8[:]", "out i8[:]", "out i8[:]")
def list_members(vectors: IntArray, starts: IntArray, members: IntArray, rows: IntArray, places: IntArray) -> None:
    n = 0
    for place in range(len(vectors)):
        for member in range(starts[vectors[place]], starts[vectors[place] + 1]):
            rows[n], places[n] = members[member], place
            n += 1


@kernel("i8[:]", "i8[:]", "i8[:]", "out i8[:]", "out i8[:]")
def list_first_members(vectors: IntArray, starts: IntArray, members: IntArray, rows: IntArray, count: IntArray) -> None:
    """Write members, as many as there is room for, and how many these are."""
    n = 0
    for vector in vectors:
        for member in range(starts[vector], min(starts[vector + 1], starts[vector] + len(rows) - n)):
            rows[n] = members[member]
            n += 1
        if n == len(rows):
            break
    count[0] = n


@kernel("i8[:]", "i8[:]", "i8[:]", "b1[:]", "i8[:]", "out b1[:]", "out i8[:]", "out b1[:]")
def list_first_of_groups(
    vectors: IntArray,
    starts: IntArray,
    members: IntArray,
    allowed: Mask,
    codes: IntArray,
    seen: Mask,
    rows: IntArray,
    stand: Mask,
) -> None:
    """Write the first member of each group, as many as there is room for, and mark the vectors of these.

    Args:
        codes: [n_items] the group of each member; negative where it must not be found.
        seen: [n_codes] False.
    """
    n = 0
    for place in range(len(vectors)):
        for at in range(starts[vectors[place]], starts[vectors[place] + 1]):
            row = members[at]
            if n < len(rows) and codes[row] >= 0 and not seen[codes[row]] and (len(allowed) == 0 or allowed[row]):
                seen[codes[row]] = stand[place] = True
                rows[n] = row
                n += 1


@kernel("b1[:]", "i8[:]", "out b1[:]")
def allow_vectors(rows: Mask, vector_of: IntArray, allowed: Mask) -> None:
    """Mark the vectors of the rows that are selected."""
    for row in range(len(rows)):
        allowed[vector_of[row]] |= rows[row]
