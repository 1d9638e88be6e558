"""A shop's export, its `shop.toml` with objectives of its own, and a search that is steered by them."""

from __future__ import annotations

from pathlib import Path

import pytest

import trimtab
from tests.feeds.platform_feeds import FEEDS

OBJECTIVES = """
[objectives.clearance]
head = "relevance"
value = "if(stock > 0, discount, 0)"
[objectives.stocked]
head = "relevance"
value = "log1p(stock)"
"""


@pytest.mark.parametrize(
    ("name", "n"), [("shopify.csv", 60), pytest.param("woocommerce.csv", 3_000, marks=pytest.mark.slow)]
)
def test_from_a_platforms_export_to_a_search_that_is_steered(name: str, n: int, tmp_path: Path) -> None:
    FEEDS[name](tmp_path / "export", n)
    first = trimtab.build(tmp_path / "export", tmp_path / "first")
    assert first.objectives == ("relevance", "revenue", "diversity")

    toml = tmp_path / "shop.toml"
    toml.write_text((tmp_path / "first" / "shop.toml").read_text() + OBJECTIVES)
    shop = trimtab.build(tmp_path / "export", tmp_path / "second", shop=toml)
    assert shop.objectives == ("relevance", "revenue", "clearance", "stocked", "diversity")
    assert len(shop) == len(first)

    plain = shop.search("hiking boot", relevance=1, k=5)
    steered = shop.search("hiking boot", relevance=0.2, stocked=0.8, k=5)
    stock = shop.engine.store.attributes["stock"].numbers

    def stocked(result: trimtab.SearchResult) -> float:
        return sum(float(stock[shop.engine.store.row_of(hit["item_id"])]) for hit in result)

    assert stocked(steered) >= stocked(plain)
    red = shop.search("boot", filters=["color:red"], k=10)
    assert {hit["attributes"]["color"] for hit in red} == {"Red"}
