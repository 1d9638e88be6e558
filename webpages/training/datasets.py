"""The labelled pages: file, site and labels of each. Read in place from the shared data folder."""

from __future__ import annotations

import gzip
import importlib.util
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from trimtab.webpages.parse.dom import Dom, parse
from trimtab.webpages.parse.prices import price_text
from trimtab.webpages.parse.rendered.layout import Layout
from trimtab.webpages.training.masking import mask

_SECOND_LEVEL = frozenset({"co", "com", "org", "net", "gov", "ac", "edu", "or", "ne"})
_TENANTS = frozenset({
    "myshopify", "wordpress", "github", "gitlab", "herokuapp", "netlify", "vercel", "blogspot", "wixsite", "odoo",
    "webflow", "pages", "azurewebsites",
})  # fmt: skip
"""Hosts whose subdomains are sites of their own."""
_SAME_BRAND = {"hm": "handm", "h-m": "handm", "crateandbarrel": "crateandbarrel"}


@dataclass(slots=True)
class LabelledPage:
    """One page and its labels; what a set does not label is left empty.

    Attributes:
        prices: accepted values by the set's own labels; `corrected` where they are known to be wrong.
        elements: the labelled elements by kind (`price`, `image`, `cart`), of the page as it is.
        image: address of the labelled image.
        name: the labelled name.
        fields: other labels by name (sku, availability, ...), lists of accepted values.
        masked: the syntaxes that labels were derived from (`trimtab.webpages.training.masking`): a model that learns
            from this page must not see them.
        weight: of the page in training; pages of one shop share one weight where a set has several of each.
        group: kind of shop, by which figures are broken down.
    """

    key: str
    source: str
    site: str
    url: str | None
    html: bytes
    prices: tuple[Decimal, ...] = ()
    corrected: tuple[Decimal, ...] = ()
    price_text: str = ""
    image: str = ""
    name: str = ""
    fields: dict[str, list[str]] = field(default_factory=dict)
    nodes: Path | None = None
    elements: dict[str, tuple[int, ...]] = field(default_factory=dict)
    masked: frozenset[str] = frozenset()
    weight: float = 1.0
    group: str = ""

    def dom(self, *, masked: bool = False) -> Dom:
        """The page, `masked` without the statements that its labels come from."""
        dom = parse(self.html)
        return mask(dom, self.masked) if masked and self.masked else dom

    def layout(self, dom: Dom) -> Layout | None:
        return read_nodes(self.nodes, dom) if self.nodes is not None else None


def read_nodes(path: Path, dom: Dom) -> Layout | None:
    """Boxes from a `nodes.json.gz` of the product-layouts set: every element by its number in document order.

    Returns:
        None where the numbers do not cover the page.
    """
    nodes = json.loads(gzip.decompress(path.read_bytes()))
    n = len(dom)
    if n == 0 or str(dom.ordinals[-1]) not in nodes:
        return None
    rows = [nodes[str(ordinal)] for ordinal in dom.ordinals]
    boxes = np.asarray([[r["left"], r["top"], r["right"], r["bottom"]] for r in rows], dtype=np.float32)
    hidden = np.asarray([r["display"] == "none" or r["visibility"] == "hidden" for r in rows])
    struck = np.asarray(["line-through" in r["strikethrough"] for r in rows])
    for element, parent in enumerate(dom.parents):
        if parent >= 0:
            hidden[element] |= hidden[parent]
            struck[element] |= struck[parent]
    unknown = np.full(n, math.nan, dtype=np.float32)
    return Layout(np.nan_to_num(boxes), hidden, struck, unknown, unknown, width=1680.0)


def brand_site(name: str) -> str:
    """A shop's brand whatever its country: `amazon` for amazon.com, amazon.co.uk and a folder called `amazon`."""
    host = (urlsplit(name).hostname or name) if "//" in name else name
    parts = host.lower().split(".")
    if len(parts) > 1:
        parts = parts[:-1]
        if len(parts) > 1 and parts[-1] in _SECOND_LEVEL:
            parts = parts[:-1]
    if parts[-1] in _TENANTS and len(parts) > 1:
        parts = parts[:-1]
    brand = re.sub(r"[^a-z0-9]", "", parts[-1].replace("_and_", "and").replace("&", "and"))
    return _SAME_BRAND.get(brand, brand)


