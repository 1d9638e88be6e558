"""Exports of shop programs and marketplaces whose names of columns mean something else elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from tests.feeds.test_shops_of_many_countries import Cell, N, one_of, table


def words(row: int) -> str:
    return f"{('Oak', 'Pine', 'Elm', 'Ash')[row % 4]} table for {row + 2} people"


NUMBERED: dict[str, Cell] = {"id": lambda row: f"T{row}", "name": words}


def test_what_odoo_calls_the_standard_price_is_a_cost(feed: Any) -> None:
    prices: dict[str, Cell] = {"list_price": one_of("20.50"), "standard_price": one_of("8.10")}
    more: dict[str, Cell] = {"default_code": lambda row: f"F{row}", "categ_id": one_of("All / Tables")}
    found = feed(table({**NUMBERED, **prices, **more, "qty_available": one_of("0", "3")}))
    assert found.rejections.said[0] == "read as: Odoo products"
    assert found.items["price"][0] == 20.5
    assert found.items["discount"][0] == 0
    assert found.items["in_stock"].to_list()[:2] == [False, True]
    assert found.layout.costs == ("cost",)


def test_what_amazon_calls_the_standard_price_is_the_price(feed: Any) -> None:
    prices: dict[str, Cell] = {"standard_price": one_of("20.50"), "list_price": one_of("41.00")}
    found = feed(table({"item_sku": lambda row: f"T{row}", "item_name": words, **prices}))
    assert (found.items["price"][0], found.items["discount"][0]) == (20.5, 0.5)


def test_names_that_are_codes_stand_behind_those_with_words(feed: Any) -> None:
    names: dict[str, Cell] = {"Internal ID": lambda row: f"{3000 + row}", "Name": lambda row: f"FUR-{row:04}"}
    found = feed(table({**names, "Display Name": words, "Inactive": lambda row: "Yes" if row == 3 else "No"}))
    assert found.items["title"][0] == words(0)
    assert len(found.items) == N - 1
    assert "1 row is left out: Inactive is Yes" in found.rejections.said


@pytest.mark.parametrize(
    ("column", "role"),
    [
        ("Título: incluye producto, marca, modelo y sus características", "title"),
        ("Ссылка на главное фото*", "image"),
        ("cover_media_url", "image"),
    ],
)
def test_names_with_remarks_and_of_pictures(feed: Any, column: str, role: str) -> None:
    cell: Cell = words if role == "title" else one_of("https://x.example/a.jpg", "https://x.example/b.jpg")
    columns: dict[str, Cell] = {**({} if role == "title" else {"name": words}), "sku": lambda row: f"T{row}"}
    assert feed(table({**columns, column: cell, "Modelo": one_of("A", "B")})).layout.roles[role] == column


def test_a_running_number_is_not_the_id_beside_an_article_number(feed: Any) -> None:
    columns: dict[str, Cell] = {"№": lambda row: str(row + 1), "Артикул*": lambda row: f"OZ-{row}"}
    assert feed(table({**columns, "Название": words})).layout.roles["item_id"] == "Артикул*"


def test_variants_with_numbers_of_their_own_are_not_one_item_in_several_rows(feed: Any) -> None:
    columns: dict[str, Cell] = {
        "商品管理番号（商品URL）": lambda row: f"rk-{row // 2}",
        "SKU管理番号": lambda row: f"rk-{row}-sku",
        "商品名": lambda row: words(row // 2),
        "販売価格": one_of("2049"),
    }
    found = feed(table(columns))
    assert found.layout.roles["item_id"] == "SKU管理番号"
    assert len(found.items) == N


def test_attributes_by_a_numbered_key_and_value(feed: Any) -> None:
    pairs: dict[str, Cell] = {"attribute_key_1": one_of("material"), "value_1": one_of("wood", "steel")}
    found = feed(table({"abstract_sku": lambda row: f"T{row}", "name": words, **pairs}))
    assert found.items["attr_material"].to_list()[:2] == ["wood", "steel"]
