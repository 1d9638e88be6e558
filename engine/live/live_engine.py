"""An engine that follows the log of changes to its catalogue (`trimtab.catalog.live.change_log`) while it serves."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from trimtab.catalog.attributes.columns import values_of_item
from trimtab.catalog.attributes.values import searched_text
from trimtab.catalog.finest_category import MADE_OF, product_type_after
from trimtab.catalog.live.change_log import ChangeLog
from trimtab.catalog.live.changes import Change, Item, refuse_many_new_names
from trimtab.catalog.live.delta import Delta, servable
from trimtab.catalog.size_families import NAMED_BY, SizeFamilies
from trimtab.core.courtesy import politely
from trimtab.core.errors import BadParameter, NotFound
from trimtab.engine.bundle.manifest import as_of
from trimtab.engine.live.log_limits import LogLimits
from trimtab.engine.live.order import OWN_ORDER, ChangeOrder
from trimtab.engine.live.states import EngineStates
from trimtab.engine.search import Engine

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Tried:
    """A change as it comes out, before it is written: what cannot be served is not written.

    Attributes:
        before: the state that it was tried on.
        put: the items that change.
        delta, engine: the state after it, whose version and time are not known yet.
    """

    before: Delta
    put: Sequence[Item]
    delta: Delta
    engine: Engine


class LiveEngine:
    """One bundle's engine that follows the log of changes.

    Attributes:
        newest: the engine over the newest state that this process knows of.
        as_of: the time up to which changes are in the bundle.
    """

    def __init__(
        self,
        built: Engine,
        log: Path,
        order: ChangeOrder = OWN_ORDER,
        *,
        limits: LogLimits | None = None,
        aside: bool = False,
        is_searched: bool = True,
    ) -> None:
        """
        Args:
            log: the folder of the change log; need not exist.
            order: gives changes their place in the log.
            limits: of the log's size; None for none.
            aside: a process of its own reads the texts of new items where they are more than a few.
            is_searched: False where the log is only read or written, and what a first search needs is not computed.
        """
        self._order, self._limits = order, limits
        self.as_of = built_as_of(built)
        self._folder = log
        self._built = built
        self._states = EngineStates(built, aside=aside, is_searched=is_searched)
        self._log = ChangeLog(log)
        self._families = SizeFamilies.of(built.shop)
        self._n_restarts = 0
        self._delta = self._served = Delta(built.store)
        self._mutex = threading.Lock()
        self.newest = built

    def follow(self) -> Engine:
        """Take in what any process has written since the last time.

        Raises:
            BadFile: the log holds a line that is not a change.
        """
        if self._log.has_more() or self._delta is not self._served:
            with self._mutex:
                for changes in self._log.segments_since(self.as_of):
                    self._take(changes)
                self._renew()
        return self.newest

    def change(self, put: Sequence[Item] = (), delete: Sequence[str] = ()) -> int:
        """Write a change to the log and take it in; searches that begin afterwards see it.

        Items that are already as they are put are left out, and nothing is written where nothing changes.

        Returns:
            the catalogue's version.

        Raises:
            BadParameter: an item that is new has no title.
            NotFound: an item to delete does not exist.
            OSError: the log cannot be written; nothing has changed.
            LogIsFull: the log has reached its limits.
            Unavailable: the order that other machines share cannot be reached; it may have been made all the same.
        """
        self.require_room()
        with self._mutex:
            for changes in self._log.segments_since(self.as_of):
                self._take(changes)
            tried = self._tried(put, delete)  # before others are kept from writing, as it may take long
            with self._log.writing() as others:
                self._take(others)
                while not self._is_made(tried, put, delete):
                    pass  # another machine changed something at the same moment
            self._renew()
            return self._delta.version

    def require_room(self) -> None:
        """Check that the log may grow.

        Raises:
            LogIsFull: it has reached its limits.
        """
        if self._limits is not None:
            self._limits.require_room(unbuilt=self.log_bytes, total=self._log.n_bytes)

    def _is_made(self, tried: _Tried | None, put: Sequence[Item], delete: Sequence[str]) -> bool:
        """Make a change, while writing; False where it is to be looked at again behind those of others."""
        self._take(self._order.catch_up(self._log))
        if tried is None or tried.before is not self._delta:
            tried = self._tried(put, delete)
        if tried is None:
            self._order.confirm()
            return True
        change = self._order.append(self._log, tried.put, delete, after=self.as_of)
        if change is not None:
            self._delta = self._served = replace(tried.delta, version=change.version, timestamp=change.timestamp)
            self.newest = tried.engine.dated(change.version, change.timestamp)
        return change is not None

    def _tried(self, put: Sequence[Item], delete: Sequence[str]) -> _Tried | None:
        """The state after a change; None where nothing changes.

        Raises:
            BadParameter, NotFound: as `change`.
        """
        self._check(put, delete)
        given = map(self._with_family, map(self._with_product_type, map(self._without_searched, put)))
        changing = [item for item in politely(given) if not self._is_as_it_is(item)]
        if not changing and not delete:
            return None
        change = Change(self._delta.version + 1, self._delta.timestamp or self.as_of, changing, delete)
        delta = self._delta.after([change])
        return _Tried(self._delta, changing, delta, self._states.at_state(delta))

    def rest(self) -> None:
        """End the process of its own where it has nothing to do."""
        with self._mutex:
            self._states.rest()

    def stop(self) -> None:
        """End the process of its own."""
        self._states.stop()

    @property
    def n_beside(self) -> int:
        """The number of items written behind the built ones and of built ones that are gone."""
        return len(self._delta)

    @property
    def newest_change(self) -> datetime | None:
        """The time of the newest change; None where there is none."""
        return self._delta.timestamp

    def item(self, item_id: str) -> dict[str, Any]:
        """The item in schema columns and `attr_*`; its `attributes` are all that is searched of them.

        Raises:
            NotFound: there is no such item.
        """
        found = self._delta.item(item_id)
        if found is None:
            raise NotFound(f"there is no item {item_id!r}")
        return {**found, "attributes": self._searched_attributes(found)}

    def item_ids(self) -> list[str]:
        """The ids of all items that are there."""
        store = self.newest.store
        there = range(len(store)) if store.gone is None else np.flatnonzero(~store.gone)
        return list(store.item_ids(there))

    def kept_item(self, item_id: str) -> Item | None:
        """The item as `change` takes it; None where there is no such item."""
        return self._delta.item(item_id)

    def at_version(self, version: int) -> Engine:
        """The engine over the catalogue at that version, or over the newest where the log does not reach it."""
        if version == self.newest.catalogue_version:
            return self.newest
        delta = Delta(self._built.store)
        for changes in ChangeLog(self._folder).segments_since(self.as_of):
            delta = delta.after(self._later([change for change in changes if change.version <= version]))
        return EngineStates(self._built).at_state(delta)

    def forget_changes(self, moment: datetime, *, above_bytes: int) -> int:
        """Remove the oldest segments of the log that end by a moment while it is larger; returns how many.

        Raises:
            OSError: the disk refuses it.
        """
        with self._mutex, self._log.writing() as others:
            self._take(others)
            return self._log.forget(moment, above_bytes=above_bytes)

    @property
    def log_bytes(self) -> int:
        """The size of the log from the segment on with the first change that the bundle does not have."""
        return self._log.bytes_after(self.as_of) if self._delta.version else 0

    def _searched_attributes(self, item: Item) -> str:
        values = values_of_item(item, self._built.store.own_attributes.definitions)
        return searched_text(item["attributes"], values.values())

    def _without_searched(self, item: Item) -> Item:
        """The item as put, without the text of its attributes where `item` gave it out with what was made of them."""
        known = self._delta.item(item["item_id"]) if "attributes" in item else None
        if known is None or item["attributes"] != self._searched_attributes(known):
            return item
        return {name: value for name, value in item.items() if name != "attributes"}

    def _with_product_type(self, item: Item) -> Item:
        """The item as put, with the type of product that its new category makes it, where it had its own so."""
        if MADE_OF.isdisjoint(item):
            return item
        known = self._delta.item(item["item_id"], MADE_OF) or {}
        return {**item, **product_type_after(known, item)}

    def _with_family(self, item: Item) -> Item:
        """The item as put, with the family that what is put makes it one of."""
        if self._families is None or item.keys().isdisjoint(NAMED_BY):
            return item
        known = self._delta.item(item["item_id"], frozenset(NAMED_BY)) or {}
        return {**item, **self._families.column_of({**known, **item})}

    def _is_as_it_is(self, item: Item) -> bool:
        known = self._delta.item(item["item_id"], item.keys())
        return known is not None and all(known.get(name) == value for name, value in item.items())

    def _take(self, changes: Sequence[Change]) -> None:
        if self._log.n_restarts != self._n_restarts:
            self._n_restarts, self._delta = self._log.n_restarts, Delta(self._built.store)
        later = self._later(changes)
        if later:
            self._delta = self._delta.after(later)

    def _later(self, changes: Sequence[Change]) -> list[Change]:
        """The changes that were made after the bundle was built."""
        later = [change for change in changes if change.timestamp > self.as_of]
        for change in later:
            for item in change.put:
                left_out = item.keys() - servable(item, self._built.store).keys()
                if left_out:
                    _log.warning(
                        "change %d cannot be served as it is: of item %r %s are left out, and stay in the log",
                        *(change.version, item["item_id"], ", ".join(sorted(left_out))),
                    )
        return later

    def _renew(self) -> None:
        if self._delta is not self._served:
            self.newest = self._states.at_state(self._delta) if self._delta.version else self._built
            self._served = self._delta

    def _check(self, put: Sequence[Item], delete: Sequence[str]) -> None:
        for position, item in enumerate(put):
            if "title" not in item and item["item_id"] not in self._delta:
                place = f"items[{position}]." if len(put) > 1 else ""
                raise BadParameter(f"{place}title", "is missing, and there is no such item yet", "what a shopper reads")
        for item_id in delete:
            if item_id not in self._delta:
                raise NotFound(f"there is no item {item_id!r}")
        self.refuse_many_new(chain.from_iterable(put))

    def refuse_many_new(self, columns: Iterable[str]) -> None:
        """Check that columns bring no more attributes than changes may.

        Raises:
            BadParameter: there are too many.
        """
        known, built = (engine.store.own_attributes.definitions for engine in (self.newest, self._built))
        refuse_many_new_names(columns, known, len(known) - len(built))


def built_as_of(engine: Engine) -> datetime:
    """The time up to which changes to the catalogue are in the bundle."""
    return as_of(engine.manifest)
