"""What a catalogue knows of words, for whoever understands queries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trimtab.retrieval.encoders.protocol import Encoder
from trimtab.retrieval.encoders.vocabulary import right_words
from trimtab.retrieval.lexical.spelling import Speller
from trimtab.retrieval.protocol import Vocabulary
from trimtab.retrieval.understanding.negation import ABSENT
from trimtab.text.query import QueryWord
from trimtab.text.words.lexicon import Lexicon

if TYPE_CHECKING:
    from trimtab.catalog.store import ItemStore


ALIKE = 0.6
"""The cosine from which two words mean about the same."""


class CatalogueWords:
    """What a store and its indices know of words, and an encoder of what they mean."""

    def __init__(
        self, store: ItemStore, lexical: Vocabulary, speller: Speller, lexicon: Lexicon, encoder: Encoder
    ) -> None:
        self._lexicon, self._lexical, self._encoder = lexicon, lexical, encoder
        self.n_items = len(store)
        self.is_right = right_words(lexicon.analyser.languages).__contains__
        self.read = lexical.reader.read
        self.has_all, self.best_covered = lexical.has_all, lexical.best_covered
        self.frequency, self.readings = speller.frequency, speller.readings
        self.neighbours, self.completions = speller.neighbours, speller.completions
        self._names = frozenset(key for brand in store.brands for key in lexicon.analyser.keys(brand))

    def knows(self, word: str) -> bool:
        """Whether any item has a word, or says that it goes without it."""
        return self._lexical.reader.knows_word(word) or self.goes_without(word)

    def together(self, words: Sequence[str]) -> int:
        """The number of items that have all of the words."""
        return self._lexical.n_having([one for word in words for one in self.read(word).distinct])

    def goes_without(self, words: str) -> bool:
        """Whether any item says that it goes without some words."""
        terms = self._lexicon.analyser.terms(words)
        return any(self._lexical.n_having([QueryWord(((ABSENT + term,),))]) for term in terms)

    def means_alike(self, word: str, other: str) -> bool:
        """Whether two words mean about the same, as two spellings of one do."""
        one, two = self._encoder.encode([word, other])
        return float(one @ two) >= ALIKE

    def is_name(self, word: str) -> bool:
        """Whether a brand has the word in its name."""
        return word in self._names
