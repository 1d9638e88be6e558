"""Prices in the scripts of a platform, read as text and never run: some of its shops show theirs by script alone."""

from __future__ import annotations

import re
from decimal import Decimal

from trimtab.text.money import Money
from trimtab.webpages.parse.dom import Dom

MAX_AMOUNTS = 3
_PLATFORM = "Shopify"
_PRICE = re.compile(r'"price":\s?(\d{2,9})(?=\s?[,}])')
"""A whole number of cents, of the product or of one of its variants."""


def script_prices(dom: Dom) -> list[tuple[int, Money]]:
    """Distinct prices in the order of their first appearance, each with the element it was read from."""
    if not any(_PLATFORM in source for _, source in dom.inline_scripts):
        return []
    found: dict[Decimal, int] = {}
    for element, source in dom.inline_scripts:
        for written in _PRICE.finditer(source):
            amount = Decimal(written[1]) / 100
            if amount > 0:
                found.setdefault(amount.quantize(Decimal(1)) if amount % 1 == 0 else amount, element)
            if len(found) == MAX_AMOUNTS:
                break
    return [(element, Money(amount, None)) for amount, element in list(found.items())[:MAX_AMOUNTS]]
