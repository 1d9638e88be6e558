"""Which elements of a page could be its price, main image, name or add-to-cart control. High recall, linear."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import chain, islice

import numpy as np

from trimtab.text.money import Money, currency_of
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.prices import SPLIT, PageLocale, n_amounts, price_text, shown_price
from trimtab.webpages.parse.statements.facts import Structured
from trimtab.webpages.parse.words import ADD_TO_CART, NOT_CART, has_role

KINDS = ("price", "image", "name", "cart")
MAX_CANDIDATES = 400
MAX_READ = 12_000
"""Short texts with a digit that are read for an amount; real pages have a few thousand."""
MAX_OWN_READ = 4_000
"""The same of texts that stand beside others."""
MAX_CONTROLS = 200
MAX_CONTROL_TEXT = 120
MAX_LINK_TEXT = 24
"""Characters of a link that is not drawn as a button and is one."""
MAX_ADDRESS = 1_000
"""Longer addresses of images are data URLs."""
MAX_PRICE_TEXT = 60
MAX_NAME_TEXT = 300
MIN_PART_OF_TITLE = 6
MAX_CURRENCY = 8
_SEVERAL = 2

_NAME_TAGS = frozenset({"h1", "h2", "h3", "h4", "h5", "title"})
_NO_NAME_TAGS = frozenset({"html", "head", "body", "option", "button", "label"})
_DECIMAL = re.compile(
    r"\d[.,]\d{2}(?!\d|\s?(?:[\"”″'’x×%°*]|(?:oz|ml|cl|mm|cm|km|kg|mg|lbs?|in|inch|ft|ghz|mhz|hz|mah|mp|fl|m|g|l|w|v|a|мм|см|м|кг|г|л)\b))",
    re.IGNORECASE,
)
"""An amount with cents, and not a measure."""
_DASHED = re.compile(r"\d\s?[.,:]\s?[-–—]{1,2}(?![\d\w])")
"""An amount whose cents are a dash: `2 490,-`, `49.–`, `1 299:-`."""
_BUTTON = re.compile(r"(?:^|[\s_-])(?:btn|button)(?![a-z])")
_COUNT = re.compile(r"\(\d+\)")
_BARE_NUMBER = re.compile(r"\d[\d.,'\x1f\u00a0 ]*")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An element and what it would mean: money of a price, address of an image, text of a name or control.

    `source` is `text` for what a shopper sees, else `meta`, `microdata`, `json-ld` or `script`. `has_currency` tells
    whether the text names the currency.
    """

    element: int
    text: str
    money: Money | None = None
    source: str = "text"
    has_currency: bool = False


_NAMING = ("class", "id", "itemprop", "name", "data-testid", "data-test", "data-qa", "data-automation-id", "role")


def mark(dom: Dom, element: int) -> str:
    """Class names, id and the like of an element: what its author calls it."""
    if not dom.marks:
        dom.marks = _marks(dom)
        for marked, text in enumerate(dom.marks):
            if text:
                dom.by_mark.setdefault(text, []).append(marked)
    return dom.marks[element]


def _marks(dom: Dom) -> list[str]:
    marks = [""] * len(dom)
    for name in _NAMING:
        for element in dom.having(name):
            value = dom.attributes[element][name]
            if value:
                marks[element] = f"{marks[element]} {value}" if marks[element] else value
    return marks


def elements_with_role(dom: Dom, role: str) -> list[int]:
    """Elements whose mark has a role, in document order."""
    if dom.tags:
        mark(dom, 0)
    return sorted(chain.from_iterable(of_mark for text, of_mark in dom.by_mark.items() if has_role(text, role)))


def price_candidates(dom: Dom, structured: Structured, locale: PageLocale) -> list[Candidate]:
    """Elements whose whole text is a short text with an amount, and what structured data states; where it states
    nothing, what the page's scripts hold."""
    stated = {fact.money.amount for fact in structured.prices} or {m.amount for _, m in structured.script_prices}
    stated_at = {fact.element: fact for fact in structured.prices}
    found: list[Candidate] = []
    for element in _with_short_digits(dom)[:MAX_READ]:
        first, last = dom.segment_starts[element], dom.segment_ends[element]
        text = SPLIT.join(dom.segments[first:last])
        if dom.tags[element] in ("option", "title") or _COUNT.fullmatch(text):
            continue
        read = price_text(dom, element)
        shown = shown_price(read, locale)
        if shown is not None and not shown[1] and _BARE_NUMBER.fullmatch(text):
            beside = _currency_beside(dom, first, last, locale)
            shown = (beside and shown_price(f"{read} {beside}", locale)) or shown
        if shown is None:
            continue
        money, has_currency = shown
        has_currency = has_currency or _DASHED.search(text) is not None
        if has_currency or _DECIMAL.search(text) or money.amount in stated or _named_price(dom, element):
            found.append(Candidate(element, text, money, has_currency=has_currency))
        elif element in stated_at:
            found.append(Candidate(element, text, stated_at[element].money, "microdata"))
    found = _without_parts(dom, _without_containers(dom, found))
    found = _without_wrappers(dom, _with_own_texts(dom, found, locale))
    seen = {candidate.element for candidate in found}
    for fact in structured.prices[:60]:
        if fact.element not in seen or fact.source != "microdata":
            source = "meta" if fact.source == "opengraph" else fact.source
            found.append(Candidate(fact.element, fact.role, fact.money, source))
    if not structured.prices:
        found += [Candidate(element, "price", money, "script") for element, money in structured.script_prices]
    if len(found) > MAX_CANDIDATES:
        found = found[: MAX_CANDIDATES - 60] + found[-60:]
    return found


