"""The indices of a catalogue that changed: the large ones as they were built, and what was written behind it.

The new items are few, so they are searched exactly. Of what the large indices find, rows that are gone are left out,
and as many more are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from trimtab.catalog.attributes.column import Mask
from trimtab.catalog.groups import Alternatives
from trimtab.core.errors import BadParameter
from trimtab.core.extended_array import ExtendedArray, plain
from trimtab.core.records import FloatArray, IntArray
from trimtab.core.understood import Understood
from trimtab.retrieval.dense.building import item_text
from trimtab.retrieval.encoders.protocol import Encoder
from trimtab.retrieval.encoders.registry import load_item_encoder
from trimtab.retrieval.filters import Condition
from trimtab.retrieval.first_allowed import first_allowed
from trimtab.retrieval.lexical.field_terms import FieldTerms
from trimtab.retrieval.lexical.index import LexicalIndex
from trimtab.retrieval.lexical.postings import ItemTerms, Postings, terms_of_item
from trimtab.retrieval.lexical.wanted import Wanted, Words, WordsMet, query_reader, words_met
from trimtab.retrieval.milvus.indices import postings_of
from trimtab.retrieval.protocol import Dense, Found, Indices
from trimtab.retrieval.retriever import Retriever
from trimtab.text.query import QueryWord
from trimtab.text.words.lexicon import Lexicon

if TYPE_CHECKING:
    from trimtab.catalog.store import ItemStore


@dataclass(frozen=True, slots=True)
class NewItem:
    """What the indices keep of one item that was written behind the built ones."""

    vector: FloatArray
    terms: ItemTerms


def new_item(encoder: Encoder, texts: Mapping[str, str], terms: Mapping[str, FieldTerms]) -> NewItem:
    """Encode an item's texts, by column of the schema, and count their index terms.

    Args:
        encoder: of items.
    """
    text = item_text(texts["title"], texts["product_type"], texts["description"])
    # One at a time: what an encoder makes of a text may depend, in the last bit, on the texts beside it.
    return NewItem(encoder.encode([text])[0], terms_of_item(terms))


class LiveRetrieval:
    """The retrievers of later states of the store that one was built for."""

    def __init__(self, built: Retriever) -> None:
        self._built = built
        self._postings: dict[int, Postings] = {}
        """Those of the state before, by the identity of the index that they are beside."""

    @property
    def lexicon(self) -> Lexicon:
        """What a word is in this catalogue."""
        return self._built.lexicon

    def at_state(self, store: ItemStore, new_items: Sequence[NewItem], *, stale: frozenset[str]) -> Retriever:
        """The retriever of a later state.

        Args:
            store: the rows behind the built ones are those of `new_items`, and some rows may be gone.
            stale: fields that filters speak of whose values changed in the built rows.
        """
        built, n_new = self._built, len(new_items)
        vectors = np.array([item.vector for item in new_items], dtype=np.float32).reshape(n_new, built.vectors.shape[1])
        terms = [item.terms for item in new_items]
        retriever = built.with_indices(
            store,
            self._live(built.indices, store, terms, vectors, stale),
            vectors=ExtendedArray(plain(built.vectors), vectors) if n_new else None,
        )
        # All columns are not looked through at each change: only what is new of the names that are codes anyway.
        coded = {field: store.coded(field)[1][n_names:] for field, n_names in built.n_names.items()}
        retriever.values = built.values.with_names(coded, built.lexicon.analyser)
        return retriever

    def _live(
        self, built: Indices, store: ItemStore, terms: Sequence[ItemTerms], vectors: FloatArray, stale: frozenset[str]
    ) -> Indices:
        """The built indices behind what was written since."""
        base, n_new = built.lexical, len(terms)
        assert isinstance(base, LexicalIndex)
        has_other_rows = n_new > 0 or store.gone is not None
        postings = self._postings[id(base)] = (self._postings.get(id(base)) or postings_of(base)).of_items(terms)
        lexical = LiveLexicalIndex(base, postings, store, n_base=len(store) - n_new, stale=stale)
        fallback = built.fallback
        return replace(
            built,
            lexical=lexical if has_other_rows or stale else base,
            dense=LiveDenseIndex(built.dense, vectors, store) if has_other_rows else built.dense,
            stale=built.stale | stale,
            fallback=None if fallback is None else self._live(fallback, store, terms, vectors, stale),
        )

    @property
    def encoder_name(self) -> str:
        """The name of the encoder of queries."""
        return self._built.encoder.name

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder of items, where it is installed, else that of queries."""
        with suppress(BadParameter):
            return load_item_encoder(self._built.encoder.name)
        return self._built.encoder


