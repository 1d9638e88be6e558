"""Relaxation: where no item has all words of a query, the words that an item need not have to be among its matches.

The words that stay are those of the item that has most of the query, rare words counting for more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from trimtab.text.query import QueryWord

MAX_WORDS = 12
"""The most words that are looked at; who types more means all of them."""


def dropped(
    words: Mapping[str, QueryWord],
    *,
    has_all: Callable[[Sequence[QueryWord]], bool],
    best_covered: Callable[[Sequence[QueryWord]], Collection[QueryWord]],
) -> tuple[str, ...]:
    """The words that are dropped, in order; none where some item has all, and none where no item has any.

    Args:
        words: as they were typed, and as items have them.
        has_all: whether any item has all of some words.
        best_covered: the words that the item has that has most of them.
    """
    wanted = list(dict.fromkeys(words.values()))
    if len(wanted) < 2 or len(wanted) > MAX_WORDS or has_all(wanted):
        return ()
    kept = best_covered(wanted)
    return tuple(text for text, word in words.items() if word not in kept) if kept else ()
