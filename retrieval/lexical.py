"""The lexical index: BM25 over the fields of an item (tantivy), tolerant of typing errors.

A query word scores in its best field plus a little of its others (DisMax), and the words add up. The words of a
shopper are never read as query syntax.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from math import isfinite, log1p
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import tantivy
from numpy.typing import NDArray
from tantivy import FieldType, Occur, Query

from trimtab.core.errors import BundleDamaged
from trimtab.core.records import FloatArray, IntArray
from trimtab.core.understood import Understood
from trimtab.retrieval.filters import Condition

BOOSTS: Mapping[str, float] = {
    "title": 2.0,
    "product_type": 2.0,
    "brand": 1.0,
    "category": 1.0,
    "description": 1.0,
    "attributes": 1.0,
}
"""Fields searched and what a match in each is worth."""

TIE_BREAKER = 0.3
"""What a word's other fields add to its best one; 0 is the maximum of the fields, 1 their sum."""

MAX_TERMS = 32
"""Distinct terms used of one query, the first ones; nobody types more, and each costs time."""

COMMON = 10_000
"""A term that more items than this have, in one field, adds to scores and finds nothing where rarer ones are typed too
(the common terms query of Elasticsearch): it would be most of a search's time, and says little."""

ANALYZER = "words"

NUMBERS = "number_"
"""What the names of the fields that conditions speak of begin with, since their texts are fields too."""

LOCK = ".lock"


Terms = tuple[str, ...]


class Wanted(NamedTuple):
    """What is looked for, in index terms.

    Attributes:
        terms: distinct.
        synonyms: terms of a query's words, and terms that count as well if an item has all of them.
        forbidden: terms of which no item may have all.
    """

    terms: Terms
    synonyms: tuple[tuple[Terms, Terms], ...] = ()
    forbidden: tuple[Terms, ...] = ()

    @property
    def with_synonyms(self) -> tuple[Terms, ...]:
        """The words that have synonyms."""
        return tuple(dict.fromkeys(typed for typed, meant in self.synonyms if typed and meant))

    def synonyms_of(self, typed: Terms) -> list[Terms]:
        """What counts as well as some words."""
        return [meant for words, meant in self.synonyms if words == typed and meant]


def open_index(folder: Path) -> tantivy.Index:
    """The tantivy index in a folder, memory-mapped.

    A reader takes a lock too, which is a file beside the index, and a bundle may be mounted read-only. So the files
    are opened through links in a temporary folder, which is deleted as soon as they are mapped. The
    index's own thread may put a lock there meanwhile; then the folder is deleted at the second try, or stays behind
    with nothing but that lock.

    Raises:
        BundleDamaged: the folder holds nothing that can be read as an index.
    """
    try:
        with TemporaryDirectory(prefix="trimtab-lexical-", ignore_cleanup_errors=True) as links:
            for file in folder.iterdir():
                if file.suffix != LOCK:
                    (Path(links) / file.name).symlink_to(file.resolve())
            index = tantivy.Index.open(links)
        rmtree(links, ignore_errors=True)
        return index
    except (ValueError, OSError) as error:
        raise BundleDamaged(folder, "cannot be read as a tantivy index") from error


def _analyzer() -> tantivy.TextAnalyzer:
    f = tantivy.Filter
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(f.remove_long(64))
    return builder.filter(f.lowercase()).filter(f.ascii_fold()).filter(f.stemmer("english")).build()


