"""One row of a feed as an item, by its layout."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import polars as pl

from trimtab.catalog.attributes.definition import PREFIX
from trimtab.catalog.attributes.values import Unreadable
from trimtab.catalog.availability import in_stock_of
from trimtab.catalog.cells import VERBATIM, read_cell, read_number
from trimtab.catalog.feeds.attribute_cells import AttributeReader, dtype_of, moment_in
from trimtab.catalog.feeds.columns.attributes.feed_attributes import SALE
from trimtab.catalog.feeds.columns.layout import Layout
from trimtab.catalog.feeds.columns.prices import without_measure
from trimtab.catalog.feeds.columns.roles.categories import CATEGORY
from trimtab.catalog.feeds.columns.roles.offers import REGULAR
from trimtab.catalog.feeds.columns.roles.positions import places_in
from trimtab.catalog.feeds.rows import Value, first_text, texts
from trimtab.catalog.html_text import text_of_html
from trimtab.catalog.places import PLACE
from trimtab.catalog.schema import COLUMNS, MAX_TEXT_BYTES
from trimtab.text.amounts.currencies import decimals_of
from trimtab.text.money import currency_of, parse_price

_OWN = frozenset({"category", "product_type", "price", "in_stock", "discount"})
"""Columns of the schema that are made of more than one cell."""
_COUNTED = re.compile(r"[><≥~+ ]*(\d+)\b(?!\s*[.,]\d)")
"""How many there are, at the beginning of a cell: `>20`, `10+`, `12 bouteilles`."""
_SEVERAL = re.compile(r"\s*[|;]\s*|,?\s+(?=https?:)|,(?=https?:)")
"""What stands between the addresses of several pictures."""


class ItemReader:
    """Reads the rows of one feed.

    Attributes:
        columns: of the schema that its items have.
        dtypes: of the columns `attr_*` that they have.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._plain = [(name, layout.roles[name]) for name in COLUMNS if name in layout.roles and name not in _OWN]
        self.columns = list(dict.fromkeys([name for name, _ in self._plain] + sorted(_OWN) + ["attributes"]))
        self.dtypes = {PREFIX + one.attribute.name: dtype_of(one.attribute) for one in layout.attributes}
        self._by_source = [
            (one.source, PREFIX + one.attribute.name, AttributeReader(one, layout.rules))
            for one in layout.attributes
            if one.source not in (CATEGORY, *SALE, *PLACE)
        ]
        self._has_categories = f"{PREFIX}{CATEGORY}" in self.dtypes
        self._has_several = isinstance(self.dtypes.get(f"{PREFIX}{CATEGORY}"), pl.List)
        self._has_periods = f"{PREFIX}{SALE[0]}" in self.dtypes

    def read(self, cells: Mapping[str, Value], unread: Counter[str]) -> dict[str, Any]:
        """The item, with None for what is not known.

        Args:
            unread: counts the cells of attributes that could not be read, by column.

        Raises:
            Unreadable: a cell of a column of the schema cannot be used.
        """
        rules = self._layout.rules
        self._refuse_several(cells)
        item: dict[str, Any] = {
            name: read_cell(name, _first_of(name, cells.get(column)), rules) for name, column in self._plain
        }
        self._read_categories(item, cells)
        self._read_price(item, cells)
        item["in_stock"] = self._in_stock(cells, unread)
        self._read_place(item, cells, unread)
        self._read_searched(item, cells)
        for source, name, reader in self._by_source:
            value = cells.get(source)
            if value is not None:
                try:
                    item[name] = reader.read(value)
                except ValueError:
                    unread[source] += 1
        return item

    def _refuse_several(self, cells: Mapping[str, Value]) -> None:
        """Check that what stands in one row is not several items, as a list of them that was not found is."""
        ids, titles = (self._cell(cells, role) for role in ("item_id", "title"))
        if isinstance(ids, list) and isinstance(titles, list):
            n_ids, n_titles = (len(set(texts(cell))) for cell in (ids, titles))
            if n_ids > 1 and n_titles > 1:
                said = f"item_id has {n_ids} different ids in one item"
                raise Unreadable(f"{said}; allowed: a list of items, each with one")

    def _read_place(self, item: dict[str, Any], cells: Mapping[str, Value], unread: Counter[str]) -> None:
        """Where the item is, of two columns or of one with a pair."""
        for column, place in places_in(self._layout.roles, cells):
            if place is None:
                unread[column] += 1
            else:
                item |= dict(zip((PREFIX + name for name in PLACE), place, strict=True))
                return

    def _read_searched(self, item: dict[str, Any], cells: Mapping[str, Value]) -> None:
        """What is searched of columns that are not attributes, as far as there is room for it."""
        rest = [text_of_html(text) for name in self._layout.searched for text in texts(cells.get(name))]
        if rest:
            whole = ", ".join(filter(None, [item.get("attributes"), *rest]))
            item["attributes"] = whole.encode()[:MAX_TEXT_BYTES].decode(errors="ignore")

    def _cell(self, cells: Mapping[str, Value], role: str) -> Value | None:
        column = self._layout.roles.get(role)
        return None if column is None else cells.get(column)

    def _read_categories(self, item: dict[str, Any], cells: Mapping[str, Value]) -> None:
        """Several categories and their steps are an attribute; the coarsest and the finest of the first are columns."""
        paths = self._layout.categories.paths(self._cell(cells, "category"))
        finest = read_cell("product_type", self._cell(cells, "product_type"))
        if paths:
            steps = paths[0].split(" > ")
            item["category"] = read_cell("category", steps[0])
            item["product_type"] = finest or (read_cell("product_type", steps[-1]) if len(steps) > 1 else None)
            if self._has_categories:
                item[PREFIX + CATEGORY] = paths if self._has_several else paths[0]
        else:
            item["product_type"] = finest

    def _read_price(self, item: dict[str, Any], cells: Mapping[str, Value]) -> None:
        """The price to be paid: without a period a sale holds now; with one, the attributes say when."""
        rules = self._layout.rules
        price = read_cell("price", self._priced(cells, "price"), rules)
        sale = self._sale(cells)
        if sale is not None and price is not None and sale >= float(price):
            sale = None  # the price is the lower one
        item["discount"] = read_cell("discount", self._share_off(cells), rules)
        if sale is None and price is not None and item["discount"] is None:
            regular = self._compared(cells)
            item["discount"] = 1 - float(price) / regular if regular is not None and regular > float(price) else None
        if sale is None:
            item["price"] = price
            return
        start, end = self._period(cells)
        if (start or end) and self._has_periods:
            item |= {"price": price, PREFIX + SALE[0]: sale, PREFIX + SALE[1]: start, PREFIX + SALE[2]: end}
            return
        item["price"] = sale
        if price is not None and item["discount"] is None:
            item["discount"] = 1 - sale / float(price)

    def _share_off(self, cells: Mapping[str, Value]) -> Value | None:
        """The cell of the discount; percents that are bare numbers with their sign."""
        value = self._cell(cells, "discount")
        return f"{first_text(value)}%" if value is not None and self._layout.discount_in_percent else value

    def _sale(self, cells: Mapping[str, Value]) -> float | None:
        """The lower price; one that is 0 or cannot be read is none."""
        given = self._priced(cells, "sale_price")
        if (
            given is None
            or (isinstance(given, int | float) and given == 0)
            or first_text(given) in ("0", "0.00", "0,00")
        ):
            return None
        formats = self._layout.rules.formats
        try:
            sale = read_cell("price", given, _with(self._layout, formats.get("sale_price")))
        except Unreadable as error:
            raise Unreadable(str(error).replace("price", "sale_price", 1)) from None
        return None if sale is None else float(sale)

    def _compared(self, cells: Mapping[str, Value]) -> float | None:
        """The higher price that the item's own is compared with, where there is one."""
        try:
            price = read_cell("price", self._priced(cells, REGULAR), self._layout.rules)
        except Unreadable:
            return None
        return None if price is None else float(price)

    def _priced(self, cells: Mapping[str, Value], role: str) -> Value | None:
        """The cell with the currency that a column of its own states."""
        value, stated = self._cell(cells, role), first_text(self._cell(cells, "currency"))
        if isinstance(value, list):
            value = value[0]
        if isinstance(value, str):
            value = without_measure(value)
        currency = currency_of(stated)
        if value is not None and role in self._layout.in_cents:
            value = _in_major_units(value, currency or self._layout.rules.currency)
        if value is None or currency is None or (currency == self._layout.rules.currency):
            return value
        text = str(value)
        return (
            text if isinstance(value, str) and (money := parse_price(text)) and money.currency else f"{text} {currency}"
        )

    def _period(self, cells: Mapping[str, Value]) -> tuple[datetime | None, datetime | None]:
        both = first_text(self._cell(cells, "sale_period")).partition("/")
        start = first_text(self._cell(cells, "sale_start")) or both[0]
        end = first_text(self._cell(cells, "sale_end")) or both[2]
        days_first = self._layout.is_day_first
        rules = self._layout.rules
        return (
            moment_in(start, SALE[1], rules, is_day_first=days_first),
            moment_in(end, SALE[2], rules, is_day_first=days_first),
        )

    def _in_stock(self, cells: Mapping[str, Value], unread: Counter[str]) -> bool | None:
        said, stock = self._said_of_stock(cells, unread), self._cell(cells, "stock")
        if said is not None or stock is None:
            return self._anywhere(cells) if said is None else bool(said)
        return _is_there(stock)

    def _anywhere(self, cells: Mapping[str, Value]) -> bool | None:
        """Whether any store has it, where nothing else says so."""
        said = [_is_there(cells[column]) for column in self._layout.stock_columns if column in cells]
        return any(said) if said else None

    def _said_of_stock(self, cells: Mapping[str, Value], unread: Counter[str]) -> bool | None:
        """What a word for stock says; one of the shop's own that is not known is left aside."""
        value = self._cell(cells, "in_stock")
        try:
            said = read_cell("in_stock", value)
        except Unreadable:
            if not self._layout.has_own_words:
                raise
            unread[self._layout.roles["in_stock"]] += 1
            return None
        return None if said is None else bool(said)


def _is_there(stock: Value) -> bool | None:
    """Whether a number, or a word for one, is more than none; of several, whether one is."""
    if isinstance(stock, list):
        return any(map(_is_there, stock))
    text = first_text(stock)
    counted = _COUNTED.match(text)
    number = read_number(counted[1] if counted else text)
    return in_stock_of(text) if number is None else number > 0


def _first_of(name: str, value: Value | None) -> Value | None:
    """The first of several ids or addresses; of texts all."""
    if name not in VERBATIM or value is None:
        return value
    text = first_text(value)
    return _SEVERAL.split(text)[0] if name == "image" else text


def _in_major_units(value: Value, currency: str | None) -> Value:
    """An amount of cents in units of the currency."""
    number = read_number(value)
    return value if number is None else number / 10 ** decimals_of(currency or "USD")


def _with(layout: Layout, number_format: Any) -> Any:
    """The rules with the sale price's way of writing numbers in the price's place."""
    return (
        replace(layout.rules, formats={**layout.rules.formats, "price": number_format})
        if number_format
        else layout.rules
    )
