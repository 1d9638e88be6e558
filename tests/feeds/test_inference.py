"""What a feed's columns are taken for, and the `shop.toml` that says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.feeds.platform_feeds import FEEDS
from trimtab.catalog.feeds.columns.summary.inference import said_of
from trimtab.catalog.feeds.reading import Feed, read_feed
from trimtab.catalog.shop_text import shop_text

FURNITURE = """\
Nr;Bezeichnung;Marke;Warengruppe;Preis (EUR);Preis Händler;Breite;Farbe;Holz;Lieferbar;Seit;Modell;Bild
10;Stuhl Alm rot;Nordholz;Möbel > Stühle;1.299;1.099,50;45 cm;rot;ja;auf Lager;01.03.2024;ALM;https://s.example/1.jpg
11;Stuhl Alm blau;Nordholz;Möbel > Stühle;1.249,90;999;45,5 cm;blau;ja;ausverkauft;15.03.2024;ALM;https://s.example/2.jpg
12;Tisch Furka 120;Hansen & Söhne;Möbel > Tische;2.499;1.999;120 cm;natur;ja;auf Lager;02.12.2023;FURKA;https://s.example/3.jpg
13;Tisch Furka 160;Hansen & Söhne;Möbel > Tische;2.999;2.399;160 cm;natur;nein;auf Lager;24.12.2023;FURKA;https://s.example/4.jpg
14;Lampe Lux;Hansen & Söhne;Licht;19,99;12;;rot, blau;nein;auf Lager;01.01.2024;;https://s.example/5.jpg
"""


@pytest.fixture
def furniture(tmp_path: Path) -> Path:
    path = tmp_path / "moebel.csv"
    path.write_text(FURNITURE, encoding="cp1252")
    return path


def test_a_shop_s_own_table_is_understood_and_said(furniture: Path) -> None:
    feed = read_feed(furniture)
    items = feed.items
    assert items["item_id"].to_list() == ["10", "11", "12", "13", "14"]
    assert items["brand"][2] == "Hansen & Söhne"
    assert items["price"].to_list() == [1299, 1249.9, 2499, 2999, 19.99]
    assert items["attr_preis_händler"].to_list() == [1099.5, 999, 1999, 2399, 12]
    assert items["attr_breite"].to_list() == [45, 45.5, 120, 160, None]
    assert items["attr_holz"].to_list() == [True, True, True, False, False]
    assert items["in_stock"].to_list() == [True, False, True, True, True]
    assert items["attr_seit"].dt.date().cast(str).to_list()[1:3] == ["2024-03-15", "2023-12-02"]
    assert items["category"].to_list() == ["Möbel", "Möbel", "Möbel", "Möbel", "Licht"]
    assert items["attr_category"].to_list()[0] == "Möbel > Stühle"
    kinds = {one.name: (one.kind, one.unit) for one in feed.attributes}
    assert kinds["breite"] == ("number", "cm")
    assert (kinds["seit"][0], kinds["holz"][0], kinds["farbe"][0]) == ("date", "flag", "text")
    assert feed.shop.variants.group_by == "modell"
    assert feed.shop.catalogue.currency == "EUR"
    lines = said_of(feed.layout)
    assert 6 <= len(lines) <= 10
    assert "title from Bezeichnung" in lines[1]
    assert lines[2] == "prices: in EUR (said for all of them at once); decimal comma (by 2 of 2 that show one)"
    assert lines[3] == "language: de"
    assert lines[4] == "variants: items with one modell are one product: 2 values have several items"
    assert lines[-1] == "to filter or sort by alone: preis_händler, modell"


def same(first: Feed, second: Feed) -> bool:
    return first.items.equals(second.items) and first.shop == second.shop


@pytest.mark.parametrize(
    ("cells", "read"),
    [
        (["Home, Sale", "Home", "Garden, Home"], [["Home", "Sale"], ["Home"], ["Garden", "Home"]]),
        (["Home|Sale", "Tools", "Garden"], [["Home", "Sale"], ["Tools"], ["Garden"]]),
        (["Home;Sale", "Sale", "Home"], [["Home", "Sale"], ["Sale"], ["Home"]]),
        (["Clothing, Shoes & Jewelry", "Books", "Black &amp; white"], None),
        (["Shoes > Boots, Sale", "Sale", "Shoes"], [["Shoes > Boots", "Sale"], ["Sale"], ["Shoes"]]),
    ],
)
def test_several_categories_in_one_cell(tmp_path: Path, cells: list[str], read: list[list[str]] | None) -> None:
    path = tmp_path / "c.jsonl"
    rows = [{"id": number, "title": "a", "category": cell} for number, cell in enumerate(cells)]
    path.write_text("\n".join(map(json.dumps, rows)))
    items = read_feed(path).items
    if read is None:
        assert "attr_category" not in items.columns
    else:
        assert items["attr_category"].to_list() == read
        assert items["category"].to_list() == [one[0].partition(" > ")[0] for one in read]


def test_lists_whose_values_keep_to_their_place_are_paths(tmp_path: Path) -> None:
    paths = [["Books", "Fiction", "Crime"], ["Books", "Fiction", "Poetry"], ["Books", "Art"], ["Music", "Jazz"]]
    path = tmp_path / "c.jsonl"
    rows = [{"id": number, "title": f"a {number}", "category": paths[number % 4]} for number in range(60)]
    path.write_text("\n".join(map(json.dumps, rows)))
    items = read_feed(path).items
    assert items["attr_category"].to_list()[:4] == [" > ".join(one) for one in paths]
    assert items.select("category", "product_type").row(0) == ("Books", "Crime")


@pytest.mark.parametrize(
    ("titles", "prices", "language", "currency"),
    [
        (["Køkkenbord af eg med skuffer", "Havestol i teak til terrassen"], ["1.299 kr", "199,00 kr"], "da", "DKK"),
        (["Köksbord i ek med lådor", "Trädgårdsstol i teak för altanen"], ["1 299 kr", "199,00 kr"], "sv", "SEK"),
        (["Oak kitchen table with drawers", "Teak garden chair for the patio"], ["$1,299", "$199.00"], "en", "USD"),
        (["橡木餐桌带抽屉厨房家具", "柚木花园椅露台户外家具"], ["¥1,299", "¥199.00"], "zh", "CNY"),
    ],
)
def test_the_language_says_which_currency_a_symbol_means(
    tmp_path: Path, titles: list[str], prices: list[str], language: str, currency: str
) -> None:
    path = tmp_path / "x.jsonl"
    rows = [{"id": n, "title": titles[n % 2], "price": prices[n % 2]} for n in range(20)]
    path.write_text("\n".join(map(json.dumps, rows)))
    catalogue = read_feed(path).shop.catalogue
    assert (catalogue.language[0], catalogue.currency) == (language, currency)


def test_what_no_column_is_named_for_is_found_by_its_looks(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b,c\nX-1,A long chair,red\nX-2,A wide table,red\nX-3,A lamp,blue\n")
    assert read_feed(path).items.select("item_id", "title", "attr_c").row(2) == ("X-3", "A lamp", "blue")


def test_attributes_beyond_the_most_filled_are_searched_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trimtab.catalog.feeds.columns.attributes.feed_attributes.MAX_ATTRIBUTES", 1)
    path = tmp_path / "x.csv"
    path.write_text("id,title,size,colour,fit\n1,a,4,red,slim\n2,b,5,,\n3,c,6,blue,\n")
    feed = read_feed(path)
    assert [one.name for one in feed.attributes] == ["size"]
    assert feed.items["attributes"].to_list() == ["red, slim", "", "blue"]
    assert "searched as one text: colour, fit" in said_of(feed.layout)


@pytest.mark.parametrize("name", [*FEEDS, "furniture"])
def test_the_inferred_file_says_the_same_as_no_file(name: str, tmp_path: Path, furniture: Path) -> None:
    path = furniture if name == "furniture" else tmp_path / name
    if name in FEEDS:
        FEEDS[name](path, 25)
    inferred = read_feed(path)
    file = tmp_path / "shop.toml"
    file.write_text(shop_text(inferred.shop, path.name), encoding="utf-8")
    assert same(read_feed(path, file), inferred)


def test_what_the_file_says_holds(furniture: Path, tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(
        """
[catalogue]
title = "Bezeichnung"
currency = "CHF"
[attributes.trade]
column = "Preis Händler"
type = "number"
[attributes.colour]
column = "Farbe"
multi = true
[attributes.holz]
search = false
filter = false
facet = false
sort = false
[variants]
group_by = "Warengruppe"
"""
    )
    feed = read_feed(furniture, file)
    names = {one.name for one in feed.attributes}
    assert {"trade", "colour"} <= names
    assert not names & {"farbe", "preis_händler", "holz"}
    assert feed.items["attr_trade"][0] == 1099.5
    assert feed.items["attr_colour"].to_list()[-1] == ["rot", "blau"]
    assert feed.shop.variants.group_by == "warengruppe"
    assert feed.shop.catalogue.currency == "CHF"
