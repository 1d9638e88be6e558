"""Prices that a page holds for its scripts, which are never run: some shops show theirs by script alone.

Those in the scripts of a platform come first, else the one in the event that counts a visit, the one beside the
heading's text in the data of an application, and those in attributes of elements that have no text of their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import chain, islice

from trimtab.text.money import Money, currency_of
from trimtab.webpages.parse.candidates import mark
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.prices import stated_price
from trimtab.webpages.parse.words import role_bit, roles_of

MAX_AMOUNTS = 3
MAX_ELEMENTS = 200
MIN_NAME, MAX_NAME = 4, 200
"""Characters of a name that is looked for in scripts."""
_PLATFORM = "Shopify"
_PRICE = re.compile(r'"price":\s?(\d{2,9})(?=\s?[,}])')
"""A whole number of cents, of the product or of one of its variants."""
_VIEWED = tuple(
    re.compile(pattern)
    for pattern in (
        r"""view_item(?<=["']view_item)["']""",
        r"""ViewContent(?<=["']ViewContent)["']""",
        r"""detail(?<=\bdetail)["']?\s*:\s*\{""",
    )
)
"""One product is looked at, as Google's and Facebook's counters of visits have it. Each begins with a word, which `re`
finds fast in a long script."""
_VIEWED_PRICE = re.compile(
    r"""\b(?:price|value)\\?["']?\s*:\s*(?P<quote>\\?["']?)(?P<amount>\d{1,7}(?:\.\d{1,4})?)(?P=quote)\s*[,})\]\n]"""
)
_EVENT_CURRENCY = re.compile(r"""\bcurrency(?:Code)?\\?["']?\s*:\s*\\?["']([A-Z]{3})\b""")
MAX_BEHIND = 1_000
"""Characters behind the event, or the name, in which its price stands."""
_STATE_PRICE = re.compile(
    r"""(?<![A-Za-z])(?:price|salePrice|currentPrice|finalPrice|sellingPrice)\\?["']\s*:\s*(?:\{[^{}]{0,60}?(?:value|amount)\\?["']\s*:\s*)?"""
    r"""(?P<quote>\\?["']?)(?P<amount>\d{1,7}\.\d{1,4})(?P=quote)\s*[,}]"""
)
"""With a decimal point: of whole numbers nobody knows whether they are cents."""
_PRICE_NAMES = ("data-price", "data-price-amount", "data-current-price", "data-sale-price", "data-product-price",
                "data-final-price", "price")  # fmt: skip
_AMOUNT_NAMES = ("content", "data-amount", "data-value")
"""Attributes of many uses: the element must be called a price."""
_CURRENCY_NAMES = ("data-currency", "data-price-currency", "data-currency-code", "currency")
_KIND_NAMES = ("data-price-type", "data-type")
_NOT_CURRENT = role_bit("old") | role_bit("unit") | role_bit("instalment") | role_bit("shipping") | role_bit("save")
_NOW, _PRICE_ROLE = role_bit("now"), role_bit("price")


def script_prices(dom: Dom) -> list[tuple[int, Money]]:
    """Distinct prices in the order of their first appearance, each with the element it was read from."""
    is_of_platform = any(_PLATFORM in source for _, source in dom.inline_scripts)
    prices = _of_scripts(dom) if is_of_platform else chain(_of_counters(dom), _of_state(dom), _of_attributes(dom))
    found: dict[Decimal, tuple[int, Money]] = {}
    for element, money in prices:
        found.setdefault(money.amount, (element, money))
        if len(found) == MAX_AMOUNTS:
            break
    return list(found.values())


def _of_scripts(dom: Dom) -> Iterator[tuple[int, Money]]:
    for element, source in dom.inline_scripts:
        for written in _PRICE.finditer(source):
            amount = Decimal(written[1]) / 100
            if amount > 0:
                yield element, Money(amount.quantize(Decimal(1)) if amount % 1 == 0 else amount, None)


def _of_counters(dom: Dom) -> Iterator[tuple[int, Money]]:
    """The price in the first event that says which product is looked at."""
    for element, source in dom.inline_scripts:
        events = [event for pattern in _VIEWED if (event := pattern.search(source))]
        event = min(events, key=lambda found: found.start(), default=None)
        money = _price_behind(source, event, _VIEWED_PRICE) if event else None
        if money is not None:
            yield element, money
            return


def _of_state(dom: Dom) -> Iterator[tuple[int, Money]]:
    """The price behind the heading's text in the data that an application begins with."""
    headings = [element for element in dom.of_tags("h1")[:1] if MIN_NAME <= dom.text_length(element) <= MAX_NAME]
    if not headings:
        return
    name = json.dumps(dom.text(headings[0]), ensure_ascii=False)[1:-1]
    named = re.compile(rf"""(?:name|title)\\?["']?\s*:\s*\\?["']{re.escape(name)}\\?["']""")
    for element, source in dom.inline_scripts:
        product = named.search(source) if name in source else None
        money = _price_behind(source, product, _STATE_PRICE) if product else None
        if money is not None:
            yield element, money
            return


def _price_behind(source: str, said: re.Match[str], pattern: re.Pattern[str]) -> Money | None:
    text = source[said.end() : said.end() + MAX_BEHIND]
    price, currency = pattern.search(text), _EVENT_CURRENCY.search(text)
    return stated_price(price["amount"], currency_of(currency[1]) if currency else None) if price else None


def _of_attributes(dom: Dom) -> Iterator[tuple[int, Money]]:
    metas = set(dom.of_tags("meta", "link"))
    named = {element for name in (*_PRICE_NAMES, *_AMOUNT_NAMES) for element in dom.having(name)} - metas
    for element in islice(sorted(named), MAX_ELEMENTS):
        attributes = dom.attributes[element]
        kind = next((attributes[name] for name in _KIND_NAMES if name in attributes), "")
        roles = roles_of(f"{mark(dom, element)} {kind}")
        if dom.text_length(element) or (roles & _NOT_CURRENT and not roles & _NOW):
            continue
        names = (*_PRICE_NAMES, *(_AMOUNT_NAMES if roles & _PRICE_ROLE else ()))
        written = next((attributes[name] for name in names if name in attributes), "")
        currency = next((attributes[name] for name in _CURRENCY_NAMES if name in attributes), "")
        money = stated_price(written, currency_of(currency))
        if money is not None:
            yield element, money
