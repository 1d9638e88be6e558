"""Words as numbers: what is read of many items crosses from one process to another, and is put together, as arrays."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int32]


class NumberedWords(NamedTuple):
    """The words of some texts.

    Attributes:
        vocabulary: each word once, in the order in which they first come.
        numbers: [n_words] the place in it of each word of the texts, one text behind the other.
        lengths: [n_texts] the words of each text.
    """

    vocabulary: Sequence[str]
    numbers: Numbers
    lengths: Numbers

    @classmethod
    def of(cls, texts: Iterable[Sequence[str]]) -> NumberedWords:
        """From the words of each text."""
        places = defaultdict[str, int](count().__next__)
        numbers, lengths = array("i"), array("i")
        for words in texts:
            numbers.extend(map(places.__getitem__, words))
            lengths.append(len(words))
        return cls(list(places), np.frombuffer(numbers, np.int32), np.frombuffer(lengths, np.int32))


def places_of_lines(text: str) -> dict[str, int]:
    """The place of each line of a text that has one; the same line stands nowhere twice."""
    return {line: place for place, line in enumerate(text.split("\n"))} if text else {}


class WordsByRow:
    """The words of a catalogue's items, which come a block at a time in whatever order.

    Attributes:
        places: the place of each word in the vocabulary, in the order in which they came.
    """

    def __init__(self, n_texts: int) -> None:
        """
        Args:
            n_texts: of each item.
        """
        self._n_texts = n_texts
        self.places: dict[str, int] = {}
        self._rows, self._numbers, self._lengths = array("i"), array("i"), array("i")

    def add(self, rows: NDArray[np.integer], words: NumberedWords) -> None:
        """Take the words of the texts of some items."""
        known = self.places
        places = np.array([known.setdefault(word, len(known)) for word in words.vocabulary], dtype=np.int32)
        self._rows.frombytes(rows.astype(np.int32).tobytes())
        self._numbers.frombytes(places[words.numbers].tobytes())
        self._lengths.frombytes(words.lengths.tobytes())

    @property
    def rows(self) -> Numbers:
        """[n_items] whose words came, in that order."""
        return np.frombuffer(self._rows, np.int32)

    @property
    def numbers(self) -> Numbers:
        """[n_words] the place in the vocabulary of each word of the items, one text behind the other."""
        return np.frombuffer(self._numbers, np.int32)

    @property
    def lengths(self) -> Numbers:
        """[n_items, n_texts] the words of each text, in the order of `rows`."""
        return np.frombuffer(self._lengths, np.int32).reshape(-1, self._n_texts)
