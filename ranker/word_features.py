"""Features of how the words of a query meet the words of the items.

Which words of a query a text has is a number of bits, one a word. `tests/ranker/plain_features.py` has the same
features in the words of numpy.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.core.compiled import KernelPart, kernel, read_only
from trimtab.core.extended_array import ExtendedArray
from trimtab.core.records import FloatArray, IntArray
from trimtab.ranker.words import ABSENT, BODY, ItemWords, Matrix, QueryWords, Terms

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
    "goes_without",
    "only_for",
)
"""Features of the words that are looked for. `names` are the fields that say what the item is, `any` all of them.

`goes_without` is the share of them that the item by its own texts has not (`non-dimmable`), 0 where the query excludes
anything; `only_for` whether the title has some of them, but only behind what it says the item is for (`case for X`)."""

EXCLUDED = ("excludes", "excluded_in_title", "excluded_in_names", "excluded_in_body", "excluded_absent")
"""Features of the words that are not wanted: what of them the item has, or by its own texts goes without."""

NAMES = ("title", "product_type", "category", "brand")
PADDING = -1


class Texts(NamedTuple):
    """The words of all items by field [n_items, width], ended by `PADDING`."""

    titles: Matrix
    kinds: Matrix
    categories: Matrix
    brands: Matrix
    bodies: Matrix
    absents: Matrix


TEXTS = (Texts, *["i4[:,:]"] * 6)
QUERY = (Terms, "out i4[:]", "out i8[:]", "out i8[:]", "out i8[:]", "out i4[:]")

Bits = NDArray[np.int64]


def word_features(query: QueryWords, words: ItemWords, rows: IntArray, features: FloatArray, first: int) -> None:
    """Fill the columns of `WANTED` and `EXCLUDED`, which are 0 before, for some items.

    Args:
        features: [n, F].
        first: the first of these columns.
    """
    texts, places = _texts(words, rows)
    if len(query.weights):
        in_titles = np.empty(len(rows), dtype=np.int64)
        _wanted(texts, places, query.wanted, query.weights, query.numbers, in_titles, features, first)
        if len(query.amounts):
            column = first + WANTED.index("amount_contradicted")
            _contradicted(texts.titles, places, words.units, query.amounts, in_titles, features, column)
        if not query.n_excluded:
            column = first + WANTED.index("goes_without")
            _goes_without(texts.absents, places, query.wanted, query.weights, features, column)
        if len(words.words_for) and not query.is_for:
            column = first + WANTED.index("only_for")
            _only_for(texts.titles, places, query.wanted, words.words_for, features, column)
    if query.n_excluded:
        _excluded(texts, places, query.unwanted, query.n_excluded, features, first + len(WANTED))


def _texts(words: ItemWords, rows: IntArray) -> tuple[Texts, IntArray]:
    """The matrices of the fields, and where in them the rows are."""
    fields = [words.fields[name] for name in (*NAMES, BODY, ABSENT)]
    if any(isinstance(field, ExtendedArray) for field in fields):
        return Texts(*(read_only(field[rows]) for field in fields)), np.arange(len(rows))
    return Texts(*fields), rows  # type: ignore[arg-type]  # none is extended


# Rows are not taken as views of their own: counting who has one would take longer than looking through it.


@KernelPart
def _has(text: Matrix, at: int, term: int) -> bool:
    found = False
    for place in range(text.shape[1]):
        found |= text[at, place] == term
    return found


@KernelPart
def _has_all(text: Matrix, at: int, query: Terms, begin: int, end: int) -> bool:
    for part in range(begin, end):  # noqa: SIM110  # Numba knows no generators here
        if not _has(text, at, query.parts[part]):
            return False
    return True


@KernelPart
def _met(text: Matrix, places: IntArray, query: Terms, met: Bits) -> None:
    """The words of the query that are anywhere in a text [n]."""
    met[:] = 0
    for number in range(len(query.terms)):
        term, bits = query.terms[number], query.bits[number]
        for item in range(len(places)):
            if _has(text, places[item], term):
                met[item] |= bits
    begin = 0
    for number in range(len(query.compound_ends)):
        end, bits = query.compound_ends[number], query.compound_bits[number]
        for item in range(len(places)):
            if _has_all(text, places[item], query, begin, end):
                met[item] |= bits
        begin = end


@KernelPart
def _mark(text: Matrix, at: int, term: int, bits: int, hits: Bits, item: int) -> None:
    for place in range(text.shape[1]):
        hits[item, place] |= bits if text[at, place] == term else 0


@KernelPart
def _hits(text: Matrix, places: IntArray, query: Terms) -> Bits:
    """The words of the query at each place of a text [n, width], which `PADDING` ends."""
    hits = np.zeros((len(places), text.shape[1]), dtype=np.int64)
    for item in range(len(places)):
        at = places[item]
        for number in range(len(query.terms)):
            _mark(text, at, query.terms[number], query.bits[number], hits, item)
        begin = 0
        for number in range(len(query.compound_ends)):
            end = query.compound_ends[number]
            if _has_all(text, at, query, begin, end):
                for part in range(begin, end):
                    _mark(text, at, query.parts[part], query.compound_bits[number], hits, item)
            begin = end
        for place in range(text.shape[1]):
            if text[at, place] == PADDING:
                hits[item, place] = PADDING
    return hits


@KernelPart
def _share(bits: int, weights: FloatArray) -> float:
    share, total = 0.0, 0.0
    for word in range(len(weights)):
        total += weights[word]
        if bits >> word & 1:
            share += weights[word]
    return share / total


@KernelPart
def _weighty(weights: FloatArray) -> int:
    """The words that have a weight."""
    bits = 0
    for word in range(len(weights)):
        bits |= int(weights[word] > 0) << word
    return bits


@KernelPart
def _count(bits: int, n: int) -> int:
    count = 0
    for word in range(n):
        count += bits >> word & 1
    return count


@KernelPart
def _in_title(hits: Bits, n_words: int, row: FloatArray) -> None:
    """How much of a title is the query, of the query's neighbours that are so there, and where the query begins."""
    length, n_matched, first, pairs, before = 0, 0, -1, 0, 0
    while length < len(hits) and hits[length] != PADDING:
        hit = hits[length]
        if hit:
            n_matched += 1
            first = length if first < 0 else first
        pairs |= (hit | before) & (hit >> 1)  # one word of the title may be both: headphones
        before = hit
        length += 1
    row[1] = n_matched / max(length, 1)
    row[2] = _count(pairs, n_words - 1) / (n_words - 1) if n_words > 1 else np.float64(n_matched > 0)
    row[3] = 1.0 / (1.0 + (first if first >= 0 else len(hits)))


