"""What is in stock at a place, in a column for each: stores, by the names of the places."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import trimtab
from tests.feeds.tables import LAMP, one_of, table
from trimtab.catalog.feeds.reading import read_feed
from trimtab.catalog.shop import Store
from trimtab.catalog.shop_text import shop_text
from trimtab.core.records import Query
from trimtab.retrieval.filters import parse_filter


def test_a_search_asks_for_one_store_of_those_that_a_feed_has_columns_of(tmp_path: Path) -> None:
    columns = {
        "Artikelnr": lambda row: f"S{row}",
        "Benämning": lambda row: f"Skruv förzinkad {row}",
        "Lagersaldo Stockholm": one_of(3, 0, 0),
        "Lagersaldo Malmö": one_of(0, 0, 7),
        "Pris Malmö": one_of("12,50 kr", "", "9,90 kr"),
        "Pris": one_of("10,00 kr"),
    }
    path = tmp_path / "feed.csv"
    path.write_text(table(columns, delimiter=";"), encoding="utf-8")
    shop = trimtab.build(path, tmp_path / "bundle", encoder="wordllama")
    query = Query("skruv", k=30, filters=(parse_filter("in_stock:true"),))
    assert len(shop.engine.slate(query).rows) == 16
    there_only = replace(query, store="malmö")
    engine = shop.engine.in_market(there_only)
    there = [engine.store.display(row) for row in engine.slate(there_only).rows.tolist()]
    assert sorted(one["item_id"] for one in there) == sorted(f"S{row}" for row in range(2, 24, 3))
    assert {one["price"] for one in there} == {9.9}


def test_what_any_store_has_is_in_stock_and_the_written_file_says_the_same(feed: Any, tmp_path: Path) -> None:
    rows = [
        {"sku": f"H{row}", "name": f"Brass lamp {row}", "stock": {"delhi": row % 2, "new_york": 0}} for row in range(12)
    ]
    found = feed("\n".join(map(json.dumps, rows)))
    assert found.shop.stores == {"delhi": Store(stock="stock.delhi"), "new_york": Store(stock="stock.new_york")}
    assert found.items["in_stock"].to_list()[:3] == [False, True, False]
    assert not any(one.facet for one in found.attributes)
    toml = tmp_path / "shop.toml"
    toml.write_text(shop_text(found.shop), encoding="utf-8")
    again = read_feed(tmp_path / "feed", toml)
    assert again.items.equals(found.items)
    assert again.shop == found.shop


def test_words_for_stock_at_places(feed: Any) -> None:
    stock = {"Stock Paris": one_of("En stock", "Épuisé"), "Stock Lyon": one_of("Épuisé", "Épuisé")}
    found = feed(table({**LAMP, **stock}))
    assert found.items["attr_stock_paris"].to_list()[:2] == found.items["in_stock"].to_list()[:2] == [True, False]


@pytest.mark.parametrize(
    "names",
    [("stock_min", "stock_max"), ("qty_1", "qty_2"), ("quantity_sold", "quantity_reserved"), ("Stock Paris", "b")],
)
def test_what_is_no_place(feed: Any, names: tuple[str, str]) -> None:
    found = feed(table({**LAMP, names[0]: one_of(3, 0), names[1]: one_of(9, 1)}))
    assert found.shop.stores == {}
