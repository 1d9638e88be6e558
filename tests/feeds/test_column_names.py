"""What a column's name says it is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.feeds.tables import Cell, one_of, table
from trimtab.catalog.feeds.columns.names import role_of, roles_within
from trimtab.catalog.feeds.columns.price_names import is_in_minor_units, is_net, is_purchase_price, price_kind
from trimtab.catalog.feeds.columns.prices import without_measure
from trimtab.catalog.feeds.reshaping.shown import is_on_show


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Désignation FR", None),
        ("Bezeichnung DE", "title"),
        ("name_en", "title"),
        ("product.details.brand.name", "brand"),
        ("product.details.brand.id", None),
        ("pricing.amount_cents", "price"),
        ("taxonomy.name", "category"),
        ("seller.name", None),
        ("Einkaufspreis netto", None),
        ("Cost per item", None),
        ("Verkauft 30 Tage", "popularity"),
        ("units_sold_last_7_days", "popularity"),
        ("Niedrigster Preis 30 Tage", None),
        ("Shipping price", None),
        ("Item", None),
        ("enterprise", None),
        ("salePrice", "sale_price"),
        ("inStock", "in_stock"),
        ("productImageUrl", "image"),
        ("Art.-Nr.", "item_id"),
        ("C:Brand", "brand"),
        ("name.en-US", "title"),
        ("translations.DEFAULT.name", "title"),
        ("price.DEFAULT.gross", "price"),
        ("availability.code", None),
        ("OXTITLE", "title"),
        ("loyalty_program.price", None),
        ("prices.GBP", "price"),
        ("NL_Title_Long", "title"),
        ("PRODUCT_DETAILS.MANUFACTURER_NAME", "brand"),
        ("จำนวนคงเหลือ", "stock"),
        ("buy_price", None),
        ("varumärke", "brand"),
        ("tillgänglighet", "in_stock"),
        ("bildlänk", "image"),
        ("sous_famille", "product_type"),
        ("ten_san_pham", "title"),
        ("danh_muc", "category"),
        ("gia_khuyen_mai", "sale_price"),
        ("دسته‌بندی", "category"),
        ("قیمت (تومان)", "price"),
        ("Termék neve", "title"),
        ("qte", "stock"),
        ("merchant-category", "category"),
        ("sold_quantity", "popularity"),
    ],
)
def test_a_role_is_what_a_name_says_without_what_surrounds_it(name: str, role: str | None) -> None:
    found = role_of(name)
    assert (found[0] if found else None) == role


def test_names_of_prices() -> None:
    names = ("Preis", "UVP", "Angebotspreis", "prix barré", "preço_por", "preço_de", "Cost per item", "weight")
    kinds = ("price", "regular", "sale", "regular", "price", "regular", "other", None)
    assert tuple(map(price_kind, names)) == kinds
    assert is_in_minor_units("price_cents")
    assert not is_in_minor_units("price")


def test_purchase_prices_and_those_to_compare_with() -> None:
    assert is_purchase_price("purchase_prices.DEFAULT.net")
    assert is_purchase_price("OXBPRICE")
    assert price_kind("compareAtPrice") == "regular"
    assert price_kind("listPrice") == "regular"


def test_prices_without_tax_and_for_a_measure() -> None:
    assert is_net("PVP sin IVA")
    assert is_net("Pris ekskl. moms")
    assert not is_net("precio sin descuento")
    assert price_kind("prix neuf") == price_kind("Цена до скидки") == "regular"
    assert price_kind("Price 1+") == "price"
    assert price_kind("Price 10+") == "other"
    assert without_measure("0,28 € / 1 St") == "0,28 €"
    assert without_measure("1 kg = 3,20 €") == "3,20 €"


def test_a_word_of_a_name_says_what_a_column_is_where_its_cells_bear_it_out(feed: Any) -> None:
    assert roles_within("Категория на Маркете") == {"category"}
    assert roles_within("seo_title") == roles_within("supplier name") - {"brand"} == frozenset()
    columns: dict[str, Cell] = {
        "Sygnatura": lambda row: f"KH-{row}",
        "Tytuł oferty": lambda row: f"Klocki hamulcowe {row // 4}",
        "Kategoria Allegro": one_of("Części > Hamulce", "Części > Filtry"),
        "Marka (parametr)": one_of("Bosch", "TRW"),
        "Остаток, шт": one_of(0, 4),
        "category_id": one_of("MLB1055"),
    }
    first = feed(table(columns)).items.row(0, named=True)
    assert (first["title"], first["category"], first["brand"], first["in_stock"]) == (
        "Klocki hamulcowe 0",
        "Części",
        "Bosch",
        False,
    )


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Published", "false", False),
        ("Active (0/1)", "1", True),
        ("actif", "O", True),
        ("actif", "N", False),
        ("Status", "Archived", False),
        ("status", "on its way", None),
    ],
)
def test_on_show(name: str, value: str, shown: bool | None) -> None:
    assert is_on_show(name, value) is shown