def retriever_with(built: Retriever, store: ItemStore, *, stale: frozenset[str]) -> Retriever:
    """A retriever over the same items with other numbers.

    Args:
        stale: the columns of the schema that are not as they were.
    """
    other = built.with_indices(store, _with_numbers(built.indices, store, stale))
    other.knowledge = built.knowledge  # words and values are those of the items
    return other


def _with_numbers(indices: Indices, store: ItemStore, stale: frozenset[str]) -> Indices:
    lexical = indices.lexical
    if isinstance(lexical, LexicalIndex):
        lexical = LiveLexicalIndex(lexical, postings_of(lexical), store, n_base=len(store), stale=stale)
    elif isinstance(lexical, LiveLexicalIndex):
        lexical = lexical.with_numbers(store, stale)
    fallback = None if indices.fallback is None else _with_numbers(indices.fallback, store, stale)
    return replace(indices, lexical=lexical, stale=indices.stale | stale, fallback=fallback)


class LiveLexicalIndex:
    """BM25 over the items of a store that changed; has the interface of `LexicalIndex`."""

    def __init__(
        self, base: LexicalIndex, postings: Postings, store: ItemStore, *, n_base: int, stale: frozenset[str]
    ) -> None:
        """
        Args:
            stale: fields whose numbers changed since the large index was built: it cannot be asked about them.
        """
        self._base, self._postings, self._store = base, postings, store
        self._n_base, self._stale = n_base, stale
        self.reader = query_reader(base.lexicon, self._knows_term) if len(postings) else base.reader

    def with_numbers(self, store: ItemStore, stale: frozenset[str]) -> LiveLexicalIndex:
        """The same index over the same items, more of whose numbers are others."""
        return LiveLexicalIndex(self._base, self._postings, store, n_base=self._n_base, stale=self._stale | stale)

    def _knows_term(self, term: str) -> bool:
        return self._base.knows_term(term) or self._postings.knows(term)

    def n_having(self, words: Sequence[QueryWord]) -> int:
        """The number of items that have all of the words; those of the large index that are gone count too."""
        return self._base.n_having(words) + int(self._postings.n_met([words]).sum())

    def has_all(self, words: Sequence[QueryWord]) -> bool:
        """Whether any item has all of the words, or one of the large index had that is gone."""
        return self._base.has_all(words) or bool(self._postings.n_met([words]).any())

    def best_covered(self, words: Sequence[QueryWord]) -> list[QueryWord]:
        """The words that the item of the large index has that has most of them, see `LexicalIndex.best_covered`."""
        return self._base.best_covered(words)

    def forbidden_rows(self, query: Understood) -> IntArray:
        """Rows of the items that have words that no item may have."""
        new = self._postings.n_met(self._base.wanted(query).forbidden)
        return np.concatenate([self._base.forbidden_rows(query), self._n_base + np.flatnonzero(new)])

    def search(
        self,
        query: str | Understood,
        depth: int,
        conditions: Sequence[Condition] = (),
        allowed: Mask | None = None,
        groups: Alternatives | None = None,
    ) -> tuple[IntArray, FloatArray]:
        """The best items that have any of the rare words, or a synonym, and meet all conditions, best first: rows,
        their BM25; see `LexicalIndex.search`."""
        known = [one for one in conditions if one.field not in self._stale and self._base.filters_on(one.field)]
        if len(self._postings) == 0 and self._store.gone is None and len(known) == len(conditions):
            return self._base.search(query, depth, conditions, allowed, groups)
        gone = self._store.gone
        if gone is not None:
            allowed = ~gone if allowed is None else allowed & ~gone
        of_base = None if allowed is None else allowed[: self._n_base]
        rows, bm25 = first_allowed(
            lambda n: self._base.search(query, n, known, of_base, groups),
            depth,
            allowed,
            self._n_base,
            exact=len(known) == len(conditions),
        )
        wanted = self._base.wanted(query)
        new_bm25 = self._postings.scores_of(wanted)
        hits = self._new_hits(wanted)
        if allowed is not None:
            hits = hits[allowed[self._n_base + hits]]
        if len(hits) == 0:
            return rows, bm25
        rows, bm25 = np.concatenate([rows, self._n_base + hits]), np.concatenate([bm25, new_bm25[hits]])
        # Ties go by popularity, as in the large index: the depth may end among hundreds of items with equal scores.
        order = np.lexsort((-self._store.popularity[rows], -bm25))
        order = order[:depth] if groups is None else order[groups.first_of_each(rows[order], depth)]
        return rows[order], bm25[order]

    def matches(self, query: str | Understood) -> IntArray:
        """Rows of the items that `search` finds without conditions, all of them."""
        rows = self._base.matches(query)
        if self._store.gone is not None:
            rows = rows[~self._store.gone[rows]]
        return np.concatenate([rows, self._n_base + self._new_hits(self._base.wanted(query))])

    def words_met(self, query: str | Understood, rows: IntArray) -> WordsMet:
        """Which words of a query some items, each once and ascending, have."""
        wanted, n_built = self._base.wanted(query), int(np.searchsorted(rows, self._n_base))
        built, new = rows[:n_built].astype(np.int32), rows[n_built:] - self._n_base

        def have_all(words: Words) -> Mask:
            of_new = self._postings.n_met([words])[new] > 0
            return np.concatenate([self._base.have_all(words, built), of_new])

        return words_met(wanted, self._base.finding_words(wanted), len(rows), have_all)

    def _new_hits(self, wanted: Wanted) -> IntArray:
        """The places of the new items that are found."""
        is_found = self._postings.n_terms(self._base.rare_or_all(wanted.things)) > 0
        is_found |= self._postings.n_met([meant for _, meant in wanted.synonyms]) > 0
        return np.flatnonzero(is_found & (self._postings.n_met(wanted.forbidden) == 0))


