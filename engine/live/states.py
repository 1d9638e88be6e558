"""Engines over later states of a catalogue.

A state of the catalogue is the bundle with the changes up to some version made to it, whoever makes them and in however
many steps, so a search that was logged at a version can be made again at that version. A state is a value: a search
takes the newest once and keeps to it, and nothing is locked.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Sequence
from operator import is_
from typing import NamedTuple

import numpy as np

from trimtab.catalog.groups import Groups
from trimtab.catalog.live.changes import Item
from trimtab.catalog.live.delta import TEXTS, Delta
from trimtab.catalog.live.live_store import LiveStore, Values
from trimtab.core.courtesy import politely
from trimtab.core.records import FloatArray, IntArray
from trimtab.engine.live.preparing import Aside, Prepare, Prepared, Texts, prepared_by
from trimtab.engine.search import Engine
from trimtab.engine.stages.pipeline import Pipeline, item_columns
from trimtab.ranker.words import ItemWords
from trimtab.retrieval.live_retrieval import LiveRetrieval

COLLECTED_AFTER = 16
"""States, after which those that were replaced are looked for: a store leads to itself by what it makes when asked."""


class _Kept(NamedTuple):
    """An item as it was, its attributes' values, its texts, and what was computed of these, None for nothing yet."""

    item: Item
    values: Values
    texts: Texts
    prepared: Prepared | None


class EngineStates:
    """The engines of one bundle over later states of its catalogue."""

    def __init__(self, built: Engine, *, aside: bool = False, is_searched: bool = True) -> None:
        """
        Args:
            aside: a process of its own prepares what is more than a few items.
            is_searched: whatever searching would compute on first use is computed for each state.
        """
        self._built = built
        self._is_searched = is_searched
        self._retrieval = LiveRetrieval(built.retriever)
        self._aside = Aside(built.folder, self._retrieval.encoder_name, self._here) if aside and built.folder else None
        self._prepare: Prepare = self._aside or self._here
        self._kept: dict[str, _Kept] = {}
        self._store: LiveStore | None = None
        self._behind: Sequence[Prepared] = ()
        self._n_states = 0
        self._words = built.pipeline.items.words

    def at_state(self, delta: Delta) -> Engine:
        """The engine over one state."""
        self._n_states += 1
        if self._n_states % COLLECTED_AFTER == 0:
            gc.collect()
        built = self._built.pipeline
        store = self._store = LiveStore(delta, self._store)
        items = self._prepared(delta.items.values(), store)
        new_items = [item.found_by for item in items]
        retriever = self._retrieval.at_state(store, new_items, stale=frozenset(delta.numbers))
        columns = item_columns(store, retriever, self._words_with(items), *self._types(store))
        moved = _moved_rows(delta)
        histories = built.histories.moved(moved)
        companions = None if built.companions is None else built.companions.moved(moved)
        groups = None if built.groups is None else Groups.of(store, built.groups.group_by)
        pipeline = Pipeline(store, retriever, columns, histories, groups, companions)
        engine = self._built.at_state(pipeline, delta.version, delta.timestamp)
        if self._is_searched:
            engine.prepare()
        return engine

    def _prepared(self, items: Iterable[Item], store: LiveStore) -> list[Prepared]:
        """What is computed of each item's texts; of those that are new, all at once."""
        read = [
            self._read(item, values, store, row)
            for row, (item, values) in enumerate(politely(zip(items, store.new_values, strict=True)), store.n_base)
        ]
        new = iter(self._prepare([one.texts for one in read if one.prepared is None]))
        prepared = [next(new) if one.prepared is None else one.prepared for one in read]
        self._kept = {one.item["item_id"]: one._replace(prepared=its) for one, its in zip(read, prepared, strict=True)}
        return prepared

    def _read(self, item: Item, values: Values, store: LiveStore, row: int) -> _Kept:
        """The texts of an item, and what was computed of them in an earlier state."""
        known = self._kept.get(item["item_id"])
        if known is not None and known.item is item and known.values is values:
            return known
        texts = {**{name: item[name] for name in TEXTS}, "attributes": store.searched_attributes_at(row)}
        has_texts = known is not None and known.texts == texts
        return _Kept(item, values, texts, known.prepared if known is not None and has_texts else None)

    def rest(self) -> None:
        """End the process that prepares items where it has nothing to do."""
        if self._aside is not None:
            self._aside.rest()

    def stop(self) -> None:
        """End it."""
        if self._aside is not None:
            self._aside.stop()

    def _here(self, texts: Sequence[Texts]) -> list[Prepared]:
        return prepared_by(self._retrieval.lexicon, self._retrieval.encoder, texts) if texts else []

    def _words_with(self, items: Sequence[Prepared]) -> ItemWords:
        """The words of the built items and of those behind them; what an earlier state has is not looked at again."""
        n = len(self._behind)
        begins = len(items) >= n and all(map(is_, self._behind, items))
        words, more = (self._words, items[n:]) if begins else (self._built.pipeline.items.words, items)
        self._behind, self._words = items, words.with_items([item.words for item in more]) if more else words
        return self._words

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
