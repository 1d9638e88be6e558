"""Shopify's product CSV: several rows a product, of which the first has what all variants share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from trimtab.catalog.attributes.values import path_of
from trimtab.catalog.feeds.platforms.platform import Platform, listed, put
from trimtab.catalog.feeds.reshaping.packed import json_in
from trimtab.catalog.feeds.rows import Row, Rows, Value, first_text, with_unit
from trimtab.catalog.rejections import Omission, Rejection

N_OPTIONS = 3
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


@dataclass(frozen=True, slots=True)
class _Product:
    """What all variants of a product share, read once.

    Attributes:
        first: the cells of its first row.
        texts: what stands before a variant's own offer, `fields` what stands behind it.
    """

    handle: str
    first: dict[str, Value]
    texts: dict[str, Value]
    fields: dict[str, Value]

    @classmethod
    def of(cls, handle: str, first: dict[str, Value]) -> _Product:
        """The product that a first row describes."""
        texts: dict[str, Value] = {}
        put(texts, "description", first.get("Body (HTML)"))
        put(texts, "brand", first.get("Vendor"))
        put(texts, "category", _category(first))
        put(texts, "product_type", first.get("Type"))
        fields: dict[str, Value] = {}
        for name, value in first.items():
            field = _field_of(name)
            if field is not None:
                put(fields, field, _said_in(value) if _FIELD in name else value)
        return cls(handle, first, texts, fields)

    @property
    def not_shown_as(self) -> str:
        """The status for which it is left out; empty where it is on show."""
        status = first_text(self.first.get("Status")).lower()
        return status if status in ("draft", "archived", "unlisted") else ""


def _rows(rows: Rows) -> Rows:
    product: _Product | None = None
    for row in rows:
        if isinstance(row, Rejection):
            yield row
            continue
        cells = _as_before(row.cells)
        handle = first_text(cells.get("Handle"))
        if not handle:
            yield Rejection(row.line, "Handle is empty")
            continue
        if product is None or handle != product.handle or "Title" in cells:
            product = _Product.of(handle, cells)
        if not any(name in cells for name in _OF_VARIANTS):
            continue  # another picture
        status = product.not_shown_as
        yield Omission(row.line, f"Status is {status}") if status else _variant(row.line, cells, product)


_OF_VARIANTS = ("Variant Price", "Variant SKU", "Option1 Value")
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
    return {_first_name(name): value for name, value in cells.items()}


@lru_cache(maxsize=4096)
def _first_name(name: str) -> str:
    return _FIRST_NAMES.get(name.lower(), _option_name(name))


def _option_name(name: str) -> str:
    return (
        name.replace("Option1 name", "Option1 Name").replace("Option1 value", "Option1 Value")
        if name.startswith("Option1")
        else name.replace(" name", " Name").replace(" value", " Value")
        if name.startswith("Option")
        else name
    )


@lru_cache(maxsize=4096)
def _field_of(name: str) -> str | None:
    """What an attribute of the product is called, where a column is one: a field of the shop's, what adverts say."""
    if _FIELD in name and _OF_SHOPIFY not in name:
        return name.partition(_FIELD)[0]
    field = _METAFIELD.fullmatch(name)
    if field is not None:
        return field[1]
    return name.removeprefix(_SHOPPING) if name.startswith(_SHOPPING) and name not in _OF_ADVERTS else None


def _said_in(value: Value) -> Value | list[str]:
    """What a metafield says: several values, or a measure or a rating in JSON."""
    found = json_in(value)
    if isinstance(found, dict) and isinstance(found.get("value"), str | int | float):
        return with_unit(found["value"], str(found.get("unit", "")).lower())
    return [str(one) for one in found] if isinstance(found, list) else listed(value, ";")


def _variant(line: int, cells: dict[str, Value], product: _Product) -> Row:
    """The item of a row."""
    options = _options(cells, product.first)
    own: dict[str, Value] = {"group_id": product.handle}
    sku = first_text(cells.get("Variant SKU")).lstrip("'")
    put(own, "item_id", cells.get("item_id") or sku or "-".join([product.handle, *(value for _, value in options)]))
    title = first_text(product.first.get("Title"))
    put(own, "title", " - ".join([title, *(value for _, value in options)]) if title else None)
    own |= product.texts
    put(own, "image", cells.get("Variant Image") or cells.get("Image Src") or product.first.get("Image Src"))
    price, compared = cells.get("Variant Price"), cells.get("Variant Compare At Price")
    put(own, "price", compared or price)
    put(own, "sale_price", price if compared else None)
    _put_stock(own, cells)
    put(own, "tags", listed(product.first.get("Tags"), ","))
    put(own, "gtin", first_text(cells.get("Variant Barcode")).lstrip("'"))
    put(own, "weight_g", cells.get("Variant Grams"))
    for name, value in (*options, *product.fields.items()):
        put(own, name, value)
    for name, value in cells.items():
        if name == "Cost per item" or name.startswith(MARKET_PRICE):
            put(own, name, value)
    return Row(line, own)


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
