"""The first rows of a ranked search that are allowed, or the first of their groups, where it cannot know which are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trimtab.catalog.attributes.column import Mask
from trimtab.catalog.groups import Alternatives
from trimtab.core.records import FloatArray, IntArray

SPARE_ROWS = 16
"""Rows asked for beyond the wanted ones at first, because some may be gone."""
GROWTH = 4
"""By how much more is asked for while too few are left."""


def first_allowed(
    search: Callable[[int], tuple[IntArray, FloatArray]],
    depth: int,
    allowed: Mask | None,
    n_rows: int,
    *,
    exact: bool,
    groups: Alternatives | None = None,
) -> tuple[IntArray, FloatArray]:
    """The first `depth` rows that are allowed, of a search that may find others; what is found beside stays aligned.

    Args:
        search: rows, and scores that belong to them or (of a different length) to something else.
        n_rows: how many it can find.
        exact: whether only rows that are gone can be in the way, which are few.
        groups: of each of which the first row alone counts.
    """
    if (allowed is None and groups is None) or depth <= 0:
        return search(depth)
    n = depth + SPARE_ROWS if exact and groups is None else GROWTH * depth
    while True:
        n = min(n, n_rows)
        rows, scores = search(n)
        kept = np.arange(len(rows)) if allowed is None else np.flatnonzero(allowed[rows])
        if groups is not None:
            kept = kept[groups.first_of_each(rows[kept], depth)]
        if n == n_rows or len(rows) < n or len(kept) >= depth:
            return rows[kept][:depth], scores[kept][:depth] if len(scores) == len(rows) else scores[:depth]
        n *= GROWTH