@KernelPart
def _in_kind(hits: Bits, last: int, row: FloatArray) -> None:
    """How much of a product type is the query, and whether it ends as the query does."""
    length, n_matched, ends = 0, 0, 0
    while length < len(hits) and hits[length] != PADDING:
        ends = hits[length]
        n_matched += ends != 0
        length += 1
    row[5] = n_matched / max(length, 1)
    row[15] = (ends & last) != 0


@kernel(TEXTS, "i8[:]", QUERY, "f4[:]", "i8", "out i8[:]", "out f4[:,:]", "i8")
def _wanted(
    texts: Texts,
    places: IntArray,
    query: Terms,
    weights: FloatArray,
    numbers: int,
    in_titles: Bits,
    features: FloatArray,
    first: int,
) -> None:
    """The columns of `WANTED` but the last three.

    Args:
        weights: [q] of the words of the query; one without any need not be met.
        numbers: which of them are numbers.
        in_titles: [n] is given the words that titles have.
    """
    met = np.empty((4, len(places)), dtype=np.int64)
    _met(texts.titles, places, query, in_titles)
    _met(texts.kinds, places, query, met[0])
    _met(texts.categories, places, query, met[1])
    _met(texts.brands, places, query, met[2])
    _met(texts.bodies, places, query, met[3])
    titles, kinds = _hits(texts.titles, places, query), _hits(texts.kinds, places, query)
    q = len(weights)
    every, n_numbers = _weighty(weights), _count(numbers, q)
    last = 1
    while last << 1 <= every:
        last <<= 1
    for item in range(len(places)):
        title, kind, category, brand, body = in_titles[item], met[0, item], met[1, item], met[2, item], met[3, item]
        named = title | kind | category | brand
        anywhere = named | body
        row = features[item, first:]
        row[0] = _share(title, weights)
        _in_title(titles[item], q, row)
        row[4] = _share(kind, weights)
        _in_kind(kinds[item], last, row)
        row[6] = _share(category, weights)
        row[7] = _share(brand, weights)
        row[8] = _share(body, weights)
        row[9] = _share(named, weights)
        row[10] = _share(anywhere, weights)
        row[11] = named & every == every
        row[12] = anywhere & every == every
        row[13] = (title & last) != 0
        row[14] = ((category | kind) & last) != 0
        row[16] = _count(anywhere & numbers, q) / n_numbers if n_numbers else 0.0
        row[17] = 1.0 - _count(named & numbers, q) / n_numbers if n_numbers else 0.0


