"""The elements of a product page: value, confidence, place and evidence of each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urljoin

from trimtab.webpages.features.carts.cart_rivals import is_of_elsewhere
from trimtab.webpages.features.image import image_key
from trimtab.webpages.features.levels import LEVELS
from trimtab.webpages.features.sku import own_number, sku_costs, sku_rows
from trimtab.webpages.page import Element
from trimtab.webpages.parse.availability import refuses_sale, states_in
from trimtab.webpages.parse.identifiers import SkuCandidate, is_gtin, key_of, sku_candidates
from trimtab.webpages.parse.reading import Reading, plain_words, tokens
from trimtab.webpages.parse.statements.platform import PRODUCT, page_by_platform
from trimtab.webpages.parse.words import ADD_TO_CART, NOT_CART
from trimtab.webpages.predict.availability import Availability, availability_of
from trimtab.webpages.predict.decode import decide
from trimtab.webpages.predict.model import ABSTAIN_BELOW, SKU_GIVEN, ElementModel
from trimtab.webpages.predict.scorer import Choice, Scorer

IMAGE_FROM = 0.2
"""A product page has a picture: a doubtful one is more use than none, and its confidence says so."""
STATED_IMAGE_CONFIDENCE = 0.8
GTIN_STATED_CONFIDENCE, GTIN_LABELLED_CONFIDENCE = 0.95, 0.85
SOURCE_CONFIDENCE = {"json-ld": 0.95, "microdata": 0.93, "opengraph": 0.8}
OWN_NUMBER_CONFIDENCE = 0.5
"""That of the one number that the shop itself goes by, where none on the page convinces."""
PLATFORM_PRICE_CONFIDENCE = 0.8
"""That of the price a platform holds for its scripts, where none on the page convinces."""
MAX_DESCRIPTION = 2_000
MAX_CONTROL_TEXT = 80


def find_elements(scorer: Scorer) -> dict[str, Element]:
    """The elements of a product page by name; what is not there, or not certain enough, is left out."""
    reading = scorer.reading
    availability = availability_of(reading, scorer.model, scorer.candidates.by_kind["price"])
    is_gone = availability is not None and availability.is_gone
    found = {
        "price": _price(reading, scorer.best("price")),
        "name": _name(reading, scorer.best("name")),
        "image": _image(reading, scorer.best("image")),
        "add_to_cart": _add_to_cart(scorer, is_gone=is_gone),
        **_identifiers(reading, scorer.model),
        "brand": _stated(reading, "brand"),
        "description": _stated(reading, "description"),
        "category": _stated(reading, "category"),
        "availability": _availability(reading, availability),
    }
    return {name: element for name, element in found.items() if element is not None}


def best_gtin(candidates: Sequence[SkuCandidate]) -> SkuCandidate | None:
    """The value with a right check digit that is stated or labelled as a GTIN."""
    valid = [c for c in candidates if is_gtin(c.value)]
    named = [c for c in valid if c.labels["gtin"] or any(name.startswith("gtin") for name in c.stated)]
    return max(named, key=lambda c: (sum(c.stated.values()), c.labels["gtin"], -c.order), default=None)


def _evidence(level: str, *, stated: bool, shown: bool) -> tuple[str, ...]:
    levels = LEVELS[: LEVELS.index(level) + 1] if shown else ()
    return (*(("structured",) if stated else ()), *levels)


def _path(reading: Reading, element: int) -> str:
    return reading.dom.path(element) if element >= 0 else ""


def _price(reading: Reading, choice: Choice | None) -> Element | None:
    if choice is None or choice.confidence < ABSTAIN_BELOW or choice.candidate.money is None:
        return _price_of_platform(reading)
    candidate, money = choice.candidate, choice.candidate.money
    stated = [fact for fact in reading.structured.prices if fact.money.amount == money.amount]
    currency = (
        next((fact.money.currency for fact in stated if fact.money.currency), None)
        or money.currency
        or next(iter(reading.structured.values("currency")), None)
        or reading.locale.currency_beside(reading.dom.text(reading.dom.parents[candidate.element])[:80])
        or reading.locale.own_currency
    )
    evidence = _evidence(choice.level, stated=bool(stated), shown=candidate.source == "text")
    return Element(money.text, choice.confidence, reading.dom.path(candidate.element), evidence, currency)


def _price_of_platform(reading: Reading) -> Element | None:
    """The price that the shop's platform holds for its scripts, where the page states none and shows none that
    convinces: a price for those who are logged in."""
    if reading.structured.prices or page_by_platform(reading.dom) != PRODUCT or not reading.structured.script_prices:
        return None
    element, money = reading.structured.script_prices[0]
    currency = money.currency or reading.locale.own_currency
    return Element(money.text, PLATFORM_PRICE_CONFIDENCE, reading.dom.path(element), ("structured",), currency)


def _name(reading: Reading, choice: Choice | None) -> Element | None:
    if choice is None or choice.confidence < ABSTAIN_BELOW:
        return None
    candidate = choice.candidate
    stated = reading.structured.values("name")
    words = tokens(candidate.text)
    # A heading often carries a prefix or a price; where the stated name is inside it, that is the name.
    shown = plain_words(candidate.text)
    inside = next((name for name in stated if len(name) > 3 and plain_words(name) in shown), None)
    agrees = inside is not None or any(words and words == tokens(name) for name in stated)
    evidence = _evidence(choice.level, stated=agrees, shown=True)
    return Element(inside or candidate.text, choice.confidence, reading.dom.path(candidate.element), evidence)


def _image(reading: Reading, choice: Choice | None) -> Element | None:
    stated = [fact for fact in reading.structured.facts if fact.kind == "image"]
    base = reading.url or reading.structured.canonical
    is_called_so = choice is not None and not stated and _is_called_by_name(reading, choice.candidate.element)
    if choice is not None and (choice.confidence >= IMAGE_FROM or is_called_so):
        candidate = choice.candidate
        agrees = any(image_key(fact.value) == image_key(candidate.text) for fact in stated)
        evidence = _evidence(choice.level, stated=agrees, shown=True)
        path = reading.dom.path(candidate.element)
        return Element(_absolute(base, candidate.text), choice.confidence, path, evidence)
    if stated:
        path = reading.dom.path(stated[0].element)
        return Element(_absolute(base, stated[0].value), STATED_IMAGE_CONFIDENCE, path, ("structured",))
    return None


def _is_called_by_name(reading: Reading, picture: int) -> bool:
    """Whether a picture's text is made of words of the product's name."""
    words = tokens(reading.dom.attribute(picture, "alt"))
    name = reading.dom.text(reading.name_anchor) if reading.name_anchor >= 0 else ""
    return bool(words) and words <= tokens(name)


def _absolute(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:
        return address


def _add_to_cart(scorer: Scorer, *, is_gone: bool) -> Element | None:
    choice, reading = scorer.best("cart"), scorer.reading
    if choice is None or choice.confidence < ABSTAIN_BELOW:
        return None
    candidate, locale = choice.candidate, reading.locale
    if is_gone and is_of_elsewhere(reading, candidate, scorer.candidates.by_kind["cart"]):
        return None
    text = candidate.text[:MAX_CONTROL_TEXT]
    said = (text, locale.language, locale.territory)
    adds = ADD_TO_CART.search(text.lower()) is not None and not refuses_sale(*said)
    if not adds and (NOT_CART.search(text.lower()) or {"notify", "out"} & {*states_in(*said)}):
        return None  # a page without a control has others: for lists, for a message, or one that says why
    evidence = _evidence(choice.level, stated=False, shown=True)
    return Element(text, choice.confidence, reading.dom.path(candidate.element), evidence)


def _identifiers(reading: Reading, model: ElementModel) -> Mapping[str, Element | None]:
    candidates = sku_candidates(reading)
    return {"sku": _sku(reading, model, candidates), "gtin": _gtin(reading, candidates)} if candidates else {}


def _sku(reading: Reading, model: ElementModel, candidates: list[SkuCandidate]) -> Element | None:
    logits = model.logits("sku", sku_rows(reading, candidates)) - sku_costs(candidates)
    decision = decide([key_of(c.value) for c in candidates], logits, [True] * len(candidates))
    if decision is None:
        return None
    chosen: SkuCandidate | None = candidates[decision.index]
    confidence = model.confidences["sku"](decision.logit, decision.lead)
    if confidence < ABSTAIN_BELOW:
        chosen, confidence = own_number(candidates), OWN_NUMBER_CONFIDENCE
    elif SKU_GIVEN in model.confidences:
        confidence = model.confidences[SKU_GIVEN](decision.logit, decision.lead)
    if chosen is None:
        return None
    evidence = _evidence("text", stated=bool(chosen.stated), shown=bool(chosen.labels or not chosen.stated))
    return Element(chosen.value, confidence, _path(reading, chosen.element), evidence)


def _gtin(reading: Reading, candidates: list[SkuCandidate]) -> Element | None:
    gtin = best_gtin(candidates)
    if gtin is None:
        return None
    stated = bool(gtin.stated)
    confidence = GTIN_STATED_CONFIDENCE if stated else GTIN_LABELLED_CONFIDENCE
    evidence = _evidence("text", stated=stated, shown=not stated)
    return Element(gtin.value, confidence, _path(reading, gtin.element), evidence)


def _stated(reading: Reading, kind: str) -> Element | None:
    facts = [fact for fact in reading.structured.facts if fact.kind == kind and not re.match(r"https?://", fact.value)]
    if not facts:
        return None
    fact = max(facts, key=lambda fact: SOURCE_CONFIDENCE[fact.source])
    path = reading.dom.path(fact.element)
    return Element(fact.value[:MAX_DESCRIPTION], SOURCE_CONFIDENCE[fact.source], path, ("structured",))


def _availability(reading: Reading, found: Availability | None) -> Element | None:
    if found is None:
        return None
    facts = reading.structured.facts
    stated = (fact.element for fact in facts if fact.kind == "availability" and fact.value == found.value)
    element = found.element if found.element >= 0 else next(stated, -1)
    return Element(found.value, found.confidence, _path(reading, element), found.evidence)
