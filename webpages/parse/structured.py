"""What a page states about its product in JSON-LD, microdata and OpenGraph.

Read from the columns of `webpages.parse.dom`, so that a page is parsed once. Measured against extruct (a development
dependency) in tests: the same products, without its second parse by lxml and without a syntax that can hang.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from trimtab.webpages.parse.dom import Dom, normalise_space
from trimtab.webpages.parse.prices import Money, currency_of, parse_machine_price

MAX_SCRIPT = 2_000_000
MAX_NODES = 5_000
_PRODUCT_TYPES = frozenset({"product", "individualproduct", "productmodel", "productgroup", "vehicle", "car", "book"})
LIST_TYPES = ("itemlist", "collectionpage", "searchresultspage", "offercatalog")
_OFFER_TYPES = frozenset({"offer", "aggregateoffer"})
_AVAILABILITY = {
    "instock": "InStock", "in stock": "InStock", "onlineonly": "OnlineOnly", "instoreonly": "InStoreOnly",
    "limitedavailability": "LimitedAvailability", "outofstock": "OutOfStock", "out of stock": "OutOfStock",
    "oos": "OutOfStock", "soldout": "SoldOut", "sold out": "SoldOut", "preorder": "PreOrder", "presale": "PreSale",
    "backorder": "BackOrder", "discontinued": "Discontinued", "available": "InStock", "in_stock": "InStock",
    "out_of_stock": "OutOfStock", "madetoorder": "MadeToOrder",
}  # fmt: skip
_GTINS = ("gtin", "gtin8", "gtin12", "gtin13", "gtin14", "ean", "ean13", "isbn")
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_OPENGRAPH_FACTS = {
    "og:title": "name", "og:description": "description", "og:image": "image", "og:image:secure_url": "image",
    "og:url": "url", "product:brand": "brand", "og:brand": "brand", "product:retailer_item_id": "sku",
    "product:retailer_part_no": "sku", "product:sku": "sku", "product:mfr_part_no": "mpn", "product:ean": "gtin",
    "product:gtin": "gtin", "product:upc": "gtin", "product:availability": "availability",
    "og:availability": "availability", "product:category": "category", "twitter:title": "name",
    "twitter:image": "image", "description": "description",
}  # fmt: skip
_OPENGRAPH_PRICES = (
    ("product:sale_price:amount", "product:sale_price:currency"),
    ("product:price:amount", "product:price:currency"),
    ("og:price:amount", "og:price:currency"),
    ("twitter:data1", ""),
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement about the product: `kind` of element, text, where it was stated (`json-ld`, `microdata`,
    `opengraph`) and the element it was read from."""

    kind: str
    value: str
    source: str
    element: int


@dataclass(frozen=True, slots=True)
class PriceFact:
    """One stated price; `role` is `price`, `low`, `high` or `list`."""

    money: Money
    role: str
    source: str
    element: int


@dataclass(slots=True)
class Structured:
    """Everything stated, and how many products the page declares.

    `types` counts schema.org types by lower-case name, over all syntaxes.
    """

    facts: list[Fact] = field(default_factory=list)
    prices: list[PriceFact] = field(default_factory=list)
    types: dict[str, int] = field(default_factory=dict)
    opengraph_type: str = ""
    canonical: str = ""

    def values(self, kind: str) -> list[str]:
        return [fact.value for fact in self.facts if fact.kind == kind]

    def count(self, *types: str) -> int:
        return sum(self.types.get(name, 0) for name in types)


def read_structured(dom: Dom) -> Structured:
    """All statements, JSON-LD first, then microdata, then OpenGraph. Linear in the page; never fails."""
    found = Structured()
    for element, kind, source in dom.scripts:
        if "ld+json" in kind:
            _read_json_ld(element, source, found)
    _read_microdata(dom, found)
    _read_meta(dom, found)
    return found


def schema_availability(value: str) -> str | None:
    """schema.org's name of an availability (`InStock`), from a URL, a name or plain words."""
    name = value.strip().rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1].lower()
    return _AVAILABILITY.get(name) or _AVAILABILITY.get(name.replace("-", "").replace("_", "").replace(" ", ""))


