"""Exports of marketplaces, tills and stock programs: what they put around a table, and how they lay it out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.feeds.tables import LAMP, Cell, N, one_of, same_again, table, written
from trimtab.catalog.shop import PriceList
from trimtab.core.errors import BadFile


def test_a_title_above_a_table_with_semicolons(feed: Any) -> None:
    found = feed(
        "Oferty - eksport\n\n" + table({**LAMP, "Cena": one_of("12,50"), "Marka": one_of("A", "B")}, delimiter=";")
    )
    assert found.items["price"][0] == 12.5


def test_what_a_marketplace_calls_all_columns_and_the_row_that_says_it_again(feed: Any) -> None:
    columns: dict[str, Cell] = {
        "et_title_product_name": lambda row: f"Cotton shirt {row // 2}",
        "et_title_variation_sku": lambda row: f"S{row}",
        "et_title_parent_sku": lambda row: f"P{row // 2}",
        "et_title_variation_price": one_of("9.50"),
    }
    header, *rows = table(columns).splitlines()
    found = feed("\n".join([header, "Product Name,Variation SKU,Parent SKU,Price", *rows]))
    assert (found.items["item_id"][0], found.items["title"][0], found.items["price"][0]) == (
        "S0",
        "Cotton shirt 0",
        9.5,
    )
    assert "1 row is left out: it explains the columns" in found.rejections.said


def test_a_first_row_that_says_what_is_required(feed: Any) -> None:
    header, *rows = table({**LAMP, "Цена": one_of("5")}).splitlines()
    assert len(feed("\n".join([header, "Обязательно,Обязательно,", *rows])).items) == N


def test_json_in_cells(feed: Any) -> None:
    columns: dict[str, Cell] = {
        **LAMP,
        "authors": lambda row: json.dumps(["Ann Lee", "Bo Cruz"][: 1 + row % 2]),
        "details": lambda row: json.dumps({"Diameter": f"{row} mm", "Material": "Stål"}, ensure_ascii=False),
        "remark": one_of("{not JSON}", "[new]"),
    }
    found = feed(table(columns))
    assert found.items["attr_authors"][1].to_list() == ["Ann Lee", "Bo Cruz"]
    assert found.items["attr_details.diameter"][3] == 3
    assert found.items["attr_remark"][0] == "{not JSON}"


def test_a_part_stands_in_a_row_for_each_car_that_it_fits(feed: Any) -> None:
    columns: dict[str, Cell] = {
        "Part Number": lambda row: f"BR{row // 2}",
        "Part Name": lambda row: f"Brake rotor {row // 2}",
        "Model": one_of("F-150", "Mustang"),
        "Jobber Price": one_of("$40.00"),
        "List Price": one_of("$80.00"),
    }
    found = feed(table(columns))
    assert found.rejections.summary == f"{N // 2} rows kept, 0 rejected"
    assert found.items["title"][0] == "Brake rotor 0"
    assert found.items["attr_model"][0].to_list() == ["F-150", "Mustang"]
    assert found.items["price"][0] == 80


def test_an_item_stands_in_a_row_for_each_store(feed: Any, tmp_path: Path) -> None:
    columns: dict[str, Cell] = {
        "store_code": one_of("NYC", "SF"),
        "id": lambda row: f"P{row // 2}",
        "title": lambda row: f"Espresso maker {row // 2}",
        "price": one_of("199.00 USD", "209.00 USD"),
        "availability": lambda row: "in_stock" if row in (0, 3) else "out_of_stock",
    }
    found = feed(table(columns, delimiter="\t"))
    assert set(found.shop.stores) == {"nyc", "sf"}
    assert found.items["attr_availability.nyc"].to_list()[:3] == [True, False, False]
    assert found.items["attr_price.sf"][0] == 209
    assert found.items["in_stock"].to_list()[:3] == [True, True, False]
    assert same_again(found, tmp_path / "feed")


def test_ids_that_repeat_at_other_prices_are_still_refused(feed: Any) -> None:
    columns: dict[str, Cell] = {"id": lambda row: f"A{row // 2}", "title": lambda row: f"Oak lamp {row // 2}"}
    with pytest.raises(BadFile, match="repeats line"):
        feed(table({**columns, "price": lambda row: row + 1}))


def test_a_column_for_each_size(feed: Any, tmp_path: Path) -> None:
    columns: dict[str, Cell] = {
        "Style #": lambda row: f"ST{row // 2}",
        "Style Name": lambda row: f"Slip dress {row // 2}",
        "Color": one_of("Black", "Ivory"),
        "WHSL": one_of("$40"),
        "MSRP": one_of("$90"),
        "S": one_of(0, 3),
        "M": one_of(2),
        "L": one_of(1, ""),
    }
    found = feed(table(columns))
    assert len(found.items) == N // 2 * 5
    assert found.items["attr_size"].to_list()[:5] == ["S", "M", "L", "S", "M"]
    assert found.items["in_stock"].to_list()[:3] == [False, True, True]
    assert found.items["price"][0] == 90
    assert len(set(found.items["attr_style"])) == N // 2
    assert found.layout.group_by == "style"


def test_lines_of_attributes_below_a_product(feed: Any, tmp_path: Path) -> None:
    rows: list[list[object]] = [["id", "name", "list_price", "attribute_ids", "value_ids", "barcode"]]
    for number in range(9):
        rows.append(
            [f"p{number}", f"Office chair {number}", 99 + number, "Color", "Black,Grey", f"59012341234{number}"]
        )
        rows.append(["", "", "", "Legs", "Steel,Oak", ""])
    found = feed(written(rows))
    assert found.rejections.summary == "9 rows kept, 0 rejected"
    assert found.items["attr_attribute_ids"][0].to_list() == ["Color", "Legs"]
    assert same_again(found, tmp_path / "feed")


def test_what_variants_say_in_columns_of_their_own(feed: Any, tmp_path: Path) -> None:
    header = ["type", "product_sku", "product_name", "product_price", "product_quantity", "product_brand"]
    header += ["product_variation_sku", "product_variation_price", "product_variation_quantity", "option_size"]
    rows: list[list[object]] = [header]
    for number in range(8):
        rows.append(["product", f"E{number}", f"Linen apron {number}", "20.00", 5, "Hearth", "", "", "", ""])
        rows += [
            ["product_variation", "", "", "", "", "", f"E{number}-{size}", "21.50", n, size]
            for size, n in (("S", 3), ("L", 0))
        ]
    found = feed(written(rows))
    assert found.items.select("item_id", "price", "in_stock").row(1) == ("E0-L", 21.5, False)
    assert found.shop.stores == {}
    assert same_again(found, tmp_path / "feed")


def test_levels_that_repeat_those_above_and_are_counted_in_chinese(feed: Any) -> None:
    repeated = feed(
        table({**LAMP, "category_1": one_of("Kitchen"), "category_2": one_of("Kitchen / Pans", "Kitchen / Bowls")})
    )
    assert repeated.items["attr_category"][0] == "Kitchen > Pans"
    chinese = feed(table({**LAMP, "一级类目": one_of("男装"), "二级类目": one_of("T恤", "衬衫")}))
    assert chinese.items["attr_category"][1] == "男装 > 衬衫"


def test_what_ties_no_variants_together(feed: Any) -> None:
    """Yes and no, a price, a size, a maker with a third of the items: titles alike are no proof."""
    columns: dict[str, Cell] = {
        "code": lambda row: f"C{row}",
        "title": lambda row: f"Candle {('fig', 'amber', 'rose')[row % 3]} {row}",
        "for_sale": lambda row: ("yes", "no")[row % 3 == 0],
        "cost": lambda row: 4 + row % 3,
        "height": lambda row: f"{10 + row % 3} cm",
        "scent": lambda row: ("fig", "amber", "rose")[row % 3],
    }
    assert feed(table(columns)).layout.group_by is None


def test_a_sum_below_the_table_hides_no_ids(feed: Any) -> None:
    text = table(
        {"Art.-Nr.": lambda row: f"CH-{row}", "Artikel": lambda row: f"Wanduhr Alpin {row}", "Preis": one_of("80.00")}
    )
    found = feed(text + ",Summe,35000.00\n")
    assert found.items["item_id"][0] == "CH-0"
    assert len(found.rejections.rows) == 1


def test_prices_in_other_currencies_wherever_the_name_says_it(feed: Any) -> None:
    prices = {"INR": {"amount": 1200}, "USD": {"amount": 19.5}}
    rows = [{"sku": f"H{row}", "name": f"Brass lamp {row}", "prices": prices} for row in range(12)]
    found = feed("\n".join(map(json.dumps, rows)))
    assert found.shop.prices == {"usd": PriceList(column="prices.usd.amount", currency="USD")}


def test_a_header_with_a_name_for_several_columns(feed: Any) -> None:
    """Names and values of attributes, again and again; or what groups of columns are called, above their own names."""
    repeated = ["Назва_Характеристики", "Значення_Характеристики"]
    rows = [[f"UA{row}", f"Дриль ударний {row}", "Потужність", 500 + row, "Колір", "синій"] for row in range(12)]
    found = feed(written([["Код_товару", "Назва_позиції", *repeated, *repeated], *rows]))
    assert found.items.select("attr_потужність", "attr_колір").row(1) == (501, "синій")
    grouped = feed("Visible,Visible,Offer\n" + table({**LAMP, "Selling Price": one_of(9)}))
    assert grouped.items["price"][0] == 9


def test_codes_that_begin_like_a_currency(feed: Any) -> None:
    columns: dict[str, Cell] = {
        "Barkod": lambda row: f"86900{row:08d}",
        "Ürün Adı": lambda row: f"Kadın elbise çiçekli {row // 3}",
        "Model Kodu": lambda row: f"MDL{row // 3}",
        "Piyasa Satış Fiyatı (KDV Dahil)": one_of("599,99"),
        "Satılacak Fiyat (KDV Dahil)": one_of("449,99"),
        "Görsel 1": one_of("https://t/1.jpg"),
    }
    found = feed(table(columns, delimiter=";"))
    assert found.layout.group_by == "model_kodu"
    assert found.items["attr_model_kodu"][0] == "MDL0"
    assert (found.items["price"][0], found.items["image"][0]) == (449.99, "https://t/1.jpg")


def test_words_that_are_written_together_and_more_than_a_number(feed: Any) -> None:
    columns: dict[str, Cell] = {
        "옵션ID": lambda row: 50000 + row,
        "등록상품명": lambda row: f"무선 청소기 프로 {row}",
        "판매가격": one_of("199,000"),
        "재고": one_of("0", ">20", "5+"),
    }
    found = feed(table(columns))
    assert found.layout.roles["title"] == "등록상품명"
    assert found.items["in_stock"].to_list()[:3] == [False, True, True]


def test_features_with_their_kind(feed: Any) -> None:
    found = feed(
        table({**LAMP, "Features": one_of("Brand: T[Nike]; Color: S[Red///Blue]", "Brand: T[Asics]; Color: S[Red]")})
    )
    assert found.items["brand"].to_list()[:2] == ["Nike", "Asics"]
    assert found.items["attr_color"][0].to_list() == ["Red", "Blue"]


def test_a_first_row_that_explains_each_column(feed: Any) -> None:
    columns: dict[str, Cell] = {
        "Seller SKU": lambda row: f"SKU{row}",
        "Product Title": lambda row: f"Slim fit shirt {row}",
        "MRP (INR)": lambda row: 1999 + row,
        "Your selling price (INR)": lambda row: 899 + row,
        "Stock": one_of(0, 4),
    }
    header, *rows = table(columns).splitlines()
    found = feed("\n".join([header, "Your number,What it is called,Maximum,At which you sell,How many", *rows]))
    assert found.items.select("item_id", "price", "in_stock").row(0) == ("SKU0", 899, False)
    assert "1 row is left out: it explains the columns" in found.rejections.said


def test_a_till_says_what_the_shop_pays_and_what_each_outlet_has(feed: Any) -> None:
    columns: dict[str, Cell] = {
        "id": lambda row: f"0af7b240-{row:04d}",
        "name": lambda row: f"Steamer wetsuit {row}",
        "variant_option_one_name": one_of("Size"),
        "variant_option_one_value": one_of("8", "10"),
        "supply_price": one_of("120.00"),
        "retail_price": one_of("249.95"),
        "inventory_Main_Outlet": one_of(0, 2),
        "reorder_point_Main_Outlet": one_of(2),
        "inventory_Warehouse": one_of(0, 0, 1),
    }
    found = feed(table(columns))
    assert found.items["price"][0] == 249.95
    assert "attr_supply_price" not in found.items.columns
    assert found.items["attr_size"][1] == 10
    assert set(found.shop.stores) == {"main_outlet", "warehouse"}


def test_prices_from_and_shares_in_percent(feed: Any) -> None:
    columns: dict[str, Cell] = {
        "Leistung": lambda row: f"Haarschnitt Damen Stufe {row}",
        "Preis ab": lambda row: f"ab {35 + row},00 €",
        "discount": one_of(20, 5),
    }
    found = feed(table(columns, delimiter=";"))
    assert found.items.select("title", "price").row(0) == ("Haarschnitt Damen Stufe 0", 35)
    assert found.items["discount"].to_list()[:2] == pytest.approx([0.2, 0.05])


def test_attributes_named_by_an_attribute_of_xml(feed: Any) -> None:
    colour = '<custom-attributes><custom-attribute attribute-id="color">red</custom-attribute></custom-attributes>'
    items = "".join(
        f'<product product-id="S{row}"><display-name>Trail shoe {row}</display-name>'
        f"<online-flag>{str(row != 3).lower()}</online-flag>{colour}</product>"
        for row in range(12)
    )
    found = feed(f"<catalog>{items}</catalog>")
    assert len(found.items) == 11
    assert found.items["attr_color"][0] == "red"


LAMPS = {f"A{row}": {"name": f"Oak lamp {row}", "price": 9.5 + row} for row in range(12)}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(LAMPS),
        json.dumps({"shop": "x", "products": LAMPS}),
        json.dumps({"sku": list(LAMPS), **{key: [one[key] for one in LAMPS.values()] for key in ("name", "price")}}),
        "".join(f'<item sku="{key}" name="{one["name"]}" price="{one["price"]}"/>' for key, one in LAMPS.items()),
    ],
    ids=["by id", "by id in a list's place", "by column", "in attributes of XML"],
)
def test_where_items_stand(feed: Any, text: str) -> None:
    found = feed(f"<catalog>{text}</catalog>" if text.startswith("<") else text)
    assert found.items.select("item_id", "title", "price").row(3) == ("A3", "Oak lamp 3", 12.5)
    assert len(found.items) == len(LAMPS)


def test_a_printed_price_list(feed: Any) -> None:
    rows = [[row + 1, f"Eichenlampe Modell {row}", f"{9 + row},50 €", f"{8 + row},00 €"] for row in range(12)]
    text = written([["Nr.", "Artikel", "PU TTC", "PU HT"], *rows, ["Seite 1 von 1", "", "", ""]], ";")
    found = feed("Produkte 2026;;;\nStand: 1. Februar;;;\n;;;\n" + text)
    assert found.items.select("title", "price").row(0) == ("Eichenlampe Modell 0", 9.5)
    assert found.rejections.summary == "12 rows kept, 0 rejected"
    assert "1 row is left out: it is a heading" in found.rejections.said


def test_labels_are_a_list_by_what_they_are_called(feed: Any) -> None:
    found = feed(table({**LAMP, "tags": one_of("silver,dainty,gift", "boho")}))
    assert found.items["attr_tags"][0].to_list() == ["silver", "dainty", "gift"]


def test_a_sale_that_is_in_the_price_already(feed: Any) -> None:
    prices = {"price": one_of(12), "regular_price": one_of(15), "sale_price": one_of(12)}
    assert feed(table({**LAMP, **prices})).items.select("price", "discount").row(0) == pytest.approx((12, 0.2))
