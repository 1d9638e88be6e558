"""Products in JSON-LD: the page's own among those stated, the variant that the address names, and what each stated
price is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from trimtab.text.money import currency_of
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.prices import stated_price
from trimtab.webpages.parse.statements.facts import GTINS, OFFER_TYPES, PRODUCT_TYPES, Structured
from trimtab.webpages.parse.statements.tolerant_json import load_mended, load_strictly

Node = dict[str, Any]
MAX_NODES = 5_000
MAX_BROKEN = 500_000
"""Characters of sources that are mended, over the page."""
MAX_OFFERS, MAX_VARIANTS = 50, 100
_SOURCE = "json-ld"
_PRICE_TYPES = {
    "listprice": "list", "msrp": "list", "srp": "list", "strikethroughprice": "list", "regularprice": "list",
    "invoiceprice": "list", "minimumadvertisedprice": "list", "saleprice": "price", "downpayment": "instalment",
    "installment": "instalment", "instalment": "instalment", "subscription": "instalment",
    "activationfee": "instalment",
}  # fmt: skip
_CHARGES = frozenset({"deliverychargespecification", "paymentchargespecification"})
_PIECES = frozenset({"c62", "h87", "ea", "pce", "pcs", "piece", "nmb", "one", "st", "stk"})
"""Units that mean one piece: a price for one of them is not a unit price."""
_COMPARED_BY = frozenset({0.1, 1, 10, 100, 1000})
_USED = ("used", "refurbished", "damaged")
_KEY = re.compile(r'"(@?)(?:https?://schema\.org/|[a-z]{1,10}:)?([A-Za-z])(\w*)"(?=\s{0,20}:)')
_FOREIGN_KEY = re.compile(r'"(?:https?://schema\.org/|[a-z]{1,10}:|@?[A-Z])\w{1,40}"\s{0,20}:')
"""A property written with its vocabulary or in capitals: `schema:price`, `http://schema.org/price`, `Price`."""


def read_json_ld(dom: Dom, url: str, title: frozenset[str], found: Structured) -> None:
    """Add what the JSON-LD of a page says about its product. Linear in the page; never fails."""
    n_broken = 0
    read: list[tuple[int, list[tuple[Node, int]]]] = []
    for element, kind, source in dom.scripts:
        if "ld+json" not in kind:
            continue
        source = _KEY.sub(_as_schema_org, source) if _FOREIGN_KEY.search(source) else source  # noqa: PLW2901  # the same, its keys mended
        values = load_strictly(source)
        if values is None and n_broken + len(source) <= MAX_BROKEN:
            n_broken += len(source)
            values = load_mended(source)
        read.append((element, list(_nodes(values))))
    named = {str(node["@id"]): node for _, nodes in read for node, _ in nodes if len(node) > 1 and "@id" in node}
    for element, nodes in read:
        _read_nodes(nodes, _Page(url, title, element, named), found)


def _as_schema_org(key: re.Match[str]) -> str:
    """A property's name as schema.org has it."""
    return f'"{key[1]}{key[2].lower()}{key[3]}"'


@dataclass(frozen=True, slots=True)
class _Page:
    """What tells the page's own product: its address and the words of its title; the element that is read; and the
    nodes of the whole page by what they are called."""

    url: str
    title: frozenset[str]
    element: int
    named: Mapping[str, Node]

    def nodes(self, value: object) -> list[Node]:
        """The objects of a value; one that only names another, by `@id` or as a text, is that other."""
        meant = (self.named.get(item) if isinstance(item, str) else self._meant(item) for item in _as_list(value))
        return [node for node in meant if node is not None]

    def _meant(self, item: object) -> Node | None:
        if not isinstance(item, dict):
            return None
        is_name = "@id" in item and not item.keys() - {"@id", "@type"}
        return self.named.get(str(item["@id"]), item) if is_name else item


