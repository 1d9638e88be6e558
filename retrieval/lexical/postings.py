"""BM25 of a few items in memory, by the statistics of the large index: an item scores here as it would score there.

A small index of its own would not do: with a hundred items a word in one of them is frequent, and the scores of both
could not be compared. Lengths are rounded as tantivy rounds them (to a byte, as Lucene does).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from operator import is_
from typing import Self

import numpy as np
from numpy.typing import NDArray

from trimtab.core.records import FloatArray, IntArray
from trimtab.retrieval.lexical.field_terms import FieldTerms
from trimtab.retrieval.lexical.index import LexicalIndex
from trimtab.retrieval.lexical.term_scores import ACCENT_BOOST, BOOSTS, K1, TIE_BREAKER, B, rounded_lengths
from trimtab.retrieval.lexical.wanted import Wanted
from trimtab.text.query import QueryWord

FIELDS = tuple(BOOSTS)
Key = tuple[str, int]
"""A term and the place of a field in `FIELDS`."""
Having = tuple[list[int], list[int]]
"""The places of items that have it, and how often each does."""
NO_TERMS: Mapping[Key, Having] = {}
NOWHERE: Having = ([], [])


@dataclass(frozen=True, slots=True)
class ItemTerms:
    """The index terms of one item: by field its terms with how often each occurs, and how many there are."""

    frequencies: tuple[Mapping[str, int], ...]
    lengths: tuple[int, ...]


def terms_of_item(item: Mapping[str, FieldTerms]) -> ItemTerms:
    """What is counted of the index terms of an item's `FIELDS`."""
    terms = [item[field].indexed for field in FIELDS]
    return ItemTerms(tuple(map(Counter, terms)), tuple(map(len, terms)))


def _found_in(items: Sequence[ItemTerms], first: int) -> Mapping[Key, Having]:
    """The terms of items from a place on."""
    found: dict[Key, Having] = {}
    for place in range(first, len(items)):
        for field, frequencies in enumerate(items[place].frequencies):
            for term, frequency in frequencies.items():
                places, counts = found.setdefault((term, field), ([], []))
                places.append(place)
                counts.append(frequency)
    return found


class Postings:
    """Terms of items by term and field.

    Attributes:
        items: those that it is of.
    """

    def __init__(
        self, lexical: LexicalIndex, items: Sequence[ItemTerms], found: Mapping[Key, Having] = NO_TERMS, first: int = 0
    ) -> None:
        """
        Args:
            lexical: the large index, whose statistics count.
            found: what is known of the items before some place, `first`.
        """
        self._lexical, self.items = lexical, items
        self._n_items = len(items)
        self._found = dict(found)
        for key, (places, counts) in _found_in(items, first).items():
            earlier_places, earlier_counts = found.get(key, NOWHERE)
            self._found[key] = earlier_places + places, earlier_counts + counts
        lengths = np.array([item.lengths for item in items], dtype=np.int64).reshape(-1, len(FIELDS))
        self._lengths = rounded_lengths(lengths)

    def __len__(self) -> int:
        return self._n_items

    def of_items(self, items: Sequence[ItemTerms]) -> Self:
        """The postings of other items; what is known of those that begin both is not looked at again."""
        n = len(self.items)
        begins = len(items) >= n and all(map(is_, self.items, items))
        if begins and len(items) == n:
            return self
        return type(self)(self._lexical, items, self._found, n) if begins else type(self)(self._lexical, items)

    def knows(self, term: str) -> bool:
        """Whether any of the items has the term."""
        return any((term, field) in self._found for field in range(len(FIELDS)))

    def scores(self, words: Sequence[QueryWord]) -> FloatArray:
        """[n_items] BM25 as `LexicalIndex.search` has it: the best reading of each word in the best field."""
        total = np.zeros(self._n_items)
        for word in words:
            best = np.max([self._scores_of_all(terms) for terms in word.readings], axis=0)
            if word.accented is not None:
                best += np.where(best > 0, ACCENT_BOOST * self._scores_of_term(word.accented), 0.0)
            total += best
        return total.astype(np.float32)

    def scores_of(self, wanted: Wanted) -> FloatArray:
        """[n_items] `scores` of what is wanted: words that have synonyms score as the best of these."""
        replaced = {word.term for typed, _ in wanted.synonyms for word in typed}
        total = self.scores([*(word for word in wanted.terms if word.term not in replaced), *wanted.absent])
        for typed in wanted.with_synonyms:
            best = self.scores(typed)
            for meant in wanted.synonyms_of(typed):
                best = np.maximum(best, np.where(self.n_met([meant]) > 0, self.scores(meant), 0))
            total += best
        return total

    def n_met(self, alternatives: Iterable[Sequence[QueryWord]]) -> IntArray:
        """[n_items] of how many of some lists of words each item has all."""
        total = np.zeros(self._n_items, dtype=np.int64)
        for words in alternatives:
            if words:
                total += self.n_terms(words) == len(words)
        return total

    def n_terms(self, words: Sequence[QueryWord]) -> IntArray:
        """[n_items] how many of the words each item has, in whatever fields."""
        total = np.zeros(self._n_items, dtype=np.int64)
        for word in words:
            total += np.any([self._has_all(terms) for terms in word.readings], axis=0)
        return total

    def _has_all(self, terms: Sequence[str]) -> NDArray[np.bool_]:
        every = np.ones(self._n_items, dtype=bool)
        for term in terms:
            has = np.zeros(self._n_items, dtype=bool)
            for field in range(len(FIELDS)):
                has[self._found.get((term, field), NOWHERE)[0]] = True
            every &= has
        return every

    def _scores_of_all(self, terms: Sequence[str]) -> NDArray[np.float64]:
        total = np.sum([self._scores_of_term(term) for term in terms], axis=0)
        return np.where(self._has_all(terms), total, 0.0)

    def _scores_of_term(self, term: str) -> NDArray[np.float64]:
        best, every = np.zeros(self._n_items), np.zeros(self._n_items)
        for field, name in enumerate(FIELDS):
            if (term, field) in self._found:
                places, scores = self._in_field(term, field, name)
                best[places] = np.maximum(best[places], scores)
                every[places] += scores
        return np.asarray(best + TIE_BREAKER * (every - best))

    def _in_field(self, term: str, field: int, name: str) -> tuple[IntArray, NDArray[np.float64]]:
        places, counts = (np.array(values, dtype=np.int64) for values in self._found[term, field])
        frequency = self._lexical.doc_freq(name, term) or len(places)
        n_docs = max(self._lexical.n_docs, frequency)
        weight = BOOSTS[name] * log(1 + (n_docs - frequency + 0.5) / (frequency + 0.5)) * (K1 + 1)
        length = self._lengths[places, field] / (self._lexical.average_length(name) or self._lengths[:, field].mean())
        return places, weight * counts / (counts + K1 * (1 - B + B * length))
