"""Which items have an index term in any of their fields: what a query's words find is read off, not searched for."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trimtab.core.errors import BundleDamaged
from trimtab.core.records import IntArray
from trimtab.text.query import QueryWord

TERMS, ROWS, STARTS = "terms.txt", "term_rows.npy", "term_starts.npy"

Rows = NDArray[np.int32]
NO_ROWS: Rows = np.empty(0, dtype=np.int32)


class TermRows:
    """The rows that have words, by the ascending rows of each term."""

    def __init__(self, of: Callable[[str], Rows]) -> None:
        self._of = of

    def having_word(self, word: QueryWord) -> Rows:
        """The rows that have all terms of any reading of a word."""
        return _any([_all([self._of(term) for term in terms]) for terms in word.readings])

    def having_all(self, words: Sequence[QueryWord]) -> Rows:
        """The rows that have every one of some words; none where there are none."""
        return _all([self.having_word(word) for word in words])

    def having_any(self, alternatives: Iterable[Sequence[QueryWord]]) -> Rows:
        """The rows that have every word of any of some lists."""
        return _any([self.having_all(words) for words in alternatives])


@dataclass(frozen=True)
class StoredRows:
    """Ascending rows by term, as the files of an index have them.

    Attributes:
        places: the place of each term.
        rows: [n] int32, those of one term together.
        starts: [n_terms + 1] where the rows of each term begin.
    """

    places: Mapping[str, int]
    rows: Rows
    starts: IntArray

    def save(self, folder: Path) -> None:
        (folder / TERMS).write_text("\n".join(self.places), encoding="utf-8")
        np.save(folder / ROWS, self.rows, allow_pickle=False)
        np.save(folder / STARTS, self.starts, allow_pickle=False)

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
        except (OSError, ValueError) as error:
            raise BundleDamaged(folder / ROWS, str(error)) from error
        places = {term: place for place, term in enumerate(terms.split("\n") if terms else [])}
        return cls(places, rows, starts)

    def of(self, term: str) -> Rows:
        """The rows that have a term."""
        place = self.places.get(term)
        return NO_ROWS if place is None else self.rows[self.starts[place] : self.starts[place + 1]]


class CollectedRows:
    """The rows by term of items that come one by one in whatever order."""

    def __init__(self) -> None:
        self._places = defaultdict[str, int](count().__next__)
        self._rows, self._counts, self._terms = array("q"), array("q"), array("q")

    def add(self, row: int, terms: Iterable[str]) -> None:
        """Take the index terms of an item."""
        distinct = set(map(self._places.__getitem__, terms))
        self._rows.append(row)
        self._counts.append(len(distinct))
        self._terms.extend(distinct)

    def stored(self) -> StoredRows:
        """The rows of each term."""
        rows, counts, terms = (np.frombuffer(part, np.int64) for part in (self._rows, self._counts, self._terms))
        pairs = terms << 32 | np.repeat(rows, counts)
        pairs.sort()
        starts = np.zeros(len(self._places) + 1, dtype=np.int64)
        np.cumsum(np.bincount(terms, minlength=len(self._places)), out=starts[1:])
        return StoredRows(dict(self._places), pairs.astype(np.int32), starts)


def _any(found: Sequence[Rows]) -> Rows:
    if len(found) == 1:
        return found[0]
    return np.unique(np.concatenate(found)) if found else NO_ROWS


def _all(found: Sequence[Rows]) -> Rows:
    return reduce(_both, sorted(found, key=len)) if found else NO_ROWS


def _both(few: Rows, many: Rows) -> Rows:
    """The rows that are in both, of which the first are not more than the others."""
    places = np.searchsorted(many, few)
    inside = places < len(many)
    return np.asarray(few[inside][many[places[inside]] == few[inside]])
