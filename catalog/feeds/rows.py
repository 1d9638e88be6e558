"""A row of a feed: values by column, before anything is made of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import regex

from trimtab.catalog.attributes.definition import PREFIX
from trimtab.catalog.rejections import Rejection
from trimtab.text.amounts.currencies import codes, decimals_of
from trimtab.text.kept import kept

Value = str | int | float | bool | list[str | int | float | bool]
"""What a cell holds: text as it is written, or what a format with types says; a list where there are several."""

PLAIN = (str, int, float)

MAX_NAME = 64


@dataclass(frozen=True, slots=True)
class Row:
    """One row; a cell that is empty may be there, so that its column is known.

    Attributes:
        line: 1-based as an editor counts; in Parquet the number of the row.
    """

    line: int
    cells: dict[str, Value]

    def __reduce__(self) -> tuple[type[Row], tuple[int, dict[str, Value]]]:
        """As it is sent to another process, in half the time that fields by name take."""
        return Row, (self.line, self.cells)


def filled(row: Row) -> Row:
    """The row without its empty cells, those that are counted in their names (`tags[0]`, `tags[1]`) as one list."""
    cells: dict[str, Value] = {}
    for name, value in row.cells.items():
        if not _is_empty(value):
            if name[-1:] == "]":
                _put(cells, _PLACE.sub("", name), value)
            else:
                cells[name] = value
    return Row(row.line, cells)


_PLACE = re.compile(r"\[\d{1,2}\]$")


Rows = Iterator[Row | Rejection]
Given = TypeVar("Given")


def split_words(text: str) -> tuple[str, ...]:
    """The words of a list that is written as one text."""
    return tuple(unicodedata.normalize("NFKC", text).split())


_BETWEEN = regex.compile(r"[^\w\p{M}.]+")
"""What stands between the words of a name; marks are parts of letters, as vowels in Thai are."""
_SPACE = re.compile(r"^[a-z]:(?=[a-z])")
"""A namespace: `g:color`, eBay's `C:Brand`."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])")


@kept
def clean_name(name: str) -> str:
    """A column's name as attributes are named, maybe empty: `Screen Size (inch)` is `screen_size_inch`."""
    plain = unicodedata.normalize("NFKC", name).strip().lower().replace("i̇", "i").removeprefix(PREFIX)
    written: str = _BETWEEN.sub("_", _SPACE.sub("", plain))
    return written.replace("._", "_")[:MAX_NAME].strip("_.")


def spaced(name: str) -> str:
    """A name of camel case with its words apart: `salePrice` is `sale_Price`."""
    return _CAMEL.sub("_", name)


def words_of(plain: str) -> list[str]:
    """The words of a plain name, those of its members one after another."""
    return [word for word in re.split(r"[_.]+", plain) if word]


def cells_of(values: Mapping[str, object]) -> dict[str, Value]:
    """What an object of JSON says, flat: members of objects by their path, lists of `name` and `value` by the name."""
    cells: dict[str, Value] = {}
    is_pair = _named_value(values) is not None
    for key, one in {"": values}.items() if is_pair else values.items():
        if isinstance(one, PLAIN):  # nearly all cells of a table are
            if _is_empty(one):
                continue
            if key in cells:
                _put(cells, key, one)
            else:
                cells[key] = one
            continue
        for name, value in _flat(key, one):
            _put(cells, name, value)
    return cells


def _put(cells: dict[str, Value], name: str, value: Value) -> None:
    held = cells.get(name)
    cells[name] = value if held is None else [*_as_list(held), *_as_list(value)]


def texts(value: Value | None) -> list[str]:
    """The values of a cell as text."""
    if value is None:
        return []
    return [str(one).strip() for one in _as_list(value) if str(one).strip()]


def first_text(value: Value | None) -> str:
    """The first value of a cell as text; empty where there is none."""
    if isinstance(value, str):
        return value.strip()
    return next(iter(texts(value)), "")


def _as_list(value: Value) -> list[str | int | float | bool]:
    return value if isinstance(value, list) else [value]


