"""BM25 of each term in each item that has it, computed when an index is built: a search only adds up.

What a term adds to the score of an item does not depend on the rest of a query (Lù 2024, "BM25S: Orders of magnitude
faster lexical search via eager sparse scoring"). The numbers are tantivy's, to within rounding of float32: `K1`, `B`,
lengths rounded to a byte as Lucene does, and the best field with a little of the others (DisMax).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial, reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.catalog.attributes.column import Mask
from trimtab.catalog.groups import Alternatives
from trimtab.core.compiled import kernel
from trimtab.core.records import FloatArray, IntArray
from trimtab.retrieval.lexical.row_sets import Rows, places_in
from trimtab.retrieval.lexical.wanted import Wanted, Words
from trimtab.text.query import QueryWord

BOOSTS: Mapping[str, float] = {
    "title": 2.0,
    "product_type": 2.0,
    "brand": 1.0,
    "category": 1.0,
    "description": 1.0,
    "attributes": 1.0,
}
"""Fields searched and what a match in each is worth."""

TIE_BREAKER = 0.3
"""What a word's other fields add to its best one; 0 is the maximum of the fields, 1 their sum."""

ACCENT_BOOST = 0.05
"""What it is worth that a word has the accents that were typed: it decides between items that are equal otherwise."""

K1, B = 1.2, 0.75


def _length_table() -> IntArray:
    """The 256 lengths that a byte can say: the first 40 exactly, then with three bits after the first."""
    small = range(24)
    large = (24 + (bits if bits < 8 else (8 | bits & 7) << (bits >> 3) - 1) for bits in range(256 - 24))
    return np.array([*small, *large], dtype=np.int64)


LENGTHS = _length_table()


def rounded_lengths(lengths: IntArray) -> IntArray:
    """Lengths of texts as BM25 counts them."""
    return LENGTHS[np.searchsorted(LENGTHS, lengths, side="right") - 1]


class Scored(NamedTuple):
    """Items that are found by some words, and what each scores by them.

    Attributes:
        rows: ascending.
    """

    rows: Rows
    scores: FloatArray


NOTHING = Scored(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float32))


def sum_of_any(parts: Sequence[Scored]) -> Scored:
    """The items that any has, with the sum of their scores."""
    return reduce(partial(_either, adds=True), parts, NOTHING)


def best_of_any(parts: Sequence[Scored]) -> Scored:
    """The items that any has, with the best of their scores."""
    return reduce(partial(_either, adds=False), parts, NOTHING)


def sum_of_all(parts: Sequence[Scored]) -> Scored:
    """The items that all have, with the sum of their scores."""
    return reduce(_both, parts) if parts else NOTHING


def with_more(found: Scored, more: Scored) -> Scored:
    """The same items, with what they score by more words too."""
    if len(more.rows) == 0:
        return found
    scores = found.scores.copy()
    _add_at(places_in(more.rows, found.rows), more.scores, scores)
    return Scored(found.rows, scores)


def _either(one: Scored, other: Scored, *, adds: bool) -> Scored:
    if len(one.rows) == 0 or len(other.rows) == 0:
        return one if len(other.rows) == 0 else other
    n = len(one.rows) + len(other.rows)
    rows, scores, count = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.float32), np.empty(1, dtype=np.int64)
    _merge_scores(*one, *other, adds, rows, scores, count)
    return Scored(rows[: count[0]], scores[: count[0]])


def _both(one: Scored, other: Scored) -> Scored:
    few, many = (one, other) if len(one.rows) < len(other.rows) else (other, one)
    places = places_in(many.rows, few.rows)
    there = places >= 0
    return Scored(few.rows[there], few.scores[there] + many.scores[places[there]])


