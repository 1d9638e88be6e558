"""What a `shop.toml` says of a feed: refused with its line where it does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from trimtab.catalog.feeds.reading import read_feed
from trimtab.catalog.shop import naming_lines
from trimtab.core.errors import BadFile, BadParameter


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        ('[prices.b2b]\ncolumn = "colour"', "line 2: prices.b2b.column: the column 'colour' has no prices: 'red'"),
        (
            '[prices.b2b]\ncolumn = "price_b2b"\ncurrency = "XYZ"',
            "line 3: prices.b2b.currency: 'XYZ' is not a currency",
        ),
        ('[stores.lyon]\nstock = "colour"', "line 2: stores.lyon.stock: .* does not say what is in stock: 'red'"),
        ("[stores.lyon]\nlatitude = 45", "line 1: stores.lyon: latitude and longitude are one place: give both"),
        ('[attributes.price]\ncolumn = "colour"', "line 2: attributes.price.column: .* stand in the place of price"),
        ('[catalogue]\nid = "Nummer"\n', "line 2: catalogue.item_id: the feed has no column 'Nummer'"),
        (
            '[attributes.a]\ncolumn = "Colour"\n[attributes.b]\ntype = "text"\ncolumn = "Coluor"\n',
            r"line 5: attributes.b.column: the feed has no column 'Coluor' \(did you mean 'colour'\?\)",
        ),
        ('[variants]\ngroup_by = "style"\n', "line 2: variants.group_by: the feed has no column 'style'"),
        ('[prices.b2b]\ncolumn = "Haendler"\n', "line 2: prices.b2b.column: the feed has no column 'Haendler'"),
        ('[stores.lyon]\nstock = "lyon"\n', "line 2: stores.lyon.stock: the feed has no column 'lyon'"),
        (
            '[objectives.margin]\nhead = "none"\nvalue = "max(prise, 0) * 1e3"\n',
            r"line 3: objectives.margin.value: the feed has no attribute 'prise' \(did you mean 'price'\?\)",
        ),
    ],
)
def test_what_of_shop_toml_does_not_fit_is_refused_with_its_line(tmp_path: Path, section: str, sentence: str) -> None:
    path, shop = tmp_path / "feed.csv", tmp_path / "shop.toml"
    path.write_text("sku,title,price,price_b2b,colour\na,Red shirt,3,2,red\nb,Blue shirt,4,3,blue\n")
    shop.write_text(section)
    with pytest.raises(BadFile, match=sentence):
        read_feed(path, shop)


def test_an_objective_of_an_empty_column_is_refused(tmp_path: Path) -> None:
    feed, file = tmp_path / "feed.csv", tmp_path / "shop.toml"
    feed.write_text("id,title,price,cost\n1,Tea,2,\n2,Mug,3,\n")
    file.write_text('[objectives.margin]\nvalue = "price - cost"\n')
    with pytest.raises(BadFile, match=r"line 2: objectives.margin.value: the column 'cost' is empty"):
        read_feed(feed, file)


def test_shop_toml_may_begin_with_a_mark_of_its_encoding(tmp_path: Path) -> None:
    path, shop = tmp_path / "feed.csv", tmp_path / "shop.toml"
    path.write_text("sku,title\na,Red shirt\nb,Blue shirt\n")
    shop.write_text('\ufeff[catalogue]\nlanguage = "de"\n')
    assert read_feed(path, shop).shop.catalogue.language == ("de",)


def test_errors_about_shop_toml_name_its_line_whoever_finds_them(tmp_path: Path) -> None:
    shop = tmp_path / "shop.toml"
    shop.write_text('[catalogue]\nlanguage = "xx"\n[objectives.m]\nvalue = "pric"\n')
    with pytest.raises(BadFile, match=r"shop.toml: line 4: objectives.m.value: is 1; allowed: 2"), naming_lines(shop):
        raise BadParameter("objectives.m.value", "is 1", "2")
    with pytest.raises(BadFile, match=r"shop.toml: line 2: language: is 1"), naming_lines(shop):
        raise BadParameter("language", "is 1", "2")


def test_sales_of_a_feed_are_by_the_clock_of_the_shop(tmp_path: Path) -> None:
    path, shop = tmp_path / "feed.csv", tmp_path / "shop.toml"
    shop.write_text('[catalogue]\nzone = "America/New_York"\n')
    path.write_text("id,title,price,sale_price,sale_start,sale_end\n1,a,10,8,2026-07-01,2026-12-01\n")
    found = read_feed(path, shop)
    assert found.items["attr_sale_start"][0].isoformat() == "2026-07-01T04:00:00+00:00"
    assert found.items["attr_sale_end"][0].isoformat() == "2026-12-02T04:59:59+00:00"
    assert found.shop.catalogue.zone == "America/New_York"
