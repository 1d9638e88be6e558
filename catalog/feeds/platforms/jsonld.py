"""Products in JSON-LD as schema.org has them: a list, a graph, or one a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trimtab.catalog.attributes.values import path_of
from trimtab.catalog.feeds.platforms.platform import Platform, put
from trimtab.catalog.feeds.rows import Row, Rows, Value, first_text, texts, with_unit
from trimtab.catalog.rejections import Rejection

_NAMES = {
    "name": "title", "description": "description", "brand.name": "brand", "brand": "brand",
    "manufacturer.name": "brand", "manufacturer": "brand", "url": "url", "image": "image", "image.url": "image",
    "image.contentUrl": "image", "offers.price": "price", "offers.lowPrice": "price", "offers.availability": "in_stock",
    "offers.priceCurrency": "currency", "offers.inventoryLevel.value": "stock",
    "isVariantOf.productGroupID": "group_id", "inProductGroupWithID": "group_id", "isVariantOf.@id": "group_id",
    "inLanguage": "language", "geo.latitude": "latitude", "geo.longitude": "longitude",
    **{
        f"{place}.geo.{name}": name
        for place in ("offers.availableAtOrFrom", "availableAtOrFrom", "offers.areaServed", "location")
        for name in ("latitude", "longitude")
    },
    "aggregateRating.ratingValue": "rating", "aggregateRating.reviewCount": "review_count",
    "aggregateRating.ratingCount": "rating_count",
    "offers.priceSpecification.price": "price", "offers.priceSpecification.priceCurrency": "currency",
}  # fmt: skip
_IDS = ("item_id", "sku", "productID", "@id", "identifier", "url", "gtin13", "gtin", "gtin8", "gtin12", "gtin14", "mpn")
_KEPT = (
    "color",
    "size",
    "material",
    "pattern",
    "model",
    "gtin",
    "gtin13",
    "gtin8",
    "gtin12",
    "gtin14",
    "mpn",
    "itemCondition",
)


PRODUCTS = frozenset({"Product", "ProductModel", "IndividualProduct", "Book", "Vehicle", "ProductGroup"})


def _matches(names: frozenset[str]) -> bool:
    return bool(names & {"@type", "@context"}) and bool(names & {"name", "@id", "hasVariant.name"})


def _rows(rows: Rows) -> Rows:
    for row in rows:
        if isinstance(row, Rejection):
            yield row
        else:
            yield from _items(row)


def _items(row: Row) -> Iterator[Row | Rejection]:
    cells = {name.removeprefix("schema:"): value for name, value in row.cells.items()}
    kinds = {kind.rpartition("/")[2].rpartition(":")[2] for kind in texts(cells.get("@type"))}
    if not kinds & PRODUCTS:
        yield Rejection(row.line, f"@type is '{first_text(cells.get('@type'))}'; allowed: Product")
        return
    own: dict[str, Value] = {}
    put(own, "item_id", next((first_text(cells[name]) for name in _IDS if name in cells), None))
    for name, role in _NAMES.items():
        put(own, role, cells.get(name))
    put(own, "category", [path_of(text) for text in texts(cells.get("category"))])
    for name in _KEPT:
        put(own, name, cells.get(name))
    known = {*_NAMES, *_IDS, *_KEPT, "category", "@type", "@context"}
    for name, value in cells.items():
        if "." not in name and "@" not in name and name not in known:
            put(own, name, value)
        elif name.endswith(".value") and name.count(".") == 1:
            put(own, name.removesuffix(".value"), _measured(cells, name.removesuffix(".value")))
    yield Row(row.line, own)


def _measured(cells: Mapping[str, Value], name: str) -> Value:
    """The value of a QuantitativeValue with its unit behind it."""
    unit = first_text(cells.get(f"{name}.unitText")) or first_text(cells.get(f"{name}.unitCode"))
    return with_unit(cells[f"{name}.value"], unit)


def products_in(value: Any) -> Iterator[dict[str, Any]]:
    """The products of a JSON-LD value, variants of a group as products of their own."""
    if isinstance(value, list):
        for one in value:
            yield from products_in(one)
    elif isinstance(value, dict):
        variants = value.get("hasVariant")
        if isinstance(variants, list) and variants:
            shared = {
                name: one
                for name, one in value.items()
                if name not in ("hasVariant", "@type", "sku", "@id", "offers", "productGroupID", "variesBy")
            }
            group = value.get("productGroupID") or value.get("@id") or value.get("sku") or value.get("name")
            for variant in variants:
                if isinstance(variant, dict):
                    yield {**shared, "@type": "Product", "inProductGroupWithID": group, **variant}
        elif isinstance(value.get("@graph"), list):
            graph = [one for one in value["@graph"] if isinstance(one, dict)]
            yield from products_in([one for one in graph if _lists_products(one)] or graph)
        elif isinstance(value.get("itemListElement"), list):
            yield from products_in(value["itemListElement"])
        elif "item" in value and str(value.get("@type", "")).endswith("ListItem"):
            yield from products_in(value["item"])
        else:
            yield value


def _lists_products(node: dict[str, Any]) -> bool:
    """Whether a node of a graph is a product or a list; others say who sells and where."""
    return str(node.get("@type", "")).rpartition("/")[2] in PRODUCTS or "itemListElement" in node


JSONLD = Platform("JSON-LD products", _matches, _rows, {"gtin": "text", "gtin13": "text", "mpn": "text"})
