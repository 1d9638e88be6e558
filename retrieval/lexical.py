"""The lexical index: BM25 over the fields of an item (tantivy), tolerant of typing errors.

A query word scores in its best field plus a little of its others (DisMax), and the words add up. The words of a
shopper are never read as query syntax.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import chain
from math import isfinite, log1p
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import tantivy
from numpy.typing import NDArray
from tantivy import FieldType, Occur, Query

from trimtab.catalog.attributes.column import AttributeColumn, Mask
from trimtab.core.errors import BundleDamaged
from trimtab.core.records import FloatArray, IntArray
from trimtab.core.understood import Understood
from trimtab.retrieval.field_terms import FieldTerms, terms_reader
from trimtab.retrieval.filters import Condition
from trimtab.retrieval.first_allowed import first_allowed
from trimtab.retrieval.term_rows import NO_ROWS, CollectedRows, Rows, StoredRows, TermRows
from trimtab.retrieval.understanding.negation import ABSENT, absent_terms
from trimtab.text.lexicon import Lexicon
from trimtab.text.query import QueryWord, as_written, query_words
from trimtab.text.tokens import Token

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

ACCENT_BOOST = 0.05
"""What it is worth that a word has the accents that were typed: it decides between items that are equal otherwise."""

KEPT_TERMS = 65_536
KEPT_TEXTS = 16_384
"""The most words and queries whose readings are kept."""
KEPT_ROWS = 256

ANALYZER = "words"

CODES = "codes"
"""The field of the names that conditions speak of, a term for each attribute and code."""
NUMBERS = "number_"
"""What the names of the fields of numbers that conditions speak of begin with; their places follow."""
CONDITIONS = "conditions.json"
"""The file that says which attributes these are."""

LOCK = ".lock"

Words = tuple[QueryWord, ...]
OnItem = Callable[[int, Mapping[str, FieldTerms]], None]
"""Is given the row of an item, and its index terms by field of `BOOSTS`."""


class Wanted(NamedTuple):
    """What is looked for.

    Attributes:
        terms: distinct words.
        synonyms: words of a query, and words that count as well if an item has all of them.
        forbidden: words of which no item may have all.
        absent: what an item should go without by its own texts; that adds to scores and finds nothing.
    """

    terms: Words
    synonyms: tuple[tuple[Words, Words], ...] = ()
    forbidden: tuple[Words, ...] = ()
    absent: Words = ()

    @property
    def replaced(self) -> frozenset[str]:
        """The terms that count as the best of their synonyms."""
        return frozenset(word.term for typed, _ in self.synonyms for word in typed)

    @property
    def with_synonyms(self) -> tuple[Words, ...]:
        """The words that have synonyms."""
        return tuple(dict.fromkeys(typed for typed, meant in self.synonyms if typed and meant))

    def synonyms_of(self, typed: Words) -> list[Words]:
        """What counts as well as some words."""
        return [meant for words, meant in self.synonyms if words == typed and meant]


def ignored(row: int, terms: Mapping[str, FieldTerms]) -> None:
    """Do nothing with an item."""


def distinct_words(text: str, lexicon: Lexicon, knows: Callable[[str], bool]) -> list[QueryWord]:
    """The distinct words of a query, at most `MAX_TERMS`."""
    return list(dict.fromkeys(query_words(text, lexicon, knows)))[:MAX_TERMS]


def absent_words(query: Understood, lexicon: Lexicon, knows: Callable[[str], bool]) -> Words:
    """What a query says that an item should go without, as index terms that some item has."""
    said = absent_terms(query.words, lexicon.analyser)
    said += [ABSENT + term for words in query.excluded for term in lexicon.analyser.terms(words)]
    return tuple(QueryWord(((term,),)) for term in dict.fromkeys(said) if knows(term))


def knows_word(word: str, lexicon: Lexicon, knows: Callable[[str], bool]) -> bool:
    """Whether items have every token of a word, in whatever spelling."""
    tokens = lexicon.read(word)
    return all(any(map(knows, (token.term, *token.also))) or _has_parts(token, knows) for token in tokens)


def _has_parts(token: Token, knows: Callable[[str], bool]) -> bool:
    return len(token.parts) > 1 and all(map(knows, token.parts))


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
    """tantivy is given index terms with spaces between them, which `trimtab.text` has made."""
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()


class LexicalIndex:
    """BM25 over the items of a store.

    Documents stand in the order of priority, so that of equal scores the one with priority comes first.

    Attributes:
        lexicon: what a word is, for items and queries.
        knows_term: whether any item has an index term in one field or another.
    """

    def __init__(
        self,
        index: tantivy.Index,
        conditions: Mapping[str, Sequence[str]],
        lexicon: Lexicon,
        stored_rows: StoredRows | None = None,
    ) -> None:
        """
        Args:
            stored_rows: the rows of each term; without, they are searched for.
            conditions: the attributes that conditions may speak of: under `names`, and under `numbers` by place.
        """
        self._named = frozenset(conditions["names"])
        self._numbers = {name: f"{NUMBERS}{place}" for place, name in enumerate(conditions["numbers"])}
        index.register_tokenizer(ANALYZER, _analyzer())
        self.lexicon = lexicon
        self._term_rows = TermRows(lru_cache(KEPT_ROWS)(self._rows_searched) if stored_rows is None else stored_rows.of)
        self._words_of = lru_cache(KEPT_TEXTS)(lambda text: tuple(distinct_words(text, lexicon, self.knows_term)))
        self._schema = index.schema
        self._searcher = index.searcher()
        self.knows_term: Callable[[str], bool] = lru_cache(KEPT_TERMS)(
            lambda term: any(self.doc_freq(field, term) for field in BOOSTS)
        )

    @classmethod
    def build(
        cls,
        texts: Mapping[str, Sequence[str]],
        columns: Sequence[AttributeColumn],
        priority: IntArray,
        folder: Path,
        lexicon: Lexicon,
        on_item: OnItem = ignored,
    ) -> LexicalIndex:
        """Write an index.

        Args:
            texts: [n_items] by field of `BOOSTS`.
            columns: attributes that conditions speak of.
            priority: [n_items] the smaller wins a tie; no two are equal.
            folder: where it is written; must not exist.
            on_item: is given what was read of each item.
        """
        builder = tantivy.SchemaBuilder().add_unsigned_field("row", fast=True)
        for field in BOOSTS:
            builder = builder.add_text_field(field, tokenizer_name=ANALYZER, index_option="freq")
        builder = builder.add_text_field(CODES, tokenizer_name="raw", index_option="basic")
        names = [column for column in columns if column.is_named]
        numbers = [column for column in columns if not column.is_named]
        for place in range(len(numbers)):
            builder = builder.add_float_field(f"{NUMBERS}{place}", fast=True)
        schema = builder.build()
        folder.mkdir(parents=True)
        index = tantivy.Index(schema, path=str(folder))
        index.register_tokenizer(ANALYZER, _analyzer())
        writer = index.writer(heap_size=512_000_000, num_threads=1)
        terms_of = terms_reader(lexicon)
        collected = CollectedRows()
        coded = _by_row((row, _code_term(one.attribute.name, code)) for one in names for row, code in _pairs(one))
        numeric = [_by_row((row, one.levels.item(code)) for row, code in _pairs(one)) for one in numbers]
        for row in np.argsort(priority).tolist():
            terms = {field: terms_of(texts[field][row]) for field in BOOSTS}
            on_item(row, terms)
            collected.add(row, chain.from_iterable(found.indexed for found in terms.values()))
            values: dict[str, Any] = {field: " ".join(found.indexed) for field, found in terms.items() if found.words}
            values |= {f"{NUMBERS}{place}": by_row[row] for place, by_row in enumerate(numeric) if row in by_row}
            document = tantivy.Document.from_dict({"row": row, CODES: coded.get(row, []), **values}, schema)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        conditions = {"names": _names(names), "numbers": _names(numbers)}
        (folder / CONDITIONS).write_text(json.dumps(conditions))
        stored_rows = collected.stored()
        stored_rows.save(folder)
        return cls(index, conditions, lexicon, stored_rows)

    @classmethod
    def load(cls, folder: Path, lexicon: Lexicon) -> LexicalIndex:
        """Memory-mapped.

        Raises:
            BundleDamaged: see `open_index`.
        """
        try:
            conditions = json.loads((folder / CONDITIONS).read_text())
        except (OSError, ValueError) as error:
            raise BundleDamaged(folder / CONDITIONS, str(error)) from error
        return cls(open_index(folder), conditions, lexicon, StoredRows.load(folder))

    def terms(self, text: str) -> list[QueryWord]:
        """The distinct words of a query, at most `MAX_TERMS`."""
        return list(self._words_of(text))

    def knows(self, word: str) -> bool:
        """Whether any item has all parts of the word in one field or another."""
        return knows_word(word, self.lexicon, self.knows_term)

    def as_written(self, text: str) -> str:
        """A query with its words as the catalogue writes them; see `trimtab.text.query`."""
        return as_written(text, self.lexicon, self.knows_term)

    def rare_or_all(self, words: Sequence[QueryWord]) -> list[QueryWord]:
        """The words that items are found by: the rare ones, or all where none is rare."""
        return [word for word in words if not self._is_common(word)] or list(words)

    def _is_common(self, word: QueryWord) -> bool:
        return any(
            any(all(self.doc_freq(field, term) > COMMON for term in terms) for field in BOOSTS)
            for terms in word.readings
        )

    def wanted(self, query: str | Understood) -> Wanted:
        """What is looked for."""
        if isinstance(query, str):
            return Wanted(tuple(self.terms(query)))
        return Wanted(
            tuple(self.terms(query.words)),
            tuple((tuple(self.terms(typed)), tuple(self.terms(meant))) for typed, meant in query.synonyms),
            tuple(tuple(self.terms(words)) for words in query.forbidden),
            absent_words(query, self.lexicon, self.knows_term),
        )

    def filters_on(self, field: str) -> bool:
        """Whether conditions on an attribute can be met while searching, and not only afterwards."""
        return field in self._named or field in self._numbers

    def search(
        self, query: str | Understood, depth: int, conditions: Sequence[Condition] = (), allowed: Mask | None = None
    ) -> tuple[IntArray, FloatArray]:
        """The best items that have any of the rare words, or a synonym, and meet all conditions, best first.

        Args:
            allowed: [n_items] which meet them; needed where the index does not filter on an attribute.

        Returns:
            rows [<= depth] and their BM25 [<= depth].
        """
        known = [condition for condition in conditions if self.filters_on(condition.field)]
        if len(known) < len(conditions):
            assert allowed is not None
            return first_allowed(lambda n: self.search(query, n, known), depth, allowed, self.n_docs, exact=False)
        wanted = self.wanted(query)
        if not wanted.terms or depth <= 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        finding, found = self._finding(wanted)
        adding = [*(word for word in wanted.terms if word.term not in finding), *wanted.absent]
        besides = [(Occur.Should, self._scores_of(word)) for word in adding]
        besides += [
            (Occur.MustNot if condition.negated else Occur.Must, Query.const_score_query(self._has(condition), 0.0))
            for condition in conditions
        ]
        besides += self._ruled_out(wanted)
        return self._top(Query.boolean_query([(Occur.Must, found), *besides]) if besides else found, depth)

    def _with_synonyms(self, typed: Words, wanted: Wanted) -> Query:
        """What is scored of some words: those of them that an item has, or all of one of their synonyms."""
        as_typed = Query.boolean_query([(Occur.Should, self._scores_of(term)) for term in typed])
        return Query.disjunction_max_query([as_typed, *map(self._has_all, wanted.synonyms_of(typed))], 0.0)

    def _finding(self, wanted: Wanted) -> tuple[frozenset[str], Query]:
        """What an item is found by, the rare words or synonyms of them, and behind which terms that is."""
        finding = self._finding_words(wanted)
        clauses = [self._with_synonyms(typed, wanted) for typed in wanted.with_synonyms]
        clauses += [self._scores_of(word) for word in finding]
        behind = frozenset(word.term for word in finding) | wanted.replaced
        return behind, Query.boolean_query([(Occur.Should, clause) for clause in clauses])

    def _finding_words(self, wanted: Wanted) -> list[QueryWord]:
        """The words that an item is found by, of those that have no synonyms."""
        finding = frozenset(word.term for word in self.rare_or_all(wanted.terms)) - wanted.replaced
        return [word for word in wanted.terms if word.term in finding]

    def _ruled_out(self, wanted: Wanted) -> list[tuple[Occur, Query]]:
        return [(Occur.MustNot, self._has_all(terms)) for terms in wanted.forbidden if terms]

    def forbidden_rows(self, query: Understood) -> IntArray:
        """Rows of the items that have words that no item may have."""
        return self._term_rows.having_any(self.wanted(query).forbidden).astype(np.int64)

    def matches(self, query: str | Understood) -> IntArray:
        """Rows of the items that `search` finds without conditions, all of them."""
        wanted = self.wanted(query)
        if not wanted.terms:
            return np.empty(0, dtype=np.int64)
        typed = [word for words in wanted.with_synonyms for word in words]
        found = [self._term_rows.having_word(word) for word in (*typed, *self._finding_words(wanted))]
        found += [self._term_rows.having_all(meant) for words, meant in wanted.synonyms if words and meant]
        rows = np.unique(np.concatenate([NO_ROWS, *found]))
        forbidden = self._term_rows.having_any(wanted.forbidden)
        return (np.setdiff1d(rows, forbidden, assume_unique=True) if len(forbidden) else rows).astype(np.int64)

    def n_having(self, words: Sequence[str]) -> int:
        """The number of items that have all of the words."""
        terms = list(dict.fromkeys(term for word in words for term in self.terms(word)))
        return len(self._term_rows.having_all(terms))

    def best_covered(self, words: Sequence[str]) -> list[str]:
        """The words that the item has that has most of them, rare ones counting for more; none where none has any."""
        rows_of = {word: self._term_rows.having_all(self.terms(word)) for word in words}
        weights = np.zeros(self.n_docs)
        for rows in rows_of.values():
            weights[rows] += log1p(self.n_docs / max(len(rows), 1))
        best = int(weights.argmax()) if len(weights) else 0
        return [word for word, rows in rows_of.items() if best in rows]

    def _has_all(self, terms: Sequence[QueryWord]) -> Query:
        return Query.boolean_query([(Occur.Must, self._scores_of(term)) for term in terms])

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

    def _has(self, condition: Condition) -> Query:
        """The items that have what a condition speaks of."""
        field = condition.field
        if field in self._named:
            terms = [_code_term(field, code) for code in condition.codes]
            return Query.term_set_query(self._schema, CODES, terms) if terms else Query.empty_query()
        ranges = [
            Query.range_query(
                self._schema,
                self._numbers[field],
                FieldType.Float,
                lower_bound=low if isfinite(low) else None,
                upper_bound=high if isfinite(high) else None,
            )
            for low, high in condition.ranges
        ]
        return Query.boolean_query([(Occur.Should, query) for query in ranges])

    def _rows_searched(self, term: str) -> Rows:
        """The ascending rows that have a term."""
        query = Query.const_score_query(self._scores_of_term(term), 1.0)
        return np.sort(self._top(query, self.n_docs)[0]).astype(np.int32)

    def _top(self, query: Query, limit: int) -> tuple[IntArray, FloatArray]:
        hits = self._searcher.search(query, max(limit, 1), count=False).hits
        rows = self._searcher.fast_field_values("row", [address for _, address in hits])
        scores: NDArray[np.float32] = np.array([score for score, _ in hits], dtype=np.float32)
        return np.array(rows, dtype=np.int64), scores


def _names(columns: Iterable[AttributeColumn]) -> list[str]:
    return [column.attribute.name for column in columns]


def _pairs(column: AttributeColumn) -> Iterable[tuple[int, int]]:
    """Rows and codes of a column's values."""
    return zip(column.rows.tolist(), column.codes.tolist(), strict=True)


def _by_row(values: Iterable[tuple[int, Any]]) -> dict[int, list[Any]]:
    by_row: dict[int, list[Any]] = {}
    for row, value in values:
        by_row.setdefault(row, []).append(value)
    return by_row


def _code_term(field: str, code: int) -> str:
    """The term of a name of an attribute; neither can have the separator in it."""
    return f"{field}\0{code}"
