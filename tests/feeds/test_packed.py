"""Attributes that a platform packs into one cell, categories that are paths of another column, labels of roles."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.catalog.feeds.reading import read_feed
from trimtab.catalog.feeds.reshaping.packed import pairs_in
from trimtab.engine import Engine
from trimtab.engine.build.build import build_bundle


@pytest.mark.parametrize(
    ("cell", "pairs"),
    [
        ("color=Red,material=Steel|Wool", {"color": ["Red"], "material": ["Steel", "Wool"]}),
        ("note=a, b and c,size=XL", {"note": ["a, b and c"], "size": ["XL"]}),
        ('note="a, b=c",size=XL', {"note": ["a, b=c"], "size": ["XL"]}),
        ("Color:Red:0,Height:3 cm:1:1", {"color": ["Red"], "height": ["3 cm"]}),
        ("Composition:Cotton:2", {"composition": ["Cotton"]}),
        ("Color: Red | Width: 3 cm", {"color": ["Red"], "width": ["3 cm"]}),
        ("Farbe: rot; Farbe: blau", {"farbe": ["rot", "blau"]}),
        ("flavour vanilla, 56 oz", {}),
        ("waterproof; light: yes", {}),
        ("", {}),
    ],
)
def test_pairs_are_read_where_all_of_a_cell_is_pairs(cell: str, pairs: dict[str, list[str]]) -> None:
    assert pairs_in(cell) == pairs


@given(st.text(alphabet='ab=:,;| "1\n', max_size=60))
def test_no_text_is_too_strange(text: str) -> None:
    assert all(name and isinstance(values, list) for name, values in pairs_in(text).items())


def feed_of(tmp_path: Path, header: str, line: str, shop: str | None = None) -> tuple[Path, Path | None]:
    path = tmp_path / "feed.csv"
    path.write_text("\n".join([header, *(line.replace("#", str(n)) for n in range(1, 13))]), encoding="utf-8")
    if shop is None:
        return path, None
    (tmp_path / "shop.toml").write_text(shop, encoding="utf-8")
    return path, tmp_path / "shop.toml"


def test_packed_attributes_are_attributes(tmp_path: Path) -> None:
    magento = feed_of(
        tmp_path, "sku,name,price,additional_attributes", '#,Blue bag #,#.50,"color=C#,material=Wool|Silk,volume=#0"'
    )
    items = read_feed(*magento).items
    assert items["attr_color"].to_list()[:2] == ["C1", "C2"]
    assert items["attr_volume"].to_list()[:2] == [10, 20]
    prestashop = feed_of(
        tmp_path, "ID;Name*;Feature(Name:Value:Position:Customized)", "#;Blue bag #;Colour:C#:0,Height:# cm:1:1"
    )
    feed = read_feed(*prestashop)
    assert feed.items["attr_colour"].to_list()[:2] == ["C1", "C2"]
    assert {one.name: one.unit for one in feed.attributes}["height"] == "cm"


@pytest.mark.parametrize("columns", ["product_type", "product_type,category", "google_product_category"])
def test_paths_of_a_product_type_are_categories(tmp_path: Path, columns: str) -> None:
    line = "#,Mug #,Home > Kitchen > M#" + (",Home" if "category" in columns.split(",") else "")
    feed = read_feed(*feed_of(tmp_path, f"id,title,{columns}", line))
    assert feed.items["attr_category"].to_list()[0] == "Home > Kitchen > M1"
    assert feed.items.select("category", "product_type").row(0) == ("Home", "M1")


LABELS = """
[attributes.brand]
label = "Marke"
[attributes.category]
type = "path"
label = "Warengruppe"
[attributes.price]
type = "number"
facet = false
"""


def test_columns_that_are_known_may_be_labelled(tmp_path: Path) -> None:
    path, shop = feed_of(
        tmp_path, "Nr;Bezeichnung;Hersteller;Gruppe;Preis", "#;Stuhl #;Nordholz;Möbel > Stühle;1#,00 €",
        "[catalogue]\ncategory = \"Gruppe\"\n" + LABELS,
    )  # fmt: skip
    feed = read_feed(path, shop)
    build_bundle(feed.items, tmp_path / "bundle", source="feed", encoder="wordllama", shop=feed.shop)
    store = Engine.load(tmp_path / "bundle").store
    labels = {name: column.attribute.label for name, column in store.attributes.items()}
    assert (labels["brand"], labels["category"], labels["product_type"]) == ("Marke", "Warengruppe", "Product type")
    assert not store.attributes.definitions["price"].facet
    assert store.attributes["category"].attribute.kind == "path"
    assert store.currency == "EUR"
