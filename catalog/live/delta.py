"""The difference between a catalogue as it is now and as it was built: a value that each change makes anew.

Numbers (price, stock, popularity...) change in place. An item whose words change, or that is new, is written behind the
others, and the row it had is gone; so rows mean the same wherever the same changes were made, in however many steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.catalog.attributes.definition import PREFIX, is_built_in
from trimtab.catalog.attributes.values import plain_values
from trimtab.catalog.live.changes import Change, Item, plain
from trimtab.catalog.schema import COLUMNS
from trimtab.catalog.store import ItemStore
from trimtab.core.courtesy import politely

NUMBERS = tuple(name for name, column in COLUMNS.items() if column.kind != "text")
TEXTS = tuple(name for name, column in COLUMNS.items() if column.kind == "text")
DEFAULTS: Mapping[str, Any] = {name: column.default for name, column in COLUMNS.items()}


@dataclass(frozen=True, slots=True)
class Delta:
    """What differs from `base`.

    Attributes:
        base: the items that were built.
        version, timestamp: of the last change that is in it, 0 and None for none.
        numbers: [n_base] by column, of those columns that changed anywhere.
        items: whole items behind the base's, by id, in the order of their rows.
        gone: [n_base] rows whose items are gone; None where all are there.
    """

    base: ItemStore
    version: int = 0
    timestamp: datetime | None = None
    numbers: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    items: Mapping[str, Item] = field(default_factory=dict)
    gone: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        """Items written behind the base's, and rows of it that are gone: what a search has to look at besides."""
        return len(self.items) + (0 if self.gone is None else int(self.gone.sum()))

    def __contains__(self, item_id: str) -> bool:
        return item_id in self.items or self.row_in_base(item_id) is not None

    def row_in_base(self, item_id: str) -> int | None:
        """The row of an item that is where it was built."""
        row = int(self.base.rows_of([item_id])[0])
        return None if row < 0 or (self.gone is not None and self.gone[row]) else row

    def item(self, item_id: str, names: Set[str] | None = None) -> dict[str, Any] | None:
        """An item in schema columns and `attr_*`, None where there is none; an unknown price is None.

        Args:
            names: the columns that matter, others may be left out; None for all.
        """
        if item_id in self.items:
            return dict(self.items[item_id])
        row = self.row_in_base(item_id)
        if row is None:
            return None
        found = {name: self.base.texts(name, [row])[0] for name in TEXTS if names is None or name in names}
        for name in NUMBERS:
            if names is None or name in names:
                found[name] = plain(self.numbers.get(name, self.base.numbers(name))[row])
        has_all = names is not None and names <= COLUMNS.keys()
        return found if has_all else found | self._attributes_in_base(row)

    def after(self, changes: Iterable[Change]) -> Delta:
        """The catalogue after these changes, which follow those that are in it."""
        draft = _Draft(self)
        for change in changes:
            for item in politely(change.put):
                draft.put(item)
            for item_id in change.delete:
                draft.delete(item_id)
            draft.version, draft.timestamp = change.version, change.timestamp
        return draft.delta()

    def _attributes_in_base(self, row: int) -> dict[str, Any]:
        return {
            PREFIX + attribute.name: plain_values(attribute, values)
            for attribute, values in self.base.attributes_at(row)
        }


class _Draft:
    """A delta under way, which copies a column when it is first written to."""

    def __init__(self, start: Delta) -> None:
        self._start = start
        self._numbers = dict(start.numbers)
        self._written: set[str] = set()
        self._items: dict[str, Item] | None = None
        self._gone: NDArray[np.bool_] | None = None
        self.version, self.timestamp = start.version, start.timestamp

    def delta(self) -> Delta:
        start = self._start
        items = start.items if self._items is None else self._items
        gone = start.gone if self._gone is None else self._gone
        return Delta(start.base, self.version, self.timestamp, self._numbers, items, gone)

    def put(self, item: Item) -> None:
        """Write what can be served of an item; one that is not there and has no title was deleted, and stays so."""
        item = servable(item, self._start.base)
        item_id, now = item["item_id"], self.delta()
        if item_id in now.items:
            self._own_items()[item_id] = _known({**now.items[item_id], **item})
            return
        row = now.row_in_base(item_id)
        if row is None:
            if "title" in item:
                self._own_items()[item_id] = _known({**DEFAULTS, "price": None, **item})
        elif _has_same_words(now.item(item_id, item.keys()) or {}, item):
            for name in NUMBERS:
                if name in item:
                    self._own_numbers(name)[row] = np.nan if item[name] is None else item[name]
        else:
            whole = now.item(item_id) or {}
            self._own_gone()[row] = True
            self._own_items()[item_id] = _known({**whole, **item})

    def delete(self, item_id: str) -> None:
        now = self.delta()
        if item_id in now.items:
            del self._own_items()[item_id]
            return
        row = now.row_in_base(item_id)
        if row is not None:
            self._own_gone()[row] = True

    def _own_items(self) -> dict[str, Item]:
        if self._items is None:
            self._items = dict(self._start.items)
        return self._items

    def _own_gone(self) -> NDArray[np.bool_]:
        if self._gone is None:
            start = self._start.gone
            self._gone = np.zeros(len(self._start.base), dtype=bool) if start is None else start.copy()
        return self._gone

    def _own_numbers(self, name: str) -> NDArray[Any]:
        if name not in self._written:
            self._written.add(name)
            self._numbers[name] = self._numbers.get(name, self._start.base.numbers(name)).copy()
        return self._numbers[name]


def servable(item: Item, base: ItemStore) -> Item:
    """The item without what cannot be served, as logs of other versions may hold it.

    That are columns which no item has, values that are not of their column's kind, and attributes that would stand in
    the place of what all items have. The log keeps them: a version that can serve them does.
    """
    own = base.own_attributes.definitions
    return {
        name: value
        for name, value in item.items()
        if (not is_built_in(name, own) if name.startswith(PREFIX) else _is_of_column(name, value))
    }


def _is_of_column(name: str, value: object) -> bool:
    """Whether it is a value that a column of the schema may have."""
    kind = COLUMNS[name].kind if name in COLUMNS else None
    if kind == "text":
        return isinstance(value, str)
    if kind == "flag":
        return isinstance(value, bool)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return kind is not None and (is_number or (value is None and kind == "price"))


def _has_same_words(known: Item, item: Item) -> bool:
    """Whether nothing but numbers of the schema would change."""
    return all(known.get(name) == value for name, value in item.items() if name not in NUMBERS)


def _known(item: Item) -> Item:
    """The item without the attributes that it does not have."""
    return {name: value for name, value in item.items() if value is not None or not name.startswith(PREFIX)}
