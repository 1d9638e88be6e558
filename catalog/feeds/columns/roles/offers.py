"""Which columns of a feed say what an item costs and whether it is there: by name where the cells bear it out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from trimtab.catalog.attributes.values import Unreadable
from trimtab.catalog.availability import in_stock_of
from trimtab.catalog.cells import read_cell, read_number
from trimtab.catalog.feeds.columns.evidence import ENOUGH, ColumnEvidence, shape_of
from trimtab.catalog.feeds.columns.price_names import is_net, is_standard, price_kind
from trimtab.catalog.feeds.columns.prices import without_measure
from trimtab.catalog.feeds.columns.survey import Survey, is_price_name
from trimtab.text.money import parse_price
from trimtab.text.numbers import NumberFormat

HALF = 0.5
BORNE_OUT = 0.8
"""The share of a column's cells that have to read as what it is called; the others are damaged."""
SOME, FEW_WORDS = 0.3, 12
"""The share that is enough for a column called stock with so few different words: some may be the shop's own."""
MAX_STOCK_WORDS = 40
"""Different cells that a column of words for stock has at most."""
REGULAR = "regular_price"
"""The role of a higher price to compare with."""


def with_offers(found: Mapping[str, str], survey: Survey, given: Collection[str]) -> dict[str, str]:
    """The roles with those of prices and stock as the cells have them.

    Args:
        given: roles that the format or the shop names itself; they hold whatever the cells are.
    """
    roles, columns = dict(found), survey.columns
    if "in_stock" in roles and _counts(columns[roles["in_stock"]]):
        roles.setdefault("stock", roles.pop("in_stock"))
    for role in _READS:
        if role in roles and role not in given and not bears_out(role, columns[roles[role]]):
            del roles[role]
    if "price" in roles and "price" not in given and "sale_price" not in roles:
        roles |= _own_price(survey, roles)
    if "price" not in roles:
        roles |= _some_price(survey, taken=set(roles.values()))
    if "price" in roles:
        roles |= _regular_price(survey, roles)
    if "in_stock" not in roles and "stock" not in roles:
        roles |= _some_stock(survey, taken=set(roles.values()))
    return roles


def _own_price(survey: Survey, roles: Mapping[str, str]) -> dict[str, str]:
    """The price that is asked, where the column found is one to compare with (`list_price`) or without tax."""
    found = roles["price"]
    if price_kind(found) != "regular" and not is_net(found):
        return {}
    whole = [name for name in survey.columns if _has_prices(name, survey) and price_kind(name) == "price"]
    asked = next((name for name in sorted(whole, key=is_net)), found)
    return {"price": asked if survey.columns[asked].n >= BORNE_OUT * survey.columns[found].n else found}


def _some_price(survey: Survey, *, taken: Collection[str]) -> dict[str, str]:
    """The role of the first column of prices of some kind, where there is one."""
    found = [name for name in survey.columns if name not in taken and _has_prices(name, survey)]
    asked = [name for name in found if price_kind(name) in ("price", "sale")]
    compared = [name for name in found if price_kind(name) == "regular"]
    unnamed = [name for name in found if price_kind(name) is None]
    first = next(iter((*sorted(asked, key=is_net), *compared, *unnamed)), None)
    return {} if first is None else {"price": first}


def _has_prices(name: str, survey: Survey) -> bool:
    """Whether a column has a price in most rows: it is called a price of some kind, or its cells name a currency."""
    column = survey.columns[name]
    return column.n >= HALF * survey.n_rows and (
        column.are_prices or (is_price_name(name) and bears_out("price", column))
    )


def _regular_price(survey: Survey, roles: Mapping[str, str]) -> dict[str, str]:
    """The column with the higher price that a shop compares its own with."""
    taken = set(roles.values())
    known = [name for name in survey.columns if name not in taken]
    named = [name for is_one in (_is_regular, is_standard) for name in known if is_one(name)]
    found = next((name for name in named if bears_out("price", survey.columns[name])), None)
    return {} if found is None or price_kind(roles["price"]) == "regular" else {REGULAR: found}


def _is_regular(name: str) -> bool:
    return price_kind(name) == "regular"


def _some_stock(survey: Survey, *, taken: Collection[str]) -> dict[str, str]:
    """The first column of words that shops have for what can be bought now."""
    whole = (name for name, one in survey.columns.items() if name not in taken and one.n >= HALF * survey.n_rows)
    found = next((name for name in whole if _says_stock(survey.columns[name])), None)
    return {} if found is None else {"in_stock": found}


def _says_stock(column: ColumnEvidence) -> bool:
    words = [text for text in column.distinct if not (shape_of(text).is_flag or shape_of(text).is_number)]
    return bool(words) and len(column.distinct) <= MAX_STOCK_WORDS and all(map(_is_stock, column.distinct))


def _is_stock(text: str) -> bool:
    return in_stock_of(text) is not None


def _is_price(text: str) -> bool:
    price = parse_price(without_measure(text))
    return price is not None or read_number(text) is not None


def _is_amount(text: str) -> bool:
    return read_number(text, NumberFormat(",")) is not None or read_number(text) is not None


def _is_share(text: str) -> bool:
    try:
        return read_cell("discount", text) is not None
    except Unreadable:
        return False


_READS: Mapping[str, Callable[[str], bool]] = {
    "price": _is_price, "in_stock": _is_stock, "discount": _is_share, "popularity": _is_amount,
    "purchase_rate": _is_share,
}  # fmt: skip


def bears_out(role: str, column: ColumnEvidence) -> bool:
    """Whether the cells of a column are what its name says; else it is an attribute as others are."""
    n_read = sum(n for text, n in column.distinct.items() if _READS[role](text))
    are_words = role == "in_stock" and len(column.distinct) <= FEW_WORDS and n_read > 0
    return n_read >= (SOME if are_words else BORNE_OUT) * column.distinct.total()


def says_stock(column: ColumnEvidence) -> bool:
    """Whether some cells of a column say or count what is there."""
    n_read = sum(n for text, n in column.distinct.items() if _is_stock(text) or read_number(text) is not None)
    return n_read >= SOME * column.distinct.total()


def is_percent(column: ColumnEvidence) -> bool:
    """Whether a column's bare numbers are percents, as they are too large for shares."""
    numbers = [read_number(text) for text in column.distinct]
    known = [number for number in numbers if number is not None]
    are_whole = all(number.is_integer() for number in known)
    return len(known) == len(numbers) and are_whole and 1 < max(known, default=0) <= PERCENT


PERCENT = 100.0


def _counts(column: ColumnEvidence) -> bool:
    """Whether a column of stock says how many are there."""
    return column.share("is_number") >= ENOUGH and not set(column.distinct) <= {"0", "1"}
