"""The grocery data as a catalogue: readable, priced, and honest about what was known when."""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from trimtab.catalog.datasets.grocery import Grocery, item_statistics
from trimtab.catalog.datasets.grocery_names import category_name, dropped, spelled_out, type_name
from trimtab.catalog.datasets.package_sizes import package_size


def test_every_product_sold_is_one_item_with_a_price(grocery: Grocery) -> None:
    items = grocery.items
    assert 65_000 < len(items) < 68_509
    assert items["item_id"].n_unique() == len(items)
    assert items["price"].is_finite().all()
    assert items["price"].min() > 0  # type: ignore[operator]
    assert items["discount"].is_between(0, 1).all()
    assert items["purchase_rate"].is_between(0, 1, closed="right").all()
    assert items.filter(pl.col("title") == "").is_empty()
    assert items.filter(pl.col("product_type") == "").is_empty()
    assert items.filter(pl.col("category") == "").is_empty()
    assert set(grocery.purchases["item_id"].unique()) == set(items["item_id"])


def test_bananas_are_bought_most_and_cost_little(grocery: Grocery) -> None:
    best = grocery.items.sort("purchase_rate", descending=True).row(0, named=True)
    assert best["product_type"] == "bananas"
    assert 0.3 < best["price"] < 2


def test_what_is_no_product_is_left_out(grocery: Grocery) -> None:
    text = pl.concat_str("title", "category", separator=" ").str.to_lowercase()
    wrong = grocery.items.filter(text.str.contains(r"gasoline|coupon|gift card|deposit|sales trans"))
    assert wrong["title"].to_list() == []
    assert grocery.purchases["quantity"].min() >= 1  # type: ignore[operator]
    assert grocery.purchases["quantity"].max() < 200  # type: ignore[operator]  # petrol is counted in thousands
    assert grocery.purchases["unit_price_paid"].min() > 0  # type: ignore[operator]
    assert all(dropped().values())


def test_statistics_know_nothing_of_later_weeks(grocery: Grocery) -> None:
    early = grocery.purchases.filter(pl.col("week") <= 20)
    later = (
        grocery.purchases.filter(pl.col("week") > 20).head(1000).with_columns(unit_price_paid=pl.lit(999.0, pl.Float32))
    )
    alone = item_statistics(early, last_week=20)
    assert_frame_equal(alone, item_statistics(pl.concat([early, later], how="vertical_relaxed"), last_week=20))
    assert set(alone["item_id"]) == set(early["item_id"].unique())


def test_statistics_of_a_known_history() -> None:
    rows = [
        # item, household, basket, week, quantity, paid, regular
        ("x", "h1", "b1", 1, 1, 9.0, 9.0),  # too long ago for the price
        ("x", "h1", "b2", 18, 3, 2.0, 4.0),
        ("x", "h2", "b3", 19, 1, 4.0, 4.0),
        ("x", "h2", "b4", 20, 1, 3.0, 4.0),
        ("x", "h3", "b5", 21, 1, 100.0, 100.0),  # not yet
        ("y", "h1", "b1", 1, 2, 5.0, 5.0),
    ]
    columns = ["item_id", "household_id", "basket_id", "week", "quantity", "unit_price_paid", "unit_price_regular"]
    statistics = item_statistics(pl.DataFrame(rows, schema=columns, orient="row"), last_week=20)
    x, y = statistics.rows(named=True)
    assert x["price"] == 3.0
    assert x["discount"] == pytest.approx(1 - (3 * 2 + 4 + 3) / (5 * 4))
    assert x["popularity"] == pytest.approx(4 / 20)
    assert x["purchase_rate"] == 1.0
    assert (y["price"], y["discount"], y["purchase_rate"]) == (5.0, 0.0, 0.5)


