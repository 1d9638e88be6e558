"""The product feed of the Agentic Commerce Protocol: names near Google's, with flags for what an agent may do."""

from __future__ import annotations

from trimtab.catalog.feeds.platform import Platform, path_of, renamed
from trimtab.catalog.feeds.rows import Row, Rows, Value, first_text, texts
from trimtab.catalog.rejections import Rejection

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


def _matches(names: frozenset[str]) -> bool:
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
            continue
        cells: dict[str, Value] = {name.removeprefix("variant_dict."): value for name, value in row.cells.items()}
        if "product_category" in cells:
            cells["product_category"] = [path_of(text) for text in texts(cells["product_category"])]
        yield Row(row.line, cells)


AGENTIC = Platform("Agentic Commerce product feed", _matches, _rows, {"gtin": "text", "mpn": "text"})
