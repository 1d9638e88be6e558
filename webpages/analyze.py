"""Page in, labelled elements out. `analyze` is the package's front door."""

from __future__ import annotations

import gc
import re
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.features.image import image_key
from trimtab.webpages.features.levels import LEVELS, current_only, features
from trimtab.webpages.page import Element, Page
from trimtab.webpages.parse.candidates import (
    Candidate,
    image_candidates,
    price_candidates,
    symbol_currency,
)
from trimtab.webpages.parse.dom import Dom, parse
from trimtab.webpages.parse.layout import Layout
from trimtab.webpages.parse.prices import currency_of_country
from trimtab.webpages.parse.reading import Reading, tokens
from trimtab.webpages.parse.structured import read_structured
from trimtab.webpages.predict.availability import availability_of
from trimtab.webpages.predict.cartforms import MAX_FORMS, cart_form_rows, form_elements
from trimtab.webpages.predict.decode import Decision, decide
from trimtab.webpages.predict.forms import read_forms
from trimtab.webpages.predict.identifiers import best_gtin, key_of, sku_candidates, sku_rows
from trimtab.webpages.predict.model import ABSTAIN_BELOW, Confidence, ElementModel, shipped_model
from trimtab.webpages.predict.pagekind import kind_without_product, page_row, with_offer

SURE = 0.9
"""From this confidence on the next level is not asked."""
ADDS_NOTHING = frozenset({("image", "style")})
"""Not asked after the level before, which finds as many of these kinds alone (docs/webpages.md, by level)."""
ELEMENTS_ABOVE = 0.1
"""The kind is one decision and each element another with its own confidence: elements are left out only where the
page is
very likely no product page."""
OFFERED_ABOVE = 0.2
"""A product page with an amount that may be its price offers the product, whichever amount the price is."""
IMAGE_ABOVE = 0.2
"""A product page has a picture: a doubtful one is more use than none, and says so by its confidence."""
MAX_DESCRIPTION = 2_000

Renderer = Callable[[Dom], Layout | None]
Best = tuple[Candidate, Decision, float, str]
"""The chosen candidate, its decision, the confidence and the level that gave it."""


@dataclass(slots=True)
class Candidates:
    """All candidates of a page by kind; gathered once, scored at each level."""

    by_kind: dict[str, list[Candidate]] = field(default_factory=dict)

    @classmethod
    def of(cls, reading: Reading) -> Candidates:
        dom = reading.dom
        return cls(
            {
                "price": price_candidates(dom, reading.structured, reading.country),
                "image": image_candidates(dom),
                "name": reading.names,
                "cart": reading.carts,
            }
        )


def analyze(
    html: bytes | str,
    url: str | None = None,
    layout: Layout | Renderer | None = None,
    *,
    model: ElementModel | None = None,
    levels: Sequence[str] = LEVELS,
) -> Page:
    """Recognise the elements of any page of any shop.

    Args:
        html: the page as it came; never executed, cut to the limits of `trimtab.webpages.parse.dom`.
        url: where it came from; tells the country, and identifiers.
        layout: boxes of the rendered page, or a function that renders; it is called only where confidence asks for it.
        model: the trained model, by default the one in the package.
        levels: the feature levels that may be used, cheapest first.

    Returns:
        What was recognised; a page that is nothing of a shop has kind `other` and no elements. Never fails on a page.
    """
    started = time.perf_counter()
    with _collector_paused():
        dom = parse(html)
        reading = Reading.of(dom, read_structured(dom), url)
        page = classify(reading, model or shipped_model(), layout, levels=levels)
    return Page(**{name: getattr(page, name) for name in Page.__slots__} | {"seconds": time.perf_counter() - started})