def _read_nodes(nodes: list[tuple[Node, int]], page: _Page, found: Structured) -> None:
    products: list[tuple[int, Node]] = []
    for node, depth in nodes:
        types = _types_of(node)
        for name in types:
            found.add_type(name)
        if types & PRODUCT_TYPES:
            products.append((depth, node))
        elif types & OFFER_TYPES:
            products += [(depth, {"offers": node} | offered) for offered in page.nodes(node.get("itemOffered"))[:1]]
    if products:
        # The page's own product is the outermost; those inside lists and relations are other products.
        depth = min(depth for depth, _ in products)
        outermost = [node for at, node in products if at == depth]
        own = max(outermost, key=lambda node: _belongs(node, page))
        _read_product(own, page, found)
        sizes = (node for node in outermost[:MAX_VARIANTS] if node is not own and _is_size_of(node, own))
        for offer in (offer for size in sizes for offer in page.nodes(size.get("offers"))[:1]):
            found.add("availability", _plain(offer.get("availability")), _SOURCE, page.element)


def _is_size_of(node: Node, own: Node) -> bool:
    """Whether a product is another size of one that has its name and its address: one page sells both."""
    addresses = [[offer.get("url") for offer in _dicts(one.get("offers"))[:1]] for one in (node, own)]
    return node.get("name") == own.get("name") is not None and addresses[0] == addresses[1] != []


def _belongs(node: Node, page: _Page) -> float:
    """How much speaks for a product being the page's; of equals the first counts."""
    words = frozenset(str(node.get("name", "")).lower().split())
    return 2.0 * _is_at(node, page.url) + (len(words & page.title) / len(words) if words else 0.0)


def _nodes(value: Any) -> Iterator[tuple[Node, int]]:
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


def _read_product(node: Node, page: _Page, found: Structured) -> None:
    element = page.element
    found.add("name", _plain(node.get("name")), _SOURCE, element)
    found.add("description", _plain(node.get("description")), _SOURCE, element)
    for brand in _as_list(node.get("brand") or node.get("manufacturer"))[:2]:
        found.add("brand", _named(brand), _SOURCE, element)
    for image in _as_list(node.get("image"))[:10]:
        address = (image.get("url") or image.get("contentUrl")) if isinstance(image, dict) else image
        found.add("image", address, _SOURCE, element)
    for category in _as_list(node.get("category"))[:1]:
        found.add("category", _named(category), _SOURCE, element)
    _read_identifiers(node, element, found)
    _read_offers(page.nodes(node.get("offers"))[:MAX_OFFERS], page, found)
    variants = page.nodes(node.get("hasVariant"))[:MAX_VARIANTS]
    chosen = [variant for variant in variants if _variant_is_at(variant, page.url)]
    for variant in chosen[:1] or variants:
        if chosen:
            _read_identifiers(variant, element, found)
        _read_offers(page.nodes(variant.get("offers"))[:2], page, found)


def _read_offers(offers: list[Node], page: _Page, found: Structured) -> None:
    """Offers of one product. Where the address names some of them, the others are of other variants."""
    chosen = [offer for offer in offers if len(offers) > 1 and _is_at(offer, page.url)]
    is_mixed = any(_is_used(offer) for offer in offers) and not all(_is_used(offer) for offer in offers)
    for offer in offers:
        instead = "used" if is_mixed and _is_used(offer) else None
        if chosen and not any(offer is one for one in chosen):
            instead = "variant"
        _read_offer(offer, page, found, instead)


def _read_offer(offer: Node, page: _Page, found: Structured, instead: str | None) -> None:
    """One offer.

    Args:
        instead: what its price is where it is not the price of now.
    """
    element = page.element
    specifications = [s for s in page.nodes(offer.get("priceSpecification"))[:20] if not _types_of(s) & _CHARGES]
    codes = (part.get("priceCurrency") for part in (offer, *specifications))
    currency = currency_of(next((code for code in codes if isinstance(code, str) and code), None))
    has_price = stated_price(_first(offer.get("price")), currency) is not None
    for name, role in (("price", "price"), ("lowPrice", "low"), ("highPrice", "high")):
        found.add_price(stated_price(_first(offer.get(name)), currency), instead or role, _SOURCE, element)
    for specification in specifications:
        money = stated_price(_first(specification.get("price")), currency)
        role = instead or _role_of(specification, specifications, has_price=has_price)
        found.add_price(money, role, _SOURCE, element)
    if instead is None:
        found.add("currency", currency, _SOURCE, element)
        found.add("availability", _plain(offer.get("availability")), _SOURCE, element)
        _read_identifiers(offer, element, found)
    nested = [o for o in page.nodes(offer.get("offers"))[:MAX_OFFERS] if "offers" not in o]
    if instead is None:
        _read_offers(nested, page, found)


