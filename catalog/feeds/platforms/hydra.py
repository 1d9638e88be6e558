"""Collections of API Platform (`hydra:Collection`), and Sylius' products in one, whose prices are cents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trimtab.catalog.cells import read_number
from trimtab.catalog.feeds.platforms.plain import PLAIN
from trimtab.catalog.feeds.platforms.platform import Platform, renamed
from trimtab.catalog.feeds.rows import Row, Rows, Value, first_text

_MEMBERS = ("hydra:member", "member")
_OF_SYLIUS = "defaultVariantData.price"
_NAMES = {
    "code": "item_id", "name": "title", "mainTaxon": "category", _OF_SYLIUS: "price", "slug": "slug",
    "defaultVariantData.originalPrice": "regular_price", "defaultVariantData.inStock": "in_stock",
    "averageRating": "rating",
}  # fmt: skip
_DROPPED = frozenset({"productTaxons", "variants", "defaultVariantData.code"})
_PRICES = ("price", "regular_price")


def members_of(value: Any) -> list[Any] | None:
    """The members of a collection without what links them; None where a value is none."""
    if not isinstance(value, Mapping) or not str(value.get("@type", "")).endswith("Collection"):
        return None
    return next((list(map(_unlinked, value[name])) for name in _MEMBERS if isinstance(value.get(name), list)), None)


def _unlinked(value: Any) -> Any:
    if isinstance(value, list):
        return list(map(_unlinked, value))
    if not isinstance(value, Mapping):
        return value
    own = {name: _unlinked(one) for name, one in value.items() if not name.startswith("@")}
    return own if own or "@id" not in value else value["@id"]


def _matches(names: frozenset[str]) -> bool:
    return _OF_SYLIUS in names and "code" in names


def _rows(rows: Rows) -> Rows:
    return PLAIN.rows(map(_in_units, renamed(rows, _NAMES, _DROPPED)))


def _in_units(row: Any) -> Any:
    """The row with prices that are no cents, and the name of its category that the end of an address is."""
    if not isinstance(row, Row):
        return row
    cells: dict[str, Value] = dict(row.cells)
    for name in _PRICES:
        if (cents := read_number(cells.get(name))) is not None:
            cells[name] = cents / 100
    if "category" in cells:
        cells["category"] = first_text(cells["category"]).rpartition("/")[2]
    return Row(row.line, cells)


SYLIUS = Platform("Sylius products", _matches, _rows)
