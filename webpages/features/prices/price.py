"""Features of candidates for the current price."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.features.common import signatures_of
from trimtab.webpages.features.offer_area import are_elsewhere, are_with_other_product
from trimtab.webpages.features.prices.price_rivals import RIVAL_NAMES, is_of_other_amount, rival_rows
from trimtab.webpages.features.table import table_rows
from trimtab.webpages.parse.candidates import Candidate
from trimtab.webpages.parse.contexts import CONTEXT, contexts_in
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.prices import holds_amount, n_amounts
from trimtab.webpages.parse.reading import TOKEN, Reading, titles_of

_CENTS = re.compile(r"[.,\x1f]\d{2}(?!\d)")
_NUMBER = re.compile(r"\d[\d.,]*")
_BEHIND_DIGITS = re.compile(r".*\d", re.DOTALL)
_SIGN = re.compile(r"[+(]|[-−]\s*\W?\d|~")


class _Page:
    """What the features of all prices of a page share."""

    def __init__(self, reading: Reading, candidates: Sequence[Candidate]) -> None:
        structured = reading.structured
        self.reading, self.dom, self.stated = reading, reading.dom, structured.prices
        self.by_source: dict[str, set[Decimal]] = {}
        self.by_role: dict[str, set[Decimal]] = {}
        for fact in structured.prices:
            self.by_source.setdefault(fact.source, set()).add(fact.money.amount)
            self.by_role.setdefault(fact.role, set()).add(fact.money.amount)
        self.known = {fact.money.amount for fact in structured.prices}
        self.in_scripts = [money.amount for _, money in structured.script_prices]
        self.stated_otherwise = {fact.money.amount for fact in structured.other_prices} - self.known
        currencies = {fact.money.currency for fact in structured.prices} | set(structured.values("currency"))
        self.currencies = (currencies - {None}) or {reading.locale.own_currency}
        self.title = " ".join(titles_of(reading.dom))
        self.n_candidates = len(candidates)


@dataclass
class _Price:
    """One candidate on its page.

    Attributes:
        n_of_value, n_of_signature: its number among those of the same value, and of the same tag and classes.
        n_same_signature: how many there are in all.
        is_elsewhere, is_with_other_product: see `trimtab.webpages.features.offer_area`.
    """

    page: _Page
    candidate: Candidate
    index: int
    n_of_value: int
    n_of_signature: int
    n_same_signature: int
    is_elsewhere: bool
    is_with_other_product: bool

    @cached_property
    def value(self) -> Decimal:
        return self.candidate.money.amount if self.candidate.money else Decimal(0)

    @cached_property
    def text(self) -> str:
        return self.candidate.text if self.candidate.source == "text" else ""

    @cached_property
    def around(self) -> tuple[str, str]:
        return _around(self.page.dom, self.candidate.element)

    @cached_property
    def own(self) -> frozenset[str]:
        return contexts_in(self.text)

    @cached_property
    def before(self) -> frozenset[str]:
        return contexts_in(self.around[0])

    @cached_property
    def written(self) -> dict[str, float]:
        return _written(self.text)

    @cached_property
    def tag(self) -> str:
        return self.page.dom.tags[self.candidate.element]

    @cached_property
    def prop(self) -> str:
        return self.page.dom.attribute(self.candidate.element, "itemprop").lower()

    def is_stated_by(self, source: str) -> bool:
        return self.value in self.page.by_source.get(source, ())

    def has_role(self, role: str) -> bool:
        return self.value in self.page.by_role.get(role, ())


@lru_cache(maxsize=4096)
def _said_after(text: str) -> tuple[bool, ...]:
    return tuple(CONTEXT[name].search(text) is not None for name in _SAID_AFTER)


_WRITTEN: dict[str, Callable[[_Price], float]] = {
    "has_symbol": lambda p: p.candidate.has_currency,
    "has_decimals": lambda p: p.written["has_decimals"],
    "n_digits": lambda p: p.written["n_digits"],
    "n_words": lambda p: p.written["n_words"],
    "n_numbers": lambda p: p.written["n_numbers"],
    "n_amounts": lambda p: p.written["n_amounts"],
    "log_value": lambda p: math.log10(float(p.value) + 0.01),
    "first_of_value": lambda p: p.n_of_value == 1,
    "order": lambda p: math.log1p(p.index),
    "n_candidates": lambda p: math.log1p(p.page.n_candidates),
    "n_same_signature": lambda p: math.log1p(p.n_same_signature),
    "order_in_signature": lambda p: math.log1p(p.n_of_signature),
}
_SAID_AFTER = ("unit", "instalment", "save", "net", "gross", "deposit")
_SAID = [
    *(f"{where}_{name}" for where in ("own", "before") for name in CONTEXT),
    *(f"after_{name}" for name in _SAID_AFTER),
]
_PLACED: dict[str, Callable[[_Price], float]] = {
    "agrees_json_ld": lambda p: p.is_stated_by("json-ld"),
    "agrees_microdata": lambda p: p.is_stated_by("microdata"),
    "agrees_opengraph": lambda p: p.is_stated_by("opengraph"),
    "agrees_first": lambda p: bool(p.page.stated) and p.value == p.page.stated[0].money.amount,
    "agrees_low": lambda p: p.has_role("low"),
    "agrees_high": lambda p: p.has_role("high") and not p.has_role("low"),
    "agrees_script": lambda p: p.value in p.page.in_scripts,
    "agrees_first_script": lambda p: bool(p.page.in_scripts) and p.value == p.page.in_scripts[0],
    "agrees_any": lambda p: p.value in p.page.known,
    "stated_otherwise": lambda p: p.value in p.page.stated_otherwise,
    "n_stated": lambda p: math.log1p(len(p.page.stated)),
    "n_stated_values": lambda p: min(len(p.page.known), 10),
    "is_elsewhere": lambda p: p.is_elsewhere,
    "is_with_other_product": lambda p: p.is_with_other_product,
    "is_text": lambda p: p.candidate.source == "text",
    "is_meta": lambda p: p.candidate.source == "meta",
    "is_json_ld": lambda p: p.candidate.source == "json-ld",
    "is_microdata": lambda p: p.candidate.source == "microdata",
    "is_script": lambda p: p.candidate.source == "script",
    "itemprop_price": lambda p: p.prop == "price",
    "itemprop_offer": lambda p: "offer" in p.prop,
    "currency_fits": lambda p: p.candidate.money is not None and p.candidate.money.currency in p.page.currencies,
    "is_heading": lambda p: p.tag in ("h1", "h2", "h3", "h4"),
    "is_strong": lambda p: p.tag in ("b", "strong", "em", "ins", "big"),
    "in_title": lambda p: len(p.text) > 2 and p.text.replace("\x1f", "") in p.page.title,
    "plus_minus": lambda p: _SIGN.search(p.text) is not None,
}
PRICE_NAMES = [*_WRITTEN, *_SAID, *_PLACED, *RIVAL_NAMES]


def price_rows(reading: Reading, candidates: Sequence[Candidate]) -> NDArray[np.float32]:
    """[n, len(PRICE_NAMES)] columns."""
    page = _Page(reading, candidates)
    signatures, n_signature = signatures_of(reading.dom, candidates)
    values: Counter[Decimal | None] = Counter()
    seen: Counter[str] = Counter()
    prices = []
    elements = [candidate.element for candidate in candidates]
    elsewhere, with_other = are_elsewhere(reading, elements), are_with_other_product(reading, elements)
    for index, (candidate, signature) in enumerate(zip(candidates, signatures, strict=True)):
        value = candidate.money.amount if candidate.money else None
        values[value] += 1
        seen[signature] += 1
        counts = (values[value], seen[signature], n_signature[signature])
        is_shown = candidate.source == "text"
        other = (is_shown and elsewhere[index], is_shown and with_other[index])
        prices.append(_Price(page, candidate, index, *counts, *other))
    otherwise = [price.value in page.stated_otherwise for price in prices]
    said = [
        [*(name in where for where in (price.own, price.before) for name in CONTEXT), *_said_after(price.around[1])]
        for price in prices
    ]
    columns = (
        table_rows(_WRITTEN, prices),
        np.asarray(said).reshape(len(prices), len(_SAID)),
        table_rows(_PLACED, prices),
        rival_rows(reading.dom, candidates, otherwise),
    )
    return np.hstack(columns).astype(np.float32)


@lru_cache(maxsize=4096)
def _written(text: str) -> dict[str, float]:
    """How the amount is written."""
    return {
        "has_decimals": float(bool(_CENTS.search(text))),
        "n_digits": float(sum(character.isdigit() for character in text)),
        "n_words": float(len(TOKEN.findall(text))),
        "n_numbers": float(len(_NUMBER.findall(text))),
        "n_amounts": float(n_amounts(text)),
    }


def _around(dom: Dom, element: int) -> tuple[str, str]:
    """The words before and after, as far as they belong to no other amount (`was 4.50 2.25`)."""
    first, last = dom.segment_starts[element], dom.segment_ends[element]
    before = ""
    for index in range(first - 1, max(-1, first - 3), -1):
        segment = dom.segments[index]
        if holds_amount(segment):
            before = f"{_BEHIND_DIGITS.sub('', segment)} {before}"
            break
        if is_of_other_amount(dom, index, element):
            break
        before = f"{segment} {before}"
    behind = range(last, min(last + 2, len(dom.segments)))
    after = takewhile(lambda index: not (dom.with_digits[index] and holds_amount(dom.segments[index])), behind)
    return before.strip()[-50:], " ".join(dom.segments[index] for index in after)[:40].lower()