def _flat(name: str, value: object) -> Iterator[tuple[str, Value]]:
    if isinstance(value, Mapping):
        named = _named_value(value)
        if named is not None:
            yield from _flat(f"{name}.{named[0]}" if name and name not in _PAIR_LISTS else named[0], named[1])
            return
        for key, one in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), one)
    elif isinstance(value, list):
        amounts = amounts_by_currency(value)
        if len(amounts) > 1:
            yield from ((f"{name}.{code}", amount) for code, amount in amounts.items())
            return
        plain = [one for one in value if isinstance(one, str | int | float) and not _is_empty(one)]
        if plain:
            yield name, plain if len(plain) > 1 else plain[0]
        for one in value:
            if isinstance(one, Mapping | list):
                yield from _flat(name, one)
    elif isinstance(value, str | int | float):
        if not _is_empty(value):
            yield name, value
    elif value is not None:
        yield name, str(value)


def amounts_by_currency(values: list[Any]) -> dict[str, float]:
    """Currency -> its first amount, of a list of prices: `[{"value": {"centAmount": 499, "currencyCode": "EUR"}}]`."""
    found: dict[str, float] = {}
    for one in values:
        price = one.get("value", one) if isinstance(one, Mapping) else None
        price = price if isinstance(price, Mapping) else one
        code = next((price[key] for key in _CURRENCY if key in price), None) if isinstance(price, Mapping) else None
        key = next((key for key in _AMOUNT if isinstance(price.get(key), int | float)), None) if code else None
        if key is None or str(code).upper() not in codes():
            return {}
        minor = 10 ** decimals_of(str(code).upper()) if "cent" in key.lower() else 1
        found.setdefault(str(code).upper(), price[key] / minor)
    return found


_CURRENCY = ("currency", "currencyCode", "currency_code", "currency_id")
_AMOUNT = ("centAmount", "cent_amount", "amount_cents", "amount", "price", "value")
_PAIR_LISTS = frozenset(
    {"attributes", "additionalProperty", "product_detail", "specs", "specifications", "properties", "barcodes"}
    | {"variant_options", "options", "selectedOptions", "selected_options", "custom_fields", "customFields"}
    | {"attribute_combinations"}
)
"""Members whose own name says nothing beside those of the pairs in them."""
_PAIR_NAMES = (
    ("name", "value"),
    ("name", "value_name"),
    ("name", "values"),
    ("name", "options"),
    ("key", "value"),
    ("attribute_name", "attribute_value"),
    ("role", "name"),
)


def _named_value(value: Mapping[str, object]) -> tuple[str, object] | None:
    """The name and the value of an object that is a pair: `{"name": "Colour", "value": "red"}`."""
    if set(value) == {"type", "value"} and isinstance(value["type"], str):
        return value["type"], value["value"]
    option = value.get("option")
    if isinstance(option, Mapping) and "value" in value:
        value = {"name": option.get("title", option.get("name")), "value": value["value"]}
    for name, what in _PAIR_NAMES:
        if name in value and what in value and isinstance(value[name], str) and clean_name(str(value[name])):
            unit = value.get("unitText") or value.get("unitCode")
            return str(value[name]), with_unit(value[what], unit) if isinstance(unit, str) else value[what]
    return None


_UNIT_CODES = {
    "GRM": "g", "KGM": "kg", "MGM": "mg", "LBR": "lb", "ONZ": "oz", "MMT": "mm", "CMT": "cm", "MTR": "m", "KMT": "km",
    "INH": "in", "FOT": "ft", "LTR": "l", "MLT": "ml", "CLT": "cl", "WTT": "W", "VLT": "V", "GRAM": "g",
}  # fmt: skip
"""Units as UN/CEFACT codes them."""


def with_unit(value: Given, unit: str) -> Given | str:
    """A value with its unit behind it, as it stands in a text; anything but a number as it is."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    is_written = isinstance(value, str) and value.strip()[-1:].isdigit()
    return f"{value} {_UNIT_CODES.get(unit, unit)}" if unit and (is_number or is_written) else value


def _is_empty(value: object) -> bool:
    if isinstance(value, str):
        return not value or value.isspace()
    return value != value or value == []  # noqa: PLR0124  NaN differs


def names_of(rows: Iterable[Row | Rejection]) -> frozenset[str]:
    """The columns of some rows."""
    return frozenset(names_in_order(rows))


def names_in_order(rows: Iterable[Row | Rejection]) -> list[str]:
    """The columns of some rows as they first come."""
    return list(dict.fromkeys(name for row in rows if isinstance(row, Row) for name in row.cells))