@pytest.mark.parametrize(
    ("category", "product_type", "name"),
    [
        ("ICE CREAM/MILK/SHERBTS", "TRADITIONAL", "ice cream"),
        ("FRZN NOVELTIES/WTR ICE", "ICE CREAM SANDWICHES", "ice cream sandwiches"),
        ("BREAKFAST SWEETS", "SW GDS:DONUTS", "donuts"),
        ("REFRGRATD JUICES/DRNKS", "DAIRY CASE 100% PURE JUICE - O", "refrigerated orange juice"),
        ("CHICKEN/POULTRY", "CHIX:FRD 8PC/CUT UP (HOT)", "hot 8 piece fried chicken"),
        ("COOKIES/CONES", "VANILLA WAFER/KIDS COOKIES", "vanilla wafers and kids' cookies"),
        ("APPLES", "APPLES GRANNY SMITH (BULK&BAG)", "Granny Smith apples"),
        ("DINNER MXS:DRY", "MACARONI & CHEESE DNRS", "macaroni and cheese dinners"),
        ("BEEF", "BRSKT/BRST/BLY - WH/HALF", "whole and half brisket"),
        ("SEAFOOD - FROZEN", "SEAFOOD-FRZ-IQF RAW SHRIMP EXA", "frozen raw shrimp"),
        ("MAGAZINE", "BUSINESS&FINANCE-MAGAZINE", "business and finance magazine"),
    ],
)
def test_hard_names_become_words(category: str, product_type: str, name: str) -> None:
    assert type_name(category, product_type) == name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FRZN DNRS", "frozen dinners"),
        ("PNT BTR/JELLY/JAMS", "peanut butter, jelly and jams"),
        ("SHLF STBL CKS", "shelf stable cakes"),  # wording: allow (a product type)
        ("REFRGRATD BEV", "refrigerated beverage"),
        ("SW GDS: SW ROLLS", "sweet rolls sweet goods"),
        ("PIES: CREAM/MERINGUE", "cream and meringue pies"),
        ("SFT DRNK (ANY BTL NOT", "soft drink"),
        ("MENS XMAS SOCKS", "men's Christmas socks"),
    ],
)
def test_abbreviations_become_words_by_rule(text: str, words: str) -> None:
    assert spelled_out(text) == words


def test_names_are_sentences_not_till_codes(grocery: Grocery) -> None:
    assert category_name("FRZN NOVELTIES/WTR ICE") == "Frozen novelties"
    shouted = grocery.items.filter(pl.col("title").str.contains(r"\b[A-Z]{2,}\b")).height
    assert shouted / len(grocery.items) < 0.002
    coded = grocery.items.filter(pl.col("title").str.contains(r"[/&:()$]|\bw\b|  |,$")).select("title")
    assert coded.filter(~pl.col("title").str.contains(r"\d/\d")).height == 0
    assert grocery.items["category"].str.contains(r"[/&:()]").sum() == 0
    assert grocery.items["title"].str.len_chars().max() <= 80  # type: ignore[operator]
    types = grocery.items["product_type"].unique()
    unspelt = types.filter(types.str.contains(r"\b(frzn|pwdr|drnk|dnr|btl|sgl|srv|flvr|prem|misc|pkg|cnd|frz|brd)\b"))
    assert unspelt.to_list() == []


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("22 LB", "22 lb"),
        ("12 PK/12 OZ", "12 x 12 oz"), ("12 OZ/12 PK", "12 x 12 oz"), ("24/16.9 OZ", "24 x 16.9 oz"),
        ("6 CT/15 OZ", "6 ct, 15 oz"), ("AB    8 OZ", "8 oz"), ("L    16 OZ", "16 oz"), ("1-3/4 LB", "1 3/4 lb"),
        (".15 OZ", "0.15 oz"), ("14.0 OZ", "14 oz"), ("1/2 GAL", "1/2 gal"), ("GAL", "1 gal"), ("14-18 CT", "14-18 ct"),
        ("134619 1 CT", "1 ct"), ("32 LDS", "32 loads"), ("3 X6 IN", "3 x 6 in"), ("144 OZ/12 PK", "12 pack, 144 oz"),
        ("1 STEM", "1 stem"), ("64 OZ PET", "64 oz"), ("CTN", ""), ("SCAN KPC", ""), ("", ""), (None, ""),
    ],
)  # fmt: skip
def test_package_sizes(text: str | None, size: str) -> None:
    assert package_size(text) == size
