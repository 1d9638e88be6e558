"""Words of items as integer matrices, so that matching a query against 200 candidates is one comparison of arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trimtab.core.extended_array import ExtendedArray, RowArray
from trimtab.core.records import FloatArray
from trimtab.text.lexicon import Lexicon
from trimtab.text.query import query_words
from trimtab.text.units import measure_of_term

BODY, ABSENT = "body", "absent"
FIELDS = {"title": 32, "product_type": 8, "category": 8, "brand": 4, BODY: 128, ABSENT: 16}
"""Field -> most words kept of it. `body` is attributes and description, `absent` what the item by its own texts goes
without; in both each word stands once."""

MAX_QUERY_WORDS = 16
UNKNOWN = -2
"""The id of a word that no item has; -1 is the padding of the matrices."""

Matrix = NDArray[np.int32]


def kept_words(field: str, terms: Sequence[str]) -> list[str]:
    """The index terms that are kept of a field's, in order."""
    return (list(dict.fromkeys(terms)) if field in {BODY, ABSENT} else list(terms))[: FIELDS[field]]


@dataclass(frozen=True, slots=True)
class QueryWords:
    """The words of a query as ids.

    Attributes:
        ids: [q] index terms of the distinct words as they were typed, in query order; `UNKNOWN` where no item has it.
        weights: [q] their idf.
        readings: (place in `ids`, ids of terms): an item that has all of these has that word too.
        are_numbers: [q] which words are numbers, amounts or codes.
        excluded: [x] ids of the terms that are not wanted.
    """

    ids: Matrix
    weights: FloatArray
    readings: tuple[tuple[int, tuple[int, ...]], ...]
    are_numbers: NDArray[np.bool_]
    excluded: Matrix


class ItemWords:
    """Word ids of every item by field.

    Args:
        vocabulary: id -> word.
        idf: [n_words] `log(1 + n / df)` over all fields.
        fields: field -> [n_items, width] int32, -1 padded.
        lexicon: what a word is.
    """

    def __init__(
        self, vocabulary: Sequence[str], idf: FloatArray, fields: dict[str, RowArray[np.int32]], lexicon: Lexicon
    ) -> None:
        self.lexicon = lexicon
        self._ids = {word: number for number, word in enumerate(vocabulary)}
        self.idf = idf
        self.fields = fields

    @classmethod
    def build(cls, items: Sequence[Mapping[str, Sequence[str]]], lexicon: Lexicon) -> ItemWords:
        """Index items by their `kept_words` of each field of `FIELDS`."""
        ids: dict[str, int] = {}
        fields: dict[str, RowArray[np.int32]] = {}
        frequency: Counter[int] = Counter()
        for field in FIELDS:
            rows = []
            for item in items:
                numbers = [ids.setdefault(word, len(ids)) for word in item[field]]
                frequency.update(set(numbers))
                rows.append(numbers)
            width = max(1, max(map(len, rows), default=1))
            matrix = np.full((len(items), width), -1, dtype=np.int32)
            for row, numbers in enumerate(rows):
                matrix[row, : len(numbers)] = numbers
            fields[field] = matrix
        counts = np.array([frequency[number] for number in range(len(ids))], dtype=np.float32)
        return cls(list(ids), np.log1p(len(items) / np.maximum(counts, 1)).astype(np.float32), fields, lexicon)

    def with_items(self, items: Sequence[Mapping[str, Sequence[str]]]) -> ItemWords:
        """These items and more after them, by their `kept_words` of each field; known words keep their weights."""
        ids, counts = dict(self._ids), Counter[int]()
        fields: dict[str, RowArray[np.int32]] = {}
        for field, built in self.fields.items():
            matrix = np.full((len(items), built.shape[1]), -1, dtype=np.int32)
            for row, words in enumerate(item[field] for item in items):
                numbers = [ids.setdefault(word, len(ids)) for word in words[: built.shape[1]]]
                counts.update(set(numbers))
                matrix[row, : len(numbers)] = numbers
            fields[field] = ExtendedArray(np.asarray(built), matrix)
        n_items = len(self.fields["title"]) + len(items)
        new = np.array([counts[number] for number in range(len(self._ids), len(ids))], dtype=np.float32)
        return ItemWords(
            list(ids), np.concatenate([self.idf, np.log1p(n_items / np.maximum(new, 1))]), fields, self.lexicon
        )

    def of_query(self, text: str, excluded: Sequence[str] = ()) -> QueryWords:
        """The words of a query, as the lexical index reads them, and those that are not wanted."""
        words = list(dict.fromkeys(query_words(text, self.lexicon, self._ids.__contains__)))[:MAX_QUERY_WORDS]
        ids = self._numbered(word.term for word in words)
        readings = [
            (place, tuple(self._ids[term] for term in terms))
            for place, word in enumerate(words)
            for terms in word.readings[1:]
        ]
        unwanted = dict.fromkeys(term for words_of in excluded for term in self.lexicon.terms(words_of))
        return QueryWords(
            ids,
            self._weights(ids.tolist(), readings),
            tuple(readings),
            np.array([any(map(str.isdigit, word.term)) for word in words], dtype=bool),
            self._numbered(unwanted),
        )

    @cached_property
    def units(self) -> NDArray[np.int16]:
        """[n_words + 1] which unit a word is an amount of, -1 for none; the last is the padding's."""
        names: dict[str, int] = {}
        units = np.full(len(self._ids) + 1, -1, dtype=np.int16)
        for word, number in self._ids.items():
            if word[:1].isdigit() and (amount := measure_of_term(word)) is not None:
                units[number] = names.setdefault(amount.unit, len(names))
        return units

    def _numbered(self, terms: Iterable[str]) -> Matrix:
        return np.array([self._ids.get(term, UNKNOWN) for term in terms], dtype=np.int32)

    def _weights(self, ids: Sequence[int], readings: Iterable[tuple[int, tuple[int, ...]]]) -> FloatArray:
        """The idf of each word, or of its best known reading.

        A word the catalogue has never seen weighs as much as its rarest word: not matching it should cost.
        """
        known: dict[int, float] = {}
        for place, terms in readings:
            known[place] = max(known.get(place, 0.0), *(float(self.idf[term]) for term in terms))
        rarest = float(self.idf.max()) if len(self.idf) else 1.0
        weights = [self.idf[term] if term >= 0 else known.get(place, rarest) for place, term in enumerate(ids)]
        return np.array(weights, dtype=np.float32)

    def save(self, folder: Path) -> None:
        (folder / "words.txt").write_text("\n".join(self._ids))
        np.save(folder / "words_idf.npy", self.idf, allow_pickle=False)
        for field, matrix in self.fields.items():
            np.save(folder / f"words_{field}.npy", np.asarray(matrix), allow_pickle=False)

    @classmethod
    def load(cls, folder: Path, lexicon: Lexicon) -> ItemWords:
        vocabulary = (folder / "words.txt").read_text()
        return cls(
            vocabulary.split("\n") if vocabulary else [],
            np.load(folder / "words_idf.npy", allow_pickle=False),
            {field: _mapped(folder / f"words_{field}.npy") for field in FIELDS},
            lexicon,
        )


def _mapped(path: Path) -> Matrix:
    """A memory-mapped matrix as a plain array: indexing numpy's memmap class costs several times more."""
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
