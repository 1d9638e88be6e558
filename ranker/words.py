"""Words of items as integer matrices, so that matching a query against 200 candidates is one comparison of arrays."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trimtab.core.extended_array import ExtendedArray, RowArray
from trimtab.core.records import FloatArray

BODY = "body"
FIELDS = {"title": 24, "product_type": 8, "category": 8, "brand": 4, BODY: 64}
"""Field -> most words kept of it; `body` is description and attributes, each word once."""

MAX_QUERY_WORDS = 16
_WORD = re.compile(r"[^\W_]+")
_SHORTEST_PLURAL = 3

Matrix = NDArray[np.int32]


def words_of(text: str) -> list[str]:
    """Lower-case words without plural endings (the S-stemmer, Harman 1991)."""
    return [_singular(word) for word in _WORD.findall(text.lower())]


def field_words(field: str, text: str) -> list[str]:
    """The words that are kept of a text, in order."""
    words = words_of(text)
    return (list(dict.fromkeys(words)) if field == BODY else words)[: FIELDS[field]]


def _singular(word: str) -> str:
    if len(word) <= _SHORTEST_PLURAL or not word.endswith("s") or word.endswith(("ss", "us")):
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if word.endswith(("xes", "ches", "shes", "sses")):
        return word[:-2]
    return word[:-1]


@dataclass(frozen=True, slots=True)
class QueryWords:
    """`ids` [q] distinct words known to the catalogue (-1 unknown), `weights` [q] their idf, in query order."""

    ids: Matrix
    weights: FloatArray


class ItemWords:
    """Word ids of every item by field.

    Args:
        vocabulary: id -> word.
        idf: [n_words] `log(1 + n / df)` over titles and product types.
        fields: field -> [n_items, width] int32, -1 padded.
    """

    def __init__(self, vocabulary: Sequence[str], idf: FloatArray, fields: dict[str, RowArray[np.int32]]) -> None:
        self._ids = {word: number for number, word in enumerate(vocabulary)}
        self.idf = idf
        self.fields = fields

    @classmethod
    def build(cls, texts: dict[str, Sequence[str]]) -> ItemWords:
        """Index the texts of each field of `FIELDS`, one text an item."""
        ids: dict[str, int] = {}
        fields: dict[str, RowArray[np.int32]] = {}
        frequency: Counter[int] = Counter()
        n_items = len(texts["title"])
        for field in FIELDS:
            rows = []
            for text in texts[field]:
                words = field_words(field, text)
                numbers = [ids.setdefault(word, len(ids)) for word in words]
                frequency.update(set(numbers))
                rows.append(numbers)
            width = max(1, max(map(len, rows), default=1))
            matrix = np.full((n_items, width), -1, dtype=np.int32)
            for row, numbers in enumerate(rows):
                matrix[row, : len(numbers)] = numbers
            fields[field] = matrix
        counts = np.array([frequency[number] for number in range(len(ids))], dtype=np.float32)
        return cls(list(ids), np.log1p(n_items / np.maximum(counts, 1)).astype(np.float32), fields)

    def with_items(self, items: Sequence[Mapping[str, Sequence[str]]]) -> ItemWords:
        """These items and more after them, by their `field_words` of each field; known words keep their weights."""
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
        return ItemWords(list(ids), np.concatenate([self.idf, np.log1p(n_items / np.maximum(new, 1))]), fields)

    def of_query(self, text: str) -> QueryWords:
        words = list(dict.fromkeys(words_of(text)))[:MAX_QUERY_WORDS]
        ids = np.array([self._ids.get(word, -1) for word in words], dtype=np.int32)
        # A word the catalogue has never seen weighs as much as its rarest word: not matching it should cost.
        rarest = float(self.idf.max()) if len(self.idf) else 1.0
        weights = np.array([self.idf[number] if number >= 0 else rarest for number in ids], dtype=np.float32)
        # -1 is also the padding of the matrices, so an unknown word is -2 there and matches nothing.
        return QueryWords(np.where(ids < 0, np.int32(-2), ids).astype(np.int32), weights)

    def save(self, folder: Path) -> None:
        (folder / "words.txt").write_text("\n".join(self._ids))
        np.save(folder / "words_idf.npy", self.idf, allow_pickle=False)
        for field, matrix in self.fields.items():
            np.save(folder / f"words_{field}.npy", np.asarray(matrix), allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> ItemWords:
        vocabulary = (folder / "words.txt").read_text()
        return cls(
            vocabulary.split("\n") if vocabulary else [],
            np.load(folder / "words_idf.npy", allow_pickle=False),
            {field: _mapped(folder / f"words_{field}.npy") for field in FIELDS},
        )


def _mapped(path: Path) -> Matrix:
    """A memory-mapped matrix as a plain array: indexing numpy's memmap class costs several times more."""
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
