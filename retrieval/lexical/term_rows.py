"""Which items have an index term in any of their fields, and what they score by it: what a query's words find is read
off, not searched for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain, product
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from trimtab.core.compiled import kernel
from trimtab.core.errors import BundleDamaged
from trimtab.core.records import FloatArray, IntArray
from trimtab.retrieval.lexical.row_sets import NO_ROWS, Rows, any_of, both_of, have_common
from trimtab.retrieval.lexical.scored import NOTHING, Scored
from trimtab.retrieval.lexical.term_scores import BOOSTS, WordScores, norms_of, score_terms
from trimtab.text.query import QueryWord
from trimtab.text.words.numbered import WordsByRow, places_of_lines

TERMS, ROWS, STARTS = "terms.txt", "term_rows.npy", "term_starts.npy"
SCORES, PRIORITY = "term_scores.npy", "priority.npy"

MOST_WAYS = 64
"""Ways to read some words up to which each is looked at until one is met; else all readings of a word are put
together."""
SORTED_AT_ONCE = 1 << 25
"""Words that are sorted together while an index is built."""


class TermRows:
    """The rows that have words, by the ascending rows of each term."""

    def __init__(self, of: Callable[[str], Rows]) -> None:
        self._of = of

    def having_word(self, word: QueryWord) -> Rows:
        """The rows that have all terms of any reading of a word."""
        return any_of([_all([self._of(term) for term in {*terms}]) for terms in word.readings])

    def are_many(self, terms: Iterable[str], n: int) -> bool:
        """Whether more rows than `n` have each of some terms."""
        return all(len(self._of(term)) > n for term in terms)

    def having_all(self, words: Sequence[QueryWord]) -> Rows:
        """The rows that have every one of some words; none where there are none."""
        return _all([self.having_word(word) for word in words])

    def is_any_having_all(self, words: Sequence[QueryWord]) -> bool:
        """Whether any row has every one of some words."""
        if prod(len(word.readings) for word in words) > MOST_WAYS:
            return self._is_any_in_all(map(self.having_word, words))
        ways = product(*(word.readings for word in words)) if words else ()
        return any(self._is_any_in_all(map(self._of, {*chain(*terms)})) for terms in ways)

    def _is_any_in_all(self, sets: Iterable[Rows]) -> bool:
        *few, many = sorted(sets, key=len) or [NO_ROWS]
        return have_common(reduce(both_of, few), many) if few else len(many) > 0

    def having_any(self, alternatives: Iterable[Sequence[QueryWord]]) -> Rows:
        """The rows that have every word of any of some lists."""
        return any_of([self.having_all(words) for words in alternatives])


@dataclass(frozen=True)
class StoredRows:
    """Ascending rows by term, as the files of an index have them.

    Attributes:
        places: the place of each term.
        rows: [n] int32, those of one term together.
        starts: [n_terms + 1] where the rows of each term begin.
        scores: [n] float32, what an item scores by the term; None where the index was written without.
        priority: [n_items] int32, the place of each item in the order in which ties are won; None where the index was
            written without.
    """

    places: Mapping[str, int]
    rows: Rows
    starts: IntArray
    scores: FloatArray | None
    priority: Rows | None

    @classmethod
    def build(cls, words: WordsByRow, priority: IntArray, at_once: int = SORTED_AT_ONCE) -> StoredRows:
        """The rows of each term.

        Args:
            words: the index terms of the fields of `BOOSTS` of each item.
            priority: [n_items] the smaller wins a tie; no two are equal.
            at_once: how many words are sorted together, so that what that takes does not grow with the catalogue.
        """
        rows, lengths, terms = words.rows, words.lengths, words.numbers
        by_row = np.empty((len(rows), len(BOOSTS)), dtype=np.int32)
        by_row[rows] = lengths
        norms = norms_of(by_row)
        counts = np.bincount(terms, minlength=len(words.places))
        found, scores = np.empty(len(terms), dtype=np.int32), np.empty(len(terms), dtype=np.float32)
        starts, n = np.zeros(len(counts) + 1, dtype=np.int64), 0
        for some in _ranges_of(counts, at_once):
            keys = np.empty(counts[some].sum(), dtype=np.int64)
            _write_keys(rows, lengths.ravel(), terms, some.start, some.stop, keys)
            keys.sort()
            of_some = np.empty(some.stop - some.start + 1, dtype=np.int64)
            n_of_some = score_terms(keys, norms, found[n:], scores[n:], of_some)
            starts[some.start : some.stop + 1] = n + of_some
            n += n_of_some
        # What is behind them was never written to, and so takes no memory.
        order = np.argsort(np.argsort(priority)).astype(np.int32)
        return cls(words.places, found[:n], starts, scores[:n], order)

    def save(self, folder: Path) -> None:
        """Write what `load` reads."""
        (folder / TERMS).write_text("\n".join(self.places), encoding="utf-8")
        for name, column in zip(_FILES, (self.rows, self.starts, self.scores, self.priority), strict=True):
            if column is not None:
                np.save(folder / name, column, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> StoredRows | None:
        """Memory-mapped; None where the index was written without.

        Raises:
            BundleDamaged: a file is missing or cannot be read.
        """
        if not (folder / TERMS).exists():
            return None
        try:
            terms = (folder / TERMS).read_text(encoding="utf-8")
            rows, starts = (np.asarray(np.load(folder / name, mmap_mode="r")) for name in (ROWS, STARTS))
            scores, priority = (
                np.asarray(np.load(folder / name, mmap_mode="r")) if (folder / name).exists() else None
                for name in (SCORES, PRIORITY)
            )
        except (OSError, ValueError) as error:
            raise BundleDamaged(folder / ROWS, str(error)) from error
        return cls(places_of_lines(terms), rows, starts, scores, priority)

    def of(self, term: str) -> Rows:
        """The rows that have a term."""
        place = self.places.get(term)
        return NO_ROWS if place is None else self.rows[self.starts[place] : self.starts[place + 1]]

    @property
    def word_scores(self) -> WordScores | None:
        """What words score in each item; None where the index was written without."""
        return None if self.scores is None or self.priority is None else WordScores(self._scored, self.priority)

    def _scored(self, term: str) -> Scored:
        place = self.places.get(term)
        if place is None or self.scores is None:
            return NOTHING
        some = slice(self.starts[place], self.starts[place + 1])
        return Scored(self.rows[some], self.scores[some])


_FILES = (ROWS, STARTS, SCORES, PRIORITY)


def _ranges_of(counts: IntArray, at_once: int) -> Iterator[slice]:
    """The terms [n_terms] in ranges with about as many words each."""
    ends = np.cumsum(counts)
    first = 0
    while first < len(counts):
        begun = ends[first] - counts[first]
        last = max(first + 1, int(np.searchsorted(ends, begun + at_once, side="right")))
        yield slice(first, last)
        first = last


@kernel("i4[:]", "i4[:]", "i4[:]", "i8", "i8", "out i8[:]")
def _write_keys(rows: Any, lengths: Any, terms: Any, first: int, last: int, keys: Any) -> None:
    """Write the keys of `score_terms` of the words whose terms are in a range, counted from its first one."""
    n_items = len(rows)
    n_fields = len(lengths) // max(n_items, 1)
    at = n = 0
    for place in range(len(lengths)):
        field = np.int64(rows[place // n_fields]) * n_fields + place % n_fields
        for _ in range(lengths[place]):
            term = np.int64(terms[at])
            at += 1
            if first <= term < last:
                keys[n] = (term - first) * n_items * n_fields + field
                n += 1


def _all(found: Sequence[Rows]) -> Rows:
    return reduce(both_of, sorted(found, key=len)) if found else NO_ROWS
