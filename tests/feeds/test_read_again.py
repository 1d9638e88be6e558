"""Feeds read again by the `shop.toml` that was inferred from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.feeds.tables import LAMP, Cell, one_of, table
from trimtab.catalog.feeds.reading import read_feed
from trimtab.catalog.shop import Shop
from trimtab.catalog.shop_text import shop_text


def test_what_was_inferred_reads_the_feed_again_as_it_was(feed: Any, tmp_path: Path) -> None:
    """Also where a sale has a period, stock a name of the shop's own, and a word for it that is not known."""
    columns: dict[str, Cell] = {
        "Artikelnummer": lambda row: f"A{row}",
        "Bezeichnung": lambda row: f"Lampe rund {row}",
        "Preis": one_of("12,50 €"),
        "sale_price": one_of("9,50 €", ""),
        "sale_price_effective_date": one_of("2026-01-01T00:00Z/2026-03-01T00:00Z", ""),
        "Verfügbarkeit": one_of("lieferbar", "ausverkauft", "fragen Sie uns"),
        "Lagerbestand": one_of(3, 0),
        "Farbe": one_of("rot", "blau"),
    }
    path, toml = tmp_path / "feed.csv", tmp_path / "shop.toml"
    path.write_text(table(columns, delimiter=";"), encoding="utf-8")
    found = read_feed(path)
    toml.write_text(shop_text(found.shop), encoding="utf-8")
    again = read_feed(path, toml)
    assert again.items.equals(found.items)
    assert shop_text(again.shop) == shop_text(found.shop)


def test_cents_stay_cents_where_shop_toml_names_their_column(tmp_path: Path) -> None:
    path, toml = tmp_path / "feed.csv", tmp_path / "shop.toml"
    path.write_text(table({**LAMP, "amount_cents": one_of(1250, 990)}))
    found = read_feed(path)
    toml.write_text(shop_text(found.shop))
    assert found.items["price"].to_list()[:2] == read_feed(path, toml).items["price"].to_list()[:2] == [12.5, 9.9]


def test_sides_and_titles_that_are_ids_are_read_again_as_they_were(tmp_path: Path) -> None:
    columns: dict[str, Cell] = {
        "Produktname": lambda row: f"Regal Eiche massiv {row}",
        "Maße (BxHxT)": lambda row: f"{40 + row} x 90 x 45,5 cm",
        "Preis": one_of("12,50 €", "99,00 €"),
    }
    path, toml = tmp_path / "feed.csv", tmp_path / "shop.toml"
    path.write_text(table(columns, delimiter=";"), encoding="utf-8")
    found = read_feed(path)
    assert found.items["item_id"][0] == found.items["title"][0] == "Regal Eiche massiv 0"
    toml.write_text(shop_text(found.shop), encoding="utf-8")
    again = read_feed(path, toml)
    assert again.items.select(sorted(again.items.columns)).equals(found.items.select(sorted(found.items.columns)))
    assert again.shop == found.shop
    sides = Shop.parse('[attributes.high]\ntype = "number"\ncolumn = "Maße (BxHxT)"\npart = 2\nunit = "cm"')
    assert read_feed(path, shop=sides).items["attr_high"][0] == 90
