"""Shopify's product CSV: several rows a product, of which the first has what all variants share."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trimtab.catalog.feeds.platforms.platform import Platform, listed, path_of, put
from trimtab.catalog.feeds.rows import Row, Rows, Value, first_text
from trimtab.catalog.rejections import Omission, Rejection

N_OPTIONS = 3
SHARED = {
    "title": "Title", "description": "Body (HTML)", "brand": "Vendor", "url": "URL", "published": "Published",
    "status": "Status", "category": "Product Category", "type": "Type", "tags": "Tags",
}  # fmt: skip
_HANDLE = ("Handle", "URL handle")
_NEWER = {
    "Variant SKU": "SKU", "Variant Price": "Price", "Variant Compare At Price": "Compare-at price",
    "Variant Inventory Qty": "Inventory quantity", "Variant Inventory Policy": "Continue selling when out of stock",
    "Variant Barcode": "Barcode", "Image Src": "Product image URL", "Variant Image": "Variant image URL",
    "Body (HTML)": "Description", "Published": "Published on online store", "Product Category": "Product category",
    "Variant Grams": "Weight value (grams)",
}  # fmt: skip
"""The names of columns since 2024."""
_SHOPPING = "Google Shopping / "
_OF_ADVERTS = frozenset(
    _SHOPPING + name
    for name in ("Google Product Category", "Custom Product", "AdWords Grouping", "AdWords Labels", "MPN")
)
MARKET_PRICE = "Price / "
"""What the prices of a market are called: `Price / International`."""
_FIELD = " (product.metafields."
"""Columns of the shop's own: `Fabric (product.metafields.custom.fabric)`."""
_OF_SHOPIFY = ".metafields.shopify--"
"""Fields that its own apps fill, with what else to show."""


def _matches(names: frozenset[str]) -> bool:
    return bool(names & set(_HANDLE)) and "Title" in names and bool(names & {"Variant Price", "Price", "Variant SKU"})


def _rows(rows: Rows) -> Rows:
    shared: dict[str, Value] = {}
    group = ""
    for row in rows:
        if isinstance(row, Rejection):
            yield row
            continue
        cells = _as_before(row.cells)
        handle = first_text(cells.get("Handle"))
        if not handle:
            yield Rejection(row.line, "Handle is empty")
            continue
        if handle != group or "Title" in cells:
            group, shared = handle, cells
        yield from _variant(row.line, handle, cells, shared)


_OTHERS = {
    "Body HTML": "Body (HTML)", "Variant Cost": "Cost per item", "Category: Name": "Product Category",
    "Variant Weight": "Variant Grams",
}  # fmt: skip
"""The names of columns in what other programs export of a shop."""
_FIRST_NAMES = {
    **{new.lower(): first for first, new in _NEWER.items()},
    **{other.lower(): first for other, first in _OTHERS.items()},
    "url handle": "Handle",
}
"""What a column is called, in small letters -> the name that it had first."""
_METAFIELD = re.compile(r"(?:Variant )?Metafield: (?!shopify--)(?:[\w-]+\.)?([\w-]+)(?: \[.*\])?")


def _as_before(cells: dict[str, Value]) -> dict[str, Value]:
    """Cells by the names that columns had first."""
    return {_FIRST_NAMES.get(name.lower(), _option_name(name)): value for name, value in cells.items()}


def _option_name(name: str) -> str:
    return (
        name.replace("Option1 name", "Option1 Name").replace("Option1 value", "Option1 Value")
        if name.startswith("Option1")
        else name.replace(" name", " Name").replace(" value", " Value")
        if name.startswith("Option")
        else name
    )


def _variant(line: int, handle: str, cells: dict[str, Value], shared: dict[str, Value]) -> Iterator[Row | Rejection]:
    """The item of a row; none where the row is but another picture, or the product is not shown."""
    is_variant = any(name in cells for name in ("Variant Price", "Variant SKU", "Option1 Value"))
    if not is_variant:
        return
    status = first_text(shared.get("Status")).lower()
    if status in ("draft", "archived", "unlisted"):
        yield Omission(line, f"Status is {status}")
        return
    options = _options(cells, shared)
    own: dict[str, Value] = {"group_id": handle}
    sku = first_text(cells.get("Variant SKU")).lstrip("'")
    put(own, "item_id", cells.get("item_id") or sku or "-".join([handle, *(value for _, value in options)]))
    title = first_text(shared.get("Title"))
    put(own, "title", " - ".join([title, *(value for _, value in options)]) if title else None)
    put(own, "description", shared.get("Body (HTML)"))
    put(own, "brand", shared.get("Vendor"))
    put(own, "category", _category(shared))
    put(own, "product_type", shared.get("Type"))
    put(own, "image", cells.get("Variant Image") or cells.get("Image Src") or shared.get("Image Src"))
    price, compared = cells.get("Variant Price"), cells.get("Variant Compare At Price")
    put(own, "price", compared or price)
    put(own, "sale_price", price if compared else None)
    _put_stock(own, cells)
    put(own, "tags", listed(shared.get("Tags"), ","))
    put(own, "gtin", first_text(cells.get("Variant Barcode")).lstrip("'"))
    put(own, "weight_g", cells.get("Variant Grams"))
    for name, option in options:
        put(own, name, option)
    for name, value in shared.items():
        if _FIELD in name and _OF_SHOPIFY not in name:
            put(own, name.partition(_FIELD)[0], listed(value, ";"))
        elif (field := _METAFIELD.fullmatch(name)) is not None:
            put(own, field[1], value)
        elif name.startswith(_SHOPPING) and name not in _OF_ADVERTS:
            put(own, name.removeprefix(_SHOPPING), value)
    for name, value in cells.items():
        if name == "Cost per item" or name.startswith(MARKET_PRICE):
            put(own, name, value)
    yield Row(line, own)


def _options(cells: dict[str, Value], shared: dict[str, Value]) -> list[tuple[str, str]]:
    """Names and values of what a variant differs in; a product without options has one called `Title`."""
    found = []
    for number in range(1, N_OPTIONS + 1):
        name = first_text(shared.get(f"Option{number} Name") or cells.get(f"Option{number} Name"))
        value = first_text(cells.get(f"Option{number} Value"))
        if name and value and value.lower() != "default title":
            found.append((name, value))
    return found


def _category(shared: dict[str, Value]) -> Value | None:
    category = first_text(shared.get("Product Category"))
    return path_of(category) if category and not category.isdecimal() else shared.get("Type")


def _put_stock(own: dict[str, Value], cells: dict[str, Value]) -> None:
    """What is sold on when nothing is left can always be bought."""
    policy = first_text(cells.get("Variant Inventory Policy")).lower()
    quantity = first_text(cells.get("Variant Inventory Qty"))
    if policy in ("continue", "true"):
        own["in_stock"] = "true"
    put(own, "stock", quantity)


SHOPIFY = Platform(
    "Shopify products",
    _matches,
    _rows,
    {"tags": "text", "gtin": "text", "weight_g": "number"},
    market_price=MARKET_PRICE,
)
