"""Which elements of a page could be its price, main image, name or add-to-cart control. High recall, linear."""

from __future__ import annotations

import re
from dataclasses import dataclass

from webpages.dom import Dom
from webpages.prices import MAX_TEXT, SYMBOL, Money, currency_of, n_amounts, parse_price
from webpages.structured import Structured
from webpages.words import ADD_TO_CART, NOT_CART, has_role

KINDS = ("price", "image", "name", "cart")
MAX_CANDIDATES = 400
MAX_CONTROLS = 200
MAX_CONTROL_TEXT = 120
MAX_ADDRESS = 1_000
"""Longer image addresses are pictures written out in place."""
MAX_PRICE_TEXT = 60
MAX_NAME_TEXT = 300

_NAME_TAGS = frozenset({"h1", "h2", "h3", "h4", "h5", "title"})
_DECIMAL = re.compile(r"\d[.,]\d{2}(?!\d)")
_BARE_NUMBER = re.compile(r"\d[\d.,'\x1f\u00a0 ]*")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An element and what it would mean: money of a price, address of an image, text of a name or control.

    `source` is `text` for what a shopper sees, else `meta`, `microdata` or `json-ld`.
    """

    element: int
    text: str
    money: Money | None = None
    source: str = "text"


_NAMING = ("class", "id", "itemprop", "name", "data-testid", "data-test", "data-qa", "data-automation-id", "role")


def mark(dom: Dom, element: int) -> str:
    """Class names, id and the like of an element: what its author calls it."""
    known = dom.marks.get(element)
    if known is None:
        attributes = dom.attributes[element]
        known = " ".join([attributes[name] for name in _NAMING if attributes.get(name)]) if attributes else ""
        dom.marks[element] = known
    return known


def price_candidates(dom: Dom, structured: Structured, country: str) -> list[Candidate]:
    """Elements whose whole text is a short text with an amount, and what structured data states."""
    stated = {fact.money.value for fact in structured.prices}
    stated_at = {fact.element: fact for fact in structured.prices}
    found: list[Candidate] = []
    with_digits = _cumulative_digits(dom)
    for element, tag in enumerate(dom.tags):
        first, last = dom.segment_starts[element], dom.segment_ends[element]
        if (
            with_digits[last] == with_digits[first]
            or dom.text_length(element) > MAX_PRICE_TEXT
            or tag in ("option", "title")
        ):
            continue
        # An element that only wraps another with the same text adds nothing: the inner one stands for both.
        if element + 1 < dom.ends[element] and dom.segment_starts[element + 1] == first:
            child = element + 1
            if dom.segment_ends[child] == last:
                continue
        text = "\x1f".join(dom.segments[first:last])
        money = parse_price(text, country)
        if money is None:
            continue
        if not money.has_symbol and _BARE_NUMBER.fullmatch(text):
            beside = _symbol_beside(dom, first, last)
            money = (beside and parse_price(f"{text} {beside}", country)) or money
        named = has_role(mark(dom, element), "price") or has_role(mark(dom, dom.parents[element]), "price")
        if money.has_symbol or named or _DECIMAL.search(text) or money.value in stated:
            found.append(Candidate(element, text, money))
        elif element in stated_at:
            found.append(Candidate(element, text, stated_at[element].money, "microdata"))
    found = _without_containers(dom, found)
    seen = {candidate.element for candidate in found}
    for fact in structured.prices[:60]:
        if fact.element not in seen or fact.source != "microdata":
            source = "meta" if fact.source == "opengraph" else fact.source
            found.append(Candidate(fact.element, fact.role, fact.money, source))
    if len(found) > MAX_CANDIDATES:
        found = found[: MAX_CANDIDATES - 60] + found[-60:]
    return found


def _without_containers(dom: Dom, found: list[Candidate]) -> list[Candidate]:
    """A block of several amounts says nothing its parts do not: it would speak for the first of them, struck or not."""
    following = [*(candidate.element for candidate in found), len(dom)][1:]
    return [
        candidate
        for candidate, after in zip(found, following, strict=True)
        if after >= dom.ends[candidate.element] or n_amounts(candidate.text) < 2
    ]


def _symbol_beside(dom: Dom, first: int, last: int) -> str | None:
    """A currency that stands alone in the text node before or after: `294` in one element, `元` behind it."""
    for at in (last, first - 1):
        if 0 <= at < len(dom.segments):
            match = SYMBOL.match(dom.segments[at])
            if match and (len(dom.segments[at]) <= len(match.group()) + 2 or at == last):
                return match.group()
    return None


def _cumulative_digits(dom: Dom) -> list[int]:
    total, sums = 0, [0]
    for segment in dom.segments:
        total += any(character.isdigit() for character in segment[:200])
        sums.append(total)
    return sums


def image_candidates(dom: Dom) -> list[Candidate]:
    found = []
    for element, tag in enumerate(dom.tags):
        if tag == "img":
            source = image_source(dom, element)
            if source:
                found.append(Candidate(element, source))
                if len(found) >= MAX_CANDIDATES:
                    break
    return found


def image_source(dom: Dom, element: int) -> str:
    """Address of an image, looking behind lazy loading."""
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
    found = []
    for element, tag in enumerate(dom.tags):
        length = dom.text_length(element)
        if not 2 < length <= MAX_NAME_TEXT or tag in ("html", "head", "body", "option", "button", "label"):
            continue
        own = mark(dom, element)
        if tag in _NAME_TAGS or (own and has_role(own, "name")):
            found.append(Candidate(element, dom.text(element)))
            if len(found) >= MAX_CONTROLS:
                break
    return found


def cart_candidates(dom: Dom) -> list[Candidate]:
    found: list[Candidate] = []
    for element in range(len(dom)):
        if len(found) >= MAX_CONTROLS:
            break
        if dom.text_length(element) <= MAX_CONTROL_TEXT and _is_control(dom, element):
            found.append(Candidate(element, control_text(dom, element)))
    return found


def _is_control(dom: Dom, element: int) -> bool:
    tag, attributes = dom.tags[element], dom.attributes[element]
    return (
        tag == "button"
        or (tag == "input" and attributes.get("type", "").lower() in ("submit", "button", "image"))
        or attributes.get("role") == "button"
        or (tag in ("a", "div", "span") and has_role(mark(dom, element), "cart"))
    )


def control_text(dom: Dom, element: int) -> str:
    attributes = dom.attributes[element]
    said = [attributes.get(name, "") for name in ("value", "aria-label", "title", "alt")]
    return " ".join([dom.text(element)[:120], *(text[:80] for text in said if text)]).strip()


def says_add_to_cart(text: str) -> bool:
    return bool(ADD_TO_CART.search(text)) and not NOT_CART.search(text)


def symbol_currency(text: str, country: str) -> str | None:
    match = SYMBOL.search(text[:MAX_TEXT])
    return currency_of(match.group(0), country) if match else None