class WordScores:
    """What the words of a query score in each item of an index."""

    def __init__(self, of_term: Callable[[str], Scored], priority: Rows) -> None:
        """
        Args:
            priority: [n_items] the place of each item in the order in which ties are won.
        """
        self._of_term = of_term
        self._priority = priority
        self._spare: list[FloatArray] = []
        self._spare_keys: list[IntArray] = []

    def search(
        self,
        wanted: Wanted,
        finding: Sequence[QueryWord],
        depth: int,
        *,
        without: Rows,
        allowed: Mask | None,
        groups: Alternatives | None = None,
    ) -> tuple[IntArray, FloatArray]:
        """The best items, best first: rows and BM25.

        Args:
            finding: the words that an item is found by, of those that have no synonyms.
            without: rows that must not be found.
            allowed: [n_items] those that may be; None for all.
            groups: of each of which the best item alone is found.
        """
        parts = [self._with_synonyms(typed, wanted) for typed in wanted.with_synonyms]
        parts += map(self._of_word, finding)
        return self._best(parts, [*map(self._of_word, wanted.adding(finding))], depth, without, allowed, groups)

    def _of_word(self, word: QueryWord) -> Scored:
        """The best reading of a word; a little more for the accents of the query."""
        if len(word.readings) == 1 and len(word.readings[0]) == 1:
            best = self._of_term(word.term)
        else:
            best = best_of_any([sum_of_all([*map(self._of_term, terms)]) for terms in word.readings])
        if word.accented is None:
            return best
        accented = self._of_term(word.accented)
        return with_more(best, Scored(accented.rows, np.float32(ACCENT_BOOST) * accented.scores))

    def _with_synonyms(self, typed: Words, wanted: Wanted) -> Scored:
        """What is scored of some words: those of them that an item has, or all of one of their synonyms."""
        meant = [sum_of_all([*map(self._of_word, words)]) for words in wanted.synonyms_of(typed)]
        return best_of_any([sum_of_any([*map(self._of_word, typed)]), *meant])

    def _best(
        self,
        finding: Sequence[Scored],
        adding: Sequence[Scored],
        depth: int,
        without: Rows,
        allowed: Mask | None,
        groups: Alternatives | None,
    ) -> tuple[IntArray, FloatArray]:
        """The best of the items that any part of `finding` has; `adding` adds to the scores of these."""
        try:
            totals = self._spare.pop()
        except IndexError:  # the first search, or one beside another
            totals = np.zeros(len(self._priority), dtype=np.float32)
        n = sum(len(part.rows) for part in finding)
        rows, scores, count = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.float32), np.zeros(1, dtype=np.int64)
        for part in finding:
            _add(part.rows, part.scores, totals)
        totals[without] = 0.0
        begin, may_be = 0, NO_MASK if allowed is None else allowed
        for part in finding:
            _take(part.rows, may_be, totals, rows, scores, count)
            some = slice(begin, int(count[0]))
            for more in adding:
                _add_at(places_in(more.rows, rows[some]), more.scores, scores[some])
            begin = some.stop
        self._spare.append(totals)  # of which nothing is left
        keys = np.empty(begin, dtype=np.int64)
        _write_keys(rows, scores, self._priority, keys)
        if groups is not None:
            keys = self._best_of_groups(rows, keys, groups)
        if depth < len(keys):
            keys.partition(depth)
            keys = keys[:depth]
        keys.sort()
        best, of_best = np.empty(len(keys), dtype=np.int64), np.empty(len(keys), dtype=np.float32)
        _read_keys(keys, self._by_priority, best, of_best)
        return best, of_best

    def _best_of_groups(self, rows: Rows, keys: IntArray, groups: Alternatives) -> IntArray:
        """The best key of each group."""
        try:
            best = self._spare_keys.pop()
        except IndexError:
            best = np.empty(0, dtype=np.int64)
        if len(best) < groups.n_codes:
            best = np.zeros(groups.n_codes, dtype=np.int64)
        count = np.empty(1, dtype=np.int64)
        _keep_best(rows, groups.codes, best, keys, count)
        self._spare_keys.append(best)  # zeros again
        return keys[: count[0]]

    @cached_property
    def _by_priority(self) -> Rows:
        """[n_items] the rows, that with priority first."""
        return np.argsort(self._priority).astype(np.int32)


NO_MASK: Mask = np.empty(0, dtype=bool)
"""Allows all."""
PRIORITY_BITS = 32
LAST_ROW: Any = np.int32(np.iinfo(np.int32).max)


@kernel("i4[:]", "f4[:]", "i4[:]", "f4[:]", "b1", "out i4[:]", "out f4[:]", "out i8[:]")
def _merge_scores(
    rows: Any, scores: Any, others: Any, of_others: Any, adds: bool, merged: Any, totals: Any, count: Any
) -> None:
    """Write the rows of either, the sum or the best of what they score, and how many there are."""
    i, j, n = 0, 0, 0
    nothing = np.float32(0)
    while i < len(rows) or j < len(others):
        left = rows[i] if i < len(rows) else LAST_ROW
        right = others[j] if j < len(others) else LAST_ROW
        one = scores[i] if left <= right else nothing
        other = of_others[j] if right <= left else nothing
        merged[n], totals[n] = min(left, right), one + other if adds else max(one, other)
        i += left <= right
        j += right <= left
        n += 1
    count[0] = n


@kernel("i4[:]", "f4[:]", "out f4[:]")
def _add(rows: Rows, scores: FloatArray, totals: FloatArray) -> None:
    for place in range(len(rows)):
        totals[rows[place]] += scores[place]


@kernel("i4[:]", "b1[:]", "out f4[:]", "out i4[:]", "out f4[:]", "out i8[:]")
def _take(found: Rows, allowed: Mask, totals: FloatArray, rows: Rows, scores: FloatArray, count: IntArray) -> None:
    """Take the totals of some rows, each once, behind those that were taken before."""
    n = count[0]
    for row in found:
        if totals[row] > 0 and (len(allowed) == 0 or allowed[row]):
            rows[n], scores[n] = row, totals[row]
            n += 1
        totals[row] = 0.0
    count[0] = n