@contextmanager
def _collector_paused() -> Iterator[None]:
    """A page becomes tens of thousands of objects and hardly a cycle: looking for cycles takes a tenth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def classify(
    reading: Reading,
    model: ElementModel,
    layout: Layout | Renderer | None = None,
    *,
    levels: Sequence[str] = LEVELS,
    candidates: Candidates | None = None,
) -> Page:
    """The same from a page already read.

    Args:
        levels: the feature levels that may be used, cheapest first; the next one is asked where confidence is below
        SURE.
        candidates: where they are gathered already.
    """
    dom = reading.dom
    candidates = candidates or Candidates.of(reading)
    of = candidates.by_kind
    forms = read_forms(dom)
    scorer = Scorer(reading, candidates, model, layout, levels)
    row = with_offer(page_row(reading, of["price"], of["cart"], of["image"]), *scorer.offer())
    logit = float(model.logits("page", row)[0])
    confidence = model.confidences["page"](logit, 0.0)
    described = (*_cart_forms(reading, model), *forms.as_dicts())
    common: dict[str, Any] = {
        "confidence": confidence,
        "url": reading.url,
        "truncated": dom.truncated,
        "forms": described,
    }
    is_product = confidence >= ABSTAIN_BELOW
    kind = "product" if is_product else kind_without_product(reading, of["price"], forms.n_checkout_fields)
    if confidence < ELEMENTS_ABOVE or not len(dom):
        return Page(kind=kind if len(dom) else "other", **common)
    elements = {name: element for name, element in _elements(scorer) if element is not None}
    stated = reading.structured.prices[0].money.text if reading.structured.prices else None
    return Page(kind=kind, elements=elements, level=scorer.level, stated_price=stated, **common)


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


@dataclass(slots=True)
class Scorer:
    """Scores candidates level by level, as far as confidence asks for it."""

    reading: Reading
    candidates: Candidates
    model: ElementModel
    layout: Layout | Renderer | None
    levels: Sequence[str] = LEVELS
    level: str = "text"
    decided: dict[tuple[str, str], Decision | None] = field(default_factory=dict)

    def best(self, kind: str) -> Best | None:
        """The choice at the first level that is sure of it, else at the last one there is."""
        found = None
        for level in self.levels:
            if found is not None and (kind, level) in ADDS_NOTHING:
                continue
            if level == "layout" and not self._has_layout():
                break
            found = self._at(kind, level) or found
            if found is None or found[2] >= SURE:
                break
        if found is not None and LEVELS.index(found[3]) > LEVELS.index(self.level):
            self.level = found[3]
        return found

    def offer(self) -> tuple[NDArray[np.float32], int | None]:
        """Text level rows of the price candidates, and the one that stands for the best price."""
        decision = self._decided("price", "text")
        rows = features(self.reading, "price", self.candidates.by_kind["price"], "text")
        return rows, None if decision is None else decision.index

    def _has_layout(self) -> bool:
        if callable(self.layout):
            self.layout = self.layout(self.reading.dom)
        self.reading.layout = self.layout
        return self.layout is not None

    def _at(self, kind: str, level: str) -> Best | None:
        decision = self._decided(kind, level)
        if decision is None:
            return None
        confidence = self.model.confidences[f"{kind}/{level}"](decision.logit, decision.lead)
        return self.candidates.by_kind[kind][decision.index], decision, confidence, level

    def _decided(self, kind: str, level: str) -> Decision | None:
        if (kind, level) not in self.decided:
            candidates = self.candidates.by_kind[kind]
            rows = features(self.reading, kind, candidates, level)
            logits = self.model.logits(f"{kind}/{level}", rows)
            self.decided[kind, level] = decide_candidates(kind, level, candidates, rows, logits)
        return self.decided[kind, level]


def decide_candidates(
    kind: str, level: str, candidates: Sequence[Candidate], rows: NDArray[np.float32], logits: NDArray[np.float64]
) -> Decision | None:
    """The choice among a page's candidates of one kind; None where it has none."""
    logits = current_only(kind, level, rows, logits)
    return decide(groups(kind, candidates), logits, [candidate.source == "text" for candidate in candidates])


def groups(kind: str, candidates: Sequence[Candidate]) -> list[Hashable]:
    """What each candidate means: the amount, the picture, the words; each control is its own."""
    if kind == "price":
        return [candidate.money.value if candidate.money else None for candidate in candidates]
    if kind == "image":
        return [image_key(candidate.text) for candidate in candidates]
    if kind == "name":
        return [" ".join(candidate.text.lower().split()) for candidate in candidates]
    return [candidate.element for candidate in candidates]


def _elements(scorer: Scorer) -> list[tuple[str, Element | None]]:
    reading = scorer.reading
    best = scorer.best("price")
    return [
        ("price", _price(reading, best)),
        ("name", _name(scorer)),
        ("image", _image(scorer)),
        ("add_to_cart", _cart(scorer)),
        *_identifiers(reading, scorer.model),
        ("brand", _stated(reading, "brand")),
        ("description", _stated(reading, "description")),
        ("category", _stated(reading, "category")),
        ("availability", _availability(reading, offered=best is not None and best[2] >= OFFERED_ABOVE)),
    ]


def _evidence(level: str, *, stated: bool, shown: bool) -> tuple[str, ...]:
    levels = LEVELS[: LEVELS.index(level) + 1] if shown else ()
    return (*(("structured",) if stated else ()), *levels)


def _price(reading: Reading, best: Best | None) -> Element | None:
    if best is None or best[2] < ABSTAIN_BELOW:
        return None
    candidate, _, confidence, level = best
    money = candidate.money
    if money is None:
        return None
    stated = [fact for fact in reading.structured.prices if fact.money.value == money.value]
    currency = (
        next((fact.money.currency for fact in stated if fact.money.currency), None)
        or money.currency
        or next(iter(reading.structured.values("currency")), None)
        or symbol_currency(reading.dom.text(reading.dom.parents[candidate.element])[:80], reading.country)
        or currency_of_country(reading.country)
    )
    evidence = _evidence(level, stated=bool(stated), shown=candidate.source == "text")
    return Element(money.text, confidence, reading.dom.path(candidate.element), evidence, currency)


