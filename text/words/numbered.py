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


class WordsByRow:
    """The words of a catalogue's items, which come a block at a time in whatever order."""

    def __init__(self, n_texts: int) -> None:
        """
        Args:
            n_texts: of each item.
        """
        self._n_texts = n_texts
        self._places = defaultdict[str, int](count().__next__)
        self._rows, self._numbers, self._lengths = array("i"), array("i"), array("i")

    def add(self, rows: NDArray[np.integer], words: NumberedWords) -> None:
        """Take the words of the texts of some items."""
        places = np.fromiter(map(self._places.__getitem__, words.vocabulary), np.int32, len(words.vocabulary))
        self._rows.frombytes(rows.astype(np.int32).tobytes())
        self._numbers.frombytes(places[words.numbers].tobytes())
        self._lengths.frombytes(words.lengths.tobytes())

    @property
    def vocabulary(self) -> list[str]:
        """Each word once, in the order in which they came."""
        return list(self._places)

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
