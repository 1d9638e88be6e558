"""Items as feeds nest them: objects and lists of JSON, elements of XML, rows of platforms, variants."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trimtab.core.errors import BadFile


def test_nested_json_is_flat_by_name(feed: Any) -> None:
    item = {
        "id": 1,
        "title": "a",
        "brand": {"name": "Acme"},
        "price": {"amount": 5.5, "currency": "GBP"},
        "size": {"eu": 42, "uk": 8.5},
        "attributes": [{"name": "Colour", "value": "red"}, {"name": "Fit", "values": ["slim", "long"]}],
        "images": [{"src": "https://s.example/1.jpg"}],
        "nothing": None,
    }
    found = feed(json.dumps([item]))
    assert found.shop.catalogue.currency == "GBP"
    (row,) = found.items.to_dicts()
    assert (row["brand"], row["price"], row["image"]) == ("Acme", 5.5, "https://s.example/1.jpg")
    assert (row["attr_size.eu"], row["attr_size.uk"]) == (42, 8.5)
    assert (row["attr_colour"], row["attr_fit"]) == ("red", ["slim", "long"])


def test_shopify_as_it_was_and_is(feed: Any) -> None:
    text = (
        "Handle,Title,Vendor,Type,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,"
        "Variant Inventory Policy,Variant Price,Variant Compare At Price,Image Src,Status\n"
        "mug,Mug,Acme,Kitchen,Title,Default Title,,5,deny,12.50,,http://x,active\nmug,,,,,,,,,,,http://y,\n"
        "tee,Tee,Acme,Shirts,Size,S,T-S,0,continue,10.00,15.00,,active\ntee,,,,,M,T-M,0,deny,10.00,,,\n"
        "old,Old,,,,,O1,,,5,,,draft\n"
    )
    items = feed(text).items
    assert items.select("item_id", "title", "price", "in_stock").rows() == [
        ("mug", "Mug", 12.5, True),
        ("T-S", "Tee - S", 10.0, True),
        ("T-M", "Tee - M", 10.0, False),
    ]
    newer = (
        "Title,URL handle,Vendor,Product category,Status,SKU,Option1 name,Option1 value,Price,Inventory quantity\n"
        "Mug,mug,Acme,Home > Mugs,Active,M1,Color,Red,5.00,3\n,mug,,,,M2,,Blue,6.00,0\n"
    )
    assert feed(newer).items.select("item_id", "title", "attr_color", "in_stock").rows() == [
        ("M1", "Mug - Red", "Red", True),
        ("M2", "Mug - Blue", "Blue", False),
    ]


def test_woocommerce_parents_and_simple_products(feed: Any) -> None:
    text = (
        "ID,Type,SKU,Name,Published,Categories,Regular price,In stock?,Parent,Attribute 1 name,Attribute 1 value(s)\n"
        '1,simple,S1,Mug,1,"Kitchen, Kitchen > Mugs","1.299,50",1,,Colour,"Red, Blue"\n'
        '2,variable,,Tee,1,Clothing,,1,,Size,"S, M"\n3,variation,,Tee - S,1,,"10,00",1,id:2,Size,S\n'
        '4,variable,V,Bag,1,Bags,"7,00",1,,Size,L\n5,simple,D,Book,0,,5,1,,,\n'
    )
    items = feed(text).items
    assert items.select("item_id", "title", "price", "attr_group_id").rows() == [
        ("S1", "Mug", 1299.5, None),
        ("3", "Tee - S", 10.0, "id:2"),
        ("V", "Bag", 7.0, None),
    ]
    assert items["attr_category"].to_list() == [["Kitchen", "Kitchen > Mugs"], ["Clothing"], ["Bags"]]
    assert items["attr_colour"].to_list() == [["Red", "Blue"], None, None]


def test_variants_in_a_list_are_items_of_a_group(feed: Any) -> None:
    variants = [
        {"id": 1, "title": "Pink", "price": "199.00", "sku": "P", "inventory_quantity": 9, "option1": "Pink"},
        {"id": 2, "title": "Default Title", "price": "189.00", "inventory_quantity": 0, "option1": "Red"},
    ]
    product = {"id": 7, "title": "Pod", "vendor": "Acme", "variants": variants, "options": [{"name": "Colour"}]}
    items = feed(json.dumps({"products": [product]})).items
    assert items.select("item_id", "title", "brand", "in_stock", "attr_group_id", "attr_colour").rows() == [
        ("P", "Pod - Pink", "Acme", True, "7", "Pink"),
        ("2", "Pod", "Acme", False, "7", "Red"),
    ]


def test_xml_of_other_kinds(feed: Any) -> None:
    text = """<SHOP><SHOPITEM><ITEM_ID>1</ITEM_ID><PRODUCTNAME>Nokia</PRODUCTNAME><PRICE_VAT>6000,50</PRICE_VAT>
<PARAM><PARAM_NAME>Barva</PARAM_NAME><VAL>černá</VAL></PARAM></SHOPITEM></SHOP>"""
    assert feed(text).items.select("item_id", "title", "price", "attr_barva").row(0) == ("1", "Nokia", 6000.5, "černá")
    text = """<yml_catalog><shop><offers><offer id="9" available="false"><name>Мороженица</name><price>8990</price>
