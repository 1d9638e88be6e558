"""Products in microdata and RDFa: properties of the page's own product, of its offers and of its brand."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from trimtab.text.money import currency_of
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.prices import stated_price
from trimtab.webpages.parse.statements.facts import GTINS, OFFER_TYPES, PRODUCT_TYPES, Structured

_SOURCE = "microdata"
_PROPERTIES = {
    "name": "name", "description": "description", "image": "image", "sku": "sku", "productid": "sku", "mpn": "mpn",
    "model": "mpn", "brand": "brand", "manufacturer": "brand", "availability": "availability",
    "pricecurrency": "currency", "currency": "currency", "category": "category", "url": "url",
}  # fmt: skip
_PRICES = {"price": "price", "lowprice": "low", "highprice": "high"}
_NOT_OF_OFFERS = frozenset({"name", "description", "url", "brand"})
_BRANDS = frozenset({"brand", "manufacturer"})
_OF_OFFERS = frozenset({"price", "pricecurrency", "availability"})
MAX_REFERENCES = 20
_STATING = ("itemprop", "itemscope", "itemtype", "typeof", "property")


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
    stating = sorted({element for name in _STATING for element in dom.having(name)})
    own = next((element for element in stating if _type_of(dom, element) in PRODUCT_TYPES), None)
    for element in stating:
        if _is_scope(dom, element):
            found.add_type(_type_of(dom, element))
    if own is None:
        _read_loose(dom, stating, found)
        return
    beside = {
        element for name in dom.attribute(own, "itemref").split()[:MAX_REFERENCES] for element in _called(dom, name)
    }
    for root in (own, *sorted(beside)):
        scopes = [_Scope(dom.ends[root], "product", "")]
        inside = stating[bisect_left(stating, root) : bisect_left(stating, dom.ends[root])]
        _read_scope(dom, inside if root != own else inside[1:], scopes, found)


def _read_scope(dom: Dom, stating: Sequence[int], scopes: list[_Scope], found: Structured) -> None:
    """Read elements in document order.

    Args:
        scopes: the open ones, the outermost first.
    """
    for element in stating:
        while scopes[-1].end <= element:
            scopes.pop()
        props = _props_of(dom, element)
        if props and all(scope.kind != "other" for scope in scopes[-4:]):
            _read_properties(dom, element, props, scopes[-1], found)
        if _is_scope(dom, element):
            kind = _type_of(dom, element)
            kind = "other" if kind in PRODUCT_TYPES else kind
            scopes.append(_Scope(dom.ends[element], kind, props[0] if props else ""))


def _read_loose(dom: Dom, stating: Sequence[int], found: Structured) -> None:
    """Add the one offer of a page that names no product."""
    props = {element: _props_of(dom, element) for element in stating}
    if sum("price" in names for names in props.values()) == 1:
        scope = _Scope(len(dom), "offer", "")
        for element, names in props.items():
            _read_properties(dom, element, [name for name in names if name in _OF_OFFERS], scope, found)


def _is_scope(dom: Dom, element: int) -> bool:
    return not dom.attributes[element].keys().isdisjoint(("itemscope", "itemtype", "typeof"))


def _type_of(dom: Dom, element: int) -> str:
    """The schema.org type of a scope in lower case: `http://schema.org/Product`, `schema:Product`, `Product`."""
    attributes = dom.attributes[element]
    said = attributes.get("itemtype", "") or attributes.get("typeof", "")
    return said.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1].lower()


def _props_of(dom: Dom, element: int) -> list[str]:
    attributes = dom.attributes[element]
    said = attributes.get("itemprop", "") or attributes.get("property", "").removeprefix("schema:")
    return said.lower().split()


def _called(dom: Dom, name: str) -> list[int]:
    return [element for element in dom.having("id") if dom.attributes[element]["id"] == name][:1]


def _read_properties(dom: Dom, element: int, props: list[str], inside: _Scope, found: Structured) -> None:
    is_offer = inside.kind in OFFER_TYPES
    for prop in props:
        kind = "gtin" if prop in GTINS else _PROPERTIES.get(prop)
        if prop in _PRICES and (is_offer or inside.kind == "product"):
            found.add_price(stated_price(_value(dom, element)), _PRICES[prop], _SOURCE, element)
        elif prop == "name" and inside.is_brand:
            found.add("brand", _value(dom, element), _SOURCE, element)
        elif kind == "brand" and _is_scope(dom, element):
            continue
        elif kind and (inside.kind == "product" or (is_offer and kind not in _NOT_OF_OFFERS)):
            value = _value(dom, element)
            found.add(kind, currency_of(value) if kind == "currency" else value, _SOURCE, element)


def _value(dom: Dom, element: int) -> str:
    attributes = dom.attributes[element]
    for name in ("content", "src", "href", "resource", "value", "datetime"):
        if attributes.get(name):
            return attributes[name]
    return dom.text(element) if dom.text_length(element) < 5_000 else ""
