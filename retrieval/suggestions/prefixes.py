"""Texts by the beginning of any of their words, in a few arrays; an edit is forgiven where nothing begins so.

What follows from some word of a text on is a tail of it. The tails are sorted, each a place in one long text of all
keys, so that those which begin in some way are found by bisection, and the arrays may be those of a mapped file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.core.compiled import KernelPart, kernel

SHORTEST_MISTYPED, LONGEST_MISTYPED = 4, 32
"""Characters from which on and up to which an edit is forgiven."""
MAX_LETTERS = 40
"""The most letters that are tried in the place of one; scripts with more are not mended."""
LONGEST = 200
"""Characters of a text that are looked at: of one without an end, each word would be followed by all the others."""
END, SPACE = b"\n", ord(" ")
"""What ends a key, which comes before whatever is in one."""

Places = NDArray[np.int32]


@dataclass(frozen=True)
class Prefixes:
    """The places of texts by prefixes of their tails.

    Attributes:
        text: the bytes of all keys (UTF-8), an end behind each.
        starts: [n + 1] where keys begin in it.
        tails: [t] where tails begin in it, as they are sorted.
        places: [t] the text that each is of.
        letters: those that are tried in the place of another.
    """

    text: NDArray[np.uint8]
    starts: NDArray[np.int64]
    tails: NDArray[np.int64]
    places: Places
    letters: str

    @classmethod
    def of(cls, keys: Sequence[str]) -> Prefixes:
        """The prefixes of texts as they are compared, their words with one space between them."""
        keys = [key[:LONGEST] for key in keys]
        encoded = [key.encode() + END for key in keys]
        starts = np.concatenate([[0], np.cumsum([len(key) for key in encoded], dtype=np.int64)])
        whole = b"".join(encoded)
        text = np.frombuffer(whole, np.uint8)
        begin = np.union1d(starts[:-1], np.flatnonzero(text == SPACE) + 1)
        begin = begin[text[begin] != END[0]]
        tails = np.array(sorted(begin.tolist(), key=lambda at: whole[at : whole.index(END, at)]), dtype=np.int64)
        places = np.searchsorted(starts, tails, side="right") - 1
        return cls(text, starts, tails, places.astype(np.int32), _letters(keys))

    def key(self, place: int) -> str:
        """A text as it is compared."""
        return self.text[self.starts[place] : self.starts[place + 1] - 1].tobytes().decode()

    def beginning(self, start: str) -> Places:
        """The places of the texts in which some words begin so; one is there once for each word that does."""
        return self._within(self._ranges([start], 0, len(self.tails)))

    def nearly_beginning(self, start: str) -> Places:
        """The places of the texts in which some words begin with what is one edit away from the start.

        One letter is left out, doubled, another, or has changed places with the next.
        """
        if not SHORTEST_MISTYPED <= len(start) <= LONGEST_MISTYPED:
            return self.places[:0]
        found = []
        first, last = 0, len(self.tails)
        for at in range(len(start)):
            # Whatever is edited here, what is before it stays.
            ((first, last),) = self._ranges([start[:at]], first, last).tolist()
            if first == last:
                break
            edited = dict.fromkeys(_edited(start[at:], self.letters))
            found.append(self._ranges([start[:at] + behind for behind in edited], first, last))
        return self._within(np.concatenate(found)) if found else self.places[:0]

    def are_begun_by(self, places: Places, start: str) -> NDArray[np.bool_]:
        """Whether the first words of each text begin so."""
        wanted = np.frombuffer(start.encode(), np.uint8)
        at = self.starts[places][:, None] + np.arange(len(wanted))
        is_same = self.text[np.minimum(at, len(self.text) - 1)] == wanted  # a start has none of the ends
        return np.asarray(is_same.all(axis=1))

    def has(self, place: int, start: str) -> bool:
        """Whether some words of one text begin so."""
        return f" {start}" in f" {self.key(place)}"

    def _within(self, ranges: NDArray[np.int64]) -> Places:
        """The places of the tails in some ranges [n, 2], one range after the other."""
        return np.concatenate([self.places[first:last] for first, last in ranges.tolist()])

    def _ranges(self, starts: Sequence[str], low: int, high: int) -> NDArray[np.int64]:
        """[n_starts, 2] where between two places the tails are that begin with each of some texts."""
        encoded = [start.encode() for start in starts]
        ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
        ranges = np.empty((len(encoded), 2), dtype=np.int64)
        _find_ranges(self.text, self.tails, np.frombuffer(b"".join(encoded), np.uint8), ends, low, high, ranges)
        return ranges


@KernelPart
def _compared(text: Any, at: int, start: Any) -> int:
    """Whether what a text has at some place comes before (-1) or after (1) some bytes, or begins with them (0)."""
    for place in range(len(start)):  # an end, which no start has, is found before the text is over
        if text[at + place] != start[place]:
            return -1 if text[at + place] < start[place] else 1
    return 0


@kernel("u1[:]", "i8[:]", "u1[:]", "i8[:]", "i8", "i8", "out i8[:,:]")
def _find_ranges(text: Any, tails: Any, starts: Any, ends: Any, low: int, high: int, ranges: Any) -> None:
    """By bisection, where between two places of the sorted tails those are that begin with each of the starts.

    Args:
        starts: the bytes of all of them; the one of row i is `starts[ends[i] : ends[i + 1]]`.
        ranges: [n_starts, 2] is written.
    """
    for row in range(len(ranges)):
        start = starts[ends[row] : ends[row + 1]]
        first, last = low, high
        while first < last:
            middle = (first + last) // 2
            if _compared(text, tails[middle], start) < 0:
                first = middle + 1
            else:
                last = middle
        ranges[row, 0] = first
        last = high
        while first < last:
            middle = (first + last) // 2
            if _compared(text, tails[middle], start) <= 0:
                first = middle + 1
            else:
                last = middle
        ranges[row, 1] = first


def _letters(keys: Iterable[str]) -> str:
    """The letters that stand where edits are forgiven, none where they are too many to try."""
    counts = Counter[str]()
    for key in keys:
        at = 0
        while at < len(key):
            counts.update(key[at : at + SHORTEST_MISTYPED])
            at = key.find(" ", at) + 1 or len(key)
    common = [letter for letter, _ in counts.most_common(MAX_LETTERS + 1)]
    return "".join(common) if len(common) <= MAX_LETTERS else ""


def _edited(text: str, letters: str) -> Iterator[str]:
    """A text with one edit at its first letter."""
    yield text[1:]
    if len(text) > 1:
        yield text[1] + text[0] + text[2:]
    for letter in letters:
        yield letter + text[1:]
        yield letter + text
