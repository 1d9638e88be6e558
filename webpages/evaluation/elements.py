"""Accuracy of elements: every page is analysed by a model that was fitted without its site.

Official labels first, errata second; the published systems' predictions on the same pages beside ours; percentile
bootstrap over pages. Matching is that of the product-extraction benchmark (decimals for prices, exact text otherwise).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from trimtab.webpages.analyze import classify
from trimtab.webpages.evaluation.measures import Counts, count, f1, share
from trimtab.webpages.evaluation.shops import Answer, answers_of, by_group, calibration
from trimtab.webpages.features.image import image_key
from trimtab.webpages.features.levels import LEVELS
from trimtab.webpages.page import Page
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.prices import PageLocale, price_text, shown_price
from trimtab.webpages.parse.reading import Reading
from trimtab.webpages.parse.statements.structured import read_structured
from trimtab.webpages.training.elements import fit, fit_trees, folds_by_site, outcomes
from trimtab.webpages.training.examples import Example, wanted_prices

N_FOLDS = 4
BENCHMARKS = frozenset({"product-pages", "product-layouts", "product-extra"})
"""Sets with labels of their own, which are read by every policy."""
SYSTEMS = ("Zyte", "Diffbot", "extruct")
POLICIES: dict[str, tuple[str, ...]] = {
    "text": ("text",),
    "style": ("style",),
    "layout": ("layout",),
    "static": ("text", "style"),
    "auto": LEVELS,
}
"""Levels that may be used: each alone, all without rendering (`static`), and all with it (`auto`)."""


def _decimal(text: str | None) -> Decimal | None:
    try:
        return Decimal(text) if text is not None else None
    except InvalidOperation:
        return None


def predictions(
    examples: Sequence[Example], progress: Callable[[str], None] = lambda _: None, *, n_folds: int = N_FOLDS
) -> tuple[dict[str, dict[str, Page]], list[Answer]]:
    """Each page read by a model fitted without its site: policy -> `source/key` -> analysis, and the answers about
    every labelled page under the conditions of `trimtab.webpages.evaluation.shops`."""
    found: dict[str, dict[str, Page]] = {policy: {} for policy in POLICIES}
    answers: list[Answer] = []
    for number, fold in enumerate(folds_by_site(examples, n_folds)):
        progress(f"fold {number + 1} of {n_folds}")
        model = fit([example for example in examples if example.site not in fold])
        held_out = [example for example in examples if example.site in fold]
        answers += answers_of(held_out, model)
        for example in held_out:
            reading = example.reading
            if example.page.masked:
                dom = example.page.dom()
                reading = Reading.of(dom, read_structured(dom, example.page.url), example.page.url)
            of = None if example.page.masked else example.candidates
            for policy, levels in POLICIES.items():
                if policy != "static" and example.page.source not in BENCHMARKS:
                    continue
                if policy == "layout" and example.layout is None:
                    continue
                found[policy][_key(example)] = classify(reading, model, example.layout, levels=levels, candidates=of)
    return found, answers


def _key(example: Example) -> str:
    return f"{example.page.source}/{example.page.key}"


def report(
    examples: Sequence[Example], found: dict[str, dict[str, Page]], answers: Sequence[Answer], data: Path
) -> dict[str, Any]:
    """All figures, as plain values for JSON and tables."""
    pages = [e for e in examples if e.page.source == "product-pages"]
    shops = [e for e in examples if e.page.source == "product-layouts"]
    result: dict[str, Any] = {"product-pages": {}, "product-layouts": {}, "misses": {}}
    for policy, analysed in found.items():
        values = {e.page.key: _values(analysed.get(_key(e))) for e in pages}
        result["product-pages"][policy] = _benchmark(pages, values)
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
    result["groups"] = by_group(answers)
    result["calibration"] = calibration(answers)
    for kind, name in (("name", "name"), ("cart", "add_to_cart")):
        labelled = [e for e in examples if kind in e.labels and e.page.source in BENCHMARKS]
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
        if element == label or (kind == "price" and inside and _amount(dom, element) == _amount(dom, label)):
            return True
    return kind == "image" and bool(example.page.image) and dom.attribute(element, "src") == example.page.image


def _amount(dom: Dom, element: int) -> Decimal | None:
    shown = shown_price(price_text(dom, element), PageLocale())
    return shown[0].amount if shown else None


def _element_right(example: Example, page: Page, kind: str, name: str) -> bool:
    element = page.elements.get(name)
    if element is None:
        return not example.labels[kind].any()
    found = example.reading.dom.find(element.path)
    return any(
        c.element == found for c, y in zip(example.candidates.by_kind[kind], example.labels[kind], strict=True) if y
    )


def _misses(examples: Sequence[Example], found: dict[str, Page]) -> dict[str, list[str]]:
    """Wrong answers by kind: the page, the right value and the answer."""
    missed: dict[str, list[str]] = {"price": [], "sku": [], "availability": [], "image": [], "detection": []}
    for example in examples:
        if example.page.source not in BENCHMARKS and example.is_product:
            continue
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


def evaluate_cart_forms(examples: Sequence[Example], progress: Callable[[str], None]) -> dict[str, float | int]:
    """F1 of add-to-cart and order forms among formasaurus' annotated forms, folds by site."""
    labelled = [example for example in examples if "cartform" in example.labels]
    counts: list[Counts] = []
    for fold in folds_by_site(labelled, N_FOLDS):
        progress("cart forms")
        trees = fit_trees([example for example in labelled if example.site not in fold], "cartform")
        held_out = outcomes([example for example in labelled if example.site in fold], "cartform", trees)
        counts += [
            (int(o.logit > 0 and o.right), int(o.logit > 0 and not o.right), int(o.logit <= 0 and o.right))
            for o in held_out
        ]
    return f1(counts).as_dict()
