"""What a page states about its product: one fact at a time, with the syntax and the element it was read from."""

from __future__ import annotations

import html
from dataclasses import dataclass, field

from trimtab.text.money import Money
from trimtab.webpages.parse.dom import normalise_space

PRODUCT_TYPES = frozenset({"product", "individualproduct", "productmodel", "productgroup", "vehicle", "car", "book"})
LIST_TYPES = ("itemlist", "collectionpage", "searchresultspage", "offercatalog")
OFFER_TYPES = frozenset({"offer", "aggregateoffer"})
GTINS = ("gtin", "gtin8", "gtin12", "gtin13", "gtin14", "ean", "ean13", "isbn")
CURRENT_ROLES = frozenset({"price", "low", "high"})
MAX_VALUE = 2_000
_AVAILABILITY = {
    "instock": "InStock", "onlineonly": "OnlineOnly", "instoreonly": "InStoreOnly",
    "limitedavailability": "LimitedAvailability", "outofstock": "OutOfStock", "oos": "OutOfStock",
    "soldout": "SoldOut", "preorder": "PreOrder", "presale": "PreSale", "backorder": "BackOrder",
    "discontinued": "Discontinued", "available": "InStock", "madetoorder": "MadeToOrder",
    "availablefororder": "BackOrder", "unavailable": "OutOfStock", "reserved": "OutOfStock",
}  # fmt: skip


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
    """One stated price.

    Attributes:
        role: `price`, `low` or `high` of what it costs now; or what it is instead: `list`, `member`, `unit`, `bulk`,
            `net`, `instalment`, `used`, `variant` (of another variant than the one the address names).
    """

    money: Money
    role: str
    source: str
    element: int

    @property
    def is_current(self) -> bool:
        return self.role in CURRENT_ROLES


@dataclass(slots=True)
class Structured:
    """Everything stated, and how many products the page declares.

    `types` counts schema.org types by lower-case name, over all syntaxes. `prices` are those of now, `other_prices`
    those that are stated to be something else, and `script_prices` those that the page's own scripts hold, with the
    element each was read from.
    """

    facts: list[Fact] = field(default_factory=list)
    prices: list[PriceFact] = field(default_factory=list)
    other_prices: list[PriceFact] = field(default_factory=list)
    script_prices: list[tuple[int, Money]] = field(default_factory=list)
    types: dict[str, int] = field(default_factory=dict)
    opengraph_type: str = ""
    canonical: str = ""

    def values(self, kind: str) -> list[str]:
        return [fact.value for fact in self.facts if fact.kind == kind]

    def count(self, *types: str) -> int:
        return sum(self.types.get(name, 0) for name in types)

    def add(self, kind: str, value: object, source: str, element: int) -> None:
        """Add a statement; what is not a text or a number, or says nothing, is passed over."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return
        text = normalise_space(html.unescape(str(value)))[:MAX_VALUE]
        if kind == "availability":
            text = schema_availability(text) or ""
        if text:
            self.facts.append(Fact(kind, text, source, element))

    def add_price(self, money: Money | None, role: str, source: str, element: int) -> None:
        if money is not None:
            fact = PriceFact(money, role, source, element)
            (self.prices if fact.is_current else self.other_prices).append(fact)

    def add_type(self, name: str) -> None:
        self.types[name] = self.types.get(name, 0) + 1


def schema_availability(value: str) -> str | None:
    """schema.org's name of an availability (`InStock`), from a URL, a name or plain words."""
    name = value.strip().rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1].rsplit("#", 1)[-1].lower()
    return _AVAILABILITY.get(name.replace("-", "").replace("_", "").replace(" ", ""))