class LexicalIndex:
    """BM25 over the items of a store.

    Documents stand in the order of priority, so that of equal scores the one with priority comes first.
    """

    def __init__(self, index: tantivy.Index) -> None:
        index.register_tokenizer(ANALYZER, _analyzer())
        self._analyzer = _analyzer()
        self._schema = index.schema
        self._searcher = index.searcher()

    @classmethod
    def build(
        cls,
        texts: Mapping[str, Sequence[str]],
        numbers: Mapping[str, NDArray[Any]],
        priority: IntArray,
        folder: Path,
    ) -> LexicalIndex:
        """Write an index.

        Args:
            texts: [n_items] by field of `BOOSTS`.
            numbers: [n_items] by field that conditions speak of: codes (-1 unknown), or floats (nan unknown).
            priority: [n_items] the smaller wins a tie; no two are equal.
            folder: where it is written; must not exist.
        """
        builder = tantivy.SchemaBuilder().add_unsigned_field("row", fast=True)
        for field in BOOSTS:
            builder = builder.add_text_field(field, tokenizer_name=ANALYZER, index_option="freq")
        for field, column in numbers.items():
            if column.dtype.kind == "f":
                builder = builder.add_float_field(NUMBERS + field, fast=True)
            else:
                builder = builder.add_integer_field(NUMBERS + field, indexed=True)
        schema = builder.build()
        folder.mkdir(parents=True)
        index = tantivy.Index(schema, path=str(folder))
        index.register_tokenizer(ANALYZER, _analyzer())
        writer = index.writer(heap_size=512_000_000, num_threads=1)
        known = {field: np.isfinite(column) & (column >= 0) for field, column in numbers.items()}
        for row in np.argsort(priority).tolist():
            values: dict[str, Any] = {field: texts[field][row] for field in BOOSTS if texts[field][row]}
            values |= {NUMBERS + field: numbers[field][row].item() for field in numbers if known[field][row]}
            writer.add_document(tantivy.Document.from_dict({"row": row, **values}, schema))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        return cls(index)

    @classmethod
    def load(cls, folder: Path) -> LexicalIndex:
        """Memory-mapped.

        Raises:
            BundleDamaged: see `open_index`.
        """
        return cls(open_index(folder))

    def terms(self, text: str) -> list[str]:
        """The distinct index terms of a text, at most `MAX_TERMS`."""
        return list(dict.fromkeys(self.all_terms(text)))[:MAX_TERMS]

    def all_terms(self, text: str) -> list[str]:
        """The index terms of a text, each as often as it is there."""
        return list(self._analyzer.analyze(text))

    def knows(self, word: str) -> bool:
        """Whether any item has all terms of the word in one field or another."""
        return all(any(self._searcher.doc_freq(field, term) for field in BOOSTS) for term in self.terms(word))

    def rare_or_all(self, terms: Sequence[str]) -> list[str]:
        """The terms that items are found by: the rare ones, or all where none is rare."""
        rare = [term for term in terms if all(self._searcher.doc_freq(field, term) <= COMMON for field in BOOSTS)]
        return rare or list(terms)

    def wanted(self, query: str | Understood) -> Wanted:
        """What is looked for, in index terms."""
        if isinstance(query, str):
            return Wanted(tuple(self.terms(query)))
        return Wanted(
            tuple(self.terms(query.words)),
            tuple((tuple(self.terms(typed)), tuple(self.terms(meant))) for typed, meant in query.synonyms),
            tuple(tuple(self.terms(words)) for words in query.forbidden),
        )

    def search(
        self, query: str | Understood, depth: int, conditions: Sequence[Condition] = ()
    ) -> tuple[IntArray, FloatArray]:
        """The best items that have any of the rare words, or a synonym, and meet all conditions, best first.

        Returns:
            rows [<= depth] and their BM25 [<= depth].
        """
        wanted = self.wanted(query)
        if not wanted.terms or depth <= 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        finding = self.rare_or_all(wanted.terms)
        replaced = {term for typed, _ in wanted.synonyms for term in typed}
        clauses = [self._with_synonyms(typed, wanted) for typed in wanted.with_synonyms]
        clauses += [self._scores_of(term) for term in finding if term not in replaced]
        found = Query.boolean_query([(Occur.Should, clause) for clause in clauses])
        besides = [
            (Occur.Should, self._scores_of(term))
            for term in wanted.terms
            if term not in finding and term not in replaced
        ]
        besides += [(Occur.Must, Query.const_score_query(self._meets(condition), 0.0)) for condition in conditions]
        besides += [(Occur.MustNot, self._has_all(terms)) for terms in wanted.forbidden if terms]
        return self._top(Query.boolean_query([(Occur.Must, found), *besides]) if besides else found, depth)

    def _with_synonyms(self, typed: Terms, wanted: Wanted) -> Query:
        """What is scored of some words: those of them that an item has, or all of one of their synonyms."""
        as_typed = Query.boolean_query([(Occur.Should, self._scores_of(term)) for term in typed])
        return Query.disjunction_max_query([as_typed, *map(self._has_all, wanted.synonyms_of(typed))], 0.0)

    def forbidden_rows(self, query: Understood) -> IntArray:
        """Rows of the items that have words that no item may have."""
        some = [self._has_all(terms) for terms in self.wanted(query).forbidden if terms]
        if not some:
            return np.empty(0, dtype=np.int64)
        return self._top(Query.boolean_query([(Occur.Should, one) for one in some]), self._searcher.num_docs)[0]

    def matches(self, text: str) -> IntArray:
        """Rows of the items that have all of the words, or any of them where none has all."""
        terms = self.terms(text)
        rows = self.having(terms, every=True)
        return rows if len(rows) else self.having(terms, every=False)

    def having(self, terms: Sequence[str], *, every: bool) -> IntArray:
        """Rows of the items that have every one of the terms, or any of them, in one field or another."""
        if not terms:
            return np.empty(0, dtype=np.int64)
        anywhere = [Query.const_score_query(self._scores_of(term), 1.0) for term in terms]
        occur = Occur.Must if every else Occur.Should
        rows, _ = self._top(Query.boolean_query([(occur, term) for term in anywhere]), self._searcher.num_docs)
        return rows

    def n_having(self, words: Sequence[str]) -> int:
        """The number of items that have all of the words."""
        terms = list(dict.fromkeys(term for word in words for term in self.terms(word)))
        return self._count(self._has_all(terms)) if terms else 0

    def best_covered(self, words: Sequence[str]) -> list[str]:
        """The words that the item has that has most of them, rare ones counting for more; none where none has any."""
        queries = {word: self._has_all(terms) for word in words if (terms := self.terms(word))}
        n_items = {word: self._count(query) for word, query in queries.items()}
        clauses = [
            (Occur.Should, Query.const_score_query(queries[word], log1p(self.n_docs / n)))
            for word, n in n_items.items()
            if n
        ]
        if not clauses:
            return []
        best = self._searcher.search(Query.boolean_query(clauses), 1, count=False).hits[0][1]
        return [word for word in words if n_items.get(word) and self._meets_query(best, queries[word])]

    def _has_all(self, terms: Sequence[str]) -> Query:
        return Query.boolean_query([(Occur.Must, self._scores_of(term)) for term in terms])

    def _count(self, query: Query) -> int:
        return int(self._searcher.search(query, 1).count)  # type: ignore[attr-defined]  # missing in the stubs

    def _meets_query(self, address: Any, query: Query) -> bool:
        try:
            query.explain(self._searcher, address)
        except ValueError:
            return False
        return True

    @property
    def n_docs(self) -> int:
        """Items in the index."""
        return int(self._searcher.num_docs)

    def doc_freq(self, field: str, term: str) -> int:
        """Items with the term in the field."""
        return int(self._searcher.doc_freq(field, term))

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

    def _scores_of(self, term: str) -> Query:
        by_field = [
            Query.boost_query(Query.term_query(self._schema, field, term, "freq"), boost)
            for field, boost in BOOSTS.items()
            if self._searcher.doc_freq(field, term)
        ]
        return Query.disjunction_max_query(by_field, TIE_BREAKER)

    def _meets(self, condition: Condition) -> Query:
        name = NUMBERS + condition.field
        ranges = [
            Query.range_query(
                self._schema,
                name,
                FieldType.Float,
                lower_bound=low if isfinite(low) else None,
                upper_bound=high if isfinite(high) else None,
            )
            for low, high in condition.ranges
        ]
        codes = [Query.term_query(self._schema, name, code, "basic") for code in condition.codes]
        return Query.boolean_query([(Occur.Should, query) for query in (*ranges, *codes)])

    def _top(self, query: Query, limit: int) -> tuple[IntArray, FloatArray]:
        hits = self._searcher.search(query, max(limit, 1), count=False).hits
        rows = self._searcher.fast_field_values("row", [address for _, address in hits])
        scores: NDArray[np.float32] = np.array([score for score, _ in hits], dtype=np.float32)
        return np.array(rows, dtype=np.int64), scores
