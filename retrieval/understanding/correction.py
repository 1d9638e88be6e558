"""Correction: a misspelt word is read as the word of the catalogue that was meant.

A word that no item has becomes the nearest that some have; of several that are equally near, the one that most items
have together with the other words of the query; a short one, only what some item has with them. A word that hardly
any item has is read again where a neighbour is known by far more: the items have typing errors too. Never read again
are numbers, model numbers, and words of names; a right word of a language (`cola` where no item has it) only as one
that means the same (`colour`, `color`) or that belongs to the others (`ginger bear`). A query of which no word is known
is read as another keyboard would have written it. An unknown word that begins one which items have together with the
others is short for it: `mac and cheese`, `choc cookies`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Protocol

from trimtab.text.analyser import Analyser
from trimtab.text.tokens import Token
from trimtab.text.words.scripts import by_other_keys

FEW = 2
"""A word that more items have is one that the catalogue knows well."""
SHORTEST_ABBREVIATION = 3
SHORT = 4
"""Letters of a word of which one is much: what it may stand for is believed in company alone."""
SHORTEST_RETYPED = 3
"""Letters of a known word by which another keyboard is known to be meant."""
FAR_MORE = 50
"""By how much a neighbour must be better known than a word that few items have."""
OFTEN_BESIDE = 3
"""By how much more frequent a word is beside the others than anywhere, where it is believed to be meant by a right
word: `beer` by bear in `ginger bear`."""
N_NEIGHBOURS = 8
"""The most readings of one word that are compared by the company they keep."""
KEPT_WORDS = 16_384
"""The most words whose readings are kept."""


class Spelling(Protocol):
    """What the catalogue knows of words."""

    n_items: int

    def knows(self, word: str) -> bool:
        """Whether any item has the word, in whatever form."""

    def is_name(self, word: str) -> bool:
        """Whether the word is part of a name, such as a brand, that is never misspelt."""

    def frequency(self, word: str) -> int:
        """The number of texts that have the word in this form."""

    def readings(self, word: str, *, is_last: bool) -> Sequence[str]:
        """The words that an unknown one may stand for, all equally near, the most frequent first."""

    def completions(self, word: str) -> Sequence[str]:
        """The most frequent words that one begins."""

    def neighbours(self, word: str) -> Sequence[str]:
        """The words that are one edit from a known one, the most frequent first."""

    def is_right(self, word: str) -> bool:
        """Whether a word is surely one of a language, whatever items have."""

    def means_alike(self, word: str, other: str) -> bool:
        """Whether two words mean about the same, as two spellings of one do."""

    def together(self, words: Sequence[str]) -> int:
        """The number of items that have all of the words."""


class Corrector:
    """The correction of words by what one catalogue knows, which is asked once about each."""

    def __init__(self, spelling: Spelling) -> None:
        self._spelling = spelling
        self._knows = lru_cache(KEPT_WORDS)(spelling.knows)
        self._alike = lru_cache(KEPT_WORDS)(spelling.means_alike)
        self._meant = lru_cache(KEPT_WORDS)(self._may_mean)

    def corrections(self, tokens: Sequence[Token], kept: Collection[str] = ()) -> dict[str, str]:
        """The misspelt words of a text, as typed, and what was meant.

        Args:
            kept: words, as they are compared, that mean something in whatever catalogue.
        """
        mended = {}
        for position, token in enumerate(tokens):
            if token.kind == "word" and token.key not in kept:
                meant = self._readings(tokens, position)
                if meant and self._spelling.is_right(token.key):
                    meant = self._instead_of_right(meant, tokens, position)
                best = self._in_company(meant, tokens, position) if meant else None
                # A Japanese word that is compared in other letters is parted in another way by itself.
                if best and best != token.key:
                    mended[token.text] = best
        return mended

    def _readings(self, tokens: Sequence[Token], position: int) -> Sequence[str]:
        """What a word may mean beside the others; nothing where it means itself."""
        word, is_last = tokens[position].key, position == len(tokens) - 1
        if self._knows(word):
            return self._meant(word, is_last)
        if self._is_part(tokens, position):
            return ()
        return self._short_for(tokens, position) or self._meant(word, is_last)

    def _may_mean(self, word: str, is_last: bool) -> Sequence[str]:
        """What a word may mean in its place; nothing where it means itself."""
        spelling = self._spelling
        if not word.isalpha() or spelling.is_name(word):
            return ()
        if self._knows(word):
            return self._far_better_known(word)
        return spelling.readings(word, is_last=is_last)[:N_NEIGHBOURS]

    def _far_better_known(self, word: str) -> Sequence[str]:
        """The neighbour of a word that hardly any item has, where far more items have that."""
        spelling = self._spelling
        known = spelling.together([word])
        if known > FEW:
            return ()
        far_more = (one for one in spelling.neighbours(word) if spelling.frequency(one) >= FAR_MORE * max(known, 1))
        return tuple(islice(far_more, 1))

    def _instead_of_right(self, meant: Sequence[str], tokens: Sequence[Token], position: int) -> Sequence[str]:
        """The words that a right one may mean all the same: of its meaning, or at home beside the others."""
        spelling, others = self._spelling, self._others(tokens, position)
        n_beside = spelling.together(others) if others else 0
        return [
            one
            for one in meant
            if self._alike(tokens[position].key, one)
            or (
                others
                and spelling.together([one, *others]) * spelling.n_items
                > OFTEN_BESIDE * spelling.together([one]) * n_beside
            )
        ]

    def _is_part(self, tokens: Sequence[Token], position: int) -> bool:
        """Whether a word and one beside it are a known word written as two."""
        word = tokens[position].key
        before = tokens[position - 1].key + word if position else ""
        behind = word + tokens[position + 1].key if position + 1 < len(tokens) else ""
        return any(one and self._knows(one) for one in (before, behind))

    def _short_for(self, tokens: Sequence[Token], position: int) -> Sequence[str]:
        """The words that an unknown one begins and that items have together with the others."""
        spelling, word = self._spelling, tokens[position].key
        if len(word) < SHORTEST_ABBREVIATION or not word.isalpha() or spelling.is_name(word):
            return ()
        others = self._others(tokens, position)
        return [one for one in spelling.completions(word) if spelling.together([one, *others])] if others else ()

    def _in_company(self, readings: Sequence[str], tokens: Sequence[Token], position: int) -> str | None:
        """The reading that most items have together with the other words; the first of those that are equal; None for a
        short word that no item has with them."""
        others, is_short = self._others(tokens, position), len(tokens[position].key) <= SHORT
        if not others or (len(readings) == 1 and not is_short):
            return readings[0]
        n_together = [self._spelling.together([one, *others]) for one in readings]
        most = max(n_together)
        return None if is_short and most == 0 else readings[n_together.index(most)]

    def _others(self, tokens: Sequence[Token], position: int) -> Sequence[str]:
        """The other words that are known; no single letter, which may stand for a word: `mac n cheese`."""
        return [
            token.key
            for at, token in enumerate(tokens)
            if at != position and not (len(token.key) == 1 and token.key.isascii()) and self._knows(token.key)
        ]


def retyped(text: str, analyser: Analyser, spelling: Spelling) -> str | None:
    """A text as another keyboard of the catalogue's languages would have written it, where it has words only so."""
    for other in by_other_keys(text, analyser.languages):
        if _n_known(text, analyser, spelling) == 0 and 2 * _n_known(other, analyser, spelling) >= len(other.split()):
            return other
    return None


def _n_known(text: str, analyser: Analyser, spelling: Spelling) -> int:
    words = (token.key for token in analyser.read(text) if token.kind == "word")
    return sum(len(word) >= SHORTEST_RETYPED and spelling.knows(word) for word in words)


def with_corrections(text: str, mended: Mapping[str, str], analyser: Analyser) -> str:
    """A text with its misspelt words replaced, everything else in it as it was."""
    if not mended:
        return text
    parts, end = [], 0
    for token in analyser.read(text):
        if token.text in mended:
            parts += [text[end : token.start], mended[token.text]]
            end = token.end
    return "".join([*parts, text[end:]])
