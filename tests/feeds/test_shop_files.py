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
    ],
)
def test_what_of_shop_toml_does_not_fit_is_refused_with_its_line(tmp_path: Path, section: str, sentence: str) -> None:
    path, shop = tmp_path / "feed.csv", tmp_path / "shop.toml"
    path.write_text("sku,title,price,price_b2b,colour\na,Red shirt,3,2,red\nb,Blue shirt,4,3,blue\n")
    shop.write_text(section)
    with pytest.raises(BadFile, match=sentence):
        read_feed(path, shop)


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
