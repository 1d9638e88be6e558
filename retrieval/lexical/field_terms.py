"""The index terms of an item's texts: analysed once, for the lexical index and for what features know of words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

from trimtab.retrieval.understanding.negation import grammar_of
from trimtab.text.lexicon import Lexicon
from trimtab.text.normal import normalised

ROOM = 1 << 14
"""The most texts whose terms are kept while a catalogue is read: many items share a brand, a kind, a title."""


class FieldTerms(NamedTuple):
    """The index terms of one text.

    Attributes:
        words: in order, each as often as it is there.
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
    words = lexicon.terms_of_normalised(text)
    accented = [] if text.isascii() else lexicon.analyser.accented(chunks)
    absent = grammar_of(lexicon.analyser).absent_in(chunks)
    return FieldTerms(words, accented, absent, [*words, *accented, *absent] if accented or absent else words)


def item_terms(lexicon: Lexicon, texts: Mapping[str, str]) -> dict[str, FieldTerms]:
    """The index terms of an item, by field."""
    return {field: field_terms(lexicon, text) for field, text in texts.items()}


def terms_reader(lexicon: Lexicon) -> Callable[[str], FieldTerms]:
    """`field_terms` for the texts of a whole catalogue."""
    return lru_cache(ROOM)(partial(field_terms, lexicon))
