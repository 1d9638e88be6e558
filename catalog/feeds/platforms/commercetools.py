"""commercetools products by the names of its columns: prices of countries and currencies in one cell, in cents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from trimtab.catalog.feeds.platforms.plain import PLAIN
from trimtab.catalog.feeds.platforms.platform import Platform
from trimtab.catalog.feeds.rows import Row, Rows, Value, texts
from trimtab.text.amounts.currencies import codes, decimals_of

PRICES = "prices"
OF_COUNTRY = "price / "
"""What stands before a country in columns of its prices."""
_OWN = frozenset({"productType", "variantId", "sku"})
_PRICE = re.compile(r"(?:(?P<country>[A-Z]{2})-)?(?P<currency>[A-Z]{3}) (?P<cents>\d+)(?P<group> \S.*)?")
"""`EUR 2049`, `US-USD 2253`; behind it the group of customers or the channel that a price is for."""
_BETWEEN = re.compile(r"\s*[|;]\s*")


def _matches(names: frozenset[str]) -> bool:
    return names >= _OWN


def _rows(rows: Rows) -> Rows:
    return PLAIN.rows(_priced(rows))


def _priced(rows: Rows) -> Rows:
    for row in rows:
        if not isinstance(row, Row) or PRICES not in row.cells:
            yield row
            continue
        rest = {name: value for name, value in row.cells.items() if name != PRICES}
        yield Row(row.line, dict(_prices(row.cells[PRICES])) | rest)


def _prices(cell: Value) -> Iterator[tuple[str, Value]]:
    """The price of everybody, then those of other countries and currencies; without one for all, the first is it."""
    found = [one for text in texts(cell) for part in _BETWEEN.split(text) if (one := _PRICE.fullmatch(part.strip()))]
    found = sorted((one for one in found if one["currency"] in codes() and not one["group"]), key=_is_of_a_country)
    for number, one in enumerate(found):
        currency, country = one["currency"], one["country"]
        amount = Decimal(one["cents"]).scaleb(-decimals_of(currency))
        is_other = currency != found[0]["currency"]
        name = "price" if number == 0 else f"price_{currency.lower()}" if is_other else f"{OF_COUNTRY}{country}"
        yield name, f"{amount} {currency}"


def _is_of_a_country(price: re.Match[str]) -> bool:
    return price["country"] is not None


COMMERCETOOLS = Platform("commercetools products", _matches, _rows, is_of_the_shop=True, market_price=OF_COUNTRY)
