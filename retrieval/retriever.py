"""The first stage of a search: words in, candidates out. It is written by `trimtab.retrieval.building`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property, lru_cache, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trimtab.catalog.arrow import CODED
from trimtab.catalog.attributes.column import Mask
from trimtab.catalog.groups import Alternatives, Groups
from trimtab.core.errors import BadParameter, BundleDamaged
from trimtab.core.extended_array import RowArray, SharedArray, nearest_products, products
from trimtab.core.records import Candidates, Filter, FloatArray, IntArray
from trimtab.core.understood import Understood
from trimtab.retrieval.catalogue_words import CatalogueWords
from trimtab.retrieval.dense.index import DenseIndex, mapped
from trimtab.retrieval.encoders.protocol import Encoder
from trimtab.retrieval.encoders.registry import load_query_encoder
from trimtab.retrieval.filters import MAX_MASKS, Condition, Masks
from trimtab.retrieval.fusion import GROUPS_POOL, POOL, fused, union
from trimtab.retrieval.lexical.index import LexicalIndex
from trimtab.retrieval.lexical.spelling import Speller
from trimtab.retrieval.milvus.collection import Collection
from trimtab.retrieval.milvus.indices import open_indices
from trimtab.retrieval.ordering import NO_KEYS, page_of
from trimtab.retrieval.protocol import NO_ROWS, NOTHING, Found, Indices
from trimtab.retrieval.result_set import ResultSet
from trimtab.retrieval.understanding.amounts_in_words import amounts_in_words
from trimtab.retrieval.understanding.mentions import Values
from trimtab.retrieval.understanding.shop_wording import ShopWording
from trimtab.retrieval.understanding.synonyms import Synonyms
from trimtab.retrieval.understanding.understand import NO_WISHES, Knowledge, Wishes, understand
from trimtab.text.words.lexicon import FILE as LEXICON
from trimtab.text.words.lexicon import Lexicon

if TYPE_CHECKING:
    from trimtab.catalog.store import ItemStore

REPORT = "retrieval.json"
LEXICAL = "lexical"
"""The folder of the lexical index."""

WORDS_POOL = 400
"""The same of the search by words, which is cheap: the second 200 have what meaning brings to the first 100. Recall@100
gains .011 by it and by the floor below which no cosine counts on ESCI, .008 on Icecat, on the queries that chose
both."""

MAX_KEPT_QUERIES = 16
"""The most queries whose result sets are kept: the next page or filter is asked for soon; each takes a byte an item."""


class Retriever:
    """The search for a query's candidates in one store.

    Attributes:
        encoder: the text encoder the vectors are made with.
        vectors: [n_items, dim] float32 unit rows, memory-mapped; indexed by an array of rows.
        indices, dense, lexical, speller: what it searches in and corrects words with.
        lexicon: what a word is in this catalogue.
        n_names: how many names each coded column has.
        wording: what the shop says of understanding queries.
        report: what was built and how well it finds: index kind, its recall against exact search, encoder, floor.
    """

    def __init__(
        self,
        *,
        store: ItemStore,
        encoder: Encoder,
        vectors: RowArray[np.float32],
        indices: Indices,
        speller: Speller,
        lexicon: Lexicon,
        report: dict[str, Any],
    ) -> None:
        self.encoder = encoder
        self.vectors = vectors
        self.report = report
        self._store = store
        self.indices = indices
        self.dense, self.lexical = indices.dense, indices.lexical
        self.speller = speller
        self.lexicon = lexicon
        self.wording = ShopWording()
        self.n_names = {field: len(store.coded(field)[1]) for field in CODED}
        self._floor = float(report["dense_floor"])
        self._masks = masks = Masks(store)
        self._meeting_query = lru_cache(MAX_KEPT_QUERIES)(self._items_meeting)
        self._encoded = lru_cache(MAX_KEPT_QUERIES)(self._encode)
        self._selected = lru_cache(MAX_MASKS)(lambda conditions: _selected(indices, masks.of(conditions), conditions))

    @classmethod
    def load(cls, folder: Path, store: ItemStore, *, remote_seconds: float | None = None) -> Retriever:
        """Open what `trimtab.retrieval.building.build_retriever` wrote for this store, memory-mapped.

        Args:
            remote_seconds: how long a search waits for other machines; what the environment says by default.

        Raises:
            BundleDamaged: a file is missing, cannot be read or does not fit the store.
            BundleMismatch: the collection is not the one that was built.
            Unavailable: the machines that candidates are looked up on do not answer.
        """
        report = _read_report(folder / REPORT)
        vectors = mapped(folder / "vectors.npy")
        if len(vectors) != len(store):
            raise BundleDamaged(folder / "vectors.npy", f"has {len(vectors)} items, the store has {len(store)}")
        lexicon = _read_lexicon(folder)
        indices = _indices(folder, report, store, lexicon, remote_seconds)
        dense = indices.dense
        if isinstance(dense, DenseIndex) and dense.index.ntotal < len(vectors):
            vectors = SharedArray(vectors, dense.first_members)
        retriever = cls(
            store=store,
            encoder=load_query_encoder(report["encoder"], folder),
            vectors=vectors,
            indices=indices,
            speller=Speller.load(folder / "spelling"),
            lexicon=lexicon,
            report=report,
        )
        retriever.wording = ShopWording.load(folder)
        return retriever

    @cached_property
    def values(self) -> Values:
        """The values of attributes that queries may speak of."""
        return Values.of(self._store.attributes.values(), self.lexicon.analyser)

    @cached_property
    def knowledge(self) -> Knowledge:
        """What is known of the catalogue's words and values."""
        analyser = self.lexicon.analyser
        said = self.wording
        return Knowledge(
            analyser,
            CatalogueWords(self._store, self.lexical, self.speller, self.lexicon, self.encoder),
            self.values,
            Synonyms.of((*said.synonyms, *amounts_in_words(analyser)), analyser),
            said.steps,
            said.filter_on,
            said.filter_on_prices,
            self.lexicon.names,
        )

    def prepare(self) -> None:
        """Compute what the first query would."""
        _ = self.knowledge

    @cached_property
    def in_process(self) -> Retriever:
        """The same search where an index elsewhere does not answer: by words, with the cosines of what they find."""
        fallback = self.indices.fallback
        return self if fallback is None else self.with_indices(self._store, fallback)

    def with_indices(
        self, store: ItemStore, indices: Indices, *, vectors: RowArray[np.float32] | None = None
    ) -> Retriever:
        """A retriever with the same words over a store of the same items, or in other indices."""
        other = Retriever(
            store=store,
            encoder=self.encoder,
            vectors=self.vectors if vectors is None else vectors,
            indices=indices,
            speller=self.speller,
            lexicon=self.lexicon,
            report=self.report,
        )
        other.wording = self.wording
        return other

    @property
    def remote(self) -> str | None:
        """The collection that candidates are looked up in; None where they are in this process."""
        where: str | None = self.report.get("remote", {}).get("collection")
        return where

    @property
    def address(self) -> str | None:
        """Where the collection is, as it was given when it was built."""
        where: str | None = self.report.get("remote", {}).get("address")
        return where

    def understand(self, text: str, wishes: Wishes = NO_WISHES) -> Understood:
        """What the words of a query mean to this catalogue; see `trimtab.retrieval.understanding`."""
        return understand(text, self.knowledge, wishes)

    def retrieve(
        self,
        query: str | Understood,
        *,
        n_candidates: int = 200,
        filters: Sequence[Filter] = (),
        by_meaning: bool = True,
        groups: Alternatives | None = None,
    ) -> Candidates:
        """The best candidates for a query, best first; ties go to the more popular item.

        Only items of the result set are candidates (`trimtab.retrieval.result_set`); of a query without words the most
        popular ones are.

        Args:
            query: a text is understood first.
            by_meaning: False leaves encoder and vectors alone: words only, and every cosine is 0.
            groups: of each of which the best item alone is a candidate, so that no number of others is in the way of
                other groups.

        Raises:
            BadParameter: a filter on an unknown field.
        """
        understood = self._understood(query)
        words = understood.words
        if not words:
            return self.at_rows(understood, self._most_popular(understood, filters, n_candidates, groups))
        if groups is not None and understood.forbidden:
            groups = groups.without(self.lexical.forbidden_rows(understood))
        vectors = self._encoded(understood.wordings) if by_meaning else self._no_meaning
        conditions = self._masks.narrowing(self._masks.conditions(filters)) if filters else ()
        pool = POOL if groups is None else GROUPS_POOL
        depth = max(n_candidates, pool)

        def near() -> Found:
            selected = self._selected(conditions)
            every = vectors if by_meaning else ()
            return _either([self.dense.search(vector, depth, selected, self._floor, groups) for vector in every])

        allowed = self._masks.of(conditions)
        (lexical_rows, bm25), (dense_rows, cosines) = self.indices.together(
            lambda: self.lexical.search(understood, max(n_candidates, WORDS_POOL), conditions, allowed, groups), near
        )
        if understood.forbidden and len(dense_rows):
            dense_rows = np.sort(dense_rows)
            dense_rows = dense_rows[~_are_among(dense_rows, self.lexical.forbidden_rows(understood))]

        found = fused(
            (lexical_rows, bm25),
            (dense_rows, cosines[:pool]),
            self.vectors,
            vectors,
            self._store.popularity,
            n=n_candidates if groups is None else len(lexical_rows) + len(dense_rows),
            floor=self._floor,
            by_meaning=by_meaning,
        )
        return found if groups is None else found.at(groups.first_of_each(found.rows, n_candidates))

    def may_be_found(self, query: Understood, filters: Sequence[Filter], rows: IntArray) -> Mask:
        """[n] which of some rows, each once and ascending, are there, meet the filters and have no forbidden words."""
        gone = self._store.gone
        may = np.ones(len(rows), dtype=bool) if gone is None else ~gone[rows]
        for condition in self._masks.narrowing(self._masks.conditions(filters)):
            may &= self._masks.at(condition, rows)
        if query.forbidden:
            may &= ~_are_among(rows, self.lexical.forbidden_rows(query))
        return may

    def _most_popular(
        self, query: Understood, filters: Sequence[Filter], n: int, groups: Alternatives | None
    ) -> IntArray:
        results = self.results(query, filters)
        if groups is None:
            return results.popular(slice(n))
        rows = groups.to_be_bought(results.rows, self._store.in_stock)
        return page_of(rows, NO_KEYS, self._store.popularity, slice(n), groups)

    def at_rows(self, query: str | Understood, rows: IntArray) -> Candidates:
        """Some items as candidates that were found neither by words nor by meaning: only their cosines are known."""
        understood = self._understood(query)
        vectors = self._encoded(understood.wordings) if understood.words else self._no_meaning
        nothing = np.zeros(len(rows), dtype=np.float32)
        return Candidates(rows, nearest_products(self.vectors[rows], vectors), nothing, nothing, vectors)

    def results(
        self,
        query: str | Understood,
        filters: Sequence[Filter] = (),
        *,
        hidden: IntArray = NO_ROWS,
        groups: Groups | None = None,
        among: IntArray | None = None,
    ) -> ResultSet:
        """Every item that meets the filters and the query.

        Args:
            among: rows that are asked for in the place of those that meet the query.
            hidden: rows that must not be shown.
            groups: makes it a set of groups of variants.

        Raises:
            BadParameter: a filter that cannot be.
        """
        if among is None:
            meeting = self._meeting_query(self._understood(query))
        else:
            meeting = np.zeros(len(self._store), dtype=bool)
            meeting[among] = True
        return ResultSet(self._store, self._masks, meeting, filters, hidden=hidden, groups=groups)

    def _items_meeting(self, query: Understood) -> Mask:
        """[n_items] those that are there and meet a query."""
        words = query.words
        meeting = np.full(len(self._store), not words)
        if not words:
            meeting[self.lexical.forbidden_rows(query)] = False
        else:
            for vector in self._encoded(query.wordings):
                meeting |= self._near(vector)
            meeting[self.lexical.forbidden_rows(query)] = False
            meeting[self.lexical.matches(query)] = True
        return meeting if self._store.gone is None else meeting & ~self._store.gone

    def _near(self, vector: FloatArray) -> Mask:
        """[n_items] those whose cosine with a unit vector reaches the floor."""
        found = self.dense.within(vector, self._floor)
        if found is None:
            return products(self.vectors, vector) >= self._floor
        near = np.zeros(len(self._store), dtype=bool)
        rows, cosines = found
        near[rows] = cosines >= self._floor
        unsure = rows[np.abs(cosines - self._floor) <= self.dense.rounded]
        near[unsure] = np.vecdot(self.vectors[unsure], vector) >= self._floor
        return near

    @cached_property
    def _no_meaning(self) -> FloatArray:
        return np.zeros((1, self.vectors.shape[1]), dtype=np.float32)

    def _encode(self, wordings: Sequence[str]) -> FloatArray:
        return np.ascontiguousarray(self.encoder.encode([*map(self.lexical.reader.as_written, wordings)]), np.float32)

    def _understood(self, query: str | Understood) -> Understood:
        return self.understand(query) if isinstance(query, str) else query


