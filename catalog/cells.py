"""Cells into values, by one rule at every door: of a feed, of a request that changes items, of a frame.

A cell is read by the kind of its column (`trimtab.catalog.schema`):

    text    the text that HTML shows; runs of white space become one space; no longer than its column allows
    price   `3.99`, `$3.99`, `3,99 €`, `1,299.00`, `1.299,00`, `USD 5`, `₹1,29,999`; above 0, in the catalogue's
            currency
    flag    true/false, yes/no, 1/0, and words for stock (`trimtab.catalog.availability`)
    amount  a number of 0 or more
    share   `0.2` or `20%`, 0 to 1

Empty cells take the column's default. What a lone point or comma before three digits is, says the source
(`CellRules`). A number that does not come as text is what it is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import orjson
import polars as pl

from trimtab.catalog.attributes.values import Unreadable
from trimtab.catalog.availability import in_stock_of
from trimtab.catalog.html_text import text_of_html
from trimtab.catalog.own_prices import price_attributes, sale_ends, sale_starts
from trimtab.catalog.schema import COLUMNS, DTYPES, Column, Kind
from trimtab.catalog.shop import Shop
from trimtab.core.courtesy import politely
from trimtab.text.kept import kept
from trimtab.text.money import parse_price
from trimtab.text.numbers import POINT, NumberFormat, parse_number

UNKNOWN = (
    *("", "nan", "null", "none", "n/a", "na", "-", "–", "—", "\\n"),
    *("#n/a", "#ref!", "#value!", "#name?", "#div/0!", "#null!", "#num!"),
)
"""Spellings of an empty cell in columns other than text."""

_ON_REQUEST = (
    "on request|price on request|poa|p.o.a.|call|call for price|contact us|tba|auf anfrage|preis auf anfrage|a. a.|"
    "sur demande|prix sur demande|nous consulter|a consultar|consultar|sob consulta|su richiesta|op aanvraag|"
    "prijs op aanvraag|na zapytanie|na dotaz|по запросу|за запитом|цена по запросу|fiyat sorunuz|kérdezzen|询价|面议|"
    "要問合せ|お問い合わせ|오픈가|문의|עיון|اتصل بنا|κατόπιν συνεννόησης|på forespørgsel|på förfrågan"
)
NO_PRICE = frozenset(_ON_REQUEST.casefold().split("|"))
"""What shops write for a price that they tell no one in advance."""

VERBATIM = ("item_id", "url", "image")
"""Columns of text in which nothing is taken for HTML."""

MAX_SHOWN = 40
"""Characters of a cell that an error shows."""

ALLOWED: dict[Kind, str] = {
    "text": "some text",
    "price": "a number above 0 such as 3.99, $3.99 or 1,299.00, or nothing where unknown",
    "flag": "true or false",
    "amount": "a number of 0 or more",
    "share": "a share such as 0.2 or 20%, between 0 and 1",
}


_PERCENT = re.compile(r"[-–−]?\s*(\d[^%٪\s]*)\s*[%٪](?:\s*[^\W\d]{1,12})?")
"""`20%`, `-20 %`, `20% off`."""


@dataclass(frozen=True, slots=True)
class CellRules:
    """How the cells of one source are read.

    Attributes:
        currency: of the catalogue; a price in another one is refused. None where nothing says, and any is taken.
        formats: column -> how it writes numbers; None where nothing says.
        prices: attributes that somebody pays, and their currency; None for the catalogue's.
        sale_starts, sale_ends: attributes that say from and until when a lower price holds: a date is all of its day.
        zone: in which days of sales are, and clocks that name none; None is UTC.
    """

    currency: str | None = None
    formats: Mapping[str, NumberFormat] = field(default_factory=dict)
    prices: Mapping[str, str | None] = field(default_factory=lambda: {"sale_price": None})
    sale_starts: frozenset[str] = frozenset({"sale_start"})
    sale_ends: frozenset[str] = frozenset({"sale_end"})
    zone: str | None = None

    def priced_by(self, name: str, number_format: NumberFormat) -> CellRules:
        """The rules by which one of `prices` is read as a price is."""
        currency = self.prices[name] or self.currency
        return CellRules(currency, {"price": number_format})


NO_RULES = CellRules()


def rules_of(shop: Shop) -> CellRules:
    """How what is sent to a catalogue is read."""
    decimal = shop.catalogue.decimal
    formats = dict.fromkeys(COLUMNS, NumberFormat(decimal)) if decimal else {}
    return rules_with(shop, shop.catalogue.currency, formats)


def rules_with(shop: Shop, currency: str | None, formats: Mapping[str, NumberFormat]) -> CellRules:
    """The rules of a shop whose prices are in a currency and whose columns write numbers so."""
    return CellRules(
        currency, formats, price_attributes(shop), sale_starts(shop), sale_ends(shop), zone=shop.catalogue.zone
    )


def read_cell(name: str, value: object, rules: CellRules = NO_RULES) -> str | float | bool | None:
    """The value of a cell of a column of the schema; None where it is empty.

    Raises:
        Unreadable: it cannot be used; the message begins with the column's name.
    """
    column = COLUMNS[name]
    if isinstance(value, list):
        value = ", ".join(map(_written, value)) if column.kind == "text" else next(iter(value), None)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        found = None
    elif column.kind == "text":
        return _text(name, column, _written(value))
    elif isinstance(value, str) and is_unknown(value, column.kind):
        found = None
    else:
        return _READERS[column.kind](name, value, rules)
    if column.default is None:
        raise Unreadable(f"{name} is empty")
    return found


def is_unknown(text: str, kind: Kind) -> bool:
    """Whether a cell says that nothing is known."""
    plain = text.strip().casefold()
    return plain in UNKNOWN or (kind == "price" and plain in NO_PRICE)


def read_columns(
    columns: Mapping[str, Sequence[object]], rules: CellRules = NO_RULES
) -> tuple[list[pl.Series], list[str | None]]:
    """The values of columns of the schema, given as lists of equal length (null: empty or unusable).

    Returns:
        the columns, and for each row why it cannot be used, a sentence that begins with the column's name, or None.
    """
    problems: list[str | None] = [None] * max(map(len, columns.values()), default=0)
    found = []
    for name, cells in columns.items():
        values: list[str | float | bool | None] = []
        for row, cell in enumerate(politely(cells)):
            try:
                values.append(read_cell(name, cell, rules))
            except Unreadable as error:
                values.append(None)
                problems[row] = problems[row] or str(error)
        found.append(pl.Series(name, values, DTYPES[COLUMNS[name].kind]))
    return found, problems


def shown(value: object) -> str:
    """A cell in an error."""
    text = _written(value)
    return f"'{text}'" if len(text) <= MAX_SHOWN else f"'{text[:MAX_SHOWN]}…'"


def coarsest(category: object) -> object:
    """The first step of the first of the categories that a cell has."""
    first = next(iter(category), None) if isinstance(category, list) else category
    return first.partition(">")[0] if isinstance(first, str) else first


def _written(value: object) -> str:
    """A value of JSON as a text of a file would have it."""
    if isinstance(value, str):
        return value
    return (
        str(value).lower()
        if isinstance(value, bool)
        else str(value)
        if isinstance(value, int | float)
        else orjson.dumps(value).decode()
    )


def _text(name: str, column: Column, value: str) -> str | None:
    text = " ".join(value.split()) if name in VERBATIM else text_of_html(value)
    if len(text) > column.max_bytes // 4 and len(text.encode()) > column.max_bytes:
        raise Unreadable(f"{name} is too long; allowed: up to {column.max_bytes:,} bytes of text")
    if not text and column.default is None:
        raise Unreadable(f"{name} is empty")
    return text or None


def _refusal(name: str, value: object) -> Unreadable:
    return Unreadable(f"{name} is {shown(value)}; allowed: {ALLOWED[COLUMNS[name].kind]}")


def _price(name: str, value: object, rules: CellRules) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _refusal(name, value)
    amount = _price_of_text(name, value, rules) if isinstance(value, str) else float(value)
    if not _is_kept(amount) or amount <= 0 or np.float32(amount) == 0:
        raise _refusal(name, value)
    return amount


def _price_of_text(name: str, text: str, rules: CellRules) -> float:
    money = parse_price(" ".join(text.split()), currency=rules.currency, number_format=rules.formats.get(name))
    if money is None:
        raise _refusal(name, text)
    if rules.currency and money.currency and money.currency != rules.currency:
        raise Unreadable(
            f"{name} is {shown(text)}, in {money.currency}; allowed: {rules.currency}, the currency of the catalogue"
        )
    return float(money.amount)


def _flag(name: str, value: object, rules: CellRules) -> bool:  # noqa: ARG001  the readers have one signature
    if isinstance(value, bool):
        return value
    found = in_stock_of(str(value))
    if found is None:
        raise _refusal(name, value)
    return found


def _amount(name: str, value: object, rules: CellRules) -> float:
    number = read_number(value, rules.formats.get(name))
    if number is None or number < 0 or not _is_kept(number):
        raise _refusal(name, value)
    return number


def _share(name: str, value: object, rules: CellRules) -> float:
    percent = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    is_percent = percent is not None
    number = read_number(percent[1] if percent else value, rules.formats.get(name))
    share = number / 100 if number is not None and is_percent else number
    if share is None or not 0 <= share <= 1:
        raise _refusal(name, value)
    return share


_READERS: dict[Kind, Callable[[str, object, CellRules], float | bool]] = {
    "price": _price, "flag": _flag, "amount": _amount, "share": _share,
}  # fmt: skip


def read_number(value: object, number_format: NumberFormat | None = None) -> float | None:
    """A number that comes as one or as text; None where it is none, or not finite."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        return _number_of_text(value, number_format or POINT)
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


@kept
def _number_of_text(text: str, number_format: NumberFormat) -> float | None:
    number = parse_number(text, number_format if number_format.decimal else POINT)
    return float(number) if number is not None and math.isfinite(float(number)) else None


def _is_kept(number: float) -> bool:
    """Whether the number is finite in the 32 bits that the ranker computes with."""
    return abs(number) <= float(np.finfo(np.float32).max)