def _read(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())


def _decimals(values: list[str]) -> tuple[Decimal, ...]:
    found = []
    for value in values:
        try:
            found.append(Decimal(value))
        except InvalidOperation:
            continue
    return tuple(found)


def product_pages(data: Path) -> Iterator[LabelledPage]:
    """The benchmark's pages: values of price, sku, availability, brand, currency."""
    folder = data / "webpages" / "product-pages"
    truth = json.loads((folder / "ground-truth.json").read_text())
    errata = json.loads((folder / "errata_price.json").read_text())
    for key, labels in truth.items():
        prices = _decimals(labels.get("price", []))
        yield LabelledPage(
            key=key,
            source="product-pages",
            site=brand_site(labels["url"]),
            url=labels["url"],
            html=_read(folder / "html" / f"{key}.html.gz"),
            prices=prices,
            corrected=_decimals(errata[key]["corrected"]) if key in errata else prices,
            fields={name: value for name, value in labels.items() if isinstance(value, list)},
        )


def product_layouts(data: Path) -> Iterator[LabelledPage]:
    """Rendered shops with boxes: the price element, the image element."""
    for folder in sorted((data / "webpages" / "product-layouts").iterdir()):
        if not folder.is_dir():
            continue
        price, image = _first(folder / "expected-price.html"), _first(folder / "expected-image.html")
        page = LabelledPage(
            key=folder.name,
            source="product-layouts",
            site=brand_site(folder.name),
            url=None,
            html=_read(folder / "source.html.gz"),
            nodes=folder / "nodes.json.gz",
        )
        dom = page.dom()
        if price:
            page.price_text = price_text(*price)
            page.elements["price"] = _equal_elements(dom, *price)
        if image:
            page.image = image[0].attribute(image[1], "src")
            page.elements["image"] = _equal_elements(dom, *image)
        yield page


def _first(path: Path) -> tuple[Dom, int] | None:
    dom = parse(path.read_bytes()) if path.is_file() else Dom()
    inside = [i for i, tag in enumerate(dom.tags) if tag not in ("html", "head", "body")]
    return (dom, inside[0]) if inside else None


def _equal_elements(dom: Dom, label: Dom, element: int) -> tuple[int, ...]:
    """Elements that read as the labelled one; where attributes changed in the copy, those of its tag, class and
    text."""
    tag, text, attributes = label.tags[element], label.text(element), label.attributes[element]
    alike = [i for i, other in enumerate(dom.tags) if other == tag and dom.text(i) == text]
    exact = tuple(i for i in alike if dom.attributes[i] == attributes)
    return exact or tuple(
        i
        for i in alike
        if dom.attribute(i, "class") == attributes.get("class", "")
        and (text or attributes.get("src") == dom.attribute(i, "src"))
    )


def product_extra(data: Path) -> Iterator[LabelledPage]:
    folder = data / "webpages" / "product-extra"
    expected = json.loads((folder / "expected.json").read_text())
    for key, entry in expected.items():
        path = folder / f"{key}.html.gz"
        if path.is_file():
            prices = _decimals([entry["expect"]["price"]] if "price" in entry["expect"] else [])
            yield LabelledPage(
                key=key,
                source="product-extra",
                site=brand_site(entry["url"]),
                url=entry["url"],
                html=_read(path),
                prices=prices,
                corrected=prices,
            )


def shop_mirrors(data: Path) -> Iterator[LabelledPage]:
    """Pages of copied shops: labels that the set trusts, derived from what the pages state."""
    folder = data / "webpages" / "shop-mirrors"
    index = json.loads((folder / "index.json").read_text())
    n_pages = Counter(entry["shop"] for entry in index)
    for entry in index:
        labels = {name: value for name, value in entry["labels"].items() if entry["trust"].get(name)}
        page = _derived(folder, entry, labels, "shop-mirrors", site=brand_site(entry["shop"]))
        page.weight = 1 / n_pages[entry["shop"]]
        page.group = entry["platform"]
        cart = page.dom().find(labels["add_to_cart"]["xpath"]) if "add_to_cart" in labels else None
        if cart is not None:
            page.elements["cart"] = (cart,)
        yield page