def _indices(
    folder: Path, report: dict[str, Any], store: ItemStore, lexicon: Lexicon, remote_seconds: float | None
) -> Indices:
    if "remote" not in report:
        dense = DenseIndex.load(folder, kind=report["index"], breadth=report["breadth"])
        return Indices(LexicalIndex.load(folder / LEXICAL, lexicon), dense)
    try:
        collection = Collection.from_report(report, seconds=remote_seconds)
    except (KeyError, TypeError, ValueError, BadParameter) as error:
        raise BundleDamaged(folder / REPORT, f"does not say where its collection is ({error})") from error
    collection.check(store, lexicon)
    return open_indices(folder / LEXICAL, lexicon, collection)


def _are_among(rows: IntArray, others: IntArray) -> Mask:
    """Which rows are among others, of which there may be very many: of these NumPy would by itself make a set."""
    return np.isin(rows, others, kind="table")


def _either(parts: Sequence[Found]) -> Found:
    """What is near any of several vectors, and the cosines of the nearest."""
    if len(parts) == 1:
        return parts[0]
    rows = reduce(union, (found for found, _ in parts), NO_ROWS)
    return rows, np.sort(np.concatenate([NOTHING[1], *(cosines for _, cosines in parts)]))[::-1].copy()


def _selected(indices: Indices, rows: Mask | None, conditions: Sequence[Condition]) -> Any:
    if rows is None:
        return None
    return indices.dense.select(rows, [one for one in conditions if one.field not in indices.stale])


def _read_lexicon(folder: Path) -> Lexicon:
    try:
        return Lexicon.load(folder)
    except (OSError, ValueError, KeyError, AttributeError, BadParameter) as error:
        raise BundleDamaged(folder / LEXICON, str(error)) from error


def _read_report(path: Path) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise BundleDamaged(path, str(error)) from error
    missing = {"encoder", "index", "breadth", "dense_floor"} - report.keys()
    if missing:
        raise BundleDamaged(path, f"lacks {', '.join(sorted(missing))}")
    return report
