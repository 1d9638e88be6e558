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

from trimtab.webpages.analyze import analyze_page, classify
from trimtab.webpages.features.image import image_key
from trimtab.webpages.features.levels import LEVELS
from trimtab.webpages.page import Page
from trimtab.webpages.parse.dom import Dom, parse
from trimtab.webpages.parse.prices import parse_price
from trimtab.webpages.parse.render import rendering
from trimtab.webpages.predict.field_model import FieldModel
from trimtab.webpages.predict.forms import FILL_ABOVE
from trimtab.webpages.predict.model import ElementModel, shipped_model
from trimtab.webpages.predict.scorer import Renderer
from trimtab.webpages.training.datasets import LabelledPage, product_pages
from trimtab.webpages.training.elements import fit, fit_trees, folds_by_site, outcomes
from trimtab.webpages.training.examples import Example, read_examples, wanted_prices
from trimtab.webpages.training.form_sets import LabelledForm, duck_forms, formasaurus_forms
from trimtab.webpages.training.forms import fit_fields

N_FOLDS = 10
N_FORM_FOLDS = 5
N_RESAMPLES = 2_000
N_ROUNDS = 3
"""Times each page's analysis is timed."""
SYSTEMS = ("Zyte", "Diffbot", "extruct")
POLICIES: dict[str, tuple[str, ...]] = {
    "text": ("text",),
    "style": ("style",),
    "layout": ("layout",),
    "static": ("text", "style"),
    "auto": LEVELS,
}
"""Levels that may be used: one alone, as far as one gets without rendering, and with it."""

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
    """The benchmark's counting: a wrong answer is a false positive and, where there was one to find, a false
    negative."""
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
                page = classify(example.reading, model, example.layout, levels=levels, candidates=example.candidates)
                found[policy][_key(example)] = page
    return found


def _key(example: Example) -> str:
    return f"{example.page.source}/{example.page.key}"


def report(examples: Sequence[Example], found: dict[str, dict[str, Page]], data: Path) -> dict[str, Any]:
    """All figures, as plain values for JSON and tables."""
    pages = [e for e in examples if e.page.source == "product-pages"]
    shops = [e for e in examples if e.page.source == "product-layouts"]
    result: dict[str, Any] = {"product-pages": {}, "product-layouts": {}, "misses": {}}
    for policy, analysed in found.items():
        answers = {e.page.key: _values(analysed.get(_key(e))) for e in pages}
        result["product-pages"][policy] = _benchmark(pages, answers)
    folder = data / "webpages" / "product-pages"
    for system in SYSTEMS:
        published = json.loads((folder / f"{system}.json").read_text())
        result["product-pages"][system] = _benchmark(pages, published)
    for policy in POLICIES:
        result["product-layouts"][policy] = _layouts(shops, found[policy])
    extra = [e for e in examples if e.page.source == "product-extra"]
    result["product-extra"] = {
        "price": f1(
            [count(e.page.prices, _decimal(_values(found["auto"][_key(e)]).get("price"))) for e in extra]
        ).as_dict()
    }
    known = [e for e in examples if e.is_product is not None]
    detected = [(bool(e.is_product), found["static"][_key(e)].kind == "product") for e in known]
    result["product-detection"] = f1(
        [(int(y and p), int(p and not y), int(y and not p)) for y, p in detected]
    ).as_dict()
    for kind, name in (("name", "name"), ("cart", "add_to_cart")):
        labelled = [e for e in examples if kind in e.labels]
        if labelled:
            result[name] = share([_element_right(e, found["auto"][_key(e)], kind, name) for e in labelled]).as_dict()
    result["misses"] = _misses(examples, found["static"])
    return result


def _values(page: Page | None) -> dict[str, str]:
    if page is None:
        return {}
    return {name: element.value for name, element in page.elements.items()}