<currencyId>RUR</currencyId><param name="Цвет">белый</param></offer></offers></shop></yml_catalog>"""
    found = feed(text)
    assert found.items.select("item_id", "price", "in_stock", "attr_цвет").row(0) == ("9", 8990, False, "белый")
    assert found.shop.catalogue.currency == "RUB"


def test_a_graph_says_more_than_products(feed: Any) -> None:
    product = {"@type": "Product", "name": "A", "sku": "1", "offers": [{"price": "5.00", "priceCurrency": "EUR"}]}
    found = feed(json.dumps({"@context": "https://schema.org", "@graph": [{"@type": "WebSite"}, product]}))
    assert (found.rejections.rows, found.items["price"].to_list()) == ((), [5])


LISTED = [{"sku": str(n), "title": f"Phone {n}", "price": n, "specs": {"ram": [4, 8]}} for n in range(1, 5)]


@pytest.mark.parametrize(
    "whole",
    [
        {"export": {"products": LISTED}},
        {"responseHeader": {"status": 0, "params": {"q": "*:*"}}, "response": {"numFound": 4, "docs": LISTED}},
        {"status": "ok", "result": {"items": LISTED, "page": 1}},
        {"took": 3, "hits": {"total": {"value": 4}, "hits": [{"_id": one["sku"], "_source": one} for one in LISTED]}},
        {"hits": {"hits": [{"_id": one["sku"], "_source": {"title": one["title"], "price": 1}} for one in LISTED]}},
        {"a": {"b": {"c": {"d": LISTED}}}, "categories": [{"id": 1, "name": "Phones"}]},
        {"response": {"page": {"products": {"edges": [{"node": one} for one in LISTED]}}}},
    ],
)
def test_lists_of_products_are_found_however_deep_they_are(feed: Any, whole: dict[str, Any]) -> None:
    found = feed(json.dumps(whole)).items
    assert found["item_id"].to_list() == ["1", "2", "3", "4"]
    assert found["title"].to_list() == ["Phone 1", "Phone 2", "Phone 3", "Phone 4"]


def test_one_item_with_several_ids_is_refused(feed: Any) -> None:
    with pytest.raises(BadFile, match="item_id has 2 different ids in one item"):
        feed(json.dumps({"id": ["a", "b"], "title": ["Phone 1", "Phone 2"], "price": [3, 4], "x": 1}))


def test_items_of_one_colour_or_seller_are_not_one_product(feed: Any) -> None:
    lines = [f"{n},Oak sideboard {100 + n} cm,{'Natural' if n % 2 else 'Black'},Shop {n % 3}" for n in range(1, 13)]
    assert feed("\n".join(["id,title,colour,seller", *lines])).shop.variants.group_by is None
    lines = [
        f"{n},{kind} chair {n % 2},{kind}"
        for n, kind in enumerate(["Alm", "Alm", "Furka", "Furka", "Susten", "Susten"])
    ]
    assert feed("\n".join(["id,title,line", *lines])).shop.variants.group_by == "line"


def test_details_of_merchant_center_are_attributes(feed: Any) -> None:
    head = "id\ttitle\tlink\timage_link\tavailability\tprice\tproduct_detail\n"
    rows = [
        f"{n}\tShoe {n}\thttps://x/{n}\thttps://x/{n}.jpg\tin_stock\t{n}.00 EUR\t"
        f"General:Drop:{n} mm,General:Colour family:{colour}\n"
        for n, colour in enumerate(("warm", "cold, dark", "warm"), 1)
    ]
    found = feed(head + "".join(rows))
    assert found.items["attr_drop"].to_list() == [1, 2, 3]
    assert found.items["attr_colour_family"].to_list() == ["warm", "cold, dark", "warm"]
    assert {one.name: one.unit for one in found.attributes}["drop"] == "mm"


def test_quantities_and_ratings_of_json_ld_are_attributes(feed: Any) -> None:
    def quantity(value: float, **unit: str) -> dict[str, Any]:
        return {"@type": "QuantitativeValue", "value": value, **unit}

    lamps = [
        {
            "@context": "https://schema.org", "@type": "Product", "sku": f"{n}", "name": f"Lamp {n}",
            "weight": quantity(100 + n, unitCode="GRM"), "width": quantity(n + 0.5, unitText="cm"),
            "aggregateRating": {"@type": "AggregateRating", "ratingValue": "4.5", "reviewCount": n},
            "additionalProperty": [{"@type": "PropertyValue", "name": "Length", "value": 2 * n, "unitText": "cm"}],
        }
        for n in (1, 2)
    ]  # fmt: skip
    found = feed(json.dumps(lamps))
    names = ("attr_weight", "attr_width", "attr_rating", "attr_review_count", "attr_length")
    assert found.items.select(names).row(1) == (102, 2.5, 4.5, 2, 4)
    units = {one.name: one.unit for one in found.attributes}
    assert (units["weight"], units["width"], units["length"]) == ("g", "cm", "cm")
