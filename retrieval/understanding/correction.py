"""Correction: a misspelt word is read as the word of the catalogue that was meant.

A word that no item has becomes the nearest that some have; of several that are equally near, the one that most items
have together with the other words of the query. A word that hardly any item has is read again where a neighbour is
known by far more: the items have typing errors too. Never read again are numbers, model numbers, and words of names.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from trimtab.text.analyser import Analyser

FEW = 2
"""A word that more items have is one that the catalogue knows well."""
FAR_MORE = 50
"""By how much a neighbour must be better known than a word that few items have."""
N_NEIGHBOURS = 8
"""The most readings of one word that are compared by the company they keep."""


class Spelling(Protocol):
    """What the catalogue knows of words."""

    def knows(self, word: str) -> bool:
        """Whether any item has the word, in whatever form."""

    def is_name(self, word: str) -> bool:
        """Whether the word is part of a name, such as a brand, that is never misspelt."""

    def frequency(self, word: str) -> int:
        """The number of texts that have the word in this form."""

    def readings(self, word: str, *, is_last: bool) -> Sequence[str]:
        """The words that an unknown one may stand for, all equally near, the most frequent first."""

    def neighbours(self, word: str) -> Sequence[str]:
        """The words that are one edit from a known one, the most frequent first."""

    def together(self, words: Sequence[str]) -> int:
        """The number of items that have all of the words."""


def corrections(text: str, analyser: Analyser, spelling: Spelling, kept: Collection[str] = ()) -> dict[str, str]:
    """The misspelt words of a text, as typed, and what was meant.

    Args:
        kept: words, as they are compared, that mean something in whatever catalogue.
    """
    tokens = analyser.read(text)
    words = [token.key for token in tokens]
    mended = {}
    for position, token in enumerate(tokens):
        if token.kind == "word" and token.key not in kept:
            meant = _meant(words, position, spelling)
            if meant != words[position]:
                mended[token.text] = meant
    return mended


def with_corrections(text: str, mended: Mapping[str, str], analyser: Analyser) -> str:
    """A text with its misspelt words replaced, everything else in it as it was."""
    parts, end = [], 0
    for token in analyser.read(text):
        if token.text in mended:
            parts += [text[end : token.start], mended[token.text]]
            end = token.end
    return "".join([*parts, text[end:]])


def _meant(words: Sequence[str], position: int, spelling: Spelling) -> str:
    word = words[position]
    if not word.isalpha() or spelling.is_name(word):
        return word
    if not spelling.knows(word):
        readings = spelling.readings(word, is_last=position == len(words) - 1)
        return _in_company(readings, words, position, spelling) if readings else word
    known = spelling.together([word])
    if known > FEW:
        return word
    far_more = (one for one in spelling.neighbours(word) if spelling.frequency(one) >= FAR_MORE * max(known, 1))
    return next(far_more, word)


def _in_company(readings: Sequence[str], words: Sequence[str], position: int, spelling: Spelling) -> str:
    """The reading that most items have together with the other words; the first of those that are equal."""
    if len(readings) == 1:
        return readings[0]
    others = [word for at, word in enumerate(words) if at != position and spelling.knows(word)]
    if not others:
        return readings[0]
    return max(readings[:N_NEIGHBOURS], key=lambda one: spelling.together([one, *others]))