class LiveSelection(NamedTuple):
    """What may be found: which of all items [n_items], and the same for the large index."""

    rows: Mask
    base: Any


class LiveDenseIndex:
    """The nearest items of a store that changed; has the interface of `DenseIndex`."""

    def __init__(self, base: Dense, new_vectors: FloatArray, store: ItemStore) -> None:
        """
        Args:
            new_vectors: [n_new, dim] of the items behind the large index's.
        """
        self._base, self._new_vectors, self._store = base, new_vectors, store
        self._n_base = len(store) - len(new_vectors)

    def select(self, rows: Mask, conditions: Sequence[Condition] = ()) -> LiveSelection:
        """Those of the items [n_items] that may be found; see `DenseIndex.select`."""
        there = rows if self._store.gone is None else rows & ~self._store.gone
        return LiveSelection(there, self._base.select(there[: self._n_base], conditions))

    @property
    def rounded(self) -> float:
        """By how much the cosines of `within` may be off."""
        return self._base.rounded

    def within(self, query: FloatArray, floor: float) -> Found | None:
        """The rows whose cosine with `query` may reach a floor; see `DenseIndex.within`."""
        found = self._base.within(query, floor)
        if found is None:
            return None
        rows, cosines = found
        if self._store.gone is not None:
            there = ~self._store.gone[rows]
            rows, cosines = rows[there], cosines[there]
        nearness = np.vecdot(self._new_vectors, query)
        near = np.flatnonzero(nearness >= floor)
        return np.concatenate([rows, self._n_base + near]), np.concatenate([cosines, nearness[near]])

    @cached_property
    def _there(self) -> LiveSelection | None:
        """All that is not gone; None where nothing is."""
        return None if self._store.gone is None else self.select(~self._store.gone)

    def search(
        self,
        query: FloatArray,
        depth: int,
        selection: LiveSelection | None = None,
        floor: float = -1.0,
        groups: Alternatives | None = None,
    ) -> tuple[IntArray, FloatArray]:
        """The items nearest to `query` and the cosines of the distinct vectors nearest; see `DenseIndex.search`."""
        gone = self._store.gone
        if groups is not None:  # what is gone must not stand for a group
            base = selection or self._there
            rows, cosines = self._base.search(query, depth, None if base is None else base.base, floor, groups)
        elif selection is not None:
            rows, cosines = self._base.search(query, depth, selection.base, floor)
        else:
            rows, cosines = first_allowed(
                lambda n: self._base.search(query, n), depth, None if gone is None else ~gone, self._n_base, exact=True
            )
        nearness = np.vecdot(self._new_vectors, query)
        near = np.flatnonzero(nearness >= cosines.min(initial=1.0)) if len(rows) >= depth else np.arange(len(nearness))
        if selection is not None:
            near = near[selection.rows[self._n_base + near]]
        near = near[np.argsort(-nearness[near], kind="stable")]
        near = near[:depth] if groups is None else near[groups.first_of_each(self._n_base + near, depth)]
        merged = np.sort(np.concatenate([cosines, nearness[near]]))[::-1]
        return np.concatenate([rows, self._n_base + near]), merged[: max(depth, len(cosines))]