@kernel("i4[:]", "f4[:]", "out f4[:]")
def _add_at(places: Rows, scores: FloatArray, totals: FloatArray) -> None:
    for item in range(len(places)):
        totals[item] += scores[places[item]] if places[item] >= 0 else 0


@kernel("i4[:]", "f4[:]", "i4[:]", "out i8[:]")
def _write_keys(rows: Rows, scores: FloatArray, priority: Rows, keys: IntArray) -> None:
    """Write keys of which the smaller is the better item."""
    bits = scores.view(np.int32)
    for place in range(len(keys)):
        keys[place] = (-np.int64(bits[place]) << PRIORITY_BITS) + priority[rows[place]]


@kernel("i4[:]", "i8[:]", "out i8[:]", "out i8[:]", "out i8[:]")
def _keep_best(rows: Rows, codes: IntArray, best: IntArray, keys: IntArray, count: IntArray) -> None:
    """Move the best key of each group to the front, and write how many they are.

    Args:
        codes: [n_items] the group of each row; negative where it must not be found.
        best: [n_codes] zeros, which are behind any key, and are so again.
    """
    for place in range(len(keys)):
        code = codes[rows[place]]
        if code >= 0:
            best[code] = min(best[code], keys[place])
    n = 0
    for place in range(len(keys)):
        code = codes[rows[place]]
        if code >= 0 and keys[place] == best[code]:
            best[code] = 0
            keys[n] = keys[place]
            n += 1
    count[0] = n


@kernel("i8[:]", "i4[:]", "out i8[:]", "out f4[:]")
def _read_keys(keys: IntArray, by_priority: Rows, rows: IntArray, scores: FloatArray) -> None:
    bits = scores.view(np.int32)
    for place in range(len(keys)):
        rows[place] = by_priority[keys[place] & (1 << PRIORITY_BITS) - 1]
        bits[place] = -(keys[place] >> PRIORITY_BITS)


def norms_of(lengths: NDArray[np.int32]) -> FloatArray:
    """[n_items, n_fields] by what the numbers of words in the fields of items lessen scores."""
    norms = np.empty(lengths.shape, dtype=np.float32)
    # As float32 all along, as tantivy calculates; a field at a time, because there may be millions of items.
    for field, its in enumerate(lengths.T):
        average = np.float32(max(its.sum() / max(len(its), 1), 1e-9))
        norms[:, field] = _k1 * (np.float32(1) - _b + _b * rounded_lengths(its).astype(np.float32) / average)
    return norms


def score_terms(keys: IntArray, norms: FloatArray, rows: Rows, scores: FloatArray, starts: IntArray) -> int:
    """Write the rows of each term, what it scores in them, and where the rows of each begin; says where they all end.

    Args:
        keys: for each word of a field of an item `(term * n_items + row) * n_fields + field`, ascending.
        norms: as `norms_of` has them.
        starts: [n_terms + 1].
    """
    _score_terms(keys, norms, np.array(list(BOOSTS.values()), dtype=np.float32), rows, scores, starts)
    return int(starts[-1])


_k1, _b, _tie = np.float32(K1), np.float32(B), np.float32(TIE_BREAKER)
_half, _one = np.float32(0.5), np.float32(1)


@kernel("i8[:]", "f4[:,:]", "f4[:]", "out i4[:]", "out f4[:]", "out i8[:]")
def _score_terms(
    keys: IntArray, norms: FloatArray, boosts: FloatArray, rows: Rows, scores: FloatArray, starts: IntArray
) -> None:
    n_items, n_fields = norms.shape
    frequencies, weights = np.zeros(n_fields, dtype=np.int64), np.zeros(n_fields, dtype=np.float32)
    begin = n = 0
    for term in range(len(starts) - 1):
        starts[term] = n
        end, before = begin, np.int64(-1)
        frequencies[:] = 0
        while end < len(keys) and keys[end] // (n_items * n_fields) == term:
            frequencies[keys[end] % n_fields] += keys[end] != before
            before = keys[end]
            end += 1
        for field in range(n_fields):
            n_having = frequencies[field]
            rarity = np.log(_one + (np.float32(n_items - n_having) + _half) / (np.float32(n_having) + _half))
            weights[field] = rarity * (_one + _k1) * boosts[field]
        while begin < end:
            row = keys[begin] // n_fields % n_items
            best = total = np.float32(0)
            while begin < end and keys[begin] // n_fields % n_items == row:
                key, count = keys[begin], 0
                while begin < end and keys[begin] == key:
                    count += 1
                    begin += 1
                often, field = np.float32(count), key % n_fields
                score = weights[field] * (often / (often + norms[row, field]))
                best = max(best, score)
                total += score
            rows[n], scores[n] = row, best + (total - best) * _tie
            n += 1
    starts[len(starts) - 1] = n
