"""Page in, labelled elements out; `analyze_page` is the function that other packages call."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from trimtab.core.work.collector import collector_paused
from trimtab.webpages.features.carts.cart_forms import MAX_FORMS, cart_form_rows, form_elements
from trimtab.webpages.features.carts.cart_page import is_cart
from trimtab.webpages.features.levels import LEVELS
from trimtab.webpages.features.page_kind import page_row, shows_one_product, with_offer
from trimtab.webpages.page import Page
from trimtab.webpages.parse.dom import parse
from trimtab.webpages.parse.reading import Reading
from trimtab.webpages.parse.rendered.layout import Layout
from trimtab.webpages.parse.statements.platform import page_by_platform
from trimtab.webpages.parse.statements.structured import read_structured
from trimtab.webpages.predict.abstentions import abstentions
from trimtab.webpages.predict.elements import find_elements
from trimtab.webpages.predict.forms import read_forms
from trimtab.webpages.predict.model import ABSTAIN_BELOW, ElementModel, shipped_model
from trimtab.webpages.predict.page_kind import (
    MAX_CHANCE_OF_ARTICLE,
    MAX_CHANCE_OF_OTHER,
    MIN_CHANCE_WITHOUT_OFFER,
    as_platform_says,
    has_no_offer,
    kind_without_product,
    offers_another,
    prices_are_in_prose,
)
from trimtab.webpages.predict.scorer import Candidates, Renderer, Scorer

SURE_OF_PRICE = 0.6
"""Confidence from which a price that stands with other products, as far as blocks tell, is the page's own."""
ELEMENTS_FROM = 0.1
"""The page's kind is one decision, and each element is another with its own confidence: elements are left out only
where the page is very likely not a product page."""


def analyze_page(
    html: bytes | str,
    url: str | None = None,
    layout: Layout | Renderer | None = None,
    *,
    model: ElementModel | None = None,
    levels: Sequence[str] = LEVELS,
) -> Page:
    """Recognise the elements of a page of any shop. Never fails, whatever the page is.

    Args:
        html: the page as it came; it is never executed, and cut to the limits of `trimtab.webpages.parse.limits`.
        url: the address of the page; it tells the country, and often the article number.
        layout: boxes of the rendered page, or a function that renders it, called only where confidence is low.
        model: the trained model, by default the one in the package.
        levels: the feature levels that may be used, the cheapest first.

    Returns:
        What was recognised; a page that has nothing to do with a shop has the kind `other` and no elements.
    """
    started = time.perf_counter()
    with collector_paused():  # a page has tens of thousands of objects: a tenth of the time
        page = classify(_read(html, url), model or shipped_model(), layout, levels=levels)
    return replace(page, seconds=time.perf_counter() - started)


def _read(html: bytes | str, url: str | None) -> Reading:
    dom = parse(html)
    return Reading.of(dom, read_structured(dom, url), url)


def classify(
    reading: Reading,
    model: ElementModel,
    layout: Layout | Renderer | None = None,
    *,
    levels: Sequence[str] = LEVELS,
    candidates: Candidates | None = None,
) -> Page:
    """The analysis of a page that is parsed already.

    Args:
        levels: the feature levels that may be used, the cheapest first.
        candidates: those of the page, where they are gathered already.
    """
    dom = reading.dom
    candidates = candidates or Candidates.of(reading)
    of = candidates.by_kind
    forms = read_forms(dom, read_styles=reading.read_styles)
    scorer = Scorer(reading, candidates, model, layout, levels)
    row = with_offer(page_row(reading, of["price"], of["cart"], of["image"]), *scorer.offer())
    confidence = model.confidences["page"](float(model.logits("page", row)[0]), 0.0)
    is_without_offer = shows_one_product(row) and has_no_offer(reading, of["price"])
    if is_without_offer:
        confidence = max(confidence, MIN_CHANCE_WITHOUT_OFFER)
    if is_cart(reading, of["cart"]) or offers_another(reading, of["price"]):
        confidence = min(confidence, MAX_CHANCE_OF_OTHER)
    if prices_are_in_prose(reading, of["price"], of["cart"]):
        confidence = min(confidence, MAX_CHANCE_OF_ARTICLE)
    confidence = as_platform_says(page_by_platform(dom), confidence)
    if not len(dom):
        kind = "other"
    elif confidence >= ABSTAIN_BELOW:
        kind = "product"
    else:
        kind = kind_without_product(reading, of["price"], forms.n_checkout_fields)
    page = Page(
        kind=kind,
        confidence=confidence,
        url=reading.url,
        truncated=dom.truncated,
        forms=(*_cart_forms(reading, model), *forms.as_dicts()),
    )
    if confidence < ELEMENTS_FROM or not len(dom):
        return page
    stated = reading.structured.prices[0].money.text if reading.structured.prices else None
    elements = find_elements(scorer)
    if is_without_offer and "price" in elements and elements["price"].confidence < SURE_OF_PRICE:
        del elements["price"]  # another product's
    abstained = abstentions(scorer, elements)
    price = scorer.best("price")
    disputed = "price" in abstained and price is not None and price.dissent
    return replace(
        page, elements=elements, abstained=abstained, level=scorer.level, stated_price=stated, price_disputed=disputed
    )


def _cart_forms(reading: Reading, model: ElementModel) -> list[dict[str, Any]]:
    forms = form_elements(reading.dom)
    if not 0 < len(forms) <= MAX_FORMS:
        return []
    chances = [
        model.confidences["cartform"](float(z), 0.0) for z in model.logits("cartform", cart_form_rows(reading, forms))
    ]
    return [
        {"kind": "add_to_cart", "path": reading.dom.path(form), "confidence": round(chance, 4)}
        for form, chance in zip(forms, chances, strict=True)
        if chance >= ABSTAIN_BELOW
    ]
