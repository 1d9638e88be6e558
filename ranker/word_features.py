"""Features of how the words of a query meet the words of the items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from trimtab.core.records import IntArray
from trimtab.ranker.words import ABSENT, BODY, ItemWords, Matrix, QueryWords

WANTED = (
    "title_coverage",
    "title_precision",
    "title_phrase",
    "title_first",
    "type_coverage",
    "type_precision",
    "category_coverage",
    "brand_coverage",
    "body_coverage",
    "names_coverage",
    "any_coverage",
    "all_in_names",
    "all_in_item",
    "last_word_in_title",
    "last_word_in_category",
    "last_word_ends_type",
    "numbers_met",
    "numbers_missing",
    "amount_contradicted",
)
"""Features of the words that are looked for. `names` are the fields that say what the item is, `any` all of them."""

EXCLUDED = ("excludes", "excluded_in_title", "excluded_in_names", "excluded_in_body", "excluded_absent")
"""Features of the words that are not wanted: what of them the item has, or by its own texts goes without."""

NAMES = ("title", "product_type", "category", "brand")

Column = NDArray[np.floating] | NDArray[np.bool_] | np.bool_ | float
Mask = NDArray[np.bool_]


def word_features(query: QueryWords, words: ItemWords, rows: IntArray) -> tuple[Column, ...]:
    """The columns of `WANTED` and `EXCLUDED` for some items."""
    texts = {name: np.ascontiguousarray(words.fields[name][rows].T) for name in (*NAMES, BODY)}
    wanted = _wanted(query, words, texts) if len(query.ids) else (0.0,) * len(WANTED)
    if len(query.excluded) == 0:
        return (*wanted, *(0.0,) * len(EXCLUDED))
    texts[ABSENT] = np.ascontiguousarray(words.fields[ABSENT][rows].T)
    return (*wanted, *_excluded(query.excluded, texts))


def _wanted(query: QueryWords, words: ItemWords, texts: Mapping[str, Matrix]) -> tuple[Column, ...]:
    hits = {name: _hits(text, query) for name, text in texts.items()}
    met = {name: _any(found) for name, found in hits.items()}
    named = _in_one_of(met, NAMES)
    anywhere = named | met[BODY]
    title, kinds = texts["title"], texts["product_type"]
    matched = hits["title"].any(axis=1)
    first = np.where(matched.any(axis=0), matched.argmax(axis=0), len(title))
    type_lengths = (kinds >= 0).sum(axis=0)
    share = query.weights / query.weights.sum()
    numbers = query.are_numbers
    return (
        share @ met["title"],
        matched.sum(axis=0) / np.maximum((title >= 0).sum(axis=0), 1),
        _phrase(hits["title"]),
        1.0 / (1.0 + first),
        share @ met["product_type"],
        hits["product_type"].any(axis=1).sum(axis=0) / np.maximum(type_lengths, 1),
        share @ met["category"],
        share @ met["brand"],
        share @ met[BODY],
        share @ named,
        share @ anywhere,
        named.all(axis=0),
        anywhere.all(axis=0),
        met["title"][-1],
        met["category"][-1] | met["product_type"][-1],
        hits["product_type"][np.maximum(type_lengths - 1, 0), -1, np.arange(kinds.shape[1])],
        anywhere[numbers].mean(axis=0) if numbers.any() else 0.0,
        1.0 - named[numbers].mean(axis=0) if numbers.any() else 0.0,
        _contradicted(query, words, title, met["title"]),
    )


def _excluded(ids: Matrix, texts: Mapping[str, Matrix]) -> tuple[Column, ...]:
    there = {name: _any(text[:, None, :] == ids[:, None]) for name, text in texts.items()}
    absent, named = there[ABSENT], _in_one_of(there, NAMES)
    return (
        1.0,
        (there["title"] & ~absent).any(axis=0),
        (named & ~absent).mean(axis=0),
        (there[BODY] & ~absent).mean(axis=0),
        absent.mean(axis=0),
    )


def _hits(text: Matrix, query: QueryWords) -> Mask:
    """[width, q, n] where the words [width, n] of some items are the query's.

    Items come last, so that reducing over words runs along whole rows of memory.
    """
    hits: Mask = text[:, None, :] == query.ids[:, None]
    for place, ids in query.readings:
        found = [text == term for term in ids]
        hits[:, place] |= np.any(found, axis=0) & np.all([one.any(axis=0) for one in found], axis=0)
    return hits


def _any(hits: Mask) -> Mask:
    """[q, n] which words are anywhere in the texts of [width, q, n] hits."""
    return np.asarray(hits.any(axis=0))


def _in_one_of(met: Mapping[str, Mask], names: Iterable[str]) -> Mask:
    """[q, n] which words are met in one of some fields."""
    return np.asarray(np.logical_or.reduce([met[name] for name in names]))


def _phrase(title_hits: Mask) -> NDArray[np.floating]:
    """Share of the query's neighbouring words that are neighbours in the title; for one word, whether it is there."""
    if title_hits.shape[1] == 1:
        return np.asarray(title_hits.any(axis=(0, 1)), dtype=np.float32)
    pairs = (title_hits[:-1, :-1] & title_hits[1:, 1:]).any(axis=0)
    pairs |= (title_hits[:, :-1] & title_hits[:, 1:]).any(axis=0)  # one word of the title that is both: headphones
    return np.asarray(pairs.mean(axis=0), dtype=np.float32)


def _contradicted(query: QueryWords, words: ItemWords, title: Matrix, in_title: Mask) -> Column:
    """Share of the query's amounts that the title does not have, though it has others of the same unit."""
    amounts = np.flatnonzero(words.units[query.ids.clip(-1)] >= 0)
    if len(amounts) == 0:
        return 0.0
    units = words.units[title]
    others = [(units == words.units[query.ids[place]]).any(axis=0) & ~in_title[place] for place in amounts]
    return np.asarray(np.mean(others, axis=0), dtype=np.float32)
