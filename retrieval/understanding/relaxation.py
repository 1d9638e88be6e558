"""Relaxation: where no item has all words of a query, the words that an item need not have to be among its matches.

The words that stay are those of the item that has most of the query, rare words counting for more. Where the query ends
(in French: begins) with a kind of the catalogue's items, they are those of an item of the kind, and words that no item
of the kind has are not looked for: `light beer` finds beer and no light bulbs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from trimtab.catalog.schema import KINDS
from trimtab.core.understood import Mention, Understood
from trimtab.retrieval.understanding.bounds import PRICE
from trimtab.text.analyser import Analyser
from trimtab.text.money import currencies_in
from trimtab.text.query import QueryWord
from trimtab.text.tokens import Token

MAX_WORDS = 12
"""The most words that are looked at; who types more means all of them."""
NOUN_FIRST = ("ar", "ca", "es", "fa", "fr", "he", "id", "it", "pt", "ro", "th", "vi")
"""Languages in which what a thing is stands in front of what it is like."""


def with_bounds_relaxed(
    understood: Understood, n_within: Callable[[], int], n_meeting: Callable[[], int], *, may_filter: bool = True
) -> Understood:
    """The query of which more is found than a bound on the price and the words leave; what is dropped is relaxed.

    Where no item meets the words within the bound, it does not filter and stays said. Where no item meets the
    words at all (`gift under $20`), the bound is all that is left of the query, also one that names no currency.

    Args:
        n_within: how many items meet the words within the bound.
        n_meeting: how many meet the words, whatever else is asked of them.
        may_filter: whether a bound that names no currency may filter.
    """
    bounds = [one for one in understood.attributes if one.applied and one.field == PRICE]
    if not understood.words or (bounds and n_within()):
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


def dropped_beside(
    kind: Collection[str], words: Mapping[str, QueryWord], *, has_all: Callable[[Sequence[QueryWord]], bool]
) -> tuple[str, ...]:
    """The words that are dropped so that some item has the others and is of a kind, in order.

    Args:
        kind: the words that say the kind.
        words: as in `dropped`.
    """
    kept = [words[text] for text in kind]
    others = []
    for text, word in words.items():
        if text in kind:
            continue
        if has_all([*kept, word]):
            kept.append(word)
        else:
            others.append(text)
    return tuple(others)


def never_with(
    kind: Collection[str], words: Mapping[str, QueryWord], *, has_all: Callable[[Sequence[QueryWord]], bool]
) -> tuple[str, ...]:
    """The words that no item of a kind has, in order; arguments as of `dropped_beside`."""
    said = [words[text] for text in kind]
    return tuple(text for text, word in words.items() if text not in kind and not has_all([*said, word]))


def kind_in(
    tokens: Sequence[Token], mentions: Iterable[Mention], analyser: Analyser, language: str | None
) -> tuple[str, ...]:
    """The words of a query that say which kind of the catalogue's items is wanted; none where nothing is beside them.

    Args:
        tokens: of what is looked for.
        language: of the query, where that is known.
    """
    words = [token for token in tokens if token.kind == "word"]
    is_first = (language or analyser.languages[0]) in NOUN_FIRST
    for mention in mentions:
        keys = [token.key for token in analyser.read(mention.text)]
        some = words[: len(keys)] if is_first else words[-len(keys) :]
        if mention.field in KINDS and len(keys) < len(words) and [token.key for token in some] == keys:
            return tuple(token.text for token in some)
    return ()
