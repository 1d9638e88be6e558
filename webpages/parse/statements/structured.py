"""What a page states about its product in JSON-LD, microdata and OpenGraph.

Read from the columns of `webpages.parse.dom`, so that a page is parsed once. Measured against extruct (a development
dependency) in tests: the same products, without its second parse by lxml and without a syntax that can hang.
"""

from __future__ import annotations

import re

from trimtab.text.money import currency_of
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.prices import stated_price
from trimtab.webpages.parse.statements.facts import Structured
from trimtab.webpages.parse.statements.json_ld import read_json_ld
from trimtab.webpages.parse.statements.microdata import read_microdata
from trimtab.webpages.parse.statements.script_prices import script_prices

_SOURCE = "opengraph"
_FACTS = {
    "og:title": "name", "og:description": "description", "og:image": "image", "og:image:secure_url": "image",
    "og:url": "url", "product:brand": "brand", "og:brand": "brand", "product:retailer_item_id": "sku",
    "product:retailer_part_no": "sku", "product:sku": "sku", "product:mfr_part_no": "mpn", "product:ean": "gtin",
    "product:gtin": "gtin", "product:upc": "gtin", "product:availability": "availability",
    "og:availability": "availability", "product:category": "category", "twitter:title": "name",
    "twitter:image": "image", "description": "description",
}  # fmt: skip
_PRICES = (
    ("product:sale_price:amount", "product:sale_price:currency", "price"),
    ("product:price:amount", "product:price:currency", "price"),
    ("og:price:amount", "og:price:currency", "price"),
    ("twitter:data1", "", "price"),
    ("product:original_price:amount", "product:original_price:currency", "list"),
    ("og:price:standard_amount", "og:price:currency", "list"),
    ("product:pretax_price:amount", "product:pretax_price:currency", "net"),
)


def read_structured(dom: Dom, url: str | None = None) -> Structured:
    """All statements, JSON-LD first, then microdata, then OpenGraph. Linear in the page; never fails.

    Args:
        url: the address of the page, which may name a variant; by default its canonical address.
    """
    found = Structured(canonical=_canonical(dom))
    title = " ".join(dom.text(element)[:300] for element in dom.of_tags("title")[:1])
    read_json_ld(dom, url or found.canonical, frozenset(title.lower().split()), found)
    read_microdata(dom, found)
    _read_meta(dom, found)
    found.script_prices = script_prices(dom)
    return found


def _canonical(dom: Dom) -> str:
    links = (dom.attributes[element] for element in dom.of_tags("link"))
    return next((link["href"] for link in links if "canonical" in link.get("rel", "").lower() and link.get("href")), "")


def _read_meta(dom: Dom, found: Structured) -> None:
    stated: dict[str, tuple[str, int]] = {}
    for element in dom.of_tags("meta"):
        attributes = dom.attributes[element]
        name = (attributes.get("property") or attributes.get("name") or "").lower()
        content = attributes.get("content", "")
        if not content:
            continue
        if name == "og:type":
            found.opengraph_type = content.lower()[:40]
        elif name in _FACTS:
            found.add(_FACTS[name], content, _SOURCE, element)
        stated.setdefault(name, (content, element))
    has_sale_price = "product:sale_price:amount" in stated
    for amount, unit, role in _PRICES:
        if amount not in stated:
            continue
        content, element = stated[amount]
        if amount.startswith("twitter") and not re.search(r"[$€£¥]|\b[A-Z]{3}\b", content):
            continue
        money = stated_price(content, currency_of(stated[unit][0]) if unit in stated else None)
        is_before = has_sale_price and amount == "product:price:amount"
        found.add_price(money, "list" if is_before else role, _SOURCE, element)
        if money is not None:
            found.add("currency", money.currency, _SOURCE, element)
