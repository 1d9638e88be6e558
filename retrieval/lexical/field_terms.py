"""The index terms of an item's texts: analysed once, for the lexical index and for what features know of words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

from trimtab.retrieval.understanding.negation import ABSENT, grammar_in
from trimtab.text.normal import normalised
from trimtab.text.words.lexicon import Lexicon

ROOM = 1 << 14
"""The most texts whose terms are kept while a catalogue is read: many items share a brand, a kind, a title."""


class FieldTerms(NamedTuple):
    """The index terms of one text.

    Attributes:
        words: in order, each as often as it is there; of a word that the text says is not there, that.
        accented: words with accents, as they are.
        absent: what the text says is not there.
        indexed: all of them.
    """

    words: Sequence[str]
    accented: Sequence[str]
    absent: Sequence[str]
    indexed: list[str]


def field_terms(lexicon: Lexicon, text: str) -> FieldTerms:
    """The index terms of a text."""
    text = normalised(text)
    chunks = text.split()
    words = lexicon.analyser.terms_of_normalised(text)
    accented = [] if text.isascii() else lexicon.analyser.accented(chunks)
    absent, negated = grammar_in(lexicon).absent_in(chunks)
    words = lexicon.with_parts(_negated(words, negated) if negated else words)
    also = absent
    if negated:
        written = {ABSENT + term for term in negated}
        also = [term for term in absent if term not in written]
    return FieldTerms(words, accented, absent, [*words, *accented, *also] if accented or also else words)


def _negated(words: Sequence[str], absent: Sequence[str]) -> list[str]:
    """Words of which the first of each that is not there, as often as a text says so, stands for that."""
    left = Counter(absent)
    found = []
    for word in words:
        if left[word] > 0:
            left[word] -= 1
            found.append(ABSENT + word)
        else:
            found.append(word)
    return found


def item_terms(lexicon: Lexicon, texts: Mapping[str, str]) -> dict[str, FieldTerms]:
    """The index terms of an item, by field."""
    return {field: field_terms(lexicon, text) for field, text in texts.items()}


def terms_reader(lexicon: Lexicon) -> Callable[[str], FieldTerms]:
    """`field_terms` for the texts of a whole catalogue."""
    return lru_cache(ROOM)(partial(field_terms, lexicon))
