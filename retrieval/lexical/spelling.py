"""Spelling: a word the catalogue does not know becomes the most frequent word nearby that it knows.

The catalogue's words are a small tantivy index of their own, a word a document, so that its Levenshtein automata
(Schulz & Mihov 2002) do the searching: one edit from 4 letters on, two from 8 on, a swap of neighbours being one edit;
two from 6 on where nothing else is near and the first letter is right. Only words without digits are corrected: a
model number nearby is another model. A word in another script is also found by the Latin letters that sound like it, a
Korean one by the letters that its syllables are made of.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import tantivy

from trimtab.retrieval.lexical.index_files import finish, open_index
from trimtab.text.normal import folded
from trimtab.text.words.scripts import is_in_syllables, sounds_of

ONE_EDIT_FROM = 4
TWO_EDITS_FROM = 8
TWO_EDITS_AT_LAST_FROM = 6
LONGEST = 32
N_NEAREST = 8
"""The most words of one distance that are returned."""


def is_spelt(word: str) -> bool:
    """Whether a word may be misspelt: one with digits is another number or model."""
    return not any(map(str.isdigit, word))


class Speller:
    """The correction of words by those of the catalogue."""

    def __init__(self, index: tantivy.Index) -> None:
        self._schema = index.schema
        self._searcher = index.searcher()

    @classmethod
    def build(cls, counts: Mapping[str, int], folder: Path) -> Speller:
        """Learn words.

        Args:
            counts: how many texts have each word, which is written as by `Analyser.keys`.
        """
        schema = (
            tantivy.SchemaBuilder()
            .add_text_field("word", tokenizer_name="raw", index_option="basic", stored=True)
            .add_unsigned_field("n_texts", fast=True)
            .build()
        )
        folder.mkdir(parents=True)
        index = tantivy.Index(schema, path=str(folder))
        writer = index.writer(num_threads=1)
        # In order, because the first of equally frequent words wins.
        for word in sorted(counts):
            if is_spelt(word) and 1 < len(word) <= LONGEST:
                spellings = [word, sound] if (sound := sounds_of(word)) else [word]  # the first is what is shown
                writer.add_document(tantivy.Document.from_dict({"word": spellings, "n_texts": counts[word]}, schema))
        finish(index, writer, folder)
        return cls(index)

    @classmethod
    def load(cls, folder: Path) -> Speller:
        """Open what `build` wrote; raises BundleDamaged as `open_index` does."""
        return cls(open_index(folder))

    def readings(self, word: str, *, is_last: bool) -> list[str]:
        """The words that one may stand for which no item has, all equally near, the most frequent first; two words
        where a space was left out.

        Args:
            is_last: the shopper may still be typing it, so words it begins come first.
        """
        word = folded(word)
        if not is_spelt(word) or len(word) > LONGEST:
            return []
        sound = sounds_of(word)
        if sound is not None and is_in_syllables(word):
            return self._heard(word, sound, is_last=is_last)
        if len(word) < ONE_EDIT_FROM:
            return []
        return (
            (self._nearest(word, 0, prefix=True, limit=1) if is_last else [])
            or self._nearest(word, 0)
            or self._nearest(word, 1)
            or self._split(word)
            or (self._nearest(sound, 1) if sound and len(sound) >= ONE_EDIT_FROM else [])
            or (self._nearest(word, 2) if len(word) >= TWO_EDITS_FROM else [])
            or (self._far(word) if len(word) >= TWO_EDITS_AT_LAST_FROM else [])
        )

    def _heard(self, word: str, sound: str, *, is_last: bool) -> list[str]:
        """`readings` of a word of Korean syllables, whose letters are counted."""
        return (
            (self._nearest(word, 0, prefix=True, limit=1) if is_last and len(word) >= ONE_EDIT_FROM else [])
            or self._nearest(word, 0)
            or (self._nearest(sound, 1) if len(sound) >= ONE_EDIT_FROM else [])
            or self._split(word)
            or (self._nearest(sound, 2) if len(sound) >= TWO_EDITS_FROM else [])
        )

    def _far(self, word: str) -> list[str]:
        """The words two edits away that begin alike."""
        return [one for one in self._nearest(word, 2) if (sounds_of(one) or one)[0] == word[0]]

    def completions(self, word: str) -> list[str]:
        """The most frequent words that one begins."""
        return self._nearest(folded(word), 0, prefix=True)

    def neighbours(self, word: str) -> list[str]:
        """The words that are one edit from a known one, the most frequent first."""
        word = folded(word)
        if not is_spelt(word) or not ONE_EDIT_FROM <= len(word) <= LONGEST:
            return []
        return [one for one in self._nearest(word, 1) if one != word]

    def frequency(self, word: str) -> int:
        """The number of texts that have the word."""
        if not self._searcher.doc_freq("word", folded(word)):
            return 0
        hits = self._searcher.search(
            tantivy.Query.term_query(self._schema, "word", folded(word), "basic"),
            1,
            count=False,
            order_by_field="n_texts",
        ).hits
        return int(hits[0][0]) if hits else 0

    def _nearest(self, word: str, distance: int, *, prefix: bool = False, limit: int = N_NEAREST) -> list[str]:
        query = tantivy.Query.fuzzy_term_query(self._schema, "word", word, distance=distance, prefix=prefix)
        hits = self._searcher.search(query, limit, count=False, order_by_field="n_texts").hits
        return [str(self._searcher.doc(address)["word"][0]) for _, address in hits]

    def _split(self, word: str) -> list[str]:
        """The split into two known words of which the rarer is most frequent."""
        splits = [(word[:at], word[at:]) for at in range(2, len(word) - 1)]
        known = [pair for pair in splits if all(self._searcher.doc_freq("word", part) for part in pair)]
        best = max(known, key=lambda pair: min(map(self.frequency, pair)), default=None)
        return [" ".join(self._nearest(part, 0, limit=1)[0] for part in best)] if best else []