def _with_short_digits(dom: Dom) -> list[int]:
    """Elements with a digit in a short text, without those that only wrap another with the same text: the inner one
    stands for both."""
    ranges = dom.ranges
    digits = np.append(0, dom.with_digits.cumsum())
    with_digits = digits[ranges.lasts] > digits[ranges.firsts]
    first_child = np.arange(1, len(dom))
    wraps = np.zeros(len(dom), dtype=bool)
    wraps[:-1] = (
        (ranges.ends[:-1] > first_child)
        & (ranges.firsts[first_child] == ranges.firsts[:-1])
        & (ranges.lasts[first_child] == ranges.lasts[:-1])
    )
    found: list[int] = np.flatnonzero((ranges.lengths <= MAX_PRICE_TEXT) & with_digits & ~wraps).tolist()
    return found


def _named_price(dom: Dom, element: int) -> bool:
    return has_role(mark(dom, element), "price") or has_role(mark(dom, dom.parents[element]), "price")


def _without_containers(dom: Dom, found: list[Candidate]) -> list[Candidate]:
    """Drop blocks of several amounts: their parts are candidates too, and a block would stand for its first amount."""
    following = [*(candidate.element for candidate in found), len(dom)][1:]
    return [
        candidate
        for candidate, after in zip(found, following, strict=True)
        if after >= dom.ends[candidate.element] or n_amounts(candidate.text) < 2
    ]


def _with_own_texts(dom: Dom, found: list[Candidate], locale: PageLocale) -> list[Candidate]:
    """Add amounts that stand in a block beside other texts: `12,90 €` in `<div>12,90 € <s>15,90 €</s></div>`.

    A block of several amounts gives way to them.
    """
    single = {c.element for c in found if n_amounts(c.text) + len(_DASHED.findall(c.text)) < _SEVERAL}
    added: dict[int, list[Candidate]] = {}
    for owner, text in islice(_own_texts(dom, single), MAX_OWN_READ):
        shown = shown_price(text, locale)
        if shown is not None and (shown[1] or _DASHED.search(text)) and n_amounts(text) < _SEVERAL:
            added.setdefault(owner, []).append(Candidate(owner, text, shown[0], has_currency=True))
    kept = (candidate for candidate in found if candidate.element not in added)
    return sorted([*kept, *chain.from_iterable(added.values())], key=lambda candidate: candidate.element)


def _without_wrappers(dom: Dom, found: list[Candidate]) -> list[Candidate]:
    """Drop elements around another that says the same amount with its currency: one place is one witness."""
    innermost: dict[Decimal, int] = {}
    kept = []
    for candidate in reversed(found):
        amount = candidate.money.amount if candidate.money else Decimal(0)
        if candidate.element < innermost.get(amount, -1) < dom.ends[candidate.element]:
            continue
        if n_amounts(candidate.text) or _DASHED.search(candidate.text):
            innermost[amount] = candidate.element
        kept.append(candidate)
    return kept[::-1]


def _own_texts(dom: Dom, known: Collection[int]) -> Iterator[tuple[int, str]]:
    """Short texts with a digit that stand in an element beside others, but for elements that are known."""
    starts, ends = dom.segment_starts, dom.segment_ends
    for index in np.flatnonzero(dom.with_digits).tolist():
        owner, text = dom.segment_owners[index], dom.segments[index]
        is_beside = ends[owner] - starts[owner] > 1 and dom.tags[owner] not in _NO_NAME_TAGS
        if is_beside and owner not in known and len(text) <= MAX_PRICE_TEXT:
            yield owner, text


