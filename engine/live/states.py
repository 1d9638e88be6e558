"""Engines over later states of a catalogue.

A state of the catalogue is the bundle with the changes up to some version made to it, whoever makes them and in however
many steps, so a search that was logged at a version can be made again at that version. A state is a value: a search
takes the newest once and keeps to it, and nothing is locked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.catalog.changes import Item
from trimtab.catalog.delta import TEXTS, Delta
from trimtab.catalog.groups import Groups
from trimtab.catalog.live_store import LiveStore
from trimtab.core.records import FloatArray, IntArray
from trimtab.engine.search import Engine
from trimtab.engine.stages.pipeline import Pipeline, item_columns, words_of_item
from trimtab.retrieval.lexical.field_terms import item_terms
from trimtab.retrieval.live_retrieval import LiveRetrieval, NewItem


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What is computed once for the texts of an item."""

    found_by: NewItem
    words: Mapping[str, Sequence[str]]


class EngineStates:
    """The engines of one bundle over later states of its catalogue."""

    def __init__(self, built: Engine) -> None:
        self._built = built
        self._retrieval = LiveRetrieval(built.retriever)
        self._prepared: dict[tuple[str, ...], _Prepared] = {}

    def at_state(self, delta: Delta) -> Engine:
        """The engine over one state; whatever searching would compute on first use is computed here."""
        built = self._built.pipeline
        store = LiveStore(delta)
        items = self._prepare(delta.items.values(), store.searched_attributes(first=len(delta.base)))
        new_items = [item.found_by for item in items]
        retriever = self._retrieval.at_state(store, new_items, stale=frozenset(delta.numbers))
        words = built.items.words.with_items([item.words for item in items]) if items else built.items.words
        columns = item_columns(store, retriever, words, *self._types(store))
        moved = _moved_rows(delta)
        histories = built.histories.moved(moved)
        companions = None if built.companions is None else built.companions.moved(moved)
        groups = None if built.groups is None else Groups.of(store, built.groups.group_by)
        pipeline = Pipeline(store, retriever, columns, histories, groups, companions)
        return self._built.at_state(pipeline, delta.version, delta.timestamp)

    def _prepare(self, items: Iterable[Item], searched_attributes: Iterable[str]) -> list[_Prepared]:
        kept = {}
        for item, attributes in zip(items, searched_attributes, strict=True):
            texts = {**{name: item[name] for name in TEXTS}, "attributes": attributes}
            key = tuple(texts.values())
            kept[key] = self._prepared.get(key) or self._prepared_anew(texts)
        self._prepared = kept
        return list(kept.values())

    def _prepared_anew(self, texts: Mapping[str, str]) -> _Prepared:
        terms = item_terms(self._retrieval.lexicon, texts)
        return _Prepared(self._retrieval.prepare(texts, terms), words_of_item(terms))

    def _types(self, store: LiveStore) -> tuple[FloatArray, FloatArray]:
        """The vectors and prices of types; new types are encoded, and priced as the whole catalogue is."""
        built = self._built.pipeline.items
        new = store.types[len(self._built.store.types) :]
        vectors, prices = built.type_vectors, built.type_prices
        if new:
            encoder = self._built.retriever.encoder
            vectors = np.concatenate([vectors.reshape(-1, encoder.dim), *(encoder.encode([name]) for name in new)])
            prices = np.concatenate([prices[:-1], np.repeat(prices[-1:], len(new) + 1)])
        return vectors, prices


def _moved_rows(delta: Delta) -> IntArray | None:
    """The rows [n_base] where the items of the built rows are now; None where none has moved."""
    rows = delta.base.rows_of(tuple(delta.items))
    if not (rows >= 0).any():
        return None
    moved = np.arange(len(delta.base))
    moved[rows[rows >= 0]] = len(delta.base) + np.flatnonzero(rows >= 0)
    return moved
