"""The first rows of a ranked search that are allowed, where the search itself cannot know which are."""

from __future__ import annotations

from collections.abc import Callable

from trimtab.catalog.attributes.column import Mask
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
) -> tuple[IntArray, FloatArray]:
    """The first `depth` rows that are allowed, of a search that may find others; what is found beside stays aligned.

    Args:
        search: rows, and scores that belong to them or (of a different length) to something else.
        n_rows: how many it can find.
        exact: whether only rows that are gone can be in the way, which are few.
    """
    if allowed is None or depth <= 0:
        return search(depth)
    n = depth + SPARE_ROWS if exact else GROWTH * depth
    while True:
        n = min(n, n_rows)
        rows, scores = search(n)
        kept = allowed[rows]
        if n == n_rows or len(rows) < n or kept.sum() >= depth:
            return rows[kept][:depth], scores[kept][:depth] if len(scores) == len(rows) else scores[:depth]
        n *= GROWTH