@kernel("i4[:,:]", "i8[:]", "i2[:]", "i4[:,:]", "i8[:]", "out f4[:,:]", "i8")
def _contradicted(
    titles: Matrix,
    places: IntArray,
    units: NDArray[np.int16],
    amounts: Matrix,
    met: Bits,
    features: FloatArray,
    column: int,
) -> None:
    """Share of the query's amounts that the title does not have, though it has others of the same unit.

    Args:
        units: [n_words + 1] which unit a word is an amount of, -1 for none; the last is the padding's.
        amounts: [a, 2] place in the query and unit of each.
        met: [n] the words that titles have.
    """
    for item in range(len(places)):
        others = 0
        for number in range(len(amounts)):
            if not (met[item] >> amounts[number, 0]) & 1:
                for word in titles[places[item]]:
                    if units[word] == amounts[number, 1]:
                        others += 1
                        break
        features[item, column] = others / len(amounts)


@kernel("i4[:,:]", "i8[:]", QUERY, "f4[:]", "out f4[:,:]", "i8")
def _goes_without(
    absents: Matrix, places: IntArray, query: Terms, weights: FloatArray, features: FloatArray, column: int
) -> None:
    """Share of the query that an item goes without."""
    met = np.empty(len(places), dtype=np.int64)
    _met(absents, places, query, met)
    for item in range(len(places)):
        features[item, column] = _share(met[item], weights)


@kernel("i4[:,:]", "i8[:]", QUERY, "i4[:]", "out f4[:,:]", "i8")
def _only_for(
    titles: Matrix, places: IntArray, query: Terms, words_for: Matrix, features: FloatArray, column: int
) -> None:
    """Whether a title has words of the query, but only behind one that says what an item is for."""
    hits = _hits(titles, places, query)
    for item in range(len(places)):
        front, behind, is_behind = 0, 0, False
        for place in range(hits.shape[1]):
            word = titles[places[item], place]
            if word == PADDING:
                break
            says_for = False
            for one in words_for:
                says_for |= word == one
            is_behind |= says_for
            if is_behind:
                behind |= 0 if says_for else hits[item, place]
            else:
                front |= hits[item, place]
        features[item, column] = front == 0 and behind != 0


@kernel(TEXTS, "i8[:]", QUERY, "i8", "out f4[:,:]", "i8")
def _excluded(texts: Texts, places: IntArray, query: Terms, n_words: int, features: FloatArray, first: int) -> None:
    """The columns of `EXCLUDED`."""
    met = np.empty((6, len(places)), dtype=np.int64)
    _met(texts.titles, places, query, met[0])
    _met(texts.kinds, places, query, met[1])
    _met(texts.categories, places, query, met[2])
    _met(texts.brands, places, query, met[3])
    _met(texts.bodies, places, query, met[4])
    _met(texts.absents, places, query, met[5])
    for item in range(len(places)):
        title, body, absent = met[0, item], met[4, item], met[5, item]
        named = title | met[1, item] | met[2, item] | met[3, item]
        row = features[item, first:]
        row[0] = 1.0
        row[1] = (title & ~absent) != 0
        row[2] = _count(named & ~absent, n_words) / n_words
        row[3] = _count(body & ~absent, n_words) / n_words
        row[4] = _count(absent, n_words) / n_words