def scraper_fixtures(data: Path) -> Iterator[LabelledPage]:
    """Pages that scrapers are tested with. What the fixture is called says whether the product can be had, whatever
    the page states; prices and numbers are labels where the page shows them."""
    folder = data / "webpages" / "scraper-fixtures"
    for entry in json.loads((folder / "index.json").read_text()):
        labels, checks = dict(entry["labels"]), entry["checks"]
        shown = {"price": "first_price_visible", "sku": "sku_visible", "name": "name_in_text"}
        for name, check in shown.items():
            if not checks.get(check):
                labels.pop(name, None)
        labels["availability"] = labels.get("availability_fixture")
        page = _derived(folder, entry, labels, "scraper-fixtures", site=brand_site(entry["site"] or entry["repo"]))
        page.group = "scraper-fixtures"
        yield page


_SYNTAX = {"json-ld": "json-ld", "microdata": "microdata", "meta": "opengraph", "shopify-js": "scripts"}


def _derived(folder: Path, entry: dict[str, Any], labels: dict[str, Any], source: str, *, site: str) -> LabelledPage:
    """A page of a set that derives labels from the pages' own statements."""
    prices = _decimals([str(value) for value in labels.get("prices", [labels["price"]])]) if "price" in labels else ()
    fields = {"availability": "availability", "brand": "brand", "gtin": "gtin", "currency": "currency"}
    return LabelledPage(
        key=entry["sha1"][:16],
        source=source,
        site=site,
        url=entry["url"],
        html=_read(folder / entry["file"]),
        prices=prices,
        corrected=prices,
        image=labels.get("image") or "",
        name=labels.get("name") or "",
        fields={name: [str(labels[key])] for name, key in fields.items() if labels.get(key)}
        | ({"sku": list(map(str, labels.get("skus") or [labels["sku"]]))} if labels.get("sku") else {}),
        masked=frozenset(_SYNTAX[said] for name, said in entry["from"].items() if name in labels and said in _SYNTAX),
    )


def shop_pages_without_product(data: Path) -> Iterator[LabelledPage]:
    """Account, contact and checkout pages of shops: what a shop has besides pages of products."""
    folder = data / "webpages" / "shop-forms"
    for entry in json.loads((folder / "index.json").read_text()):
        site = brand_site(entry["site"] or entry["repo"])
        yield LabelledPage(entry["file"], "shop-forms", site, None, _read(folder / entry["file"]))


def all_product_pages(data: Path) -> list[LabelledPage]:
    return [
        *product_pages(data),
        *product_layouts(data),
        *product_extra(data),
        *shop_mirrors(data),
        *scraper_fixtures(data),
    ]


def formasaurus_folder() -> Path | None:
    """Data folder of the formasaurus package (a development dependency), None where it is not installed."""
    found = importlib.util.find_spec("formasaurus")
    if found is None or not found.submodule_search_locations:
        return None
    return Path(next(iter(found.submodule_search_locations))) / "data"


def formasaurus_pages(kinds: Path) -> Iterator[tuple[LabelledPage, str]]:
    """Pages of all sorts, each with the kind in our label file; those labelled `unsure` are left out."""
    folder = formasaurus_folder()
    if folder is None:
        return
    labels = json.loads(kinds.read_text())
    named = {number: kind for kind in ("product", "listing", "unsure") for number in labels[kind]}
    for name, entry in json.loads((folder / "index.json").read_text()).items():
        number = int(name.removeprefix("html/").removesuffix(".html"))
        kind = named.get(number, "other")
        if kind != "unsure":
            page = LabelledPage(
                key=str(number),
                source="formasaurus",
                site=brand_site(entry["url"]),
                url=entry["url"],
                html=(folder / name).read_bytes(),
                fields={"forms": entry["forms"]},
            )
            yield page, kind
