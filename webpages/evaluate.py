"""Honest figures: every page is analysed by a model that never saw its site.

Official labels first, errata second; the published systems' predictions on the same pages beside ours; percentile
bootstrap over pages. Matching is that of the product-extraction benchmark (decimals for prices, exact text otherwise).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webpages.analyze import classify
from webpages.examples import Example, wanted_prices
from webpages.features import LEVELS, image_key
from webpages.page import Page
from webpages.prices import parse_price
from webpages.train import fit, folds_by_site

N_FOLDS = 10
N_RESAMPLES = 2_000
SYSTEMS = ("Zyte", "Diffbot", "extruct")
POLICIES: dict[str, tuple[str, ...]] = {"text": ("text",), "style": ("style",), "layout": ("layout",), "auto": LEVELS}

Counts = tuple[int, int, int]
"""True positives, false positives, false negatives of one page."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A share or an F1 with its interval; precision and recall where they mean something."""

    value: float
    low: float
    high: float
    n_pages: int
    precision: float | None = None
    recall: float | None = None

    def as_dict(self) -> dict[str, float | int]:
        row = {"value": self.value, "low": self.low, "high": self.high, "n_pages": self.n_pages}
        return row if self.precision is None else row | {"precision": self.precision, "recall": self.recall or 0.0}


def count(accepted: Sequence[Any], answer: Any) -> Counts:
    """The benchmark's counting: a wrong answer is a false positive and, where there was one to find, a false negative."""
    if answer is None:
        return 0, 0, int(bool(accepted))
    if answer in accepted:
        return 1, 0, 0
    return 0, 1, int(bool(accepted))


def f1(counts: Sequence[Counts], *, seed: int = 0) -> Measured:
    table = np.asarray(counts, dtype=np.float64).reshape(-1, 3)
    draws = np.random.Generator(np.random.PCG64(seed)).integers(0, len(table), size=(N_RESAMPLES, len(table)))
    low, high = np.quantile(_f1(table[draws].sum(axis=1)), [0.025, 0.975])
    tp, fp, fn = table.sum(axis=0)
    return Measured(
        float(_f1(table.sum(axis=0)[None])[0]), float(low), float(high), len(table),
        float(tp / max(tp + fp, 1)), float(tp / max(tp + fn, 1)),
    )  # fmt: skip