def _without_parts(dom: Dom, found: list[Candidate]) -> list[Candidate]:
    """Drop the parts of an amount whose cents stand in another node: `499` and `.99` in `$ 499 .99`."""
    kept: list[Candidate] = []
    around, parts = -1, frozenset[Decimal]()
    for candidate in found:
        amount = candidate.money.amount if candidate.money else Decimal(0)
        if candidate.element < around and amount in parts:
            continue
        if amount > 1 and amount % 1 and SPLIT in candidate.text:
            cents = amount % 1
            around, parts = dom.ends[candidate.element], frozenset({amount // 1, cents, cents * 100})
        kept.append(candidate)
    return kept


def _currency_beside(dom: Dom, first: int, last: int, locale: PageLocale) -> str | None:
    """A currency that the next text node begins with, or that is all of the one before: `294` and `元`. One with an
    amount behind it, in the same node, is that amount's."""
    before = dom.segments[first - 1] if first else ""
    after, _, rest = dom.segments[last].partition(" ") if last < len(dom.segments) else ("", "", "")
    after = "" if rest[:1].isdigit() else after
    short = (locale.without_now(text) for text in (after, before) if len(text) <= MAX_CURRENCY)
    return next((text for text in short if currency_of(text)), None)


def image_candidates(dom: Dom) -> list[Candidate]:
    sources = ((element, image_source(dom, element)) for element in dom.of_tags("img"))
    return list(islice((Candidate(element, source) for element, source in sources if source), MAX_CANDIDATES))


def image_source(dom: Dom, element: int) -> str:
    """Address of an image, also where it is loaded lazily."""
    attributes = dom.attributes[element]
    for name in (
        "src",
        "data-src",
        "data-original",
        "data-lazy",
        "data-lazy-src",
        "data-zoom-image",
        "srcset",
        "data-srcset",
    ):
        value = attributes.get(name, "").strip()
        if value and not (value.startswith("data:") and name == "src" and len(attributes) > 2 and _lazy(attributes)):
            address = value.split()[0].rstrip(",") if "srcset" in name else value
            return address[:MAX_ADDRESS]
    return ""


def _lazy(attributes: dict[str, str]) -> bool:
    return any(
        attributes.get(name) for name in ("data-src", "data-original", "data-lazy", "data-lazy-src", "data-srcset")
    )


def name_candidates(dom: Dom) -> list[Candidate]:
    named = sorted({*dom.of_tags(*_NAME_TAGS), *elements_with_role(dom, "name")})
    fitting = (
        element
        for element in named
        if 2 < dom.text_length(element) <= MAX_NAME_TEXT and dom.tags[element] not in _NO_NAME_TAGS
    )
    found = list(islice(fitting, MAX_CONTROLS))
    if all(dom.tags[element] == "title" for element in found):
        found += _parts_of_title(dom)
    return [Candidate(element, dom.text(element)) for element in found]


def _parts_of_title(dom: Dom) -> list[int]:
    """Elements of a page without headings whose text stands in its title."""
    title = " ".join(dom.text(element)[:MAX_NAME_TEXT] for element in dom.of_tags("title")[:1])
    owners = zip(dom.segments, dom.segment_owners, strict=True)
    named = (owner for text, owner in owners if len(text) >= MIN_PART_OF_TITLE and text in title)
    return list(
        islice((owner for owner in named if dom.tags[owner] not in (*_NO_NAME_TAGS, "title", "a")), MAX_CONTROLS)
    )


def cart_candidates(dom: Dom) -> list[Candidate]:
    short = (element for element in _controls(dom) if dom.text_length(element) <= MAX_CONTROL_TEXT)
    return [Candidate(element, control_text(dom, element)) for element in islice(short, MAX_CONTROLS)]


def _controls(dom: Dom) -> list[int]:
    """Buttons, what acts as one, and what is named like a cart control."""
    attributes = dom.attributes
    inputs = [e for e in dom.of_tags("input") if attributes[e].get("type", "").lower() in ("submit", "button", "image")]
    in_role = [e for e in dom.having("role") if attributes[e]["role"] == "button"]
    named = [e for e in elements_with_role(dom, "cart") if dom.tags[e] in ("a", "div", "span")]
    links = [
        e
        for e in dom.of_tags("a")
        if _is_control(attributes[e], dom.text_length(e)) and says_add_to_cart(dom.text(e)[:MAX_CONTROL_TEXT])
    ]
    return sorted({*dom.of_tags("button"), *inputs, *in_role, *named, *links})


def _is_control(attributes: dict[str, str], length: int) -> bool:
    """Whether a link of few words leads to no other page, or is drawn as a button and its address puts something into a
    cart."""
    address = attributes.get("href", "").strip().lower()[:MAX_ADDRESS]
    is_drawn = _is_button(attributes.get("class", ""))
    if not address or address.startswith(("#", "javascript:")):
        return is_drawn or length <= MAX_LINK_TEXT
    return is_drawn and has_role(address, "cart")


@lru_cache(maxsize=8192)
def _is_button(names: str) -> bool:
    return _BUTTON.search(names.lower()) is not None


def control_text(dom: Dom, element: int) -> str:
    attributes = dom.attributes[element]
    text, said = dom.text(element)[:120], [attributes.get(name, "") for name in ("value", "aria-label", "title", "alt")]
    if not text and not any(said):
        pictures = dom.of_tags("img")
        inside = pictures[bisect_left(pictures, element) : bisect_left(pictures, dom.ends[element])][:1]
        said = [dom.attribute(picture, "alt") for picture in inside]
    return " ".join([text, *(text[:80] for text in said if text)]).strip()


@lru_cache(maxsize=8192)
def says_add_to_cart(text: str) -> bool:
    text = text.lower()
    return bool(ADD_TO_CART.search(text)) and not NOT_CART.search(text)