def _name(scorer: Scorer) -> Element | None:
    best = scorer.best("name")
    if best is None or best[2] < ABSTAIN_BELOW:
        return None
    candidate, _, confidence, level = best
    stated = scorer.reading.structured.values("name")
    words = tokens(candidate.text)
    # A heading often carries a prefix or a price; where the stated name is inside it, that is the name.
    inside = next((name for name in stated if len(name) > 3 and name.lower() in candidate.text.lower()), None)
    agrees = inside is not None or any(words and words == tokens(name) for name in stated)
    path = scorer.reading.dom.path(candidate.element)
    return Element(inside or candidate.text, confidence, path, _evidence(level, stated=agrees, shown=True))


def _image(scorer: Scorer) -> Element | None:
    reading = scorer.reading
    stated = [fact for fact in reading.structured.facts if fact.kind == "image"]
    base = reading.url or reading.structured.canonical
    best = scorer.best("image")
    if best is not None and best[2] >= IMAGE_ABOVE:
        candidate, _, confidence, level = best
        agrees = any(image_key(fact.value) == image_key(candidate.text) for fact in stated)
        path = reading.dom.path(candidate.element)
        return Element(_join(base, candidate.text), confidence, path, _evidence(level, stated=agrees, shown=True))
    if stated:
        return Element(_join(base, stated[0].value), 0.6, reading.dom.path(stated[0].element), ("structured",))
    return None


def _join(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:
        return address


def _cart(scorer: Scorer) -> Element | None:
    best = scorer.best("cart")
    if best is None or best[2] < ABSTAIN_BELOW:
        return None
    candidate, _, confidence, level = best
    path = scorer.reading.dom.path(candidate.element)
    return Element(candidate.text[:80], confidence, path, _evidence(level, stated=False, shown=True))


def _identifiers(reading: Reading, model: ElementModel) -> list[tuple[str, Element | None]]:
    candidates = sku_candidates(reading)
    if not candidates:
        return []
    logits = model.logits("sku", sku_rows(reading, candidates))
    decision = decide([key_of(c.value) for c in candidates], logits, [True] * len(candidates))
    found: list[tuple[str, Element | None]] = []
    if decision is not None:
        chosen = candidates[decision.index]
        confidence = model.confidences["sku"](decision.logit, decision.lead)
        if confidence >= ABSTAIN_BELOW:
            path = reading.dom.path(chosen.element) if chosen.element >= 0 else ""
            evidence = _evidence("text", stated=bool(chosen.stated), shown=bool(chosen.labels or not chosen.stated))
            found.append(("sku", Element(chosen.value, confidence, path, evidence)))
    gtin = best_gtin(candidates)
    if gtin is not None:
        path = reading.dom.path(gtin.element) if gtin.element >= 0 else ""
        stated = bool(gtin.stated)
        found.append(
            (
                "gtin",
                Element(gtin.value, 0.95 if stated else 0.85, path, _evidence("text", stated=stated, shown=not stated)),
            )
        )
    return found


_SOURCE_TRUST = {"json-ld": 0.95, "microdata": 0.93, "opengraph": 0.8}


def _stated(reading: Reading, kind: str) -> Element | None:
    facts = [fact for fact in reading.structured.facts if fact.kind == kind and not re.match(r"https?://", fact.value)]
    if not facts:
        return None
    fact = max(facts, key=lambda fact: _SOURCE_TRUST[fact.source])
    value = fact.value[:MAX_DESCRIPTION]
    return Element(value, _SOURCE_TRUST[fact.source], reading.dom.path(fact.element), ("structured",))


def _availability(reading: Reading, *, offered: bool) -> Element | None:
    found = availability_of(reading, offered=offered)
    if found is None:
        return None
    value, confidence, evidence = found
    fact = next((f for f in reading.structured.facts if f.kind == "availability" and f.value == value), None)
    return Element(value, confidence, reading.dom.path(fact.element) if fact else "", evidence)


def calibrate(
    logits: Sequence[float], leads: Sequence[float], right: Sequence[bool], weights: Sequence[float] | None = None
) -> Confidence:
    """Logistic regression of being right on logit and lead, by Newton's method with a ridge (Platt 1999).

    Args:
        logits, leads, right: [n] of out-of-fold decisions.
        weights: [n] of the decisions, 1 by default.
    """
    if not right:
        return Confidence()
    cases = np.ones(len(right)) if weights is None else np.asarray(weights)
    # Platt's targets: a set without mistakes does not make anybody certain.
    n_right = float(cases[np.asarray(right)].sum())
    high, low = (n_right + 1) / (n_right + 2), 1 / (float(cases.sum()) - n_right + 2)
    x = np.stack([np.ones(len(right)), np.asarray(logits), np.minimum(np.asarray(leads), 6.0)], axis=1)
    y = np.where(np.asarray(right), high, low)
    prior = np.asarray([0.0, 1.0, 0.0])
    coefficients = prior.copy()
    ridge = np.diag([0.01, 1.0, 1.0])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ coefficients, -30, 30)))
        gradient = x.T @ (cases * (p - y)) + ridge @ (coefficients - prior)
        hessian = (x * (cases * p * (1 - p))[:, None]).T @ x + ridge
        step = np.linalg.solve(hessian, gradient)
        coefficients = coefficients - step / max(1.0, float(np.abs(step).max()))
    return Confidence(*(float(c) for c in coefficients))
