"""A shop's export, its `shop.toml` with objectives of its own, and a search that is steered by them."""

from __future__ import annotations

from pathlib import Path

import pytest

import trimtab
from tests.feeds.platform_feeds import FEEDS, products
from trimtab.catalog.feeds.columns.summary.inference import shop_of
from trimtab.catalog.feeds.reading import inferred_layout
from trimtab.catalog.shop_text import shop_text

OBJECTIVES = """
[objectives.clearance]
head = "relevance"
value = "if(stock > 0, discount, 0)"
[objectives.stocked]
head = "relevance"
value = "log1p(stock)"
"""
WITHOUT_STOCK = OBJECTIVES.replace("stock > 0", "in_stock").replace("(stock)", "(price)")
"""The same of Google's feed, which does not say how many there are."""
LARGE = 100_000


@pytest.mark.parametrize(
    ("name", "n"),
    [
        ("shopify.csv", 300),
        *(
            pytest.param(name, LARGE, marks=pytest.mark.slow)
            for name in ("merchant.tsv", "shopify.csv", "woocommerce.csv")
        ),
    ],
)
def test_from_a_platforms_export_to_a_search_that_is_steered(name: str, n: int, tmp_path: Path) -> None:
    export, toml = tmp_path / "export", tmp_path / "shop.toml"
    FEEDS[name](export, n)
    known, layout = inferred_layout(export)
    said = OBJECTIVES if "stock" in layout.roles else WITHOUT_STOCK
    toml.write_text(shop_text(shop_of(layout, known)) + said)
    shop = trimtab.build(export, tmp_path / "bundle", shop=toml, encoder="wordllama")
    assert shop.objectives == ("relevance", "revenue", "clearance", "stocked", "diversity")
    assert len(shop) == sum(len(product.variants) for product in products(n))

    sums = {}
    for weight in (0.0, 0.4, 0.8):
        slate = shop.search("hiking boot", relevance=1 - weight, stocked=weight / 2, clearance=weight / 2, k=10).slate
        assert len({product_of(shop, row) for row in slate.rows.tolist()}) == 10
        sums[weight] = {one: slate.receipt[one].expected for one in ("relevance", "stocked", "clearance")}
    assert sums[0.8]["stocked"] + sums[0.8]["clearance"] >= sums[0.0]["stocked"] + sums[0.0]["clearance"]
    assert sums[0.8]["relevance"] <= sums[0.0]["relevance"]
    for objective in ("stocked", "clearance"):
        alone = [shop.search("hiking boot", relevance=1 - w, k=10, **{objective: w}).slate for w in (0.0, 0.5, 1.0)]
        reached = [slate.receipt[objective].expected for slate in alone]
        assert reached == sorted(reached)
        assert reached[-1] > reached[0]
    red = shop.search("boot", filters=["color:red"], k=10)
    assert {hit["attributes"]["color"] for hit in red} == {"Red"}


def product_of(shop: trimtab.SearchIndex, row: int) -> object:
    return shop.engine.store.attributes["group_id"].plain_at(row)