def _benchmark(pages: Sequence[Example], answers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    rows = [(example.page, answers.get(example.page.key, {})) for example in pages]
    prices = [(page, _decimal(row.get("price"))) for page, row in rows]
    return {
        "price": f1([count(page.prices, price) for page, price in prices]).as_dict(),
        "price_errata": f1([count(page.corrected, price) for page, price in prices]).as_dict(),
        "sku": f1([count(page.fields.get("sku", []), row.get("sku")) for page, row in rows]).as_dict(),
        "availability": f1(
            [count(page.fields.get("availability", []), row.get("availability")) for page, row in rows]
        ).as_dict(),
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
        images.append(
            image is not None
            and (_same_node(example, image.path, "image") or image_key(image.value) == image_key(labelled) != "")
        )
    return {"price": share(prices).as_dict(), "price_node": share(nodes).as_dict(), "image": share(images).as_dict()}


def _same_node(example: Example, path: str, kind: str) -> bool:
    """The labelled element, or one inside or around it that reads the same."""
    dom = example.reading.dom
    element = dom.find(path)
    if element is None:
        return False
    for label in example.page.elements.get(kind, ()):
        inside = label <= element < dom.ends[label] or element <= label < dom.ends[element]
        if element == label or (
            kind == "price" and inside and _amount(dom.text(element, "\x1f")) == _amount(dom.text(label, "\x1f"))
        ):
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
    return any(
        c.element == found for c, y in zip(example.candidates.by_kind[kind], example.labels[kind], strict=True) if y
    )


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
            if example.page.source == "product-pages" and count(accepted, values.get(kind)) != count(
                accepted, accepted[0] if accepted else None
            ):
                missed[kind].append(f"{_key(example)[:28]} {example.site}: {values.get(kind)} for {accepted}")
        if example.page.image and not (
            "image" in page.elements
            and (
                _same_node(example, page.elements["image"].path, "image")
                or image_key(values["image"]) == image_key(example.page.image)
            )
        ):
            missed["image"].append(f"{example.site}: {values.get('image', '')[-70:]} for {example.page.image[-70:]}")
    return missed


# --- forms ------------------------------------------------------------------------------------------------------------

REPORTED_FIELDS = ("addressStreet", "addressCity", "addressPostalCode", "addressProvince", "addressCountryCode",
"firstName", "lastName",
                   "fullName", "phone", "emailAddress", "cardNumber", "cardSecurityCode", "expiration", "password",
                   "username")  # fmt: skip


def field_figures(forms: Sequence[LabelledForm], models: dict[str, FieldModel]) -> dict[str, Any]:
    """F1 by type, the share right, and how often what a fill plan would fill is right; models by site."""
    counts: dict[str, list[Counts]] = {name: [] for name in REPORTED_FIELDS}
    right: list[bool] = []
    filled: list[bool] = []
    for form in forms:
        decoded = models[form.site].decode(form.fields)
        answered = [
            (said, chance, kind) for (said, chance), kind in zip(decoded, form.types, strict=True) if kind is not None
        ]
        right += [said == kind for said, _, kind in answered]
        filled += [said == kind for said, chance, kind in answered if chance >= FILL_ABOVE and said != "other"]
        for name, rows in counts.items():
            hits = sum(said == kind == name for said, _, kind in answered)
            rows.append(
                (
                    hits,
                    sum(said == name for said, _, _ in answered) - hits,
                    sum(kind == name for _, _, kind in answered) - hits,
                )
            )
    found: dict[str, Any] = {"all": share(right).as_dict(), "fill_plan": share(filled).as_dict()}
    return found | {name: f1(rows).as_dict() for name, rows in counts.items() if any(tp + fn for tp, _, fn in rows)}


def evaluate_forms(data: Path, progress: Callable[[str], None]) -> dict[str, Any]:
    """Site-grouped folds on the DuckDuckGo set, and trained there and tested on formasaurus; with and without
    autocomplete."""
    figures: dict[str, Any] = {}
    for name, with_autocomplete in (("with_autocomplete", True), ("without_autocomplete", False)):
        duck = list(duck_forms(data, with_autocomplete=with_autocomplete))
        sites = sorted({form.site for form in duck})
        order = np.random.Generator(np.random.PCG64(0)).permutation(len(sites))
        folds = [{sites[index] for index in fold} for fold in np.array_split(order, N_FORM_FOLDS)]
        models: dict[str, FieldModel] = {}
        for number, fold in enumerate(folds):
            progress(f"fields {name}, fold {number + 1} of {len(folds)}")
            model = fit_fields([form for form in duck if form.site not in fold])
            models |= dict.fromkeys(fold, model)
        progress(f"fields {name}, across sets")
        across = fit_fields(duck)
        other = list(formasaurus_forms(with_autocomplete=with_autocomplete))
        figures[name] = {
            "duckduckgo": field_figures(duck, models),
            "formasaurus": field_figures(other, {form.site: across for form in other}),
        }
    return figures


def evaluate_cart_forms(examples: Sequence[Example], progress: Callable[[str], None]) -> dict[str, float | int]:
    """F1 of add-to-cart and order forms among formasaurus' annotated forms, folds by site."""
    labelled = [example for example in examples if "cartform" in example.labels]
    counts: list[Counts] = []
    for fold in folds_by_site(labelled, N_FOLDS):
        progress("cart forms")
        trees = fit_trees([example for example in labelled if example.site not in fold], "cartform")
        held_out = outcomes([example for example in labelled if example.site in fold], "cartform", trees)
        counts += [
            (int(logit > 0 and right), int(logit > 0 and not right), int(logit <= 0 and right))
            for logit, _, right in held_out
        ]
    return f1(counts).as_dict()


# --- time -------------------------------------------------------------------------------------------------------------


def evaluate_times(pages: Sequence[LabelledPage], model: ElementModel, render: Renderer | None) -> dict[str, Any]:
    """Milliseconds of processor time a page by level, and of wall time with rendering; `first` are those of `static`
    before any name on these pages has been met. In the others levels take turns, because cores drift, and each page
    counts by the median of its rounds."""
    policies = ("text", "style", "static")

    def spent(page: LabelledPage, policy: str) -> float:
        started = time.process_time()
        analyze_page(page.html, page.url, model=model, levels=POLICIES[policy])
        return (time.process_time() - started) * 1000

    analyze_page("<title>what is read once a process</title>", model=model)
    first = [spent(page, "static") for page in pages]
    rounds = [[[spent(page, policy) for policy in policies] for page in pages] for _ in range(N_ROUNDS)]
    figures = dict(zip(policies, map(_milliseconds, np.median(rounds, axis=0).T.tolist()), strict=True))
    figures["first"] = _milliseconds(first)
    if render is not None:
        figures["render"] = _milliseconds([_render_ms(render, parse(page.html)) for page in pages])
    return figures


def _render_ms(render: Renderer, dom: Dom) -> float:
    started = time.perf_counter()
    render(dom)
    return (time.perf_counter() - started) * 1000


def _milliseconds(spent: Sequence[float]) -> dict[str, float]:
    return {"median": float(np.median(spent)), "p95": float(np.quantile(spent, 0.95)), "n_pages": len(spent)}


def evaluate(data: Path, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Everything docs/webpages.md shows."""
    with rendering() as render:
        progress("timing")
        times = evaluate_times(list(product_pages(data)), shipped_model(), render)
        examples = read_examples(data, lambda name: progress(f"reading {name}"), render=render)
    found = predictions(examples, progress)
    figures = report(examples, found, data)
    figures["cart-forms"] = evaluate_cart_forms(examples, progress)
    figures["fields"] = evaluate_forms(data, progress)
    figures["milliseconds"] = times
    return figures
