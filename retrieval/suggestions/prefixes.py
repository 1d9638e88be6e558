"""Entries by the beginning of any of their words, in one sorted list; an edit is forgiven where nothing begins so."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.text.analyser import Analyser

SHORTEST_MISTYPED, LONGEST_MISTYPED = 4, 32
"""Characters from which on and up to which an edit is forgiven."""
MAX_LETTERS = 40
"""The most letters that are tried in the place of one; scripts with more are not mended."""
LAST = "\U0010ffff"

Places = NDArray[np.int32]


class Prefixes:
    """The places of texts by prefixes of what follows from any of their words on."""

    def __init__(self, texts: Sequence[str], analyser: Analyser) -> None:
        self.keys = [" ".join(token.key for token in analyser.tokens(text)) for text in texts]
        tails = sorted(_tails(self.keys))
        self._tails = [tail for tail, _ in tails]
        self._places: Places = np.array([place for _, place in tails], dtype=np.int32)
        letters = Counter(character for tail in self._tails for character in tail[:SHORTEST_MISTYPED] if tail)
        common = [letter for letter, _ in letters.most_common(MAX_LETTERS + 1)]
        self._letters = common if len(common) <= MAX_LETTERS else []

    def beginning(self, start: str) -> Places:
        """The places of the texts in which some words begin so; one is there once for each word that does."""
        first, last = self._range(start, 0, len(self._tails))
        return self._places[first:last]

    def nearly_beginning(self, start: str) -> Places:
        """The places of the texts in which some words begin with what is one edit away from the start.

        One letter is left out, doubled, another, or has changed places with the next.
        """
        if not SHORTEST_MISTYPED <= len(start) <= LONGEST_MISTYPED:
            return self._places[:0]
        found = []
        first, last = 0, len(self._tails)
        for at in range(len(start)):
            # Whatever is edited here, what is before it stays.
            first, last = self._range(start[:at], first, last)
            if first == last:
                break
            for behind in dict.fromkeys(_edited(start[at:], self._letters)):
                begin, end = self._range(start[:at] + behind, first, last)
                found.append(self._places[begin:end])
        return np.concatenate(found) if found else self._places[:0]

    def has(self, place: int, start: str) -> bool:
        """Whether some words of one text begin so."""
        return f" {start}" in f" {self.keys[place]}"

    def _range(self, start: str, low: int, high: int) -> tuple[int, int]:
        """Where between two places the tails are that begin so."""
        first = bisect_left(self._tails, start, low, high)
        if first == high or not self._tails[first].startswith(start):
            return first, first
        return first, bisect_left(self._tails, start + LAST, first, high)


def _edited(text: str, letters: Sequence[str]) -> Iterator[str]:
    """A text with one edit at its first letter."""
    yield text[1:]
    if len(text) > 1:
        yield text[1] + text[0] + text[2:]
    for letter in letters:
        yield letter + text[1:]
        yield letter + text


def _tails(keys: Iterable[str]) -> Iterator[tuple[str, int]]:
    for place, key in enumerate(keys):
        at = 0
        while at < len(key):
            yield key[at:], place
            at = key.find(" ", at) + 1 or len(key)
