"""One shop as feeds of different platforms: whatever exports it, its items are the same."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.feeds.platform_feeds import FEEDS, products
from trimtab.catalog.feeds.reading import Feed, read_feed

N = 40
NAMES = {
    "merchant.tsv": "Google Merchant Center", "merchant-rss.xml": "Google Merchant Center",
    "merchant-atom.xml": "Google Merchant Center", "shopify.csv": "Shopify products",
    "woocommerce.csv": "WooCommerce products", "agentic.jsonl": "Agentic Commerce product feed",
    "products.jsonld": "JSON-LD products",
}  # fmt: skip
WITHOUT_CURRENCY = ("shopify.csv", "woocommerce.csv")
WITHOUT_SALE = ("products.jsonld",)


def expected(name: str) -> pl.DataFrame:
    rows = [
        {
            "item_id": variant.sku,
            "title": f"{product.name} - {variant.colour} - {variant.size}",
            "description": f"A {kind.lower()} of {product.material.lower()}. Model {number}",
            "brand": product.brand,
            "category": product.category.split(" > ")[0],
            "product_type": product.category.split(" > ")[-1],
            "price": variant.price,
            "in_stock": variant.stock > 0,
            "attr_category": product.category,
            "attr_color": variant.colour,
            "attr_size": variant.size,
            "attr_material": product.material,
            "attr_group_id": product.handle,
            "on_sale": variant.regular is not None and name not in WITHOUT_SALE,
        }
        for number, product in enumerate(products(N))
        for kind in [product.name.removeprefix(product.brand).removesuffix(str(number)).strip()]
        for variant in product.variants
    ]
    return pl.DataFrame(rows)


@pytest.fixture(params=FEEDS)
def exported(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Feed]:
    path = tmp_path / "feed"  # what it is called says nothing
    FEEDS[request.param](path, N)
    return request.param, read_feed(path)


def test_every_platform_s_feed_has_the_same_items(exported: tuple[str, Feed]) -> None:
    name, feed = exported
    assert feed.layout.platform == NAMES[name]
    assert feed.rejections.rows == ()
    assert feed.layout.rules.currency == (None if name in WITHOUT_CURRENCY else "EUR")
    assert feed.layout.group_by == "group_id"
    wanted = expected(name)
    found = feed.items.with_columns(on_sale=pl.col("discount") > 0)
    assert found.select(wanted.columns).sort("item_id").to_dicts() == wanted.sort("item_id").to_dicts()
    kinds = {attribute.name: (attribute.kind, attribute.facet) for attribute in feed.attributes}
    assert kinds["category"] == ("path", True)
    assert kinds["color"] == kinds["size"] == ("text", True)
    assert kinds["group_id"] == ("text", False)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["merchant.tsv", "shopify.csv", "woocommerce.csv"])
def test_a_hundred_thousand_products_are_read_as_a_stream(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    FEEDS[name](path, 100_000)
    feed = read_feed(path)
    assert feed.rejections.rows == ()
    assert feed.items["attr_group_id"].n_unique() == 100_000
    assert len(feed.items) == sum(len(product.variants) for product in products(100_000))
