"""Labelled pages as training rows: every page read once, its candidates labelled by value and by element."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trimtab.text.money import read_price
from trimtab.webpages.features.availability import GONE, availability_row, sight_of
from trimtab.webpages.features.carts.cart_forms import MAX_FORMS, cart_form_rows, form_elements
from trimtab.webpages.features.image import image_key
from trimtab.webpages.features.levels import LEVELS, features
from trimtab.webpages.features.page_kind import page_row, with_offer
from trimtab.webpages.features.sku import sku_rows
from trimtab.webpages.parse.candidates import (
    KINDS,
    Candidate,
    image_candidates,
    price_candidates,
    says_add_to_cart,
)
from trimtab.webpages.parse.identifiers import SkuCandidate, sku_candidates
from trimtab.webpages.parse.reading import Reading, plain_words
from trimtab.webpages.parse.rendered.layout import Layout
from trimtab.webpages.parse.statements.facts import Structured
from trimtab.webpages.parse.statements.structured import read_structured
from trimtab.webpages.predict.scorer import Candidates, Renderer
from trimtab.webpages.training.datasets import (
    LabelledPage,
    all_product_pages,
    formasaurus_pages,
    shop_pages_without_product,
)

UNSTATED_WEIGHT, STATED_WEIGHT, OFFERLESS_WEIGHT = 0.7, 0.1, 0.02
"""Weight of a page read without its statements, of a page labelled by them alone, and of one read without its offer; a
labelled page has 1. Of pages of held-out shops read without offer and statements .44 are found at a weight of 0, .78 at
.02 and .88 at .05, where a page that shows hardly more than a name and a price is taken for something else."""
BARE_WEIGHT = 0.3
"""Weight of a page read without what states or labels its article number, which stands elsewhere too."""
LABELS = Path(__file__).parent / "labels"
UNDRAWN = frozenset({"shop-mirrors"})
"""Sets that are not rendered: their sheets and scripts lie in files that are not here."""
UNLABELLED = frozenset({"formasaurus", "shop-forms"})
"""Sets of pages of all kinds, without labels of elements."""


@dataclass(frozen=True, slots=True)
class Twin:
    """A page read as if it stated more or less than its example.

    Attributes:
        weight: in training, beside an example's.
        candidates: what the rows are of.
        is_met: whether pages are read so in use, so that the confidence is fitted on it too.
    """

    rows: NDArray[np.float32]
    labels: NDArray[np.bool_]
    weight: float
    candidates: Sequence[Candidate] | Sequence[SkuCandidate] = ()
    is_met: bool = False


@dataclass(slots=True)
class Example:
    """One page as rows.

    Attributes:
        rows: key (`price/text`, `sku`, `page`) -> [n, n_features]; `page` lacks what only a price model knows
            (`trimtab.webpages.features.page_kind.with_offer`).
        labels: key without level -> [n] bool, missing where the page has no such label.
        skus: candidates for the article number, where it is labelled.
        twins: key -> the same page read as if it stated less or more; training only.
        is_product: None where not known.
    """

    page: LabelledPage
    reading: Reading
    candidates: Candidates
    layout: Layout | None
    is_product: bool | None
    rows: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    labels: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    skus: list[SkuCandidate] = field(default_factory=list)
    twins: dict[str, list[Twin]] = field(default_factory=dict)

    @property
    def site(self) -> str:
        return self.page.site

    @property
    def weight(self) -> float:
        return self.page.weight

    def add_availability(self) -> None:
        """Add the row of a page that is labelled with its availability."""
        self.rows["availability"] = availability_row(sight_of(self.reading, self.candidates.by_kind["price"]))
        self.labels["availability"] = np.asarray([self.page.fields["availability"][0] not in GONE])

    def add_twin(self, key: str, twin: Twin) -> None:
        self.twins.setdefault(key, []).append(replace(twin, weight=twin.weight * self.weight))


def wanted_prices(page: LabelledPage) -> set[Decimal]:
    """Amounts that are right, errata included."""
    if page.corrected:
        return set(page.corrected)
    money = read_price(page.price_text) if page.price_text else None
    return {money.amount} if money else set()


def read_example(
    page: LabelledPage,
    own_labels: dict[str, dict[str, list[str]]],
    *,
    is_product: bool | None,
    render: Renderer | None = None,
) -> Example:
    dom = page.dom(masked=True)
    layout = page.layout(dom)
    if layout is None and render is not None:
        layout = render(dom)
    reading = Reading.of(dom, read_structured(dom, page.url), page.url, layout)
    candidates = Candidates.of(reading)
    example = Example(page, reading, candidates, layout, is_product)
    of = candidates.by_kind
    example.rows["page"] = page_row(reading, of["price"], of["cart"], of["image"])
    if is_product is not None:
        example.labels["page"] = np.asarray([is_product])
    if is_product:
        _add_page_twins(example)
    if page.source in UNLABELLED:
        example.rows["price/text"] = features(reading, "price", of["price"], "text")
        _add_cart_forms(example)
        if is_product:
            _add_price_twin(example, {fact.money.amount for fact in reading.structured.prices})
            _add_image_twin(example)
        return example
    for kind in KINDS:
        for level in LEVELS:
            if level != "layout" or layout is not None:
                example.rows[f"{kind}/{level}"] = features(reading, kind, of[kind], level)
    _label(example, own_labels.get(f"{page.source}/{page.key}", {}))
    _add_price_twin(example, wanted_prices(page))
    _add_image_twin(example)
    if page.fields.get("availability"):
        example.add_availability()
    if page.fields.get("sku") or page.image:
        _add_views(example)
    skus = sku_candidates(reading) if page.fields.get("sku") else []
    if skus:
        example.skus = skus
        example.rows["sku"] = sku_rows(reading, skus)
        example.labels["sku"] = _sku_labels(page, skus)
    return example


def _add_cart_forms(example: Example) -> None:
    """Forms with a type in the set: order or add-to-cart against all others; what is not annotated is left out."""
    forms = form_elements(example.reading.dom)
    kinds = example.page.fields.get("forms", [])
    known = [i for i, kind in enumerate(kinds[: len(forms)]) if kind not in ("X", "-")]
    if known and len(forms) <= MAX_FORMS:
        example.rows["cartform"] = cart_form_rows(example.reading, forms)[known]
        example.labels["cartform"] = np.asarray([kinds[i] == "b" for i in known])


def _add_page_twins(example: Example) -> None:
    """Add the page as it would be without its offer, with its statements and without: it is a product page still.

    Shops keep the pages of what they no longer sell, and all labelled pages have an offer.
    """
    own, of = example.reading, example.candidates.by_kind
    carts = [candidate for candidate in of["cart"] if not says_add_to_cart(candidate.text)]
    for reading in (own, _unstated(example)):
        row = with_offer(page_row(reading, [], carts, of["image"]), np.empty((0, 0), dtype=np.float32), None)
        example.add_twin("page", Twin(row, np.asarray([True]), OFFERLESS_WEIGHT))


def _add_price_twin(example: Example, wanted: set[Decimal]) -> None:
    """Add the page read without its statements; where it has no label, the one stated price is the label."""
    if len(wanted) != 1:
        return
    reading = _unstated(example)
    prices = price_candidates(reading.dom, reading.structured, reading.locale)
    labels = _flags(prices, lambda c: c.money is not None and c.money.amount in wanted)
    if labels.any():
        for level in LEVELS:
            if level != "layout" or example.layout is not None:
                rows = features(reading, "price", prices, level)
                example.add_twin(f"price/{level}", Twin(rows, labels, UNSTATED_WEIGHT))


def _unstated(example: Example) -> Reading:
    """The page with its statements taken away, but for its address and what its scripts hold.

    Shops that state their prices and pictures teach nothing about those that do not, because agreement decides.
    """
    own = example.reading
    return Reading.of(
        own.dom,
        Structured(canonical=own.structured.canonical, script_prices=own.structured.script_prices),
        own.url,
        example.layout,
    )


def _add_image_twin(example: Example) -> None:
    """Add a page whose image is not labelled, read without its statements; the first stated image is the label."""
    facts = example.reading.structured.facts
    stated = next((fact.value for fact in facts if fact.kind == "image"), None)
    if stated is None or example.page.image:
        return
    reading = _unstated(example)
    images = example.candidates.by_kind["image"]
    labels = _flags(images, lambda c: image_key(c.text) == image_key(stated))
    if labels.any():
        for level in LEVELS:
            if level != "layout" or example.layout is not None:
                rows = features(reading, "image", images, level)
                example.add_twin(f"image/{level}", Twin(rows, labels, STATED_WEIGHT))


def _add_views(example: Example) -> None:
    """Add a page with a labelled image or article number as it is met: with all that it states, and with nothing."""
    page, unstated = example.page, _unstated(example)
    readings = [(unstated, UNSTATED_WEIGHT)]
    if page.masked:
        dom = page.dom()
        readings.append((Reading.of(dom, read_structured(dom, page.url), page.url), STATED_WEIGHT))
    for reading, weight in readings:
        if page.fields.get("sku"):
            _add_sku_twin(example, reading, sku_candidates(reading), weight, is_met=True)
        if page.image:
            images = image_candidates(reading.dom)
            labels = _flags(images, lambda c: image_key(c.text) == image_key(page.image))
            rows = features(reading, "image", images, "text")
            example.add_twin("image/text", Twin(rows, labels, 0.0, images, is_met=True))
    if page.fields.get("sku"):
        # Where the number stands elsewhere too, that must be enough.
        skus = sku_candidates(unstated)
        for candidate in skus:
            candidate.labels.clear()
        _add_sku_twin(example, unstated, [candidate for candidate in skus if candidate.n_places], BARE_WEIGHT)


def _add_sku_twin(
    example: Example, reading: Reading, skus: list[SkuCandidate], weight: float, *, is_met: bool = False
) -> None:
    labels = _sku_labels(example.page, skus)
    if skus and (labels.any() or is_met):
        rows = sku_rows(reading, skus)
        example.add_twin("sku", Twin(rows, labels, weight if labels.any() else 0.0, skus, is_met=is_met))


def _sku_labels(page: LabelledPage, skus: Sequence[SkuCandidate]) -> NDArray[np.bool_]:
    return np.asarray([candidate.value in page.fields["sku"] for candidate in skus], dtype=bool)


def _label(example: Example, own: dict[str, list[str]]) -> None:
    page, dom, of = example.page, example.reading.dom, example.candidates.by_kind
    wanted = wanted_prices(page)
    if wanted:
        example.labels["price"] = _flags(of["price"], lambda c: c.money is not None and c.money.amount in wanted)
    if page.image:
        elements, key = set(page.elements.get("image", ())), image_key(page.image)
        example.labels["image"] = _flags(of["image"], lambda c: c.element in elements or image_key(c.text) == key)
    if page.name:
        name = plain_words(page.name)
        example.labels["name"] = _flags(of["name"], lambda c: plain_words(c.text) == name)
    if "cart" in page.elements:
        example.labels["cart"] = _flags(of["cart"], lambda c: c.element in page.elements["cart"])
    for kind in ("name", "cart"):
        if kind in own:
            found = {dom.find(path) for path in own[kind]}
            example.labels[kind] = _flags(of[kind], lambda c, found=found: c.element in found)  # type: ignore[misc]


def _flags(candidates: list[Candidate], right: Callable[[Candidate], bool]) -> NDArray[np.bool_]:
    return np.asarray([right(candidate) for candidate in candidates], dtype=bool)


def read_examples(
    data: Path, progress: Callable[[str], None] = lambda _: None, *, render: Renderer | None = None
) -> list[Example]:
    """Every labelled page; formasaurus pages where that package is installed.

    Args:
        render: draws the product pages that come without boxes.
    """
    path = LABELS / "elements.json"
    own = json.loads(path.read_text())["pages"] if path.is_file() else {}
    examples = []
    for page in all_product_pages(data):
        progress(f"{page.source}/{page.key}")
        examples.append(read_example(page, own, is_product=True, render=None if page.source in UNDRAWN else render))
    for page, kind in formasaurus_pages(LABELS / "formasaurus-kinds.json"):
        progress(f"{page.source}/{page.key}")
        examples.append(read_example(page, own, is_product=kind == "product"))
    for page in shop_pages_without_product(data):
        progress(f"{page.source}/{page.key}")
        examples.append(read_example(page, own, is_product=False))
    return examples
