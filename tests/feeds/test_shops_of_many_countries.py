"""Feeds as shops of many countries and trades export them: what each column is, without a word from the shop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.feeds.tables import LAMP, Cell, N, one_of, table, written
from trimtab.catalog.feeds.columns.summary.inference import said_of
from trimtab.catalog.feeds.reading import read_feed
from trimtab.catalog.shop import Shop
from trimtab.catalog.shop_text import shop_text

INDIA: dict[str, Cell] = {
    "Sl No": lambda row: row + 1,
    "Product Name": lambda row: f"Cotton kurta with silk border {row}",
    "Sub Category": one_of("Ethnic Wear", "Sarees"),
    "Category": one_of("Clothing"),
    "MRP (₹)": one_of("₹1,29,999", "₹999"),
    "Selling Price (₹)": one_of("₹ 1,00,000/-", "₹ 499/-"),
    "Discount %": one_of("23% off", "50% off"),
    "Available": one_of("Yes", "No"),
    "Launch Date": one_of("22-Mar-2024", "14-Jan-2024"),
    "Rating": one_of("3.9 out of 5 stars", "4.5 out of 5 stars"),
}
JAPAN: dict[str, Cell] = {
    "商品コード": lambda row: f"JP-{row:04d}",
    "商品名": lambda row: f"綿のシャツ 長袖 {row}",
    "商品説明": one_of("贈り物にも最適な日本製です。", "高品質です。"),
    "カテゴリ": one_of("ファッション>トップス", "食品>お茶"),
    "販売価格": one_of("28,100円", "4,900円"),
    "定価": one_of("￥30,000", "￥5,000"),
    "在庫数": one_of("12", "0", "残りわずか"),
    "重量": one_of("500g", "250g"),
    "発売日": one_of("2024年8月2日", "2024年12月15日"),
}
BRAZIL: dict[str, Cell] = {
    "codigo": lambda row: f"BR{row}",
    "nome_do_produto": lambda row: f"Geladeira com porta de vidro {row}",
    "descrição": one_of("Ótimo produto com entrega rápida para todo o país.", "Feito com algodão."),
    "preço_de": one_of("R$ 2.861,88", "R$ 119,90"),
    "preço_por": one_of("R$ 2.384,90", "R$ 99,90"),
    "estoque": one_of("Em estoque", "Esgotado"),
    "peso_kg": one_of("57,276", "2,500"),
    "data_cadastro": one_of("13/02/2024 10:30", "01/05/2024 10:30"),
}
ARABIA: dict[str, Cell] = {
    "رقم المنتج": lambda row: f"SA{row}",
    "اسم المنتج": lambda row: f"عطر رجالي فاخر {row}",
    "العلامة التجارية": one_of("لطافة", "القصيم"),
    "القسم": one_of("عطور > رجالي", "أغذية > تمور"),
    "السعر": one_of("٢١٠٠٫٥٠ ر.س", "١٢٠٫٥٠ ر.س"),
    "متوفر": one_of("متوفر", "غير متوفر"),
}
TURKEY: dict[str, Cell] = {
    "Stok Kodu": lambda row: f"TR{row}",
    "Ürün Adı": lambda row: f"Güneş kremi yüksek koruma {row}",
    "Fiyat": one_of("1.290,90 TL", "90,00 TL"),
    "İndirimli Fiyat": one_of("1.000,00 TL", ""),
    "Stok": one_of("0", "20"),
}
DENMARK: dict[str, Cell] = {
    "varenummer": lambda row: f"DK{row}",
    "varenavn": lambda row: f"Regnjakke til børn og voksne {row}",
    "mærke": one_of("Hummel", "Reima"),
    "pris_øre": one_of(12995, 8900),
    "lagerstatus": one_of("På lager", "Ikke på lager"),
    "oprettet": one_of("13-02-2024", "01-05-2024"),
}


@pytest.mark.parametrize(
    ("columns", "language", "currency", "price", "discount", "in_stock"),
    [
        (INDIA, "en", "INR", (100_000, 499), (0.23, 0.5), (True, False)),
        (JAPAN, "ja", "JPY", (28_100, 4_900), (1 - 281 / 300, 0.02), (True, False)),
        (BRAZIL, "pt", "BRL", (2384.9, 99.9), (1 - 2384.9 / 2861.88, 1 - 99.9 / 119.9), (True, False)),
        (ARABIA, "ar", "SAR", (2100.5, 120.5), (0, 0), (True, False)),
        (TURKEY, "tr", "TRY", (1000, 90), (1 - 1000 / 1290.9, 0), (False, True)),
        (DENMARK, "da", None, (129.95, 89), (0, 0), (True, False)),
    ],
)
def test_a_shop_of_each_country_says_what_its_columns_are(
    feed: Any,
    columns: dict[str, Cell],
    language: str,
    currency: str | None,
    price: tuple[float, ...],
    discount: tuple[float, ...],
    in_stock: tuple[bool, ...],
) -> None:
    found = feed(table(columns))
    first = found.items.head(2)
    assert found.layout.languages == (language,)
    assert found.layout.rules.currency == currency
    assert first["price"].to_list() == pytest.approx(price)
    assert first["discount"].to_list() == pytest.approx(discount, abs=1e-6)
    assert first["in_stock"].to_list() == list(in_stock)
    assert found.items["title"].n_unique() == found.items["item_id"].n_unique() == N


def test_dates_and_numbers_are_read_in_the_order_of_the_shop(feed: Any) -> None:
    assert feed(table(INDIA)).items["attr_rating"][:2].to_list() == [3.9, 4.5]
    brazil, japan = feed(table(BRAZIL)).items, feed(table(JAPAN)).items
    assert [str(one.date()) for one in brazil["attr_data_cadastro"][:2]] == ["2024-02-13", "2024-05-01"]
    assert brazil["attr_peso_kg"][:2].to_list() == [57.276, 2.5]
    assert [str(one.date()) for one in japan["attr_発売日"][:2]] == ["2024-08-02", "2024-12-15"]
    us = feed(table(LAMP | {"price": one_of("5.00 USD"), "added": one_of("03/04/2024", "1/2/24, 1:10 PM")}))
    assert [str(one) for one in us.items["attr_added"][:2]] == [
        "2024-03-04 00:00:00+00:00",
        "2024-01-02 13:10:00+00:00",
    ]


def test_a_name_that_the_cells_do_not_bear_out_is_no_role(feed: Any) -> None:
    columns = {"availability": one_of("warehouse 7", "warehouse 9"), "Discount rate": one_of("gold tier")}
    found = feed(table(LAMP | columns))
    assert found.items["in_stock"].all()
    assert found.items["attr_availability"][:2].to_list() == ["warehouse 7", "warehouse 9"]
    assert found.items["attr_discount_rate"].unique().to_list() == ["gold tier"]


def test_what_all_items_say_can_be_asked_for_and_counts_nothing(feed: Any) -> None:
    columns = {"minimum": one_of(3), "condition": one_of("new"), "weight": one_of(2, 3), "weight_unit": one_of("kg")}
    found = feed(table(LAMP | columns))
    by_name = {one.name: one for one in found.attributes}
    assert by_name["weight"].unit == "kg"
    for name in ("minimum", "condition"):
        said = by_name[name]
        assert (said.filter, said.facet, said.search) == (True, False, name == "condition")
    assert any("the same for all items: minimum (3), condition (new)" in line for line in found.rejections.said)


def test_sides_are_numbers_with_a_unit(feed: Any) -> None:
    columns = {"Masse (BxHxT)": one_of("40 x 90 x 45,5 cm", "50x100x60 cm"), "size": one_of("2 x 3 m", "2 m x 1,5 m")}
    found = feed(table(LAMP | columns))
    by_name = {one.name: one for one in found.attributes}
    sides = [f"masse_bxhxt.{side}" for side in ("width", "height", "depth")]
    assert [by_name[side].unit for side in sides] == ["cm"] * 3
    assert found.items.select(f"attr_{side}" for side in sides).row(0) == (40, 90, 45.5)
    assert found.items.select("attr_size.1", "attr_size.2").row(1) == (2, 1.5)


def test_markup_is_no_path_and_categories_without_one_of_their_own_are_told_apart(feed: Any) -> None:
    paths = one_of("Inicio,Bodega,Tintos", "Inicio,Despensa,Aceites")
    found = feed(table(LAMP | {"note": one_of("<p>Short</p>", "<p>Other</p>"), "Categories (x,y,z...)": paths}))
    assert {one.name: one.kind for one in found.attributes} == {"note": "text", "category": "path"}
    assert found.items["attr_category"][0] == "Inicio > Bodega > Tintos"


def test_ids_are_not_what_counts_or_measures(feed: Any) -> None:
    books: dict[str, Cell] = {
        "Tytuł": lambda row: f"Tajemnica lasu tom {row}",
        "Liczba stron": lambda row: 100 + 7 * row % 97,
        "ISBN": lambda row: f"97883{row * 7919:08d}",
    }
    found = feed(table(books))
    assert found.layout.roles["item_id"] == "ISBN"
    alone = feed(table({"Item": lambda row: f"Oak shelf {row}", "Price": lambda row: f"£{row + 5}.50"}))
    assert alone.items["item_id"][0] == alone.items["title"][0] == "Oak shelf 0"
    assert alone.layout.rules.currency == "GBP"


def test_a_table_begins_below_what_stands_above_it(feed: Any) -> None:
    rows = [["Price list", "", "", ""], ["", "", "", ""], ["SKU", "Item name", "Price", "Qty"]]
    found = feed(
        written([*rows, *([f"S{n}", f"Shelf {n}", f"£{n}.50", "#REF!"] for n in range(1, 9))]).encode("cp1252")
    )
    assert found.items["price"].to_list() == [n + 0.5 for n in range(1, 9)]


FAMILY = """ID;SKU;Name;Vorrätig?;Lager;Preis;Kategorien;Übergeordnetes Produkt;Attribut 1 Name;Attribut 1 Wert(e)
1;BO1;Bosch Kaffeevollautomat;1;;;Küche > Kaffee;;Farbe;Schwarz, Weiß
2;BO1-S;Bosch Kaffeevollautomat - Schwarz;1;4;1.299,00;;BO1;Farbe;Schwarz
3;BO1-W;Bosch Kaffeevollautomat - Weiß;0;;899,99;;BO1;Farbe;Weiß
4;AE2;AEG Waschmaschine leise;1;2;499,00;Haushalt > Großgeräte;;Farbe;Weiß
"""


def test_rows_that_name_a_parent_take_from_it_what_they_lack(feed: Any) -> None:
    header, *rows = FAMILY.splitlines(keepends=True)
    for text in (FAMILY, "".join((header, *rows[1:], rows[0]))):
        found = feed(text).items.sort("item_id")
        assert found["item_id"].to_list() == ["2", "3", "4"]
        assert found["attr_category"].to_list() == ["Küche > Kaffee"] * 2 + ["Haushalt > Großgeräte"]
        assert found["attr_farbe"].to_list() == ["Schwarz", "Weiß", "Weiß"]
        assert found["attr_group_id"].to_list() == ["BO1", "BO1", None]
        assert found["price"].to_list() == [1299, 899.99, 499]


NOT_ALONE = "Not Visible Individually"
MAGENTO = [
    ["sku", "store_view_code", "attribute_set_code", "product_type", "categories", "name", "visibility", "price", "qty",
     "additional_attributes", "configurable_variations"],
    ["H1-S", "", "Top", "simple", "Default Category/Men/Tops,Default Category/Eco", "Hoodie-S", NOT_ALONE,
     "42.0000", "3", "size=S,color=Red", ""],
    ["H1-M", "", "Top", "simple", "Default Category/Men/Tops,Default Category/Eco", "Hoodie-M", NOT_ALONE,
     "42.0000", "0", "size=M,color=Red", ""],
    ["H1", "", "Top", "configurable", "Default Category/Men/Tops,Default Category/Eco", "Hoodie", "Catalog, Search",
     "42.0000", "0", "material=Cotton|Fleece", "sku=H1-S,size=S|sku=H1-M,size=M"],
    ["H1", "fr", "Top", "configurable", "", "Sweat", "", "", "", "", ""],
    ["B1", "", "Bag", "simple", "Default Category/Gear", "Bag", "Catalog, Search", "20.0000", "1", "color=Blue", ""],
]  # fmt: skip
BIGCOMMERCE = [
    ["Item Type", "Product ID", "Product Name", "Product Code/SKU", "Price", "Retail Price", "Sale Price", "Category",
     "Track Inventory", "Current Stock Level", "Product Custom Fields"],
    ["Product", "7", "Rash Vest", "RV", "39.95", "0.00", "0.00", "Sports/Surf;Sale", "by product", "3",
     '"Skill=Beginner";"Fin=Thruster"'],
    ["  SKU", "", "[S]Size=Small", "RV-S", "", "", "", "", "", "", ""],
    ["  SKU", "", "[S]Size=Large", "RV-L", "", "", "", "", "", "", ""],
    ["Product", "8", "Board", "BB", "80.00", "100.00", "60.00", "Sports", "none", "", ""],
]  # fmt: skip


def test_magento_lists_its_variants_behind_them(feed: Any) -> None:
    found = feed(written(MAGENTO))
    assert found.layout.platform == "Magento products"
    assert found.items["item_id"].to_list() == ["H1-S", "H1-M", "B1"]
    assert found.items["attr_group_id"].to_list() == ["H1", "H1", None]
    assert found.items["attr_category"].to_list() == [["Men > Tops", "Eco"], ["Men > Tops", "Eco"], ["Gear"]]
    assert found.items["attr_material"].to_list() == [["Cotton", "Fleece"], ["Cotton", "Fleece"], None]
    assert found.items["in_stock"].to_list() == [True, False, True]


def test_bigcommerce_has_a_row_for_each_variant_behind_its_product(feed: Any) -> None:
    found = feed(written(BIGCOMMERCE))
    assert found.layout.platform == "BigCommerce products"
    assert found.items["item_id"].to_list() == ["RV-S", "RV-L", "BB"]
    assert found.items["attr_size"].to_list() == ["Small", "Large", None]
    assert found.items["attr_skill"].to_list() == ["Beginner", "Beginner", None]
    assert found.items["price"].to_list() == pytest.approx([39.95, 39.95, 60])
    assert found.items["attr_category"].to_list() == [["Sports > Surf", "Sale"], ["Sports > Surf", "Sale"], ["Sports"]]


def test_nested_objects_are_read_through_what_wraps_them(feed: Any) -> None:
    lines = [
        {
            "product": {"id": n, "name": f"Espresso machine {n}", "details": {"brand": {"id": 7, "name": "Acme"}}},
            "pricing": {"amount_cents": 51_022, "currency": "USD"},
            "inventory": {"quantity": n % 2},
            "taxonomy": [{"level": 0, "name": "Home"}, {"level": 1, "name": "Kitchen" if n % 2 else "Bar"}],
            "specs": {"weight": {"value": 1.5 + n, "unit": "kg"}},
        }
        for n in range(N)
    ]
    found = feed("\n".join(map(json.dumps, lines)))
    first = found.items.row(0, named=True)
    assert (first["item_id"], first["title"], first["brand"]) == ("0", "Espresso machine 0", "Acme")
    assert (first["price"], first["in_stock"], first["attr_category"]) == (510.22, False, "Home > Bar")
    assert {one.name: one.unit for one in found.attributes}["specs.weight.value"] == "kg"


def test_shopify_says_costs_audiences_and_the_prices_of_markets(feed: Any) -> None:
    header = ["Handle", "Title", "Option1 Name", "Option1 Value", "Variant SKU", "Variant Price", "Cost per item",
              "Google Shopping / Gender", "Price / United States", "Status"]  # fmt: skip
    found = feed(
        written(
            [
                header,
                ["shirt", "Linen Shirt", "Size", "S", "LS-S", "49.00", "20.00", "female", "55.00", "active"],
                ["shirt", "", "", "M", "LS-M", "49.00", "21.00", "", "56.00", ""],
            ]
        )
    )
    assert "attr_cost_per_item" not in found.items.columns
    assert found.items["attr_gender"].to_list() == ["female", "female"]
    assert {name: one.column for name, one in found.shop.prices.items()} == {"united_states": "price_united_states"}
    assert not any(one.facet for one in found.attributes if one.name == "price_united_states")


def test_what_a_shop_pays_is_for_its_objectives_alone(tmp_path: Path) -> None:
    path, toml = tmp_path / "feed.csv", tmp_path / "shop.toml"
    path.write_text(
        "id;name;preis;EK-Preis;Versandkosten\n1;Zange;9,50 €;4,20 €;3,90 €\n2;Feile;8,00 €;3,10 €;4,90 €\n"
    )
    names = {one.name for one in read_feed(path).attributes}
    assert "ek_preis" not in names
    assert "versandkosten" in names
    assert any(line.startswith("nothing was made of: EK-Preis (what the") for line in said_of(read_feed(path).layout))
    toml.write_text('[objectives.margin]\nhead = "purchase"\nvalue = "price / 1.19 - ek_preis"\n')
    found = read_feed(path, shop=Shop.read(toml))
    (cost,) = (one for one in found.attributes if one.name == "ek_preis")
    assert cost.is_hidden
    assert found.items["attr_ek_preis"].to_list() == [4.2, 3.1]
    toml.write_text(shop_text(found.shop))
    assert read_feed(path, shop=Shop.read(toml)).items.equals(found.items)


def test_an_article_number_may_be_searched_beside_being_the_id(tmp_path: Path) -> None:
    path, toml = tmp_path / "feed.csv", tmp_path / "shop.toml"
    path.write_text("Artikelnummer;Bezeichnung;Preis\nA-17;Zange;9,50 €\nA-18;Feile;8,00 €\n")
    section = '[attributes.code]\ncolumn = "Artikelnummer"\nfacet = false\n'
    for catalogue in ("", '[catalogue]\nitem_id = "Artikelnummer"\n'):
        toml.write_text(catalogue + section)
        found = read_feed(path, shop=Shop.read(toml))
        assert found.items["item_id"].to_list() == found.items["attr_code"].to_list() == ["A-17", "A-18"]
        assert next(one for one in found.attributes if one.name == "code").search
