"""Elements by group of shops, the worst group first: each shop weighs the same, and no model saw the shop it reads.

A page is read three times: without what it states (`source`), as it is (`statements`), and rendered (`rendered`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np

from trimtab.webpages.analyze import classify
from trimtab.webpages.evaluation.measures import share
from trimtab.webpages.features.image import image_key
from trimtab.webpages.page import Page
from trimtab.webpages.parse.reading import Reading, plain_words
from trimtab.webpages.parse.statements.structured import read_structured
from trimtab.webpages.predict.model import ElementModel
from trimtab.webpages.training.datasets import LabelledPage
from trimtab.webpages.training.examples import UNLABELLED, Example, wanted_prices
from trimtab.webpages.training.masking import STATEMENTS, mask

CONDITIONS = ("source", "statements", "rendered")
STATIC = ("text", "style")
N_BINS = 10
MIN_SHOPS = 5
"""Groups of fewer shops are counted, not ranked."""
_SOLD = frozenset({"InStock", "OnlineOnly", "LimitedAvailability", "InStoreOnly", "MadeToOrder"})
_LATER = frozenset({"PreOrder", "PreSale", "BackOrder"})


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer about one page: `confidence` is None where the model abstained."""

    condition: str
    group: str
    shop: str
    kind: str
    right: bool
    confidence: float | None


def group_of(page: LabelledPage) -> str:
    """Group of a page: its set, and in the set of copied shops the platform."""
    if page.source != "shop-mirrors":
        return page.source
    return f"{page.source} {page.group if page.group in ('shopify', 'woocommerce') else 'others'}"


def answers_of(examples: Iterable[Example], model: ElementModel) -> list[Answer]:
    """What a model says of pages with labels, under each condition."""
    found: list[Answer] = []
    for example in examples:
        page = example.page
        if page.source in UNLABELLED:
            continue
        for condition in CONDITIONS:
            if condition == "rendered" and example.layout is None:
                continue
            dom = page.dom()
            if condition == "source":
                mask(dom, STATEMENTS)
            reading = Reading.of(dom, read_structured(dom, page.url), page.url)
            levels = (*STATIC, "layout") if condition == "rendered" else STATIC
            analysed = classify(reading, model, example.layout, levels=levels)
            found += [Answer(condition, group_of(page), page.site, *judged) for judged in judge(page, analysed)]
    return found


def judge(page: LabelledPage, analysed: Page) -> list[tuple[str, bool, float | None]]:
    """(kind, right, confidence) of each element that the page is labelled for."""
    wanted = wanted_prices(page)
    checks: dict[str, Callable[[str], bool]] = {}
    if wanted:
        checks["price"] = lambda value: _decimal(value) in wanted
    if page.name:
        checks["name"] = lambda value: plain_words(value) == plain_words(page.name)
    if page.image:
        checks["image"] = lambda value: image_key(value) == image_key(page.image)
    if page.fields.get("sku"):
        checks["sku"] = lambda value: value in page.fields["sku"]
    if page.fields.get("availability"):
        labels = {_can_be_had(label) for label in page.fields["availability"]}
        checks["availability"] = lambda value: _can_be_had(value) in labels
    rows: list[tuple[str, bool, float | None]] = []
    for kind, check in checks.items():
        element = analysed.elements.get(kind)
        rows.append((kind, element is not None and check(element.value), element.confidence if element else None))
    return rows


def by_group(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Share right of each kind, group and condition, each shop weighing the same; the worst first."""
    cells: defaultdict[tuple[str, str], dict[str, dict[str, list[bool]]]] = defaultdict(dict)
    for answer in answers:
        shops = cells[answer.kind, answer.group].setdefault(answer.condition, {})
        shops.setdefault(answer.shop, []).append(answer.right)
    rows: list[dict[str, Any]] = []
    for (kind, group), conditions in cells.items():
        row: dict[str, Any] = {"kind": kind, "group": group}
        for condition, shops in conditions.items():
            measured = share([float(np.mean(right)) for right in shops.values()]).as_dict()
            row[condition] = measured | {"n_pages": sum(map(len, shops.values())), "n_shops": len(shops)}
        rows.append(row)
    return sorted(rows, key=lambda row: (row["statements"]["n_shops"] < MIN_SHOPS, row["statements"]["value"]))


def calibration(answers: Sequence[Answer]) -> dict[str, Any]:
    """By kind, over answers about pages as they are and without statements, each shop weighing the same: expected
    calibration error, share of wrong answers with a confidence of .9 and more, and how often the model abstains."""
    found = {}
    for kind in sorted({answer.kind for answer in answers}):
        own = [a for a in answers if a.kind == kind and a.condition != "rendered"]
        n_of_shop: defaultdict[str, int] = defaultdict(int)
        for answer in own:
            n_of_shop[answer.shop] += 1
        given = [a for a in own if a.confidence is not None]
        weights = np.asarray([1 / n_of_shop[a.shop] for a in given])
        confidences = np.asarray([a.confidence for a in given])
        right = np.asarray([a.right for a in given], dtype=np.float64)
        found[kind] = {
            "expected_calibration_error": calibration_error(confidences, right, weights),
            "confident_and_wrong": float((weights * (1 - right) * (confidences >= 0.9)).sum() / weights.sum()),
            "abstained": 1 - len(given) / len(own),
            "right_where_answered": float((weights * right).sum() / weights.sum()),
            "n_answers": len(given),
            "n_shops": len(n_of_shop),
        }
    return found


def calibration_error(confidences: np.ndarray, right: np.ndarray, weights: np.ndarray) -> float:
    """Mean distance between confidence and share right over N_BINS bins of equal width, weighted by what is in them."""
    bins = np.minimum((confidences * N_BINS).astype(int), N_BINS - 1)
    total = 0.0
    for number in np.unique(bins):
        own = bins == number
        gap = np.average(confidences[own], weights=weights[own]) - np.average(right[own], weights=weights[own])
        total += abs(gap) * weights[own].sum()
    return float(total / weights.sum())


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _can_be_had(availability: str) -> str:
    """What an availability means for a buyer: `now`, `later` or `gone`."""
    name = availability[:1].upper() + availability[1:]
    if name in _SOLD:
        return "now"
    return "later" if name in _LATER or name.lower() == "backorder" else "gone"
