"""Exports in which a product is several rows, or a row several items: which of them are items, and of what."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.feeds.tables import column, table, written

N = 8


def wix() -> str:
    names = ["handleId", "fieldType", "name", "description", "collection", "sku", "price", "surcharge", "visible"]
    names += ["inventory", "productOptionName1", "productOptionType1", "productOptionDescription1", "brand"]
    rows: list[list[object]] = []
    for n in range(N):
        visible = "false" if n == 0 else "true"
        shared = [f"Mug {n}", "<p>By hand</p>", "Mugs;Kitchen" if n % 2 else "Mugs"]
        rows.append([f"p{n}", "Product", *shared, f"M{n}", 20 + n, "", visible, "InStock"])
        rows[-1] += ["Color", "COLOR", "#2f4f4f:Slate;#fff:White", "Clay"]
        for colour, more in (("#2f4f4f:Slate", "0.0"), ("#fff:White", "5.0")):
            sku = f"M{n}-{colour.partition(':')[2]}"
            rows.append([f"p{n}", "Variant", "", "", "", sku, "", more, visible, "OutOfStock", "", "", colour, ""])
    return written([names, *rows])


def test_variants_behind_their_product(feed: Any) -> None:
    found = feed(wix())
    assert column(found, "item_id")[:2] == ["M1-Slate", "M1-White"]
    assert set(column(found, "attr_group_id")) == {f"p{n}" for n in range(1, N)}
    assert column(found, "title")[:2] == ["Mug 1", "Mug 1"]
    assert column(found, "price")[:2] == [21, 26]
    assert column(found, "attr_color")[:2] == ["Slate", "White"]
    assert not any(column(found, "in_stock"))
    assert "attr_handleid" not in found.items.columns


def test_a_product_that_is_its_own_first_variant(feed: Any) -> None:
    names = ["Product ID [Non Editable]", "Variant ID [Non Editable]", "Product URL", "Title", "Description", "SKU"]
    names += ["Option Name 1", "Option Value 1", "Price", "Sale Price", "Stock", "Categories", "Visible"]
    rows = []
    for n in range(N):
        visible = "No" if n == 2 else "Yes"
        head = [f"a{n}", f"v{n}5", f"ring-{n}", f"Ring {n}", "<p>gold</p>", f"SQ{n}5", "Ring size", 5]
        rows.append([*head, 90, "0.00", "Unlimited", "/rings, /gold", visible])
        rows.append(["", f"v{n}6", "", "", "", f"SQ{n}6", "", 6, 95, "70.00", 0, "", ""])
    found = feed(written([names, *rows]))
    assert column(found, "item_id")[:2] == ["SQ05", "SQ06"]
    assert column(found, "attr_ring_size")[:2] == [5, 6]
    assert column(found, "price")[:2] == [90, 70]
    assert column(found, "in_stock")[:2] == [True, False]
    assert len(found.items) == 2 * (N - 1)
    assert "2 rows are left out: Visible is No" in found.rejections.said


def test_variants_of_a_marketplace_listing(feed: Any) -> None:
    names = ["*Action(SiteID=UK|Country=GB|Currency=GBP|Version=1193)", "Custom label (SKU)", "Category name", "Title"]
    names += ["Relationship", "Relationship details", "Start price", "Quantity", "Description", "C:Brand"]
    rows: list[list[object]] = []
    for n in range(N):
        details = "Colour=Red;Black|Size=S;M"
        rows.append(["Add", f"E{n}", "Sport:Cycling", f"Jersey {n}", "", details, "", "", "<p>New</p>", "dhb"])
        for colour, size in (("Red", "S"), ("Black", "M")):
            own = ["", f"E{n}-{colour}{size}", "", "", "Variation", f"Colour={colour}|Size={size}", "19.99", n, "", ""]
            rows.append([*own])
    found = feed(written([["Info", "Version=1.0.0", *[""] * 8], names, *rows]))
    assert column(found, "item_id")[:2] == ["E0-RedS", "E0-BlackM"]
    assert (column(found, "attr_colour")[:2], column(found, "attr_size")[:2]) == (["Red", "Black"], ["S", "M"])
    assert set(column(found, "brand")) == {"dhb"}
    assert found.shop.catalogue.currency == "GBP"


def test_damage_is_no_variant(feed: Any) -> None:
    """Rows that lack nothing but their title are rejected, as they were."""
    rows = [[f"A{n}", "" if n == 5 else f"Lamp {n}", "Acme", "Lighting", 9 + n] for n in range(40)]
    found = feed(written([["id", "title", "brand", "category", "price"], *rows]))
    assert len(found.rejections.rows) == 1
    assert len(found.items) == 39


@pytest.mark.parametrize("parent", ["OXPARENTID", "Parent Sku"])
def test_templates(feed: Any, parent: str) -> None:
    """What has variants and lacks a price of its own, or says what they share, is not an item."""
    ids, price = ("OXID", "OXPRICE") if parent.startswith("OX") else ("Item Sku", "Standard Price")
    title = "OXTITLE" if parent.startswith("OX") else "Item Name"
    rows = [
        row
        for n in range(N)
        for row in (
            [f"P{n}", "", f"Mat {n}", ""],
            [f"P{n}-a", f"P{n}", f"Mat {n} red", "9,95"],
            [f"P{n}-b", f"P{n}", f"Mat {n} blue", "9,95"],
        )
    ]
    found = feed(written([[ids, parent, title, price], *rows]))
    assert column(found, "item_id")[:3] == ["P0-a", "P0-b", "P1-a"]
    assert set(column(found, "price")) == {9.95}
    assert column(found, "attr_group_id")[:3] == ["P0", "P0", "P1"]


def test_the_parent_among_columns_called_so(feed: Any) -> None:
    columns = {
        "Artikelnummer": lambda row: f"B{row}",
        "Identifizierungsspalte Vaterartikel": lambda _: "BW",
        "Vaterartikel": lambda row: f"B{row - row % 3}" if row % 3 else "",
        "Artikelname": lambda row: "" if row % 3 else f"Laken {row}",
        "Std. VK Brutto": lambda row: f"{10 + row},99",
        "Std. VK Netto": lambda row: f"{9 + row},99",
        "UVP": lambda row: f"{20 + row},99",
    }
    found = feed(table(columns, delimiter=";"))
    assert column(found, "title")[:2] == ["Laken 0", "Laken 0"]
    assert column(found, "price")[0] == pytest.approx(11.99)
    assert column(found, "discount")[0] > 0.4
    assert found.shop.catalogue.currency is None


def test_xml_of_any_element(feed: Any) -> None:
    items = [
        f'<o id="P{n}" price="{9 + n}.50" stock="{n % 2}" url="https://sklep.pl/{n}"><cat><![CDATA[AGD/Pralki]]></cat>'
        f"<name>Pralka automatyczna {n}</name><imgs><main url='https://sklep.pl/{n}.jpg'/></imgs>"
        '<attrs><a name="Producent">Bosch</a><a name="Kolor">biały</a></attrs></o>'
        for n in range(N)
    ]
    found = feed(f'<?xml version="1.0"?><offers><group name="other">{"".join(items)}</group></offers>')
    assert column(found, "title")[0] == "Pralka automatyczna 0"
    assert column(found, "brand")[0] == "Bosch"
    assert column(found, "in_stock")[:2] == [False, True]
    assert (column(found, "category")[0], column(found, "product_type")[0]) == ("AGD", "Pralki")
    assert found.shop.catalogue.currency == "PLN"


def test_a_long_tag_is_read_once(feed: Any) -> None:
    more = " ".join(f'attribute{number}="{number}"' for number in range(30))
    found = feed(
        "<shop>" + "".join(f'<item id="P{n}" {more}><title>Mug {n}</title></item>' for n in range(N)) + "</shop>"
    )
    assert column(found, "title")[:2] == ["Mug 0", "Mug 1"]


def test_xml_with_a_tree_of_categories(feed: Any) -> None:
    offers = [
        f'<offer id="{n}" available="true"><price>290</price><categoryId>{11 + n % 2}</categoryId>'
        f"<picture>https://m.ru/{n}a.jpg</picture><picture>https://m.ru/{n}b.jpg</picture><name>Чайник {n}</name>"
        '<param name="Вес" unit="кг">1.5</param></offer>'
        for n in range(N)
    ]
    tree = '<category id="1">Кухня</category><category id="11" parentId="1">Чайники</category>'
    tree += '<category id="12" parentId="1">Плиты &amp; печи</category>'
    found = feed(
        f"<yml_catalog><shop><categories>{tree}</categories><offers>{''.join(offers)}</offers></shop></yml_catalog>"
    )
    assert column(found, "attr_category")[:2] == ["Кухня > Чайники", "Кухня > Плиты & печи"]
    assert column(found, "image")[0] == "https://m.ru/0a.jpg"
    assert next(one for one in found.attributes if one.name == "вес").unit == "кг"


def test_xml_with_variants(feed: Any) -> None:
    variations = "".join(
        f"<variation><variationid>V{{n}}-{size}</variationid><size>{size}</size>"
        f"<quantity>{size - 38}</quantity></variation>"
        for size in (38, 39)
    )
    products = [
        f"<product><id>{n}</id><name>Sneaker {n}</name><price>49.90</price><color>white</color>"
        f"<variations>{variations.format(n=n)}</variations></product>"
        for n in range(N)
    ]
    found = feed(f"<store><products>{''.join(products)}</products></store>")
    assert column(found, "item_id")[:2] == ["V0-38", "V0-39"]
    assert column(found, "attr_size")[:2] == [38, 39]
    assert column(found, "in_stock")[:2] == [False, True]
    assert column(found, "attr_group_id")[:3] == ["0", "0", "1"]


def test_prices_in_several_currencies(feed: Any) -> None:
    def price(code: str, cents: int) -> dict[str, object]:
        return {"value": {"currencyCode": code, "centAmount": cents, "fractionDigits": 2}, "country": code[:2]}

    def variant(n: int, size: str) -> dict[str, object]:
        prices = [price("EUR", 1099 + n), price("USD", 1299 + n)]
        return {"id": 1, "sku": f"S{n}-{size}", "prices": prices, "attributes": [{"name": "size", "value": size}]}

    results = [
        {
            "id": f"x{n}",
            "name": {"en-US": f"Suede boot {n}", "de-DE": f"Stiefel {n}"},
            "masterVariant": variant(n, "38"),
            "variants": [variant(n, "39")],
        }
        for n in range(N)
    ]
    found = feed(json.dumps({"limit": 8, "results": results}))
    assert column(found, "item_id")[:2] == ["S0-38", "S0-39"]
    assert column(found, "title")[0] == "Suede boot 0"
    assert column(found, "price")[0] == pytest.approx(10.99)
    assert found.shop.catalogue.currency == "EUR"
    assert found.shop.prices["usd"].currency == "USD"
    assert column(found, f"attr_{found.shop.prices['usd'].column}")[0] == pytest.approx(12.99)


def test_an_agents_feed_with_variants(feed: Any) -> None:
    """Prices that are objects count in cents."""

    def variant(n: int, colour: str) -> dict[str, object]:
        return {
            "id": f"p{n}-{colour}",
            "title": colour,
            "barcodes": [{"type": "gtin", "value": f"40000000000{n:02d}"}],
            "price": {"amount": 7999, "currency": "USD"},
            "list_price": {"amount": 9999, "currency": "USD"},
            "availability": {"available": colour == "Navy", "status": "in_stock" if colour == "Navy" else "backorder"},
            "categories": [{"value": "Apparel > Sweaters", "taxonomy": "google_product_category"}],
            "variant_options": [{"name": "Color", "value": colour}],
            "seller": {"name": "Knit Co"},
        }

    products = [
        {
            "id": f"p{n}",
            "title": f"Merino sweater {n}",
            "description": {"plain": "Soft."},
            "variants": [variant(n, "Navy"), variant(n, "Oat")],
        }
        for n in range(N)
    ]
    found = feed(json.dumps({"header": {"feed_id": "f"}, "products": products}))
    assert found.layout.platform == "Agentic Commerce product feed"
    assert column(found, "price")[0] == pytest.approx(79.99)
    assert column(found, "discount")[0] == pytest.approx(0.2, abs=1e-3)
    assert column(found, "in_stock")[:2] == [True, False]
    assert column(found, "attr_color")[:2] == ["Navy", "Oat"]
    assert column(found, "attr_category")[0] == "Apparel > Sweaters"


def test_an_industrial_catalogue(feed: Any) -> None:
    products = [
        f"<PRODUCT><SUPPLIER_PID>B{n}</SUPPLIER_PID><PRODUCT_DETAILS><DESCRIPTION_SHORT>Schutzschalter {n}"
        "</DESCRIPTION_SHORT><DESCRIPTION_LONG>Für die Hutschiene</DESCRIPTION_LONG></PRODUCT_DETAILS>"
        f"<PRODUCT_FEATURES><FEATURE><FNAME>Bemessungsstrom</FNAME><FVALUE>{n + 1}</FVALUE><FUNIT>A</FUNIT></FEATURE>"
        "</PRODUCT_FEATURES><PRODUCT_PRICE_DETAILS><PRODUCT_PRICE><PRICE_AMOUNT>9.90</PRICE_AMOUNT>"
        "<PRICE_CURRENCY>EUR</PRICE_CURRENCY></PRODUCT_PRICE></PRODUCT_PRICE_DETAILS></PRODUCT>"
        for n in range(N)
    ]
    found = feed(f"<BMECAT><T_NEW_CATALOG>{''.join(products)}</T_NEW_CATALOG></BMECAT>")
    assert (column(found, "item_id")[0], column(found, "title")[0]) == ("B0", "Schutzschalter 0")
    assert column(found, "price")[0] == pytest.approx(9.9)
    rated = next(one for one in found.attributes if one.name == "bemessungsstrom")
    assert (rated.kind, rated.unit) == ("number", "A")
