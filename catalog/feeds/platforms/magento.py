"""Magento's product CSV: simple products, and configurable ones that list theirs."""

from __future__ import annotations

import re

from trimtab.catalog.attributes.values import path_of
from trimtab.catalog.feeds.platforms.platform import Platform, listed, put, renamed
from trimtab.catalog.feeds.reshaping.packed import unpacked
from trimtab.catalog.feeds.rows import Row, Rows, Value, first_text
from trimtab.catalog.rejections import Rejection

NAMES = {
    "sku": "item_id", "name": "title", "special_price": "sale_price", "special_price_from_date": "sale_start",
    "special_price_to_date": "sale_end", "qty": "stock", "is_in_stock": "in_stock", "base_image": "image",
    "manufacturer": "brand", "url_key": "url_key",
}  # fmt: skip
DROPPED = frozenset(
    {"configurable_variations", "configurable_variation_labels", "product_type", "product_websites", "product_online"}
    | {"store_view_code", "related_skus", "related_position", "crosssell_skus", "crosssell_position", "upsell_skus"}
    | {"upsell_position", "additional_images", "additional_image_labels", "hide_from_product_page", "custom_options"}
    | {"small_image", "thumbnail_image", "swatch_image", "base_image_label", "small_image_label", "visibility"}
    | {"thumbnail_image_label", "swatch_image_label", "display_product_options_in", "gift_message_available", "url_key"}
    | {
        "custom_design",
        "custom_design_from",
        "custom_design_to",
        "custom_layout_update",
        "page_layout",
        "short_description",
    }
    | {"product_options_container", "msrp_display_actual_price_type", "meta_title", "meta_keywords", "meta_description"}
    | {"bundle_price_type", "bundle_sku_type", "bundle_price_view", "bundle_weight_type", "bundle_values"}
    | {
        "associated_skus",
        "bundle_shipment_type",
        "map_enabled",
        "tax_class_name",
        "website_id",
        "deferred_stock_update",
    }
)
"""Columns for the platform, not for a search."""
_STOCK_RULE = re.compile(
    r"(?:use_config|allow|manage|min|max|notify|enable|qty|is_decimal|is_qty|out_of_stock|backorders|use).*"
)
_ROOT = ("Default Category", "Root Catalog")
_VARIATION = re.compile(r"sku=([^,|]+)")


def _matches(names: frozenset[str]) -> bool:
    return {"sku", "attribute_set_code", "product_type", "name"} <= names


def _rows(rows: Rows) -> Rows:
    return renamed(_products(unpacked(rows)), NAMES, DROPPED)


def _products(rows: Rows) -> Rows:
    """Items of the default view; what is not shown by itself waits for the product that lists it."""
    held: dict[str, Row] = {}
    for row in rows:
        if isinstance(row, Rejection):
            yield row
            continue
        cells = row.cells
        if first_text(cells.get("store_view_code")) or first_text(cells.get("product_online")) == "2":
            continue
        sku = first_text(cells.get("sku"))
        parts = _VARIATION.findall(first_text(cells.get("configurable_variations")))
        item = _item(row)
        if parts:
            variants = [held.pop(part) for part in parts if part in held]
            yield from (Row(one.line, {**_shared(item.cells, one.cells), "group_id": sku}) for one in variants)
            if not variants:
                yield item
        elif first_text(cells.get("visibility")).lower() == "not visible individually" and sku not in held:
            held[sku] = item
        else:
            yield item
    yield from held.values()


def _shared(product: dict[str, Value], variant: dict[str, Value]) -> dict[str, Value]:
    """What a variant says, and what else its product does."""
    return {**{name: value for name, value in product.items() if name not in ("qty", "is_in_stock")}, **variant}


def _item(row: Row) -> Row:
    cells = {name: value for name, value in row.cells.items() if name == "qty" or not _STOCK_RULE.fullmatch(name)}
    paths = [path_of(text.replace("/", ">")) for text in listed(cells.pop("categories", None), ",")]
    paths = [path.partition(" > ")[2] if path.startswith(_ROOT) else path for path in paths]
    put(cells, "category", [path for path in paths if path])
    put(cells, "description", cells.get("short_description"))
    return Row(row.line, cells)


MAGENTO = Platform("Magento products", _matches, _rows)
