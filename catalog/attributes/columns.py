"""The attributes of a store: what there are, each one's column made when it is first used, and those of one item."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import chain

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trimtab.catalog.attributes.column import AttributeColumn
from trimtab.catalog.attributes.definition import PREFIX, SEPARATOR, Attribute
from trimtab.catalog.attributes.values import EXACT, Raw, Unreadable, read_values
from trimtab.catalog.shop import AttributeKind

BLOCK = 65_536
"""Values that are read at once."""


class AttributeColumns(Mapping[str, AttributeColumn]):
    """Columns by name.

    Attributes:
        definitions: what the attributes are, in their order.
    """

    def __init__(self, definitions: Mapping[str, Attribute], make: Callable[[str], AttributeColumn]) -> None:
        """
        Args:
            make: the column of a name; called once for each.
        """
        self.definitions = definitions
        self._make = make
        self._made: dict[str, AttributeColumn] = {}

    def __getitem__(self, name: str) -> AttributeColumn:
        column = self._made.get(name)
        if column is None:
            if name not in self.definitions:
                raise KeyError(name)
            column = self._made[name] = self._make(name)
        return column

    def __iter__(self) -> Iterator[str]:
        return iter(self.definitions)

    def __len__(self) -> int:
        return len(self.definitions)


class ValuesByItem:
    """The values of many attributes by row, as fast for an item as columns are for an attribute."""

    def __init__(self, columns: Sequence[AttributeColumn], n_items: int) -> None:
        self._columns, self._n_items = columns, n_items

    def at(self, row: int) -> list[tuple[Attribute, list[Raw]]]:
        """The attributes that one item has, in the columns' order."""
        if not self._columns:
            return []
        starts, places, codes = self._sorted
        own = slice(starts[row], starts[row + 1])
        found: dict[int, list[int]] = {}
        for place, code in zip(places[own].tolist(), codes[own].tolist(), strict=True):
            found.setdefault(place, []).append(code)
        return [(self._columns[place].attribute, self._columns[place].raw_of(its)) for place, its in found.items()]

    @cached_property
    def _sorted(self) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
        """Where each row's values begin, and the places of their columns and their codes."""
        none = np.empty(0, dtype=np.int32)
        rows = np.concatenate([none, *(column.rows for column in self._columns)])
        codes = np.concatenate([none, *(column.codes for column in self._columns)])
        sizes = [len(column.rows) for column in self._columns]
        places = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        order = np.argsort(rows, kind="stable")
        starts = np.searchsorted(rows[order], np.arange(self._n_items + 1)).astype(np.int64)
        return starts, places[order], codes[order]


def columns_of_frame(frame: pl.DataFrame, definitions: Iterable[Attribute] = ()) -> list[AttributeColumn]:
    """The columns of a frame that are named `attr_*`, by what is said of them or by their types.

    Raises:
        Unreadable: a value is not of its attribute's kind.
    """
    known = {definition.name: definition for definition in definitions}
    columns = []
    for series in frame.iter_columns():
        if series.name.startswith(PREFIX):
            name = series.name.removeprefix(PREFIX)
            attribute = known.get(name) or attribute_of_type(name, series.dtype)
            cells = chain.from_iterable(
                series[start : start + BLOCK].to_list() for start in range(0, len(series), BLOCK)
            )
            columns.append(AttributeColumn.of_values(attribute, (read_values(attribute, one) for one in cells)))
    return columns


def attribute_of_type(name: str, dtype: pl.DataType) -> Attribute:
    """What a column of a type usually is."""
    multi = isinstance(dtype, pl.List)
    inner = dtype.inner if isinstance(dtype, pl.List) else dtype
    if inner == pl.Boolean:
        return Attribute.usual(name, "flag", multi=multi)
    if isinstance(inner, pl.Date | pl.Datetime):
        return Attribute.usual(name, "date", multi=multi)
    if isinstance(inner, pl.DataType) and inner.is_numeric():
        return Attribute.usual(name, "number", multi=multi)
    return Attribute.usual(name, "text", multi=multi)


def attribute_of_value(name: str, value: object) -> Attribute:
    """What an attribute that no catalogue file had usually is, by what it is called or by the first value of it."""
    first = value[0] if isinstance(value, list) and value else value
    kind = _KINDS.get(name) or _kind_of(first)
    return Attribute.usual(name, kind, multi=isinstance(value, list))


def _kind_of(value: object) -> AttributeKind:
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int | float):
        return "number" if isinstance(value, float) or abs(value) < EXACT else "text"
    if isinstance(value, str) and _ISO_DATE.match(value):
        with suppress(Unreadable):
            read_values(Attribute.usual("", "date"), value)
            return "date"
    return "path" if isinstance(value, str) and SEPARATOR in value else "text"


_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]|$)")
_KINDS: Mapping[str, AttributeKind] = {
    **dict.fromkeys(("sale_price", "latitude", "longitude"), "number"),
    **dict.fromkeys(("sale_start", "sale_end"), "date"),
}
"""Attributes that mean the same in every catalogue which has them."""


def values_of_item(
    item: Mapping[str, object], definitions: Mapping[str, Attribute]
) -> dict[str, tuple[Attribute, list[Raw]]]:
    """The attributes that the `attr_*` of an item give it, those that have no definition by what their values are.

    A value that was written when its attribute was of another kind may be none now.
    """
    found = {}
    for column, value in item.items():
        if column.startswith(PREFIX) and value is not None:
            name = column.removeprefix(PREFIX)
            attribute = definitions.get(name) or attribute_of_value(name, value)
            with suppress(Unreadable):
                found[name] = attribute, read_values(attribute, value)
    return found
