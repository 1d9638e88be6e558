"""Retrieve and featurise: the path shared by serving, training and evaluation, so that they cannot differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from trimtab.catalog.groups import Groups
from trimtab.catalog.store import ItemStore
from trimtab.core.extended_array import RowArray, nearest_products
from trimtab.core.records import Candidates, Filter, FloatArray, IntArray, Shopper
from trimtab.core.understood import Understood
from trimtab.engine.stages.standing import standing_variants
from trimtab.ranker.companions import Companions
from trimtab.ranker.features import ItemColumns, build_features, build_features_for_users, median_prices
from trimtab.ranker.users import WORTH, History, UserHistories, with_recent
from trimtab.ranker.word_features import NAMES
from trimtab.ranker.words import ABSENT, BODY, ItemWords, kept_words
from trimtab.ranker.words import FIELDS as WORD_FIELDS
from trimtab.retrieval.lexical.field_terms import FieldTerms
from trimtab.retrieval.retriever import Retriever
from trimtab.retrieval.understanding.negation import ABSENT as ABSENT_MARK

N_CANDIDATES = 200
N_PRODUCTS = 100
"""Candidates where variants of a product are one. As many as of items would reach further from the query: of
`red wine` in the grocery demo past all that is wine."""
NO_ROWS: IntArray = np.empty(0, dtype=np.int64)

SAYING_ABSENT = ("title", "attributes", "description")
"""Fields that say what an item goes without."""


@dataclass(frozen=True)
class Pipeline:
    """The parts of a bundle that turn words into features."""

    store: ItemStore
    retriever: Retriever
    items: ItemColumns
    histories: UserHistories
    groups: Groups | None = None
    companions: Companions | None = None

    @cached_property
    def in_process(self) -> Pipeline:
        """The same without the machines that candidates are looked up on, if there are any."""
        here = self.retriever.in_process
        return self if here is self.retriever else replace(self, retriever=here)

    def understand(self, query: str | Understood) -> Understood:
        """A text as the bundle understands it by itself; what was understood already stays as it is."""
        return self.retriever.understand(query) if isinstance(query, str) else query

    def retrieve(
        self,
        query: str | Understood,
        *,
        filters: Sequence[Filter] = (),
        also: Sequence[int] = (),
        n_candidates: int = N_CANDIDATES,
        by_meaning: bool = True,
    ) -> Candidates:
        """Candidates of a query; rows in `also` (judged items) are appended where retrieval left them out."""
        found = self.retriever.retrieve(query, n_candidates=n_candidates, filters=tuple(filters), by_meaning=by_meaning)
        return self.extended(found, also)

    def retrieve_groups(
        self,
        query: str | Understood,
        *,
        filters: Sequence[Filter] = (),
        pinned: Sequence[int] = (),
        hidden: IntArray = NO_ROWS,
        by_meaning: bool = True,
    ) -> Candidates:
        """Candidates of a query, of each group of variants the one that meets the query best; `pinned` among them.

        Which one it is depends on no weight and no user; its scores by words and meaning are those of the group's best.
        Without groups it is `retrieve`.

        Args:
            pinned: rows that stand for their groups whatever they meet.
            hidden: rows that must not be shown; a group of which all are hidden is left out.
        """
        query, filters = self.understand(query), tuple(filters)
        groups = None if self.groups is None else self.groups.standing(pinned=pinned, hidden=hidden)
        found = self.retriever.retrieve(
            query, n_candidates=self.n_candidates(group=True), filters=filters, by_meaning=by_meaning, groups=groups
        )
        if groups is not None and query.words:
            rows = standing_variants(
                query, found.rows, groups, store=self.store, retriever=self.retriever, filters=filters
            )
            found = replace(found, rows=rows)
        return self.extended(found, pinned)

    def n_candidates(self, *, group: bool) -> int:
        """The most candidates of a query, of which variants of a product are one or not."""
        return N_PRODUCTS if group and self.groups is not None else N_CANDIDATES

    def extended(self, candidates: Candidates, rows: Sequence[int]) -> Candidates:
        """Candidates and, behind them, those of the rows (pins, judged items) that are none."""
        if not rows:
            return candidates
        there = set(candidates.rows.tolist())
        extra = np.array([row for row in rows if row not in there], dtype=np.int64)
        return with_rows(candidates, extra, self.items.vectors) if len(extra) else candidates

    def featurise(
        self, query: str | Understood, candidates: Candidates, user_id: str | None = None, recent: Sequence[str] = ()
    ) -> FloatArray:
        """[n, F] features; `recent` as in `trimtab.core.records.Query`."""
        return build_features(self.understand(query), candidates, self.items, self.history(user_id, recent))

    def history(self, user_id: str | None, recent: Sequence[str] = ()) -> History | None:
        """What the bundle knows of a user, and what the user did since."""
        known = self.histories.of(user_id)
        if not recent:
            return known
        actions, _, item_ids = zip(*(event.partition(":") for event in recent), strict=True)
        rows = self.store.rows_of(item_ids)
        units = np.array([WORTH.get(action, 0.0) for action in actions], dtype=np.float32)
        counts = (rows >= 0) & (units > 0)
        return with_recent(known, rows[counts], units[counts])

    def featurise_for_users(
        self, query: str | Understood, candidates: Candidates, shoppers: Sequence[Shopper]
    ) -> FloatArray:
        """[n_users, n, F] features of one query's candidates for many users."""
        histories = [self.history(one.user_id, one.recent) for one in shoppers]
        return build_features_for_users(self.understand(query), candidates, self.items, histories)


