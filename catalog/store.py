"""The items of a bundle as columns: one Arrow file, memory-mapped, so that worker processes share its pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from trimtab.catalog.arrow import (
    CODED,
    CodedText,
    MappedText,
    Rows,
    TextColumn,
    chunk_of,
    coded_of,
    numbers_of,
    table_of,
)
from trimtab.catalog.attributes.column import AttributeColumn
from trimtab.catalog.attributes.columns import AttributeColumns, ValuesByItem, columns_of_frame
from trimtab.catalog.attributes.definition import Attribute
from trimtab.catalog.attributes.roles import role_column, roles_of
from trimtab.catalog.attributes.sorted_file import SortedColumn, load_sorted, save_sorted
from trimtab.catalog.attributes.storage import load_columns, save_columns
from trimtab.catalog.attributes.values import Raw, plain_values, searched_text, typed_code
from trimtab.catalog.schema import COLUMNS, complete
from trimtab.catalog.shop import EMPTY, Shop
from trimtab.core.errors import BundleDamaged, NotFound
from trimtab.text.amounts.currencies import decimals_of

FILE = "items.arrow"
DISPLAYED = ("item_id", "title", "brand", "category", "price", "in_stock", "image", "url")
NOTHING_SORTED: Mapping[str, SortedColumn] = MappingProxyType({})
NOTHING_CALCULATED: Mapping[str, NDArray[np.float64]] = MappingProxyType({})


class ItemStore:
    """Items by row (0-based, in the catalogue's order). Nothing in it is to be written to.

    Attributes:
        prices: [n_items] float32, NaN where unknown.
        popularity: [n_items] float32, 0 or more.
        purchase_rates: [n_items] float32, 0 to 1.
        discounts: [n_items] float32, 0 to 1.
        in_stock: [n_items] bool.
        brand_codes, category_codes, type_codes: [n_items] int32, place in the vocabulary, -1 unknown.
        brands, categories, types: the vocabularies.
        gone: [n_items] bool, rows whose items are gone; None where all are there.
        own_attributes: what the shop's catalogue has beside the schema's columns, by name.
        attributes: these and the columns that are filtered on and sorted by like them (brand, category, price...).
        role_names: the names of those columns.
        sorted_columns: rows by value, where the store was read from files that have them.
        roles: what those are.
        currency: of the prices; None where nobody said.
    """

    gone: NDArray[np.bool_] | None = None
    _calculated = NOTHING_CALCULATED
    sorted_columns: Mapping[str, SortedColumn] = NOTHING_SORTED

    def __init__(
        self,
        table: Any,
        attributes: Sequence[AttributeColumn] = (),
        sorted_columns: Mapping[str, SortedColumn] = NOTHING_SORTED,
        shop: Shop = EMPTY,
    ) -> None:
        """From an Arrow table of the file's layout; use `from_frame` or `load`."""
        self._table = table
        self.sorted_columns = sorted_columns
        self.currency, self.roles = shop.catalogue.currency, roles_of(shop)
        self._own = {column.attribute.name: column for column in attributes}
        self._n_items: int = table.num_rows
        self._texts: Mapping[str, TextColumn] = {
            name: MappedText(chunk_of(table, name))
            for name, column in COLUMNS.items()
            if column.kind == "text" and name not in CODED
        }
        self._numbers: Mapping[str, NDArray[Any]] = {
            name: numbers_of(table, name) for name, column in COLUMNS.items() if column.kind != "text"
        }
        self._coded: Mapping[str, tuple[NDArray[np.int32], tuple[str, ...]]] = {
            name: coded_of(table, name) for name in CODED
        }
        self._by_item = ValuesByItem(attributes, self._n_items)
        self._name_columns()
        self._name_attributes({name: column.attribute for name, column in self._own.items()}, self._own.__getitem__)

    def _name_attributes(
        self,
        definitions: Mapping[str, Attribute],
        make: Callable[[str], AttributeColumn],
        earlier: ItemStore | None = None,
    ) -> None:
        """
        Args:
            earlier: a store of which this one is a later state.
        """
        own = self.own_attributes = AttributeColumns(definitions, make)
        roles = {name: role for name, role in self.roles.items() if name not in definitions}
        self.role_names = frozenset(roles)
        self.attributes = AttributeColumns(
            {**roles, **definitions},
            lambda name: own[name] if name in definitions else role_column(self, name, earlier),
        )

    def _name_columns(self) -> None:
        """Make attributes of the columns; looking a name up in a mapping each time would cost more."""
        numbers = self._numbers
        self.prices: NDArray[np.float32] = numbers["price"].astype(np.float32)
        self.popularity: NDArray[np.float32] = numbers["popularity"]
        self.purchase_rates: NDArray[np.float32] = numbers["purchase_rate"]
        self.discounts: NDArray[np.float32] = numbers["discount"]
        self.in_stock: NDArray[np.bool_] = numbers["in_stock"]
        self.brand_codes, self.brands = self._coded["brand"]
        self.category_codes, self.categories = self._coded["category"]
        self.type_codes, self.types = self._coded["product_type"]
        self.has_prices = bool(np.isfinite(self.prices).any())

    def with_numbers(
        self,
        numbers: Mapping[str, NDArray[Any]],
        calculated: Mapping[str, NDArray[np.float64]] = NOTHING_CALCULATED,
        *,
        currency: str | None = None,
    ) -> Self:
        """The same items with other numbers in some columns of the schema.

        Args:
            currency: of the prices; None where it is the same.
            calculated: attributes that are numbers of the moment, NaN where unknown.
        """
        other = copy(self)
        other.currency = currency or self.currency
        return other._renumbered(numbers, calculated, self)  # noqa: SLF001  # a copy of its own kind

    def _renumbered(
        self, numbers: Mapping[str, NDArray[Any]], calculated: Mapping[str, NDArray[np.float64]], earlier: ItemStore
    ) -> Self:
        own = self.own_attributes
        self._numbers, self._calculated = {**self._numbers, **numbers}, calculated
        self._name_columns()
        self._name_attributes(
            own.definitions,
            lambda name: (
                AttributeColumn.of_numbers(own.definitions[name], calculated[name]) if name in calculated else own[name]
            ),
            earlier,
        )
        return self

    @classmethod
    def from_frame(cls, frame: pl.DataFrame, definitions: Iterable[Attribute] = ()) -> ItemStore:
        """From a frame in schema columns (missing optional ones take their defaults) and `attr_*`.

        Args:
            definitions: of attributes; the others are what the types of their columns say.

        Raises:
            Unreadable: a value is not of its attribute's kind.
        """
        return cls(table_of(complete(frame)), columns_of_frame(frame, definitions))

    @classmethod
    def load(cls, folder: Path, shop: Shop = EMPTY) -> ItemStore:
        """Map the file that `save` wrote.

        Args:
            shop: what is said of the currency, and of the columns that are filtered on like attributes.

        Raises:
            BundleDamaged: it is missing, cut off, or has other columns.
        """
        path = folder / FILE
        try:
            with pa.memory_map(str(path)) as source:
                table = pa.ipc.open_file(source).read_all()
        except FileNotFoundError:
            raise BundleDamaged(path, "is missing") from None
        except (pa.ArrowException, OSError) as error:
            raise BundleDamaged(path, f"cannot be read ({error})") from None
        if table.column_names != list(COLUMNS):
            raise BundleDamaged(path, f"has the columns {', '.join(table.column_names)}")
        ordered = load_sorted(folder)
        columns = [
            replace(column, by_value_built=ordered[column.attribute.name].by_value)
            if column.attribute.name in ordered
            else column
            for column in load_columns(folder, table.num_rows)
        ]
        return cls(table, columns, ordered, shop)

    def save(self, folder: Path) -> None:
        """Write `items.arrow` and the attributes into the folder; the caller renames the folder when it is whole."""
        folder.mkdir(parents=True, exist_ok=True)
        save_columns(self.own_attributes.values(), folder)
        save_sorted(self.attributes.values(), self.role_names, folder)
        with pa.OSFile(str(folder / FILE), "wb") as sink, pa.ipc.new_file(sink, self._table.schema) as writer:
            writer.write_table(self._table)

    def __len__(self) -> int:
        return self._n_items

    def item_ids(self, rows: Rows) -> tuple[str, ...]:
        return tuple(self._texts["item_id"].at(rows))

    def row_of(self, item_id: str) -> int:
        """The row of an item; raises NotFound where there is no such item."""
        row = self._row(item_id)
        if row < 0:
            raise NotFound(f"there is no item {item_id!r}")
        return row

    def rows_of(self, item_ids: Sequence[str]) -> NDArray[np.int64]:
        """[n] row of each id, -1 where the catalogue has no such item."""
        return np.fromiter(map(self._row, item_ids), dtype=np.int64, count=len(item_ids))

    def numbers(self, column: str) -> NDArray[Any]:
        """A column of numbers [n_items], by its name in the schema."""
        return self._numbers[column]

    def text_column(self, column: str) -> TextColumn:
        """A text column, which makes each text when it is asked for."""
        return CodedText(*self._coded[column]) if column in self._coded else self._texts[column]

    def coded(self, column: str) -> tuple[NDArray[np.int32], tuple[str, ...]]:
        """[n_items] codes (-1 unknown) and vocabulary of `brand`, `category` or `product_type`."""
        return self._coded[column]

    def codes_by_name(self, column: str) -> Mapping[str, int]:
        """The codes of a vocabulary's names."""
        return self._codes_by_name[column]

    def compacted(self) -> ItemStore:
        """A store of the items that are there alone, in their order."""
        there = self._there()
        columns = [column.taken(there) for column in self.own_attributes.values()]
        return ItemStore(table_of(self.frame()), columns)

    def _there(self) -> NDArray[np.int64]:
        return np.arange(len(self)) if self.gone is None else np.flatnonzero(~self.gone)

    def frame(self) -> pl.DataFrame:
        """The items that are there, in schema columns."""
        rows = self._there()
        return complete(
            pl.DataFrame(
                {
                    name: self.texts(name, rows) if column.kind == "text" else self._numbers[name][rows]
                    for name, column in COLUMNS.items()
                }
            )
        )

    def titles(self, rows: Rows) -> list[str]:
        return self._texts["title"].at(rows)

    def texts(self, column: str, rows: Rows | None = None) -> list[str]:
        """One text column, of all items or of some rows in their order."""
        texts = self.text_column(column)
        return texts.all() if rows is None else texts.at(rows)

    def searched_attributes(self) -> TextColumn:
        """What is searched of the attributes of each item."""
        return MappedText.of(map(self.searched_attributes_at, range(len(self))))

    def searched_attributes_at(self, row: int) -> str:
        """What is searched of the attributes of one item, and its id where people type that."""
        code = typed_code(self._texts["item_id"][row])
        text = searched_text(self._texts["attributes"][row], self.attributes_at(row))
        return f"{text}, {code}".removeprefix(", ") if code else text

    def attributes_at(self, row: int) -> list[tuple[Attribute, list[Raw]]]:
        """The attributes of the shop's own that an item has, with their values."""
        return self._by_item.at(row)

    def display(self, row: int) -> dict[str, Any]:
        """What a shopper sees of an item, as plain values; price is None where unknown."""
        return self.displays([int(row)])[0]

    def displays(self, rows: Rows, columns: Sequence[str] = DISPLAYED) -> list[dict[str, Any]]:
        """Some columns of some items, and `attributes`, looked up once for all; see `display`."""
        places = np.asarray(rows, dtype=np.int64)
        shown = [self._displayed(name, places) for name in columns]
        has_more = self._calculated or any(one.facet for one in self.own_attributes.definitions.values())
        attributes = [self._shown_attributes(row) if has_more else {} for row in places.tolist()]
        names = (*columns, "attributes")
        return [dict(zip(names, its, strict=True)) for its in zip(*shown, attributes, strict=True)]

    def _displayed(self, column: str, rows: NDArray[np.int64]) -> Sequence[Any]:
        """A column of some items as plain values."""
        if column == "in_stock":
            return list(self.in_stock[rows].tolist())
        if column != "price":
            return self.texts(column, rows)
        decimals = max(2, decimals_of(self.currency))  # as many as the currency has, two at least
        return [
            None if price != price else round(price, decimals if price >= 1 else 4)  # noqa: PLR0124  # NaN differs
            for price in self._numbers["price"][rows].tolist()
        ]

    def _shown_attributes(self, row: int) -> dict[str, Any]:
        shown = {
            attribute.name: plain_values(attribute, values)
            for attribute, values in self.attributes_at(row)
            if attribute.facet
        }
        for name, numbers in self._calculated.items():
            if isfinite(number := numbers.item(row)):
                shown[name] = round(number, 3)
        return shown

    def aspects(self, rows: Rows) -> NDArray[np.int64]:
        """[n, 2] int64, what diversity counts: product type (category where no item has a type) and brand."""
        kinds = self.type_codes if self.types else self.category_codes
        aspects = np.empty((len(rows), 2), dtype=np.int64)
        aspects[:, 0], aspects[:, 1] = kinds.take(rows), self.brand_codes.take(rows)
        return aspects

    def _row(self, item_id: str) -> int:
        """The row of an item, -1 where there is no such item."""
        return self._rows_by_id.get(item_id, -1)

    @cached_property
    def _codes_by_name(self) -> dict[str, dict[str, int]]:
        return {
            name: {text: code for code, text in enumerate(vocabulary)} for name, (_, vocabulary) in self._coded.items()
        }

    @cached_property
    def _rows_by_id(self) -> dict[str, int]:
        return {item_id: row for row, item_id in enumerate(self._texts["item_id"].all())}
