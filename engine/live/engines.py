"""The engine over a catalogue that changes while it serves.

The log of changes (`catalog.change_log`) is the one source: a state of the catalogue is the bundle with the changes up
to some version made to it, whoever makes them and in however many steps, so a search logged at a version can be made
again at that version. A state is a value. Whoever searches takes the newest once and keeps to it; nothing is locked.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from trimtab.catalog.change_log import ChangeLog
from trimtab.catalog.changes import Change, Item
from trimtab.catalog.delta import TEXTS, Delta
from trimtab.catalog.live_store import LiveStore
from trimtab.core.errors import BadParameter, NotFound
from trimtab.core.records import FloatArray, IntArray
from trimtab.engine.search import Engine
from trimtab.engine.stages.pipeline import Pipeline, item_columns, words_of_item
from trimtab.retrieval.filters import FIELDS
from trimtab.retrieval.live_retrieval import LiveRetrieval, NewItem


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What is computed once of an item's texts."""

    found_by: NewItem
    words: Mapping[str, Sequence[str]]


class LiveEngines:
    """Makes engines over later states of the catalogue that a bundle was built from."""

    def __init__(self, built: Engine) -> None:
        self._built = built
        self._retrieval = LiveRetrieval(built.retriever)
        self._prepared: dict[tuple[str, ...], _Prepared] = {}

    def over(self, delta: Delta) -> Engine:
        """The engine over one state; whatever searching would compute on first use is computed here."""
        built = self._built.pipeline
        store = LiveStore(delta)
        items = self._prepare(delta.items.values())
        stale = frozenset(delta.numbers) & frozenset(FIELDS)
        retriever = self._retrieval.over(store, [item.found_by for item in items], stale=stale)
        words = built.items.words.with_items([item.words for item in items]) if items else built.items.words
        columns = item_columns(store, retriever, words, *self._types(store))
        _ = columns.price_levels
        histories = built.histories.moved(_moved(delta))
        return self._built.over(Pipeline(store, retriever, columns, histories), delta.version, delta.timestamp)

    def _prepare(self, items: Iterable[Item]) -> list[_Prepared]:
        kept = {}
        for item in items:
            texts = {name: item[name] for name in TEXTS}
            key = tuple(texts.values())
            known = self._prepared.get(key)
            kept[key] = known or _Prepared(self._retrieval.prepare(texts), words_of_item(texts))
        self._prepared = kept
        return list(kept.values())

    def _types(self, store: LiveStore) -> tuple[FloatArray, FloatArray]:
        """Vectors and prices of types; new ones are encoded, and priced as the whole catalogue is."""
        built = self._built.pipeline.items
        new = store.types[len(self._built.store.types) :]
        vectors, prices = built.type_vectors, built.type_prices
        if new:
            encoder = self._built.retriever.encoder
            vectors = np.concatenate([vectors.reshape(-1, encoder.dim), *(encoder.encode([name]) for name in new)])
            prices = np.concatenate([prices[:-1], np.repeat(prices[-1:], len(new) + 1)])
        return vectors, prices


def _moved(delta: Delta) -> IntArray | None:
    """[n_base] where the items of the built rows are now; None where they all are where they were."""
    rows = delta.base.rows_of(tuple(delta.items))
    if not (rows >= 0).any():
        return None
    moved = np.arange(len(delta.base))
    moved[rows[rows >= 0]] = len(delta.base) + np.flatnonzero(rows >= 0)
    return moved


class LiveEngine:
    """One bundle's engine that follows the log of changes.

    Attributes:
        newest: the engine over the newest state that this process knows of.
    """

    def __init__(self, built: Engine, log: Path) -> None:
        """
        Args:
            log: the folder of the change log; need not exist.
        """
        self._as_of = as_of(built)
        self._folder = log
        self._built = built
        self._engines = LiveEngines(built)
        self._log = ChangeLog(log)
        self._delta = Delta(built.store)
        self._mutex = threading.Lock()
        self.newest = built

    def follow(self) -> Engine:
        """Take in what was written since the last time, by whomever.

        Raises:
            BadFile: the log holds what is no change.
        """
        if self._log.has_more() or self._delta.version != self.newest.catalogue_version:
            with self._mutex:
                self._take(self._log.read())
                self._renew()
        return self.newest

    def change(self, put: Sequence[Item] = (), delete: Sequence[str] = ()) -> int:
        """Write a change to the log and take it in; searches that begin afterwards see it.

        Returns:
            the catalogue's version.

        Raises:
            BadParameter: an item that is new has no title.
            NotFound: an item to delete does not exist.
            OSError: the log cannot be written; nothing has changed.
        """
        with self._mutex:
            with self._log.writing() as others:
                self._take(others)
                self._check(put, delete)
                self._take([self._log.append(put, delete, after=self._as_of)])
            self._renew()
            return self._delta.version

    @property
    def n_beside(self) -> int:
        """Items written behind the built ones, and built ones that are gone."""
        return len(self._delta)

    @property
    def newest_change(self) -> datetime | None:
        """When it was made; None where there is none."""
        return self._delta.timestamp

    def item(self, item_id: str) -> dict[str, Any]:
        """Raises NotFound."""
        found = self._delta.item(item_id)
        if found is None:
            raise NotFound(f"there is no item {item_id!r}")
        return found

    def at(self, version: int) -> Engine:
        """The engine as it was when that was the newest change; the nearest there is where the log is not that long."""
        if version == self.newest.catalogue_version:
            return self.newest
        changes = [change for change in ChangeLog(self._folder).read() if change.version <= version]
        return LiveEngines(self._built).over(Delta(self._built.store).after(self._later(changes)))

    def _take(self, changes: Sequence[Change]) -> None:
        later = self._later(changes)
        if later:
            self._delta = self._delta.after(later)

    def _later(self, changes: Sequence[Change]) -> list[Change]:
        """Those that the bundle was built too early to know."""
        return [change for change in changes if change.timestamp > self._as_of]

    def _renew(self) -> None:
        if self._delta.version != self.newest.catalogue_version:
            self.newest = self._engines.over(self._delta)

    def _check(self, put: Sequence[Item], delete: Sequence[str]) -> None:
        for position, item in enumerate(put):
            if "title" not in item and item["item_id"] not in self._delta:
                place = f"items[{position}]." if len(put) > 1 else ""
                raise BadParameter(f"{place}title", "is missing, and there is no such item yet", "what a shopper reads")
        for item_id in delete:
            if item_id not in self._delta:
                raise NotFound(f"there is no item {item_id!r}")


def as_of(engine: Engine) -> datetime:
    """Up to when changes of the catalogue are in the bundle."""
    return datetime.fromisoformat(engine.manifest.get("as_of", engine.manifest["created"]))
