"""Queries of tantivy: how the lexical index is searched where it was written without scores.

The words of a shopper are never read as query syntax.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import tantivy
from numpy.typing import NDArray
from tantivy import Occur, Query

from trimtab.core.records import FloatArray, IntArray
from trimtab.retrieval.lexical.row_sets import Rows
from trimtab.retrieval.lexical.term_scores import ACCENT_BOOST, BOOSTS, TIE_BREAKER
from trimtab.retrieval.lexical.wanted import Wanted, Words
from trimtab.text.query import QueryWord

ANALYZER = "words"


def analyzer() -> tantivy.TextAnalyzer:
    """tantivy is given index terms with spaces between them, which `trimtab.text` has made."""
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()


class WordQueries:
    """A tantivy index of the words of items.

    Documents stand in the order of priority, so that of equal scores the one with priority comes first.
    """

    def __init__(self, index: tantivy.Index) -> None:
        index.register_tokenizer(ANALYZER, analyzer())
        self._schema = index.schema
        self._searcher = index.searcher()

    def search(self, wanted: Wanted, finding: Sequence[QueryWord], depth: int) -> tuple[IntArray, FloatArray]:
        """The best items, best first: rows and BM25.

        Args:
            finding: the words that an item is found by, of those that have no synonyms.
        """
        clauses = [self._with_synonyms(typed, wanted) for typed in wanted.with_synonyms]
        clauses += [self._scores_of(word) for word in finding]
        found = Query.boolean_query([(Occur.Should, clause) for clause in clauses])
        besides = [(Occur.Should, self._scores_of(word)) for word in wanted.adding(finding)]
        besides += [(Occur.MustNot, self._has_all(terms)) for terms in wanted.forbidden if terms]
        return self._top(Query.boolean_query([(Occur.Must, found), *besides]) if besides else found, depth)

    def _with_synonyms(self, typed: Words, wanted: Wanted) -> Query:
        """What is scored of some words: those of them that an item has, or all of one of their synonyms."""
        as_typed = Query.boolean_query([(Occur.Should, self._scores_of(term)) for term in typed])
        return Query.disjunction_max_query([as_typed, *map(self._has_all, wanted.synonyms_of(typed))], 0.0)

    def _has_all(self, terms: Sequence[QueryWord]) -> Query:
        return Query.boolean_query([(Occur.Must, self._scores_of(term)) for term in terms])

    @property
    def n_docs(self) -> int:
        """Items in the index."""
        return int(self._searcher.num_docs)

    def doc_freq(self, field: str, term: str) -> int:
        """Items with the term in the field."""
        return int(self._searcher.doc_freq(field, term))

    def knows_term(self, term: str) -> bool:
        """Whether any item has an index term in one field or another."""
        return any(self.doc_freq(field, term) for field in BOOSTS)

    def average_length(self, field: str) -> float:
        """Terms of the field in an average item, as BM25 counts them; 0 where no item has any."""
        return self._average_lengths[field]

    @cached_property
    def _average_lengths(self) -> dict[str, float]:
        return {field: self._explained_average(field) for field in BOOSTS}

    def _explained_average(self, field: str) -> float:
        """The average that tantivy states only in the explanation of a score."""
        some = self._searcher.terms_with_prefix(field, "", limit=1)
        if not some:
            return 0.0
        query = Query.term_query(self._schema, field, some[0][0], "freq")
        address = self._searcher.search(query, 1, count=False).hits[0][1]
        stack = [json.loads(query.explain(self._searcher, address).to_json())]
        while stack:
            part = stack.pop()
            if part["description"].startswith("avgdl"):
                return float(part["value"])
            stack += part.get("details", ())
        raise AssertionError("tantivy explains BM25 without its average length")

    def _scores_of(self, word: QueryWord) -> Query:
        """The best reading of a word; a little more for the accents of the query."""
        readings = [self._scores_of_all(terms) for terms in word.readings if all(map(self.knows_term, terms))]
        best = Query.disjunction_max_query(readings, 0.0)
        if word.accented is None or not self.knows_term(word.accented):
            return best
        accented = Query.boost_query(self._scores_of_term(word.accented), ACCENT_BOOST)
        return Query.boolean_query([(Occur.Must, best), (Occur.Should, accented)])

    def _scores_of_all(self, terms: Sequence[str]) -> Query:
        if len(terms) == 1:
            return self._scores_of_term(terms[0])
        return Query.boolean_query([(Occur.Must, self._scores_of_term(term)) for term in terms])

    def _scores_of_term(self, term: str) -> Query:
        by_field = [
            Query.boost_query(Query.term_query(self._schema, field, term, "freq"), boost)
            for field, boost in BOOSTS.items()
            if self._searcher.doc_freq(field, term)
        ]
        return Query.disjunction_max_query(by_field, TIE_BREAKER)

    def rows_of(self, term: str) -> Rows:
        """The ascending rows that have a term."""
        query = Query.const_score_query(self._scores_of_term(term), 1.0)
        return np.sort(self._top(query, self.n_docs)[0]).astype(np.int32)

    def _top(self, query: Query, limit: int) -> tuple[IntArray, FloatArray]:
        hits = self._searcher.search(query, max(limit, 1), count=False).hits
        rows = self._searcher.fast_field_values("row", [address for _, address in hits])
        scores: NDArray[np.float32] = np.array([score for score, _ in hits], dtype=np.float32)
        return np.array(rows, dtype=np.int64), scores
