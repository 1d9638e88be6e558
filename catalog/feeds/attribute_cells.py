"""Cells of attributes: numbers without their units, dates in ISO's order, text without HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from trimtab.catalog.attributes.definition import Attribute
from trimtab.catalog.attributes.values import EXACT, Unreadable, read_values
from trimtab.catalog.availability import YES_LETTERS, in_stock_of
from trimtab.catalog.cells import UNKNOWN, CellRules, read_cell, read_number
from trimtab.catalog.feeds.columns.attributes.attribute_layout import AttributeLayout
from trimtab.catalog.feeds.columns.evidence import shape_of
from trimtab.catalog.feeds.columns.prices import without_measure
from trimtab.catalog.feeds.columns.roles.categories import path_in
from trimtab.catalog.feeds.columns.survey import is_price_name
from trimtab.catalog.feeds.dates import written_date
from trimtab.catalog.feeds.reshaping.dimensions import sides_in
from trimtab.catalog.feeds.rows import Value, first_text
from trimtab.catalog.html_text import text_of_html
from trimtab.catalog.places import PLACE
from trimtab.text.money import parse_price

MAX_KNOWN = 8_192
"""Cells of one attribute whose values are kept."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_UNIT = re.compile(r"[^\W\d_%°\"″”′].*$|[%°\"″”′].*$|(?<=\d) ?/ ?(?:5|10)$")
_DTYPES: Mapping[str, Any] = {
    "text": pl.String, "path": pl.String, "number": pl.Float64, "flag": pl.Boolean, "date": pl.Datetime("us", "UTC"),
}  # fmt: skip


def dtype_of(attribute: Attribute) -> Any:
    """The type of the column of an attribute."""
    inner = _DTYPES[attribute.kind]
    return pl.List(inner) if attribute.multi else inner


class AttributeReader:
    """Reads the cells of one attribute, and those that come again once."""

    def __init__(self, layout: AttributeLayout, rules: CellRules) -> None:
        self._layout, self._rules = layout, rules
        self._known: dict[tuple[type[Value], Value], Any] = {}

    def read(self, value: Value) -> Any:
        """The value as the attribute's column has it: a list where there may be several.

        Raises:
            ValueError: it is not of the attribute's kind.
        """
        if isinstance(value, list):
            return _value_of(self._layout, value, self._rules)
        key = (type(value), value)  # `1`, `1.0` and true are one to a dictionary
        if key not in self._known:
            if len(self._known) == MAX_KNOWN:
                self._known.clear()
            self._known[key] = _value_of(self._layout, value, self._rules)
        return self._known[key]


def _value_of(layout: AttributeLayout, value: Value, rules: CellRules) -> Any:
    attribute = layout.attribute
    if layout.side is not None:
        sides, _ = sides_in(first_text(value))
        return read_number(sides[layout.side], layout.number_format) if layout.side < len(sides) else None
    parts: list[object] = []
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str) and layout.separator:
            parts += one.split(layout.separator)
        else:
            parts.append(one)
    raw = read_values(attribute, [prepared(layout, part, rules) for part in parts if not _is_unknown(part)])
    found = [_typed(attribute, one) for one in raw]
    return (found or None) if attribute.multi else next(iter(found), None)


def prepared(layout: AttributeLayout, value: object, rules: CellRules) -> object:
    """A cell as `read_values` takes it: numbers as numbers, dates in ISO's order, text without HTML.

    Raises:
        Unreadable: it is a price, and not one that can be paid.
    """
    kind, name = layout.attribute.kind, layout.attribute.name
    if name in PLACE:
        return _degrees(name, value)
    if kind == "number" and (name in rules.prices or is_price_name(layout.source)):
        return _paid(layout, value, rules)
    if kind == "date":
        return _dated(name, value, rules, is_day_first=layout.is_day_first)
    if not isinstance(value, str):
        return value
    match kind:
        case "number":
            return _number(layout, value)
        case "flag":
            known = value.strip().casefold() in YES_LETTERS or in_stock_of(value)
            return value if known is None else known
        case "path":
            return path_in(text_of_html(value))
        case _:
            return text_of_html(value)


def _degrees(name: str, value: object) -> object:
    most = 90 if name == PLACE[0] else 180
    degrees = read_number(value)
    if degrees is not None and abs(degrees) > most:
        raise Unreadable(f"degrees between -{most} and {most}")
    return value if degrees is None else degrees


def _number(layout: AttributeLayout, value: str) -> object:
    """A number without what stands behind it; the text where there is none, or where digits of it might be lost."""
    number = read_number(value, layout.number_format)
    if number is None:
        number = read_number(_UNIT.sub("", value).strip(), layout.number_format)
    if number is None and (money := parse_price(without_measure(value), number_format=layout.number_format)):
        number = float(money.amount)
    return value if number is None or abs(number) >= EXACT else number


def _paid(layout: AttributeLayout, value: object, rules: CellRules) -> object:
    """A price as the item's own is read; of other columns of prices only that they are not below 0."""
    name = layout.attribute.name
    if name in rules.prices:
        given = without_measure(value) if isinstance(value, str) else value
        try:
            return read_cell("price", given, rules.priced_by(name, layout.number_format))
        except Unreadable as error:
            raise Unreadable(str(error).partition("; allowed: ")[2]) from None
    number = _number(layout, value) if isinstance(value, str) else value
    if isinstance(number, int | float) and number < 0:
        raise Unreadable("a price of 0 or more")
    return number


def moment_in(text: str, name: str, rules: CellRules, *, is_day_first: bool) -> datetime | None:
    """The moment that a text says, as the attribute `name` has it; None where it says none."""
    if not shape_of(text.strip()).is_date:
        return None
    try:
        seconds = read_values(Attribute.usual(name, "date"), _dated(name, text, rules, is_day_first=is_day_first))
    except Unreadable:
        return None
    return datetime.fromtimestamp(float(seconds[0]), UTC) if seconds else None


def _dated(name: str, value: object, rules: CellRules, *, is_day_first: bool) -> object:
    """A date in ISO's order. Sales begin and end with the days of the shop, where its clocks are that name no zone."""
    if not isinstance(value, date | str):
        return value
    text = _iso_date(value, is_day_first=is_day_first) if isinstance(value, str) else value.isoformat()
    if _DATE.fullmatch(text) and name in (*rules.sale_starts, *rules.sale_ends):
        text += "T23:59:59" if name in rules.sale_ends else "T00:00:00"
    return text if rules.zone is None else _in_zone(text, rules.zone)


def _in_zone(text: str, zone: str) -> str:
    """A moment that names no zone, with the one that it is in; a date is of all zones."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return text if moment.tzinfo is not None or ":" not in text else moment.replace(tzinfo=ZoneInfo(zone)).isoformat()


def _iso_date(text: str, *, is_day_first: bool) -> str:
    """A date as ISO writes it; what is none as it is."""
    found = written_date(text.strip())
    return text.strip().replace(" UTC", "Z") if found is None else found.iso(is_day_first=is_day_first)


def _typed(attribute: Attribute, value: str | float) -> Any:
    if attribute.kind == "flag":
        return value == "true"
    if attribute.kind == "date":
        return datetime.fromtimestamp(float(value), UTC)
    return value


def _is_unknown(value: object) -> bool:
    return isinstance(value, str) and value.strip().casefold() in UNKNOWN