def with_rows(candidates: Candidates, rows: IntArray, vectors: RowArray[np.float32]) -> Candidates:
    """Append rows that retrieval did not find: their cosine is computed, their lexical score is 0."""
    dim = vectors.shape[1]
    vectors_of_query = candidates.query_vectors if len(candidates.query_vectors) else np.zeros((1, dim), np.float32)
    zeros = np.zeros(len(rows), dtype=np.float32)
    return Candidates(
        rows=np.concatenate([candidates.rows, rows]),
        dense=np.concatenate([candidates.dense, nearest_products(vectors[rows], vectors_of_query)]),
        lexical=np.concatenate([candidates.lexical, zeros]),
        fused=np.concatenate([candidates.fused, zeros]),
        query_vectors=vectors_of_query,
    )


def item_columns(
    store: ItemStore,
    retriever: Retriever,
    words: ItemWords,
    type_vectors: FloatArray,
    type_prices: FloatArray | None = None,
) -> ItemColumns:
    """Gather what features need of the items.

    Args:
        type_prices: [n_types + 1], the store's own medians by default.
    """
    if type_prices is None:
        type_prices = median_prices(store.prices, store.type_codes, len(store.types))
    return ItemColumns(
        prices=store.prices,
        popularity=store.popularity,
        purchase_rates=store.purchase_rates,
        discounts=store.discounts,
        in_stock=store.in_stock,
        type_codes=store.type_codes,
        brand_codes=store.brand_codes,
        vectors=retriever.vectors,
        type_vectors=type_vectors,
        type_prices=type_prices,
        words=words.read_by(retriever.lexical.reader),
        attributes=store.attributes,
    )


def words_of_item(terms: Mapping[str, FieldTerms]) -> dict[str, list[str]]:
    """What features know of the words of one item, by field."""
    words = {name: terms[name].words for name in NAMES}
    words[BODY] = [*terms["attributes"].words, *terms["description"].words]
    absent = (term for name in SAYING_ABSENT for term in terms[name].absent)
    words[ABSENT] = [term.removeprefix(ABSENT_MARK) for term in absent]
    return {name: kept_words(name, words[name]) for name in WORD_FIELDS}
