"""Which items have an index term in any of their fields: what a query's words find is read off, not searched for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain
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

    @classmethod
    def build(cls, columns: Iterable[Sequence[str]]) -> StoredRows:
        """
        Args:
            columns: texts of index terms with spaces between, each [n_items].
        """
        places: dict[str, int] = {}
        known: dict[str, list[int]] = {}
        keys = [np.empty(0, dtype=np.int64)]
        for texts in columns:
            of_row = [known.get(text) or known.setdefault(text, _placed(text, places)) for text in texts]
            counts = np.fromiter(map(len, of_row), dtype=np.int64, count=len(of_row))
            terms = np.fromiter(chain.from_iterable(of_row), dtype=np.int64, count=int(counts.sum()))
            keys.append(terms << 32 | np.repeat(np.arange(len(of_row)), counts))
        pairs = np.unique(np.concatenate(keys))
        starts = np.zeros(len(places) + 1, dtype=np.int64)
        np.cumsum(np.bincount(pairs >> 32, minlength=len(places)), out=starts[1:])
        return cls(places, pairs.astype(np.int32), starts)

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


def _placed(text: str, places: dict[str, int]) -> list[int]:
    return [places.setdefault(term, len(places)) for term in dict.fromkeys(text.split(" ")) if term]


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
