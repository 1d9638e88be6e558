"""Exports of shop programs and marketplaces whose names of columns mean something else elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.feeds.tables import Cell, N, one_of, table
from trimtab.catalog.feeds.reading import read_feed
from trimtab.catalog.shop_text import shop_text


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


def test_prices_of_countries_and_currencies_in_one_cell(feed: Any) -> None:
    def first(cell: Cell) -> Cell:
        return lambda row: "" if row % 2 else cell(row // 2)

    columns: dict[str, Cell] = {
        **{"productType": first(one_of("main")), "variantId": lambda row: str(1 + row % 2)},
        **{"sku": lambda row: f"CT-{row}", "name.en": first(words), "categories": first(one_of("Home>Tables"))},
        "prices": one_of("US-USD 2253|EUR 2049|AT-EUR 2149;EUR 1800 b2b", "EUR 999"),
    }
    found = feed(table(columns))
    assert found.items["price"].to_list()[:2] == [20.49, 9.99]
    assert found.items["attr_group_id"].to_list()[:3] == ["CT-0", "CT-0", "CT-2"]
    assert {name: (one.column, one.currency) for name, one in found.shop.prices.items()} == {
        "usd": ("price_usd", "USD"), "at": ("price_at", None)
    }  # fmt: skip


@pytest.mark.parametrize("members", ["hydra:member", "member"])
def test_products_of_sylius_in_a_collection(feed: Any, members: str) -> None:
    products = [
        {
            **{"@id": f"/api/v2/shop/products/{row}", "@type": "Product", "code": f"P{row}", "name": words(row)},
            **{"mainTaxon": "/api/v2/shop/taxons/tables", "images": [{"@type": "Image", "path": "/a.jpg"}]},
            "defaultVariantData": {"@type": "V", "price": 2049, "originalPrice": 4098, "inStock": row > 0},
        }
        for row in range(N)
    ]
    found = feed(json.dumps({"@context": "/api", "@type": "hydra:Collection", members: products}))
    first = found.items.row(0, named=True)
    assert [first[name] for name in ("item_id", "title", "category", "price", "discount", "in_stock")] == [
        "P0", words(0), "tables", 20.49, 0.5, False
    ]  # fmt: skip


COMBINATIONS: dict[str, Cell] = {
    **{"Product reference": lambda row: f"D{row // 2}", "Reference": lambda row: f"D{row // 2}-{row % 2}"},
    **{"Name": lambda row: words(row // 2), "Attribute (Name:Type:Position)*": one_of("Color:color:0,Size:select:1")},
    "Value (Value:Position)*": one_of("Red:0,S:1", "Blue:0,M:1"),
}


def test_names_of_attributes_in_one_cell_and_their_values_in_another(feed: Any) -> None:
    found = feed(table(COMBINATIONS))
    assert found.items.select("attr_color", "attr_size").rows()[:2] == [("Red", "S"), ("Blue", "M")]
    assert found.layout.group_by == "product_reference"


def test_variations_of_items_of_one_name_are_variants(feed: Any, tmp_path: Path) -> None:
    columns: dict[str, Cell] = {
        **{"Token": lambda row: f"T{row}", "Item Name": lambda row: words(row // 2), "SKU": lambda row: f"S{row}"},
        **{"Variation Name": one_of("Small", "Large"), "Current Quantity Downtown": one_of("0", "3")},
        "Current Quantity Airport": one_of("1", "0"),
    }
    found = feed(table(columns))
    assert (found.layout.group_by, set(found.shop.stores)) == ("item_name", {"downtown", "airport"})
    (tmp_path / "shop.toml").write_text(shop_text(found.shop))
    again = read_feed(tmp_path / "feed", tmp_path / "shop.toml")
    assert (again.layout.group_by, again.items["attr_item_name"][1]) == ("item_name", words(0))


def test_sums_below_a_table_are_no_items(feed: Any) -> None:
    columns: dict[str, Cell] = {"Art.-Nr.": lambda row: f"{1000 + row}", "Bezeichnung": words, "Bestand": one_of("2")}
    more: dict[str, Cell] = {"Preis": one_of("4,50"), "Farbe": one_of("rot", "blau"), "Holz": one_of("Eiche", "Esche")}
    rows = table({**columns, **more}).rstrip("\n")
    sign = "," if rows.splitlines()[0].count(",") > rows.splitlines()[0].count(";") else ";"
    found = feed("\n".join([rows, sign.join(["", "Summe:", str(2 * N), "", "", ""])]))
    assert (len(found.items), len(found.rejections.rows)) == (N, 0)
    assert "1 row is left out: it has sums" in found.rejections.said


@pytest.mark.parametrize("yes", ["O", "S", "J", "j"])
def test_yes_and_no_by_their_first_letters(feed: Any, yes: str) -> None:
    found = feed(table({**NUMBERED, "Remboursé": one_of(yes, "N")}))
    assert found.items["attr_remboursé"].to_list()[:2] == [True, False]


def test_an_item_is_there_where_one_of_its_stores_has_it(feed: Any) -> None:
    items = [
        {
            "id": f"T{row}",
            "name": words(row),
            "inventory": [{"store": "Malmö", "qty": 0}, {"store": "Lund", "qty": row}],
        }
        for row in range(N)
    ]
    assert feed(json.dumps(items)).items["in_stock"].to_list()[:2] == [False, True]


def test_categories_that_are_numbers_and_fields_of_bigcommerce(feed: Any) -> None:
    columns: dict[str, Cell] = {
        **{"Item": one_of("Product"), "ID": lambda row: f"{row}", "Name": words, "SKU": lambda row: f"B{row}"},
        **{"Options": one_of(""), "Categories": one_of("23; 24"), "Custom Fields": one_of("Wood=Oak;Origin=PL")},
    }
    first = feed(table(columns)).items.row(0, named=True)
    assert (first["category"], first["attr_wood"], first["attr_origin"]) == ("", "Oak", "PL")


def test_measures_and_ratings_of_shopify_s_own_fields(feed: Any) -> None:
    columns: dict[str, Cell] = {
        **{"Handle": lambda row: f"h{row}", "Title": words, "Variant Price": one_of("9.90"), "Vendor": one_of("Oda")},
        **{
            "Variant SKU": lambda row: f"S{row}",
            "Option1 Name": one_of("Title"),
            "Option1 Value": one_of("Default Title"),
        },
        "Rating (product.metafields.reviews.rating)": one_of('{"value":"4.5","scale_max":"5.0"}', '{"value":"3.0"}'),
        "Width (product.metafields.custom.width)": one_of('{"value":12.5,"unit":"CM"}', '{"value":8,"unit":"CM"}'),
    }
    found = feed(table(columns))
    assert found.items.select("attr_rating", "attr_width").row(0) == (4.5, 12.5)
    assert {one.name: one.unit for one in found.attributes}["width"] == "cm"


SKUS: dict[str, Cell] = {"_SkuId (Not changeable)": lambda row: f"{700 + row}", "_SkuName": one_of("P", "M")}


def test_items_are_what_can_be_bought_beside_the_id_of_their_product(feed: Any) -> None:
    products: dict[str, Cell] = {"_ProductId (Not changeable)": lambda row: f"{300 + row // 2}"}
    found = feed(table({**SKUS, **products, "_ProductName (required)": lambda row: words(row // 2)}))
    assert found.items["item_id"].to_list()[:2] == ["700", "701"]
    assert found.layout.group_by == "productid_not_changeable"


@pytest.mark.parametrize(
    ("column", "role"),
    [
        ("رمز المنتج sku", "item_id"), ("السعر المخفض", "sale_price"), ("تصنيف المنتج", "category"),
        ("商品番号", "item_id"), ("소비자가", "regular_price"), ("재고수량", "stock"), ("On hand", "stock"),
        ("p_priceNoTax", "price"),
    ],
)  # fmt: skip
def test_names_of_roles_at_more_programs(feed: Any, column: str, role: str) -> None:
    cells: dict[str, Cell] = {
        "item_id": lambda row: f"A{row}", "sale_price": one_of("4.10"), "category": one_of("Tables", "Chairs"),
        "regular_price": one_of("9.10"), "stock": one_of("0", "3"), "price": one_of("5.10"),
    }  # fmt: skip
    others: dict[str, Cell] = {} if role == "price" else {"price": one_of("5.10")}
    others |= {} if role == "item_id" else {"id": lambda row: f"T{row}"}
    assert feed(table({**others, "name": words, column: cells[role]})).layout.roles[role] == column


def test_what_a_korean_shop_pays_is_kept_from_its_shoppers(feed: Any) -> None:
    found = feed(table({**NUMBERED, "판매가": one_of("35000"), "공급가": one_of("19000")}))
    assert found.layout.costs == ("공급가",)


def test_wines_are_called_by_their_maker_cuvee_and_year(feed: Any) -> None:
    columns: dict[str, Cell] = {
        **{"Réf": lambda row: f"V{row}", "Domaine": one_of("Roux", "Lune"), "Cuvée": one_of("Les Pierres")},
        **{"Millésime": lambda row: f"{2010 + row}", "Prix TTC": one_of("19,90")},
    }
    assert feed(table(columns, delimiter=";")).items["title"][1] == "Lune Les Pierres 2011"


@pytest.mark.parametrize(
    ("columns", "names", "values"),
    [
        ({"옵션입력": one_of("색상{레드|블루}//사이즈{S|M}")}, ("색상", "사이즈"), (["레드", "블루"], ["S", "M"])),
        ({"NL_Variant": one_of('"Kleur: Rood","Maat: S"', '"Kleur: Wit","Maat: S"')}, ("kleur", "maat"), ("Rood", "S")),
        ({"variant:Barva": one_of("Rudá"), "filteringProperty:Typ": one_of("Dub")}, ("barva", "typ"), ("Rudá", "Dub")),
        ({"Paraméter: Szín|text": one_of("piros", "kék")}, ("szín",), ("piros",)),
        ({"product_variation_option_Size": one_of("S", "M")}, ("size",), ("S",)),
        ({"Variation Name1": one_of("Warna"), "Option for Variation 1": one_of("Merah")}, ("warna",), ("Merah",)),
        ({"VARIATION 1 NAME": one_of("Size"), "VARIATION 1 VALUES": one_of("S,M")}, ("size",), (["S", "M"],)),
        ({"VARIATION 1 NAME": one_of("Width"), "VARIATION 1 VALUES": one_of("1,5", "2,5")}, ("width",), (1.5,)),
        ({"product_tags[0]": one_of("new"), "product_tags[1]": one_of("gift")}, ("product_tags",), (["new", "gift"],)),
        ({"categories": one_of("20", "21")}, ("categories",), ("20",)),
    ],
)  # fmt: skip
def test_attributes_are_called_by_their_own_names(
    feed: Any, columns: dict[str, Cell], names: tuple[str, ...], values: tuple[object, ...]
) -> None:
    first = feed(table({**NUMBERED, **columns})).items.row(0, named=True)
    assert tuple(first[f"attr_{name}"] for name in names) == values


def test_what_a_row_is_to_a_platform_is_no_facet(feed: Any) -> None:
    found = feed(table({**NUMBERED, "type": one_of("product", "product_variation")}))
    assert [(one.facet, one.search) for one in found.attributes if one.name == "type"] == [(False, False)]


def test_numbers_before_the_names_of_categories(feed: Any) -> None:
    found = feed(table({**NUMBERED, "Category": one_of("100600 - Kitchen", "100601 - Garden")}))
    assert found.items["category"].to_list()[:2] == ["Kitchen", "Garden"]


def test_a_standard_price_beside_the_price_is_what_it_is_compared_with(feed: Any) -> None:
    prices: dict[str, Cell] = {"price": one_of("199,00"), "standardPrice": one_of("249,00", "")}
    variants: dict[str, Cell] = {"pairCode": lambda row: str(row // 2), "ProductCost": one_of("80,00")}
    found = feed(table({**NUMBERED, **prices, **variants}, delimiter=";"))
    assert found.items["discount"].to_list()[:2] == pytest.approx([1 - 199 / 249, 0])
    assert (found.layout.group_by, found.layout.costs) == ("paircode", ("productcost",))


def test_sales_of_hungarian_shops_end(feed: Any) -> None:
    columns: dict[str, Cell] = {"Bruttó Ár": one_of("2990"), "Akciós Bruttó Ár": one_of("1990", "")}
    period: dict[str, Cell] = {"Akció Kezdet": one_of("2026.01.01", ""), "Akció Lejárat": one_of("2027.12.31", "")}
    found = feed(table({**NUMBERED, **columns, **period}, delimiter=";")).items
    assert (found["price"][0], found["attr_sale_price"][0]) == (2990, 1990)
    assert found["attr_sale_end"][0].date().isoformat() == "2027-12-31"


def test_steps_with_two_signs_and_types_that_say_how_records_are_kept(feed: Any) -> None:
    columns: dict[str, Cell] = {"Categories": one_of("Home >> Tables;Home"), "ProductType": one_of("Simple Product")}
    more: dict[str, Cell] = {"Manufacturers": one_of("Oda", "Nor"), "supplier_color": one_of("Red", "Blue")}
    first = feed(table({**NUMBERED, **columns, **more})).items.row(0, named=True)
    assert (first["category"], first["product_type"], first["brand"]) == ("Home", "Tables", "Oda")
    assert first["attr_category"] == ["Home > Tables", "Home"]
