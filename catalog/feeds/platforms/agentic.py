"""The product feed of the Agentic Commerce Protocol: names near Google's, with flags for what an agent may do."""

from __future__ import annotations

from collections.abc import Collection

from trimtab.catalog.attributes.values import path_of
from trimtab.catalog.cells import read_number
from trimtab.catalog.feeds.platforms.platform import Platform, renamed
from trimtab.catalog.feeds.rows import Row, Rows, Value, first_text, texts
from trimtab.catalog.rejections import Omission, Rejection
from trimtab.text.amounts.currencies import decimals_of

FLAGS = ("enable_search", "is_eligible_search", "enable_checkout", "is_eligible_checkout")
NAMES = {
    "item_id": "item_id", "id": "item_id", "offer_id": "offer_id", "title": "title", "description": "description",
    "brand": "brand", "product_category": "category", "price": "price", "sale_price": "sale_price",
    "sale_price_effective_date": "sale_period", "sale_price_start_date": "sale_start",
    "sale_price_end_date": "sale_end", "availability": "in_stock", "inventory_quantity": "stock", "image_link": "image",
    "image_url": "image", "link": "url", "url": "url", "item_group_id": "group_id", "group_id": "group_id",
    "popularity_score": "popularity", "feed_language": "language",
}  # fmt: skip
DROPPED = frozenset(
    {"additional_image_link", "additional_image_urls", "video_link", "video_url", "model_3d_link", "model_3d_url"}
    | {*FLAGS, "seller_privacy_policy", "seller_tos", "return_policy", "accepts_returns", "seller_url", "q_and_a"}
    | {"product_review_url", "raw_review_data", "related_product_id", "relationship_type", "target_countries"}
    | {"variant_dict", "item_group_title", "listing_has_variations", "store_country", "warning_url"}
)


_COUNTED = {"price.amount": "price", "list_price.amount": "regular_price", "sale_price.amount": "sale_price"}
"""Prices of the nested form, which counts in the smallest unit of the currency."""
_NESTED = {
    **{"description.plain": "description", "media.url": "image", "categories.value": "category"},
    **{"price.currency": "currency", "availability.available": "in_stock"},
}


def _matches(names: frozenset[str]) -> bool:
    return _is_nested(names) or _is_flat(names)


def _is_nested(names: Collection[str]) -> bool:
    """Whether it is of products with variants whose prices are objects."""
    return {"title", "id", "price.amount", "price.currency", "availability.status"} <= set(names)


def _is_flat(names: frozenset[str]) -> bool:
    return bool(names & set(FLAGS)) and "title" in names and bool(names & {"id", "item_id"})


def _rows(rows: Rows) -> Rows:
    return renamed(_shown(rows), NAMES, DROPPED)


def _shown(rows: Rows) -> Rows:
    for row in rows:
        if isinstance(row, Rejection):
            yield row
            continue
        flag = first_text(row.cells.get("enable_search") or row.cells.get("is_eligible_search")).lower()
        if flag in ("false", "0", "no"):
            yield Omission(row.line, "it is not to be searched")
            continue
        cells: dict[str, Value] = {name.removeprefix("variant_dict."): value for name, value in row.cells.items()}
        if "price.amount" in cells:
            cells = _flattened(cells)
        if "product_category" in cells:
            cells["product_category"] = [path_of(text) for text in texts(cells["product_category"])]
        yield Row(row.line, cells)


def _flattened(cells: dict[str, Value]) -> dict[str, Value]:
    """The cells of a variant by the roles that they have, prices in whole units."""
    currency = first_text(cells.get("price.currency"))
    own: dict[str, Value] = {}
    for name, value in cells.items():
        number = read_number(value) if name in _COUNTED else None
        if number is not None:
            own[_COUNTED[name]] = number / 10 ** decimals_of(currency)
        elif (name.partition(".")[0] not in _NOT_SHOWN and not name.endswith(".currency")) or name in _NESTED:
            own[_NESTED.get(name, name)] = value
    return own


_NOT_SHOWN = frozenset({"media", "seller", "unit_price", "description"})
AGENTIC = Platform("Agentic Commerce product feed", _matches, _rows, {"gtin": "text", "mpn": "text"})
