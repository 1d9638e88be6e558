"""WooCommerce's product CSV: products by themselves, and variable ones whose variations name their parent."""

from __future__ import annotations

import re
from functools import lru_cache

from trimtab.catalog.attributes.values import path_of
from trimtab.catalog.feeds.platforms.platform import Platform, listed, put
from trimtab.catalog.feeds.rows import Row, Rows, Value, first_text
from trimtab.catalog.rejections import Omission, Rejection

_ATTRIBUTE = re.compile(r"Attribute (\d+) name")
_NAMES = {
    "Name": "title", "Regular price": "price", "Sale price": "sale_price", "Date sale price starts": "sale_start",
    "Date sale price ends": "sale_end", "Brands": "brand", "Brand": "brand", "External URL": "url",
    "GTIN, UPC, EAN, or ISBN": "gtin", "Weight (kg)": "weight_kg", "Weight (g)": "weight_g",
    "Weight (lbs)": "weight_lbs", "Length (cm)": "length_cm", "Width (cm)": "width_cm", "Height (cm)": "height_cm",
}  # fmt: skip
_INHERITED = ("title", "description", "brand", "category", "tags", "image")


def _matches(names: frozenset[str]) -> bool:
    return {"Type", "SKU", "Name"} <= names and bool(names & {"Regular price", "Published", "In stock?", "Parent"})


def _rows(rows: Rows) -> Rows:
    """Variations take what they lack from their parent, which WooCommerce writes above them.

    A parent is an item only where it has no variations; so it is held until its first one, or the next product, comes.
    """
    parents: dict[str, dict[str, Value]] = {}
    held: dict[str, Row] = {}
    for row in rows:
        if isinstance(row, Rejection):
            yield row
            continue
        kind = {part.strip().lower() for part in first_text(row.cells.get("Type")).split(",")}
        if first_text(row.cells.get("Published")) in ("0", "-1") or "grouped" in kind:
            yield Omission(row.line, "Type is grouped" if "grouped" in kind else "it is not published")
            continue
        sku, number = first_text(row.cells.get("SKU")), first_text(row.cells.get("ID"))
        if "variation" in kind:
            parent = first_text(row.cells.get("Parent"))
            held.pop(parent, None)
            yield _variation(row, parent, parents.get(parent))
            continue
        item = _product(row)
        if "variable" in kind:
            keys = [key for key in (sku, number and f"id:{number}") if key]
            parents.update(dict.fromkeys(keys, item.cells))
            if keys:
                held[keys[0]] = item
                continue
        yield item
    yield from held.values()


def _product(row: Row) -> Row:
    own: dict[str, Value] = {}
    cells = row.cells
    put(own, "item_id", cells.get("item_id") or cells.get("SKU") or cells.get("ID"))
    for name, role in _NAMES.items():
        put(own, role, cells.get(name))
    put(
        own,
        "description",
        " ".join(filter(None, map(first_text, map(cells.get, ("Short description", "Description"))))),
    )
    put(own, "category", [path_of(text) for text in listed(cells.get("Categories"), ",")])
    put(own, "tags", listed(cells.get("Tags"), ","))
    put(own, "image", next(iter(listed(cells.get("Images"), ",")), None))
    _put_stock(own, cells)
    for name in cells:
        values = _values_of(name)
        if values:
            put(own, first_text(cells[name]), listed(cells.get(values), ","))
    for name, value in cells.items():
        if name.startswith("Meta: ") and not name.startswith("Meta: _"):
            put(own, name.removeprefix("Meta: "), value)
    return Row(row.line, own)


@lru_cache(maxsize=4096)
def _values_of(name: str) -> str:
    """The column with the values of the attribute that a column names; empty where it names none."""
    number = _ATTRIBUTE.fullmatch(name)
    return f"Attribute {number[1]} value(s)" if number else ""


def _variation(row: Row, parent: str, shared: dict[str, Value] | None) -> Row:
    item = _product(row)
    own = item.cells
    own["group_id"] = parent or first_text(own.get("item_id"))
    attributes = [name for name in (shared or {}) if name not in own and name not in _NAMES.values()]
    for name in _INHERITED:
        if shared and name in shared and name not in own:
            own[name] = shared[name]
    for name in attributes:
        if shared and not isinstance(shared[name], list):  # a list has what its variations choose from
            own.setdefault(name, shared[name])
    return item


def _put_stock(own: dict[str, Value], cells: dict[str, Value]) -> None:
    """`In stock?` may be `backorder`; the number is only there where stock is managed."""
    put(own, "in_stock", cells.get("In stock?"))
    put(own, "stock", cells.get("Stock"))


WOOCOMMERCE = Platform("WooCommerce products", _matches, _rows, {"tags": "text", "gtin": "text"})
