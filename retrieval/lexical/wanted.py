"""What is looked for by the words of a query."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from trimtab.catalog.attributes.column import Mask
from trimtab.core.records import IntArray
from trimtab.core.understood import Understood
from trimtab.retrieval.understanding.negation import ABSENT, grammar_in
from trimtab.text.query import QueryReader, QueryWord
from trimtab.text.units import measure_of_term
from trimtab.text.words.lexicon import Lexicon

MAX_TERMS = 32
"""Distinct terms used of one query, the first ones; nobody types more, and each costs time."""

Words = tuple[QueryWord, ...]


class Wanted(NamedTuple):
    """What is looked for.

    Attributes:
        terms: distinct words.
        synonyms: words of a query, and words that count as well if an item has all of them.
        forbidden: words of which no item may have all.
        absent: what an item should go without by its own texts; that adds to scores and finds nothing.
        only_adding: the terms of words that do so too.
    """

    terms: Words
    synonyms: tuple[tuple[Words, Words], ...] = ()
    forbidden: tuple[Words, ...] = ()
    absent: Words = ()
    only_adding: frozenset[str] = frozenset()

    @property
    def things(self) -> list[QueryWord]:
        """The words that may find items."""
        return [word for word in self.terms if word.term not in self.only_adding]

    @property
    def replaced(self) -> frozenset[str]:
        """The terms that count as the best of their synonyms."""
        return frozenset(word.term for typed, _ in self.synonyms for word in typed)

    @property
    def with_synonyms(self) -> tuple[Words, ...]:
        """The words that have synonyms."""
        return tuple(dict.fromkeys(typed for typed, meant in self.synonyms if typed and meant))

    def adding(self, finding: Sequence[QueryWord]) -> list[QueryWord]:
        """What adds to the scores of items that are found by some words or by synonyms."""
        behind = {word.term for word in finding} | self.replaced
        return [*(word for word in self.terms if word.term not in behind), *self.absent]

    def synonyms_of(self, typed: Words) -> list[Words]:
        """What counts as well as some words."""
        return [meant for words, meant in self.synonyms if words == typed and meant]


class WordsMet(NamedTuple):
    """Which words of a query items have, as bits.

    Attributes:
        bits: [n_items] int64.
        finding: the words that an item is found by.
        every: all that are looked for.
    """

    bits: IntArray
    finding: int
    every: int


MAX_BITS = 62


def words_met(wanted: Wanted, finding: Sequence[QueryWord], n_items: int, has_all: Callable[[Words], Mask]) -> WordsMet:
    """Which of the words that are wanted some items have; one that has synonyms is met by any of them.

    Args:
        finding: the words that an item is found by, of those that have no synonyms.
        has_all: which of the items [n_items] have all of some words.
    """
    with_synonyms = [(typed, *wanted.synonyms_of(typed)) for typed in wanted.with_synonyms]
    found_by = [*with_synonyms, *(((word,),) for word in finding)]
    looked_for = [*found_by, *(((word,),) for word in wanted.adding(finding))][:MAX_BITS]
    bits = np.zeros(n_items, dtype=np.int64)
    for number, ways in enumerate(looked_for):
        for words in ways:
            bits |= has_all(words).astype(np.int64) << number
    return WordsMet(bits, (1 << min(len(found_by), MAX_BITS)) - 1, (1 << len(looked_for)) - 1)


def query_reader(lexicon: Lexicon, knows: Callable[[str], bool]) -> QueryReader:
    """The reader of queries that knows what they say is not there."""
    return QueryReader(lexicon, knows, grammar_in(lexicon).negated_words)


def amounts_beside(words: Words, knows: Callable[[str], bool]) -> frozenset[str]:
    """The terms of amounts beside words that items have: they say how much of a thing, and not of what."""
    amounts = frozenset(one.term for one in words if one.term[:1].isdigit() and measure_of_term(one.term) is not None)
    if not amounts:
        return amounts
    readings = (terms for word in words if word.term not in amounts for terms in word.readings)
    return amounts if any(all(map(knows, terms)) for terms in readings) else frozenset()


def absent_words(query: Understood, lexicon: Lexicon, knows: Callable[[str], bool]) -> Words:
    """What a query says that an item should go without, as index terms that some item has."""
    said = grammar_in(lexicon).absent_terms(query.words)
    said += [ABSENT + term for words in query.excluded for term in lexicon.analyser.terms(words)]
    return tuple(QueryWord(((term,),)) for term in dict.fromkeys(said) if knows(term))
