"""The lexical index: BM25 over the fields of an item, tolerant of typing errors.

A query word scores in its best field plus a little of its others (DisMax), and the words add up. What each word scores
in each item is computed when the index is built (`term_scores`); tantivy, which searches where it was not, knows how
many items have a word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import log1p
from pathlib import Path

import numpy as np
import tantivy

from trimtab.catalog.arrow import Texts
from trimtab.catalog.attributes.column import Mask
from trimtab.catalog.groups import Alternatives
from trimtab.core.records import FloatArray, IntArray
from trimtab.core.understood import Understood
from trimtab.core.work.tasks import HERE, Tasks
from trimtab.retrieval.filters import Condition
from trimtab.retrieval.first_allowed import first_allowed
from trimtab.retrieval.lexical.index_files import finish, open_index
from trimtab.retrieval.lexical.item_reading import NOTHING_ELSE, ROW, Also, ItemReader, read_items
from trimtab.retrieval.lexical.row_sets import Rows, any_of, places_in
from trimtab.retrieval.lexical.term_rows import StoredRows, TermRows
from trimtab.retrieval.lexical.term_scores import BOOSTS
from trimtab.retrieval.lexical.wanted import (
    MAX_TERMS,
    Wanted,
    Words,
    WordsMet,
    absent_words,
    amounts_beside,
    query_reader,
    words_met,
)
from trimtab.retrieval.lexical.word_queries import ANALYZER, WordQueries, analyzer
from trimtab.text.query import QueryWord
from trimtab.text.words.lexicon import Lexicon
from trimtab.text.words.numbered import WordsByRow

COMMON = 10_000
"""A term that more items than this have, in one field, adds to scores and finds nothing where rarer ones are typed too
(the common terms query of Elasticsearch): it would be most of a search's time, and says little."""

KEPT_TERMS = 65_536
KEPT_ROWS = 256

HEAP_BYTES = 64_000_000
"""What tantivy may hold in memory before it writes."""


