"""Products in microdata: properties of the page's own product, of its offers and of its brand."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.text.money import currency_of
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.facts import GTINS, OFFER_TYPES, PRODUCT_TYPES, Structured
from trimtab.webpages.parse.prices import stated_price

_SOURCE = "microdata"
_PROPERTIES = {
    "name": "name", "description": "description", "image": "image", "sku": "sku", "productid": "sku", "mpn": "mpn",
    "model": "mpn", "brand": "brand", "manufacturer": "brand", "availability": "availability",
    "pricecurrency": "currency", "category": "category", "url": "url",
}  # fmt: skip
_PRICES = {"price": "price", "lowprice": "low", "highprice": "high"}
_NOT_OF_OFFERS = frozenset({"name", "description", "url", "brand"})
_BRANDS = frozenset({"brand", "manufacturer"})


@dataclass(frozen=True, slots=True)
class _Scope:
    """An open item: where it ends, its type, and the property it is the value of."""

    end: int
    kind: str
    role: str

    @property
    def is_brand(self) -> bool:
        """A brand by its property or by its type; the seller of an offer is an organization too, and none."""
        return self.role in _BRANDS or (self.kind == "brand" and not self.role)


def read_microdata(dom: Dom, found: Structured) -> None:
    """Add properties of the first product scope and of the offers and brands in it; other products only count."""
    scopes: list[_Scope] = []
    main_ends = -1
    for element in sorted({*dom.having("itemprop"), *dom.having("itemscope"), *dom.having("itemtype")}):
        attributes = dom.attributes[element]
        while scopes and scopes[-1].end <= element:
            scopes.pop()
        props = attributes.get("itemprop", "").lower().split()
        elsewhere = any(scope.kind == "other" for scope in scopes[-4:])
        if props and scopes and main_ends > element and not elsewhere:
            _read_properties(dom, element, props, scopes[-1], found)
        if "itemscope" in attributes or "itemtype" in attributes:
            kind = attributes.get("itemtype", "").rstrip("/").rsplit("/", 1)[-1].lower()
            found.add_type(kind)
            if kind in PRODUCT_TYPES:
                kind = "product" if main_ends < 0 else "other"
                main_ends = dom.ends[element] if main_ends < 0 else main_ends
            scopes.append(_Scope(dom.ends[element], kind, props[0] if props else ""))


def _read_properties(dom: Dom, element: int, props: list[str], inside: _Scope, found: Structured) -> None:
    is_offer = inside.kind in OFFER_TYPES
    for prop in props:
        kind = "gtin" if prop in GTINS else _PROPERTIES.get(prop)
        if prop in _PRICES and (is_offer or inside.kind == "product"):
            found.add_price(stated_price(_value(dom, element)), _PRICES[prop], _SOURCE, element)
        elif prop == "name" and inside.is_brand:
            found.add("brand", _value(dom, element), _SOURCE, element)
        elif kind == "brand" and "itemscope" in dom.attributes[element]:
            continue
        elif kind and (inside.kind == "product" or (is_offer and kind not in _NOT_OF_OFFERS)):
            value = _value(dom, element)
            found.add(kind, currency_of(value) if kind == "currency" else value, _SOURCE, element)


def _value(dom: Dom, element: int) -> str:
    attributes = dom.attributes[element]
    for name in ("content", "src", "href", "value", "datetime"):
        if attributes.get(name):
            return attributes[name]
    return dom.text(element) if dom.text_length(element) < 5_000 else ""
