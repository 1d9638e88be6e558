"""Relaxation: where no item has all words of a query, the words that an item need not have to be among its matches.

The words that stay are those of the item that has most of the query, rare words counting for more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

MAX_WORDS = 12
"""The most words that are looked at; who types more means all of them."""


def dropped(
    words: Sequence[str],
    *,
    n_having: Callable[[Sequence[str]], int],
    best_covered: Callable[[Sequence[str]], Collection[str]],
) -> tuple[str, ...]:
    """The words that are dropped, in order; none where some item has all, and none where no item has any.

    Args:
        n_having: the number of items that have all of some words.
        best_covered: the words that the item has that has most of them.
    """
    if len(words) < 2 or len(words) > MAX_WORDS or n_having(words):
        return ()
    kept = best_covered(words)
    return tuple(word for word in words if word not in kept) if kept else ()
