"""BM25 of each term in each item that has it, computed when an index is built: a search only adds up.

What a term adds to the score of an item does not depend on the rest of a query (Lù 2024, "BM25S: Orders of magnitude
faster lexical search via eager sparse scoring"). The numbers are tantivy's, to within rounding of float32: `K1`, `B`,
lengths rounded to a byte as Lucene does, and the best field with a little of the others (DisMax).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, reduce

import numpy as np
from numpy.typing import NDArray

from trimtab.catalog.attributes.column import Mask
from trimtab.catalog.groups import Alternatives
from trimtab.core.compiled import kernel
from trimtab.core.records import FloatArray, IntArray
from trimtab.retrieval.lexical.row_sets import Rows, places_in
from trimtab.retrieval.lexical.scored import Scored, best_of_any, sum_of_all, sum_of_any, sum_of_best, with_more
from trimtab.retrieval.lexical.wanted import Wanted, Words
from trimtab.text.query import QueryWord
from trimtab.text.words.lexicon import Terms

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


class WordScores:
    """What the words of a query score in each item of an index."""

    def __init__(self, of_term: Callable[[str], Scored], priority: Rows) -> None:
        """
        Args:
            priority: [n_items] the place of each item in the order in which ties are won.
        """
        self._of_term = of_term
        self._priority = priority
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
        found_by = [self._with_synonyms(typed, wanted) for typed in wanted.with_synonyms]
        found_by += map(self._of_word, finding)
        if allowed is not None:
            found_by = [part.allowed(allowed) for part in found_by]
        if len(without):
            found_by = [part.kept(places_in(without, part.rows) < 0) for part in found_by]
        adding = [*map(self._of_word, wanted.adding(finding))]

        def least_of(found: Scored) -> float:
            _, scores = self._best(found, depth, groups)
            return float(scores[-1]) if len(scores) == depth else 0.0

        found = sum_of_best(found_by, depth, sum(part.highest for part in adding), least_of)
        return self._best(reduce(with_more, adding, found), depth, groups)

    def _of_word(self, word: QueryWord) -> Scored:
        """The best reading of a word; a little more for the accents of the query."""
        if len(word.readings) == 1 and len(word.readings[0]) == 1:
            best = self._of_term(word.term)
        else:
            best = best_of_any([*map(self._of_all, word.readings)])
        if word.accented is None:
            return best
        accented = self._of_term(word.accented)
        return with_more(best, Scored(accented.rows, np.float32(ACCENT_BOOST) * accented.scores))

    def _of_all(self, terms: Terms) -> Scored:
        """What all of some terms score; one that is there twice counts twice."""
        often = Counter(terms)
        return sum_of_all([self._of_term(term).times(n) for term, n in often.items()])

    def _with_synonyms(self, typed: Words, wanted: Wanted) -> Scored:
        """What is scored of some words: those of them that an item has, or all of one of their synonyms."""
        meant = [sum_of_all([*map(self._of_word, words)]) for words in wanted.synonyms_of(typed)]
        return best_of_any([sum_of_any([*map(self._of_word, typed)]), *meant])

    def _best(self, found: Scored, depth: int, groups: Alternatives | None) -> tuple[IntArray, FloatArray]:
        """The best of some items, or of each group, best first: rows and scores."""
        keys = np.empty(len(found.rows), dtype=np.int64)
        _write_keys(*found, self._priority, keys)
        if groups is not None:
            keys = self._best_of_groups(found.rows, keys, groups)
        if depth < len(keys):
            keys.partition(depth)
            keys = keys[:depth]
        keys.sort()
        rows, scores = np.empty(len(keys), dtype=np.int64), np.empty(len(keys), dtype=np.float32)
        _read_keys(keys, self._by_priority, rows, scores)
        return rows, scores

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


PRIORITY_BITS = 32


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
