"""BigCommerce's product CSV, old and new: a row a product, and behind it one for each of its variants."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from trimtab.catalog.attributes.values import path_of
from trimtab.catalog.feeds.platforms.platform import Platform, listed, put
from trimtab.catalog.feeds.reshaping.packed import unpacked
from trimtab.catalog.feeds.rows import Row, Rows, Value, first_text
from trimtab.catalog.rejections import Omission, Rejection

_NAMES = {
    "title": ("Product Name", "Name"), "description": ("Product Description", "Description"),
    "brand": ("Brand Name", "Brand"), "category": ("Category", "Categories"), "weight": ("Product Weight", "Weight"),
    "image": ("Product Image File - 1", "Image URL (Import)"), "url": ("Product URL",),
    "gtin": ("GTIN", "Product UPC/EAN"), "mpn": ("MPN", "Manufacturer Part Number"),
    "condition": ("Product Condition", "Condition"),
    "custom_fields": ("Product Custom Fields", "Custom Fields"), "cost_price": ("Cost Price",),
}  # fmt: skip
_IDS = ("Product Code/SKU", "SKU", "Product SKU", "Product ID", "ID")
_STOCK = ("Current Stock Level", "Current Stock")
_OPTION = re.compile(r"\[\w+\]([^=,]+)=([^,]*)|Name=([^|\n]+)\|Value=([^|\n]+)")
_NO = ("n", "no", "false", "0")


def _matches(names: frozenset[str]) -> bool:
    return {"Item Type", "Product Name"} <= names or {"Item", "Name", "SKU", "Options"} <= names


def _rows(rows: Rows) -> Rows:
    return unpacked(_items(rows))


def _items(rows: Rows) -> Rows:
    """The variants of products, else the products."""
    product: Row | None = None
    variants: list[Row] = []
    for row in rows:
        if isinstance(row, Rejection):
            yield row
            continue
        kind = first_text(row.cells.get("Item Type") or row.cells.get("Item")).lower()
        if kind in ("sku", "variant"):
            variants.append(row)
        elif kind == "product":
            yield from _whole(product, variants)
            product, variants = row, []
    yield from _whole(product, variants)


def _whole(product: Row | None, variants: list[Row]) -> Rows:
    if product is None:
        return
    if _says_no(product, "Product Visible?", "Is Visible"):
        yield Omission(product.line, "it is not visible")
        return
    shared = _cells(product)
    whole = [Row(row.line, {**shared, **_variant(row), "group_id": shared.get("item_id", "")}) for row in variants]
    yield from whole or [Row(product.line, shared)]


def _cells(row: Row) -> dict[str, Value]:
    """What a row says; prices of 0 are none."""
    given, own = row.cells, dict[str, Value]()
    put(own, "item_id", _first(given, _IDS))
    for role, names in _NAMES.items():
        put(own, role, _first(given, names))
    categories = listed(own.get("category"), ";")
    own["category"] = [path_of(text.replace("/", ">")) for text in categories if not text.isdecimal()]  # no numbers
    for role, name in (("price", "Price"), ("sale_price", "Sale Price"), ("msrp", "Retail Price")):
        put(own, role, given.get(name) if _is_some(given.get(name)) else None)
    is_tracked = first_text(given.get("Track Inventory") or given.get("Inventory Tracking")).lower() not in ("none", "")
    put(own, "stock", _first(given, _STOCK) if is_tracked else None)
    if _says_no(row, "Allow Purchases?"):
        own["in_stock"] = "false"
    return own


def _variant(row: Row) -> dict[str, Value]:
    own = _cells(row)
    text = first_text(own.pop("title", None)) + "\n" + first_text(row.cells.get("Options"))
    for found in _OPTION.finditer(text):
        put(own, (found[1] or found[3]).strip(), (found[2] or found[4]).strip())
    return {name: value for name, value in own.items() if value not in ("", [])}


def _first(given: Mapping[str, Value], names: Iterable[str]) -> Value | None:
    """What the first of the columns that is there says."""
    return next((given[name] for name in names if name in given), None)


def _is_some(value: Value | None) -> bool:
    return bool(re.search(r"[1-9]", first_text(value)))


def _says_no(row: Row, *names: str) -> bool:
    return any(first_text(row.cells.get(name)).lower() in _NO for name in names)


BIGCOMMERCE = Platform("BigCommerce products", _matches, _rows, {"gtin": "text", "mpn": "text"})