def _role_of(specification: Node, among: list[Node], *, has_price: bool) -> str:
    """What a price specification states, as `PriceFact.role` names it."""
    for name in ("priceType", "priceComponentType"):
        kind = str(_plain(specification.get(name)) or "").rstrip("/").rsplit("/", 1)[-1].lower()
        if kind in _PRICE_TYPES:
            return _PRICE_TYPES[kind]
    if specification.get("validForMemberTier") or specification.get("membershipPointsEarned"):
        return "member"
    if specification.get("billingDuration") or specification.get("billingIncrement"):
        return "instalment"
    if _smallest(specification.get("eligibleQuantity")) > 1:
        return "bulk"
    if (has_price or len(among) > 1) and _is_per_unit(specification):
        return "unit"
    is_net = specification.get("valueAddedTaxIncluded") in (False, "false", "False")
    return "net" if is_net and any(_includes_tax(other) for other in among) else "price"


def _includes_tax(specification: Node) -> bool:
    return specification.get("valueAddedTaxIncluded") in (True, "true", "True")


def _is_per_unit(specification: Node) -> bool:
    """Whether a price is for a measure. With a measure to compare with beside it (`valueReference`), or a quantity that
    nobody compares by (340 g), it is the price of the whole."""
    reference = specification.get("referenceQuantity")
    quantity = reference if isinstance(reference, dict) else {}
    unit = str(quantity.get("unitCode") or quantity.get("unitText") or specification.get("unitCode") or "").lower()
    is_whole = "valueReference" in quantity or (_smallest(quantity) or 1) not in _COMPARED_BY
    return bool(unit) and unit not in _PIECES and not is_whole


def _smallest(quantity: object) -> float:
    value = quantity.get("minValue") or quantity.get("value") if isinstance(quantity, dict) else quantity
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return 0.0


def _is_used(offer: Node) -> bool:
    return str(_plain(offer.get("itemCondition")) or "").rsplit("/", 1)[-1].lower().startswith(_USED)


def _variant_is_at(variant: Node, url: str) -> bool:
    if _is_at(variant, url) or any(_is_at(offer, url) for offer in _dicts(variant.get("offers"))[:2]):
        return True
    numbers = {str(variant.get(name)) for name in ("sku", "productID", "@id") if variant.get(name)}
    return bool(numbers & {value for _, value in _query(url)})


def _is_at(node: Node, url: str) -> bool:
    """Whether a node's own address is the page's: the same path, and every parameter it names has the page's value."""
    own = next((node[name] for name in ("url", "@id") if isinstance(node.get(name), str) and "/" in node[name]), "")
    if not own or not url:
        return False
    asked = _query(url)
    query = _query(own)
    is_variant = bool(query) or not asked
    return is_variant and query <= asked and _path(own) == _path(url)


def _query(url: str) -> frozenset[tuple[str, str]]:
    try:
        parts = urlsplit(url)
        # A fragment can name a variant too: `#variant=2`.
        return frozenset([*parse_qsl(parts.query), *parse_qsl(parts.fragment)])
    except ValueError:
        return frozenset()


def _path(url: str) -> str:
    try:
        return urlsplit(url).path.rstrip("/")
    except ValueError:
        return ""


def _read_identifiers(node: Mapping[str, Any], element: int, found: Structured) -> None:
    for kind, names in (("sku", ("sku", "productID", "productId")), ("mpn", ("mpn", "model")), ("gtin", GTINS)):
        for name in names:
            found.add(kind, _plain(node.get(name)), _SOURCE, element)


def _types_of(node: Node) -> set[str]:
    return {str(kind).rsplit("/", 1)[-1].rsplit(":", 1)[-1].lower() for kind in _as_list(node.get("@type"))}


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _dicts(value: object) -> list[Node]:
    return [item for item in _as_list(value) if isinstance(item, dict)]


def _first(value: object) -> object:
    """The first of several values, and the value inside a typed one."""
    first = value[0] if isinstance(value, list) and value else value
    return first.get("@value") if isinstance(first, dict) else first


def _plain(value: object) -> object:
    """A text or number; of an object its value, address or name."""
    first = value[0] if isinstance(value, list) and value else value
    if isinstance(first, dict):
        return first.get("@value") or first.get("@id") or first.get("name")
    return first


def _named(value: object) -> object:
    return value.get("name") if isinstance(value, dict) else value
