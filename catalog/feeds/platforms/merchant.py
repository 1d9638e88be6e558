"""Google Merchant Center: TSV, RSS and Atom, whose names are the same beside a prefix `g:`."""

from __future__ import annotations

import re
from functools import lru_cache

from trimtab.catalog.attributes.values import path_of
from trimtab.catalog.feeds.platforms.platform import Platform, put, renamed
from trimtab.catalog.feeds.rows import Row, Rows, Value, first_text, texts

NAMES = {
    "id": "item_id", "title": "title", "description": "description", "summary": "description", "content": "description",
    "brand": "brand", "product_type": "category",
    "google_product_category": "google_product_category", "price": "price", "sale_price": "sale_price",
    "sale_price_effective_date": "sale_period", "availability": "in_stock", "image_link": "image", "link": "url",
    "item_group_id": "group_id", "content_language": "language",
    "quantity_to_sell_on_facebook": "stock", "inventory": "stock",
}  # fmt: skip
DROPPED = frozenset(
    {"additional_image_link", "mobile_link", "ads_redirect", "lifestyle_image_link", "canonical_link", "link_template"}
    | {"mobile_link_template", "checkout_link_template", "updated", "published", "pubDate", "guid", "author.name"}
    | {"identifier_exists", "included_destination", "excluded_destination", "shopping_ads_excluded_country", "pause"}
    | {"adwords_redirect", "virtual_model_link", "video_link", "external_seller_id", "promotion_id"}
)
"""Columns for the platform, not for a search."""
TERMS = frozenset(
    {
        "shipping",
        "tax",
        "installment",
        "subscription_cost",
        "loyalty_program",
        "free_shipping_threshold",
        "shipping_label",
    }
    | {"shipping_weight", "shipping_length", "shipping_width", "shipping_height", "ships_from_country", "tax_category"}
    | {"min_handling_time", "max_handling_time", "transit_time_label", "carrier_shipping", "return_policy_label"}
)
"""Columns, maybe with members, of how an item is sent and paid."""
OWN = frozenset(
    {"google_product_category", "item_group_id", "image_link", "sale_price_effective_date", "identifier_exists"}
    | {"additional_image_link", "custom_label_0", "age_group", "mpn", "gtin", "availability", "condition"}
)


def _matches(names: frozenset[str]) -> bool:
    plain = {_plain(name) for name in names}
    if {"g:id", "g:price"} <= names:
        return True
    return {"id", "title"} <= plain and len(plain & OWN) >= 2 and bool(plain & {"image_link", "link", "price"})


@lru_cache(maxsize=4096)
def _plain(name: str) -> str:
    return name.strip().lower().removeprefix("g:").replace(" ", "_")


def _is_terms(name: str) -> bool:
    """Whether a column says how the item is sent, taxed or paid in instalments."""
    return name.partition(".")[0] in TERMS


def _rows(rows: Rows) -> Rows:
    named = (Row(row.line, _values(row)) if isinstance(row, Row) else row for row in rows)
    return renamed(named, NAMES, DROPPED)


def _values(row: Row) -> dict[str, Value]:
    cells = {_plain(name): value for name, value in row.cells.items() if not _is_terms(_plain(name))}
    details = _details(cells.get("product_detail"))
    if details:
        del cells["product_detail"]
        for name, values in details.items():
            cells.setdefault(name, values)
    of_google = first_text(cells.get("google_product_category"))
    if "product_type" not in cells and of_google and not of_google.isdecimal():  # a number names nothing
        cells["product_type"] = cells.pop("google_product_category")
    if "product_type" in cells:
        cells["product_type"] = [path_of(text) for text in texts(cells["product_type"])]
    return cells


def _details(value: Value | None) -> dict[str, Value]:
    """The attributes of `section:name:value,section:name:value`; none where the cell is not written so.

    A comma within a value is written behind a backslash, or nothing behind it looks like a detail.
    """
    found: dict[str, Value] = {}
    for text in texts(value):
        if _DETAIL.match(text) is None:
            return {}
        for part in _BETWEEN_DETAILS.split(text):
            _, name, said = (one.strip().strip('"') for one in part.split(":", 2))
            put(found, name, said.replace("\\,", ","))
    return found


_DETAIL = re.compile(r"[^:,]{0,80}:[^:,]{1,80}:[^:]")
_BETWEEN_DETAILS = re.compile(r"(?<!\\),(?=[^:,]{0,80}:[^:,]{1,80}:)")

MERCHANT = Platform(
    "Google Merchant Center",
    _matches,
    _rows,
    {"google_product_category": "path", "gtin": "text", "mpn": "text", "is_bundle": "flag", "adult": "flag"},
)