def _add(found: Structured, kind: str, value: object, source: str, element: int) -> None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return
    text = normalise_space(str(value))[:2000]
    if kind == "availability":
        text = schema_availability(text) or ""
    if text:
        found.facts.append(Fact(kind, text, source, element))


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _types_of(node: dict[str, Any]) -> set[str]:
    return {str(kind).rsplit("/", 1)[-1].rsplit(":", 1)[-1].lower() for kind in _as_list(node.get("@type"))}


def _load_json(source: str) -> Any:
    # Comments and CDATA marks around the object come in many spellings; what stands outside the brackets is left out.
    starts = [at for at in (source.find("{"), source.find("[")) if at >= 0]
    text = source[min(starts, default=0) : max(source.rfind("}"), source.rfind("]")) + 1]
    if "<![CDATA[" in source and text.startswith("["):
        text = source[source.find("{") : source.rfind("}") + 1]
    for attempt in (text, _TRAILING_COMMA.sub(r"\1", text)):
        try:
            return json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _nodes(value: Any) -> Iterator[tuple[dict[str, Any], int]]:
    """JSON-LD objects with their depth of embedding, in document order, iteratively."""
    stack, seen = [(value, 0)], 0
    while stack and seen < MAX_NODES:
        seen += 1
        current, depth = stack.pop()
        if isinstance(current, list):
            stack.extend((item, depth) for item in reversed(current))
        elif isinstance(current, dict):
            yield current, depth
            if depth < 6:
                graph = "@graph" in current
                stack.extend(
                    (item, depth + (not graph)) for item in reversed(current.values()) if isinstance(item, dict | list)
                )


def _read_json_ld(element: int, source: str, found: Structured) -> None:
    if len(source) > MAX_SCRIPT:
        return
    products: list[tuple[int, dict[str, Any]]] = []
    for node, depth in _nodes(_load_json(source)):
        types = _types_of(node)
        for name in types:
            found.types[name] = found.types.get(name, 0) + 1
        if types & _PRODUCT_TYPES:
            products.append((depth, node))
    if products:
        # The page's own product is the outermost; those inside lists and relations are other products.
        depth = min(depth for depth, _ in products)
        _read_product(next(node for at, node in products if at == depth), element, found)


def _read_product(node: dict[str, Any], element: int, found: Structured) -> None:
    source = "json-ld"
    _add(found, "name", node.get("name"), source, element)
    _add(found, "description", node.get("description"), source, element)
    for brand in _as_list(node.get("brand") or node.get("manufacturer"))[:2]:
        _add(found, "brand", brand.get("name") if isinstance(brand, dict) else brand, source, element)
    for image in _as_list(node.get("image"))[:10]:
        _add(
            found,
            "image",
            image.get("url") or image.get("contentUrl") if isinstance(image, dict) else image,
            source,
            element,
        )
    for category in _as_list(node.get("category"))[:1]:
        _add(found, "category", category.get("name") if isinstance(category, dict) else category, source, element)
    _read_identifiers(node, source, element, found)
    for offer in _as_list(node.get("offers"))[:50]:
        if isinstance(offer, dict):
            _read_offer(offer, source, element, found)
    for variant in _as_list(node.get("hasVariant"))[:20]:
        for offer in _as_list(variant.get("offers") if isinstance(variant, dict) else None)[:2]:
            if isinstance(offer, dict):
                _read_offer(offer, source, element, found)


def _read_identifiers(node: dict[str, Any], source: str, element: int, found: Structured) -> None:
    for kind, names in (("sku", ("sku", "productID", "productId")), ("mpn", ("mpn", "model")), ("gtin", _GTINS)):
        for name in names:
            value = node.get(name)
            _add(found, kind, value[0] if isinstance(value, list) and value else value, source, element)


def _read_offer(offer: dict[str, Any], source: str, element: int, found: Structured) -> None:
    specification = next((s for s in _as_list(offer.get("priceSpecification")) if isinstance(s, dict)), {})
    currency = currency_of(_text(offer.get("priceCurrency") or specification.get("priceCurrency")))
    for role, value in (
        ("price", offer.get("price") or specification.get("price")),
        ("low", offer.get("lowPrice")),
        ("high", offer.get("highPrice")),
    ):
        money = parse_machine_price(value, currency)
        if money:
            found.prices.append(PriceFact(money, role, source, element))
    _add(found, "currency", currency, source, element)
    _add(found, "availability", offer.get("availability"), source, element)
    _read_identifiers(offer, source, element, found)
    for nested in _as_list(offer.get("offers"))[:20]:
        if isinstance(nested, dict) and "offers" not in nested:
            _read_offer(nested, source, element, found)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