class LexicalIndex:
    """BM25 over the items of a store.

    Attributes:
        lexicon, reader: what a word is, for items and queries.
        knows_term: whether any item has an index term in one field or another.
        n_docs: items in the index.
        doc_freq, average_length: see `WordQueries`.
    """

    def __init__(
        self,
        index: tantivy.Index,
        lexicon: Lexicon,
        stored_rows: StoredRows | None = None,
    ) -> None:
        """
        Args:
            stored_rows: the rows of each term; without, they are searched for.
        """
        self.lexicon = lexicon
        self._queries = queries = WordQueries(index)
        self.knows_term: Callable[[str], bool] = queries.knows_term
        if stored_rows is not None:
            self.knows_term = stored_rows.places.__contains__
        self.reader = query_reader(lexicon, self.knows_term)
        self._is_common = lru_cache(KEPT_TERMS)(self._word_is_common)
        self.n_docs, self.doc_freq, self.average_length = queries.n_docs, queries.doc_freq, queries.average_length
        self._term_rows = TermRows(lru_cache(KEPT_ROWS)(queries.rows_of) if stored_rows is None else stored_rows.of)
        self._scores = None if stored_rows is None else stored_rows.word_scores

    @classmethod
    def build(
        cls,
        texts: Mapping[str, Texts],
        priority: IntArray,
        folder: Path,
        lexicon: Lexicon,
        also: Also = NOTHING_ELSE,
        tasks: Tasks = HERE,
    ) -> LexicalIndex:
        """Write an index.

        Args:
            texts: [n_items] by field of `BOOSTS`.
            priority: [n_items] the smaller wins a tie; no two are equal.
            folder: where it is written; must not exist.
            also: what else is made of what is read.
            tasks: where items are read, a block at a time.
        """
        builder = tantivy.SchemaBuilder().add_unsigned_field(ROW, fast=True)
        for field in BOOSTS:
            builder = builder.add_text_field(field, tokenizer_name=ANALYZER, index_option="freq")
        folder.mkdir(parents=True)
        index = tantivy.Index(builder.build(), path=str(folder))
        index.register_tokenizer(ANALYZER, analyzer())
        writer = index.writer(heap_size=HEAP_BYTES, num_threads=1)
        words = WordsByRow(len(BOOSTS))
        for rows, read in read_items(texts, np.argsort(priority), ItemReader(lexicon, also.of_item), tasks):
            words.add(rows, read.indexed)
            for document in read.documents:
                writer.add_json(document)
            also.add(rows, read.also)
        finish(index, writer, folder)
        stored_rows = StoredRows.build(words, priority)
        stored_rows.save(folder)
        return cls(index, lexicon, stored_rows)

    @classmethod
    def load(cls, folder: Path, lexicon: Lexicon) -> LexicalIndex:
        """Memory-mapped.

        Raises:
            BundleDamaged: see `open_index`.
        """
        return cls(open_index(folder), lexicon, StoredRows.load(folder))

    def terms(self, text: str) -> Words:
        """The distinct words of a query, at most `MAX_TERMS`."""
        return self.reader.read(text).distinct[:MAX_TERMS]

    def rare_or_all(self, words: Sequence[QueryWord]) -> list[QueryWord]:
        """The words that items are found by: the rare ones, or all where none is rare."""
        return [word for word in words if not self._is_common(word)] or list(words)

    def _word_is_common(self, word: QueryWord) -> bool:
        return any(
            any(all(self.doc_freq(field, term) > COMMON for term in terms) for field in BOOSTS)
            for terms in word.readings
            if self._term_rows.are_many(terms, COMMON)
        )

    def wanted(self, query: str | Understood) -> Wanted:
        """What is looked for."""
        if isinstance(query, str):
            query = Understood.as_typed(query)
        linking = frozenset(word.term for text in query.linking for word in self.terms(text))
        terms = tuple(word for word in self.terms(query.words) if word.term not in linking)
        return Wanted(
            terms,
            tuple((self.terms(typed), self.terms(meant)) for typed, meant in query.synonyms),
            tuple(map(self.terms, query.forbidden)),
            absent_words(query, self.lexicon, self.knows_term),
            only_adding=frozenset() if query.corrected else amounts_beside(terms, self.knows_term),
        )

    def filters_on(self, field: str) -> bool:  # noqa: ARG002  # in whatever attribute
        """Whether conditions on an attribute are met while searching, and not only afterwards."""
        return True

    def search(
        self,
        query: str | Understood,
        depth: int,
        conditions: Sequence[Condition] = (),
        allowed: Mask | None = None,
        groups: Alternatives | None = None,
    ) -> tuple[IntArray, FloatArray]:
        """The best items that have any of the rare words, or a synonym, and meet all conditions, best first.

        Args:
            allowed: [n_items] which meet them; needed where there are any.
            groups: of each of which the best item alone is found.

        Returns:
            rows [<= depth] and their BM25 [<= depth].
        """
        assert allowed is not None or not conditions
        wanted = self.wanted(query)
        if not wanted.terms or depth <= 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        finding = self.finding_words(wanted)
        if self._scores is not None:
            without = self._term_rows.having_any(wanted.forbidden)
            return self._scores.search(wanted, finding, depth, without=without, allowed=allowed, groups=groups)
        return first_allowed(
            lambda n: self._queries.search(wanted, finding, n),
            depth,
            allowed,
            self.n_docs,
            exact=False,
            groups=groups,
        )

    def finding_words(self, wanted: Wanted) -> list[QueryWord]:
        """The words that an item is found by, of those that have no synonyms."""
        finding = frozenset(word.term for word in self.rare_or_all(wanted.things)) - wanted.replaced
        return [word for word in wanted.terms if word.term in finding]

    def forbidden_rows(self, query: Understood) -> IntArray:
        """Rows of the items that have words that no item may have."""
        return self._term_rows.having_any(tuple(map(self.terms, query.forbidden))).astype(np.int64)

    def matches(self, query: str | Understood) -> IntArray:
        """Rows of the items that `search` finds without conditions, all of them."""
        wanted = self.wanted(query)
        if not wanted.terms:
            return np.empty(0, dtype=np.int64)
        typed = [word for words in wanted.with_synonyms for word in words]
        found = [self._term_rows.having_word(word) for word in (*typed, *self.finding_words(wanted))]
        found += [self._term_rows.having_all(meant) for words, meant in wanted.synonyms if words and meant]
        rows = any_of(found)
        if wanted.forbidden:
            rows = rows[places_in(self._term_rows.having_any(wanted.forbidden), rows) < 0]
        return rows.astype(np.int64)

    def words_met(self, query: str | Understood, rows: IntArray) -> WordsMet:
        """Which words of a query some items, each once and ascending, have."""
        wanted, few = self.wanted(query), rows.astype(np.int32)
        return words_met(wanted, self.finding_words(wanted), len(rows), lambda words: self.have_all(words, few))

    def have_all(self, words: Sequence[QueryWord], rows: Rows) -> Mask:
        """Which of some ascending rows have every one of some words."""
        return np.asarray(places_in(self._term_rows.having_all(words), rows) >= 0)

    def n_having(self, words: Sequence[QueryWord]) -> int:
        """The number of items that have all of the words."""
        return len(self._term_rows.having_all(words))

    def has_all(self, words: Sequence[QueryWord]) -> bool:
        """Whether any item has all of the words."""
        return self._term_rows.is_any_having_all(words)

    def best_covered(self, words: Sequence[QueryWord]) -> list[QueryWord]:
        """The words that the item has that has most of them, rare ones counting for more; none where none has any."""
        rows_of = {word: self._term_rows.having_word(word) for word in words}
        every = any_of(list(rows_of.values()))
        weights = np.zeros(len(every))
        for rows in rows_of.values():
            weights[places_in(every, rows)] += log1p(self.n_docs / max(len(rows), 1))
        best = every[weights.argmax()] if len(every) else -1
        return [word for word, rows in rows_of.items() if best in rows]
