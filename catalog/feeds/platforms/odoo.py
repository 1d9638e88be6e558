"""Odoo's products by the names of its fields, in which `standard_price` is what the shop pays, not what it asks."""

from __future__ import annotations

from trimtab.catalog.feeds.platforms.plain import PLAIN
from trimtab.catalog.feeds.platforms.platform import Platform, renamed
from trimtab.catalog.feeds.rows import Rows

_NAMES = {
    "list_price": "price", "lst_price": "price", "standard_price": "cost", "qty_available": "stock",
    "categ_id/complete_name": "category", "categ_id/name": "category", "categ_id": "category",
    "description_sale": "description", "product_tmpl_id": "group_id", "product_tmpl_id/id": "group_id",
}  # fmt: skip
_OWN = frozenset({"default_code", "sale_ok", "purchase_ok", "uom_id", "lst_price", "qty_available", "description_sale"})
"""Fields beside `standard_price` that no other platform has."""


def _matches(names: frozenset[str]) -> bool:
    fields = {name.partition("/")[0] for name in names}
    return "standard_price" in fields and bool(fields & {*_OWN, "categ_id", "product_tmpl_id"})


def _rows(rows: Rows) -> Rows:
    return PLAIN.rows(renamed(rows, _NAMES))


ODOO = Platform("Odoo products", _matches, _rows, is_of_the_shop=True)