_MICRODATA = {
    "name": "name", "description": "description", "image": "image", "sku": "sku", "productid": "sku", "mpn": "mpn",
    "model": "mpn", "brand": "brand", "manufacturer": "brand", "availability": "availability",
    "pricecurrency": "currency", "category": "category", "url": "url",
}  # fmt: skip


def _read_microdata(dom: Dom, found: Structured) -> None:
    """Properties of the first product scope and of the offers and brands in it; other products only count."""
    scopes: list[tuple[int, str]] = []  # (end, kind) of the open scopes
    main_ends = -1
    for element in sorted({*dom.having("itemprop"), *dom.having("itemscope"), *dom.having("itemtype")}):
        attributes = dom.attributes[element]
        while scopes and scopes[-1][0] <= element:
            scopes.pop()
        prop = attributes.get("itemprop")
        elsewhere = any(kind == "other" for _, kind in scopes[-4:])
        if prop is not None and scopes and main_ends > element and not elsewhere:
            _read_property(dom, element, prop.lower().split(), scopes[-1][1], found)
        if "itemscope" in attributes or "itemtype" in attributes:
            kind = attributes.get("itemtype", "").rstrip("/").rsplit("/", 1)[-1].lower()
            found.types[kind] = found.types.get(kind, 0) + 1
            if kind in _PRODUCT_TYPES:
                if main_ends < 0:
                    main_ends, kind = dom.ends[element], "product"
                else:
                    kind = "other"
            scopes.append((dom.ends[element], kind))


def _read_property(dom: Dom, element: int, props: list[str], inside: str, found: Structured) -> None:
    for prop in props:
        kind = "gtin" if prop in _GTINS else _MICRODATA.get(prop)
        if prop in ("price", "lowprice", "highprice") and inside in {"product", *_OFFER_TYPES}:
            money = parse_machine_price(_property_value(dom, element))
            if money:
                role = {"lowprice": "low", "highprice": "high"}.get(prop, "price")
                found.prices.append(PriceFact(money, role, "microdata", element))
        elif prop == "name" and inside in ("brand", "organization", "manufacturer"):
            _add(found, "brand", _property_value(dom, element), "microdata", element)
        elif kind == "brand" and "itemscope" in dom.attributes[element]:
            continue
        elif kind and (inside == "product" or (inside in _OFFER_TYPES and kind not in ("name", "description", "url"))):
            value = _property_value(dom, element)
            _add(found, kind, currency_of(value) if kind == "currency" else value, "microdata", element)


def _property_value(dom: Dom, element: int) -> str:
    attributes = dom.attributes[element]
    for name in ("content", "src", "href", "value", "datetime"):
        if attributes.get(name):
            return attributes[name]
    return dom.text(element) if dom.text_length(element) < 5_000 else ""


def _read_meta(dom: Dom, found: Structured) -> None:
    stated: dict[str, tuple[str, int]] = {}
    for element in dom.of_tags("meta", "link"):
        attributes = dom.attributes[element]
        if dom.tags[element] == "meta":
            name = (attributes.get("property") or attributes.get("name") or "").lower()
            content = attributes.get("content", "")
            if not content:
                continue
            if name == "og:type":
                found.opengraph_type = content.lower()[:40]
            elif name in _OPENGRAPH_FACTS:
                _add(found, _OPENGRAPH_FACTS[name], content, "opengraph", element)
            stated.setdefault(name, (content, element))
        elif "canonical" in attributes.get("rel", "").lower():
            found.canonical = found.canonical or attributes.get("href", "")
    for amount, unit in _OPENGRAPH_PRICES:
        if amount in stated:
            content, element = stated[amount]
            if amount.startswith("twitter") and not re.search(r"[$€£¥]|\b[A-Z]{3}\b", content):
                continue
            currency = currency_of(stated[unit][0]) if unit in stated else None
            money = parse_machine_price(content, currency)
            if money:
                found.prices.append(PriceFact(money, "price", "opengraph", element))
                _add(found, "currency", money.currency, "opengraph", element)
