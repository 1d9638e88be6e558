"""Relaxation: where no item has all words of a query, the words that an item need not have to be among its matches.

The words that stay are those of the item that has most of the query, rare words counting for more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from trimtab.core.understood import Mention, Understood
from trimtab.retrieval.understanding.bounds import PRICE
from trimtab.text.money import currencies_in
from trimtab.text.query import QueryWord

MAX_WORDS = 12
"""The most words that are looked at; who types more means all of them."""
FEW = 3
"""Items below which a bound on the price that was said in words does not filter."""


def with_bounds_relaxed(
    understood: Understood, n_within: Callable[[], int], n_meeting: Callable[[], int], *, may_filter: bool = True
) -> Understood:
    """The query of which more is found than a bound on the price and the words leave; what is dropped is relaxed.

    Where hardly an item meets the words within the bound, it does not filter and stays said. Where no item meets the
    words at all (`gift under $20`), the bound is all that is left of the query, also one that names no currency.

    Args:
        n_within: how many items meet the words within the bound.
        n_meeting: how many meet the words, whatever else is asked of them.
        may_filter: whether a bound that names no currency may filter.
    """
    bounds = [one for one in understood.attributes if one.applied and one.field == PRICE]
    if not understood.words or (bounds and n_within() >= FEW):
        return understood
    last = _without_currency(understood) if may_filter and not bounds else None
    if not bounds and last is None:
        return understood
    if not n_meeting():
        attributes = tuple(replace(one, applied=one.applied or one is last) for one in understood.attributes)
        relaxed = tuple(dict.fromkeys(understood.words.split()))
        return replace(understood, words="", attributes=attributes, relaxed=relaxed)
    if not bounds:
        return understood
    attributes = tuple(replace(one, applied=False) if one in bounds else one for one in understood.attributes)
    relaxed = (*understood.relaxed, *(one.text for one in bounds))
    return replace(understood, attributes=attributes, relaxed=relaxed)


def _without_currency(understood: Understood) -> Mention | None:
    """The one bound on the price of a query, where it names no currency."""
    bounds = [one for one in understood.attributes if one.field == PRICE]
    return bounds[0] if len(bounds) == 1 and not currencies_in(bounds[0].text) else None


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