def _f1(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    tp, fp, fn = totals.T
    return np.asarray(2 * tp / np.maximum(2 * tp + fp + fn, 1), dtype=np.float64)


def share(hits: Sequence[bool], *, seed: int = 0) -> Measured:
    values = np.asarray(hits, dtype=np.float64)
    draws = np.random.Generator(np.random.PCG64(seed)).integers(0, len(values), size=(N_RESAMPLES, len(values)))
    low, high = np.quantile(values[draws].mean(axis=1), [0.025, 0.975])
    return Measured(float(values.mean()), float(low), float(high), len(values))


def _decimal(text: str | None) -> Decimal | None:
    try:
        return Decimal(text) if text is not None else None
    except InvalidOperation:
        return None


def predictions(
    examples: Sequence[Example], progress: Callable[[str], None] = lambda _: None, *, n_folds: int = N_FOLDS
) -> dict[str, dict[str, Page]]:
    """Policy -> `source/key` -> analysis, each by a model fitted without the page's site."""
    found: dict[str, dict[str, Page]] = {policy: {} for policy in POLICIES}
    for number, fold in enumerate(folds_by_site(examples, n_folds)):
        progress(f"fold {number + 1} of {n_folds}")
        model = fit([example for example in examples if example.site not in fold])
        for example in examples:
            if example.site not in fold:
                continue
            for policy, levels in POLICIES.items():
                if policy == "layout" and example.layout is None:
                    continue
                started = time.perf_counter()
                page = classify(example.reading, model, example.layout, levels=levels, candidates=example.candidates)
                example.reading.common.clear()
                found[policy][_key(example)] = page
                del started
    return found


def _key(example: Example) -> str:
    return f"{example.page.source}/{example.page.key}"


def report(examples: Sequence[Example], found: dict[str, dict[str, Page]], data: Path) -> dict[str, Any]:
    """All figures, as plain values for JSON and tables."""
    pages = [e for e in examples if e.page.source == "product-pages"]
    shops = [e for e in examples if e.page.source == "product-layouts"]
    result: dict[str, Any] = {"product-pages": {}, "product-layouts": {}, "misses": {}}
    for policy in ("text", "style", "auto"):
        result["product-pages"][policy] = _benchmark(pages, lambda e, p=policy: _values(found[p][_key(e)]))  # type: ignore[misc]
    folder = data / "webpages" / "product-pages"
    for system in SYSTEMS:
        stated = json.loads((folder / f"{system}.json").read_text())
        result["product-pages"][system] = _benchmark(pages, lambda e, s=stated: s.get(e.page.key, {}))  # type: ignore[misc]
    for policy in POLICIES:
        result["product-layouts"][policy] = _layouts(shops, found[policy])
    extra = [e for e in examples if e.page.source == "product-extra"]
    result["product-extra"] = {
        "price": f1([count(e.page.prices, _decimal(_values(found["auto"][_key(e)]).get("price"))) for e in extra]).as_dict()
    }
    known = [e for e in examples if e.is_product is not None]
    detected = [(bool(e.is_product), found["text"][_key(e)].kind == "product") for e in known]
    result["product-detection"] = f1([(int(y and p), int(p and not y), int(y and not p)) for y, p in detected]).as_dict()
    for kind, name in (("name", "name"), ("cart", "add_to_cart")):
        labelled = [e for e in examples if kind in e.labels]
        if labelled:
            result[name] = share([_element_right(e, found["auto"][_key(e)], kind, name) for e in labelled]).as_dict()
    result["misses"] = _misses(examples, found["auto"])
    return result


def _values(page: Page) -> dict[str, str]:
    return {name: element.value for name, element in page.elements.items()}


def _benchmark(pages: Sequence[Example], answers: Callable[[Example], dict[str, Any]]) -> dict[str, Any]:
    rows = [(example.page, answers(example)) for example in pages]
    prices = [(page, _decimal(row.get("price"))) for page, row in rows]
    return {
        "price": f1([count(page.prices, price) for page, price in prices]).as_dict(),
        "price_errata": f1([count(page.corrected, price) for page, price in prices]).as_dict(),
        "sku": f1([count(page.fields.get("sku", []), row.get("sku")) for page, row in rows]).as_dict(),
        "availability": f1([count(page.fields.get("availability", []), row.get("availability")) for page, row in rows]).as_dict(),
    }


def _layouts(shops: Sequence[Example], found: dict[str, Page]) -> dict[str, Any]:
    prices, nodes, images = [], [], []
    for example in shops:
        page = found.get(_key(example))
        elements = page.elements if page is not None else {}
        price, image = elements.get("price"), elements.get("image")
        prices.append(price is not None and _decimal(price.value) in wanted_prices(example.page))
        nodes.append(price is not None and _same_node(example, price.path, "price"))
        labelled = example.page.image
        images.append(image is not None and (_same_node(example, image.path, "image") or image_key(image.value) == image_key(labelled) != ""))
    return {"price": share(prices).as_dict(), "price_node": share(nodes).as_dict(), "image": share(images).as_dict()}


def _same_node(example: Example, path: str, kind: str) -> bool:
    """The labelled element, or one inside or around it that reads the same."""
    dom = example.reading.dom
    element = dom.find(path)
    if element is None:
        return False
    for label in example.page.elements.get(kind, ()):
        inside = label <= element < dom.ends[label] or element <= label < dom.ends[element]
        if element == label or (kind == "price" and inside and _amount(dom.text(element, "\x1f")) == _amount(dom.text(label, "\x1f"))):
            return True
    return kind == "image" and bool(example.page.image) and dom.attribute(element, "src") == example.page.image


def _amount(text: str) -> Decimal | None:
    money = parse_price(text)
    return money.value if money else None


def _element_right(example: Example, page: Page, kind: str, name: str) -> bool:
    element = page.elements.get(name)
    if element is None:
        return not example.labels[kind].any()
    found = example.reading.dom.find(element.path)
    return any(c.element == found for c, y in zip(example.candidates.by_kind[kind], example.labels[kind], strict=True) if y)


def _misses(examples: Sequence[Example], found: dict[str, Page]) -> dict[str, list[str]]:
    """What went wrong where: never shown in full pages, only what was wanted and what was said."""
    missed: dict[str, list[str]] = {"price": [], "sku": [], "availability": [], "image": [], "detection": []}
    for example in examples:
        page, values = found[_key(example)], _values(found[_key(example)])
        if example.is_product is not None and (page.kind == "product") != example.is_product:
            missed["detection"].append(f"{_key(example)} {example.site}: {page.kind} {page.confidence:.2f}")
        wanted = wanted_prices(example.page)
        if wanted and _decimal(values.get("price")) not in wanted:
            missed["price"].append(f"{_key(example)[:28]} {example.site}: {values.get('price')} for {sorted(wanted)}")
        for kind in ("sku", "availability"):
            accepted = example.page.fields.get(kind, [])
            if example.page.source == "product-pages" and count(accepted, values.get(kind)) != count(accepted, accepted[0] if accepted else None):
                missed[kind].append(f"{_key(example)[:28]} {example.site}: {values.get(kind)} for {accepted}")
        if example.page.image and not (
            "image" in page.elements and (_same_node(example, page.elements["image"].path, "image") or image_key(values["image"]) == image_key(example.page.image))
        ):
            missed["image"].append(f"{example.site}: {values.get('image', '')[-70:]} for {example.page.image[-70:]}")
    return missed
