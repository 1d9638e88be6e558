"""Changes as JSON objects: read by the rules of catalogue files, refused with one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.catalogues import read_catalogue
from tests.support.memory import peak_memory
from trimtab.catalog.attributes.columns import attribute_of_value
from trimtab.catalog.attributes.definition import Attribute
from trimtab.catalog.cells import rules_of
from trimtab.catalog.live.changes import MAX_NEW_NAMES, read_items, with_known_names
from trimtab.catalog.shop import Shop
from trimtab.core.errors import BadFile, BadParameter


def test_columns_that_are_given_are_read_and_the_others_left_alone() -> None:
    given = [
        {"item_id": "a", "price": "$3.99", "in_stock": "out of stock"},
        {"item_id": "b", "title": " Blue \n shoes", "price": None, "attr_colour": "blue", "attr_size": 42},
    ]
    assert read_items(given) == [
        {"item_id": "a", "price": 3.99, "in_stock": False},
        {"item_id": "b", "title": "Blue shoes", "price": None, "attr_colour": "blue", "attr_size": 42},
    ]


def test_they_are_what_a_file_with_the_same_rows_would_be(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"item_id": 7, "title": "Tea", "price": "1.299,00 €", "discount": "20%", "popularity": 3},
        {"item_id": "b", "title": "Coffee", "brand": "Acme", "in_stock": "yes", "attr_roast": "dark"},
    ]
    path = tmp_path / "items.jsonl"
    path.write_bytes(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows))
    from_file, _ = read_catalogue(path)
    for item, row in zip(read_items(rows), from_file.to_dicts(), strict=True):
        assert item == {name: pytest.approx(row[name]) if isinstance(row[name], float) else row[name] for name in item}


def test_names_that_hardly_any_item_has_take_no_room_in_the_others() -> None:
    names = {n: [f"{n}_{m}" for m in range(62)] for n in range(250)}
    known = {name: Attribute.usual(name, "text") for its in names.values() for name in its}
    items = [{"item_id": f"{n}", "title": "t", **{f"attr_{name}": "1" for name in its}} for n, its in names.items()]
    with peak_memory() as used:
        read = read_items(items, known)
    assert [len(item) for item in read] == [64] * 250
    assert used() < 64  # a table of items by names takes five times as much


def test_more_new_names_than_a_catalogue_should_get_are_refused() -> None:
    known = {"old": Attribute.usual("old", "text")}
    few = [{"item_id": f"{n}", "title": "t", "attr_old": "x", f"attr_{n}": 1} for n in range(MAX_NEW_NAMES)]
    assert len(read_items(few, known)) == MAX_NEW_NAMES
    with pytest.raises(BadParameter, match=r"^items: name 1,001 attributes that the catalogue does not have; allowed"):
        read_items([*few, {"item_id": "one", "attr_more": "1"}], known)


@pytest.mark.parametrize(
    ("items", "sentence"),
    [
        ([{"item_id": "a", "price": -1}], "price: is '-1'; allowed: a number above 0"),
        ([{"item_id": "a", "price": True}], "price: is 'true'; allowed: a number above 0"),
        ([{"item_id": "a", "price": 1e-46}], r"price: is '1e-46'; allowed: a number above 0"),
        ([{"item_id": "a", "price": 1e39}], r"price: is '1e\+39'; allowed: a number above 0"),
        ([{"item_id": "a", "popularity": 1e300}], "popularity: is '1e\\+300'; allowed: a number of 0 or more"),
        ([{"item_id": "a", f"attr_{300 * 'x'}": 1}], r"'attr_x+…: has too long a name; allowed: up to 200 characters"),
        ([{"title": "Tea"}], "item_id: is missing; allowed: unique name"),
        ([{"item_id": None}], "item_id: is empty"),
        ([{"item_id": "a", "title": " "}], "title: is empty"),
        (
            [{"item_id": "a", "titel": "Tea"}],
            r"titel: is not a column of an item \(did you mean 'title'\?\); allowed: item_id",
        ),
        ([{"item_id": "é" * 257}], "item_id: is too long; allowed: up to 512 bytes"),
        ([{"item_id": "a", "brand": "b" * 513}], "brand: is too long; allowed: up to 512 bytes"),
        ([{"item_id": "a", "description": "d" * 32_769}], "description: is too long; allowed: up to 32,768 bytes"),
        ([{"item_id": "a", "attr_x": "d" * 33_000}], "attr_x: is too long"),
        ([{"item_id": "a"}, {"item_id": "b", "in_stock": "maybe"}], r"items\[1\].in_stock: is 'maybe'; allowed: true"),
        ([{"item_id": "a"}, {"item_id": " a "}], r"items\[1\].item_id: repeats items\[0\]"),
    ],
)
def test_one_sentence_says_what_is_wrong(items: list[dict[str, Any]], sentence: str) -> None:
    with pytest.raises(BadParameter, match=sentence):
        read_items(items)


def test_prices_are_read_by_the_rules_of_the_feed() -> None:
    rules = rules_of(Shop.parse('[catalogue]\ncurrency = "EUR"\ndecimal = ","\n'))
    sent = [{"item_id": "a", "price": "1.299 €"}, {"item_id": "b", "price": 1.299}, {"item_id": "c", "price": "EUR 5"}]
    assert [item["price"] for item in read_items(sent, rules=rules)] == [1299, 1.299, 5]
    with pytest.raises(BadParameter, match=r"price: is '\$5', in USD; allowed: EUR, the currency of the catalogue"):
        read_items([{"item_id": "a", "price": "$5"}], rules=rules)


def test_several_categories_change_the_attribute_and_the_column() -> None:
    known = {"category": Attribute.usual("category", "path", multi=True)}
    (item,) = read_items([{"item_id": "a", "category": ["Shoes > Boots", "Sale"]}], known)
    assert item == {"item_id": "a", "category": "Shoes", "attr_category": ["Shoes > Boots", "Sale"]}


@pytest.mark.parametrize("name", ["price", "in_stock", "brand", "title", "item_id", "distance", "category"])
@pytest.mark.parametrize("given", ["attr_", "attributes"])
def test_no_attribute_stands_in_the_place_of_a_column_that_all_items_have(name: str, given: str) -> None:
    item = {"item_id": "a", **({"attr_" + name: 5} if given == "attr_" else {"attributes": {name: 5}})}
    with pytest.raises(BadParameter, match=f"attr_{name}: would stand in the place of a column that all items have"):
        read_items([item])


SHOP = Shop.parse(
    """
    [catalogue]
    currency = "EUR"
    decimal = ","
    [prices.b2b]
    column = "Price B2B"
    sale_price = "b2b_offer"
    sale_end = "b2b_until"
    [prices.usa]
    column = "price_usd"
    currency = "USD"
    [stores.lyon]
    price = "price_lyon"
    """
)
KNOWN = {
    **{name: Attribute.usual(name, "number") for name in ("price_b2b", "price_usd", "sale_price", "rating", "cost")},
    **{name: Attribute.usual(name, "date") for name in ("sale_start", "sale_end", "b2b_until", "released")},
    "new": Attribute.usual("new", "flag"),
}


def sent(**item: Any) -> dict[str, Any]:
    (read,) = read_items([{"item_id": "a", **item}], KNOWN, rules_of(SHOP))
    return read


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("price_b2b", "10 EUR", 10), ("price_b2b", "€10.50", 10.5), ("price_b2b", "10,50", 10.5),
        ("price_usd", "$5", 5), ("sale_price", "9 EUR", 9), ("rating", "4,5", 4.5), ("rating", "4,5 cm", 4.5),
        ("released", "31.12.2026", "2026-12-31"), ("new", "ja", True), ("sale_price", None, None),
        ("sale_end", "2026-11-26", "2026-11-26T23:59:59Z"), ("b2b_until", "26.11.2026", "2026-11-26T23:59:59Z"),
        ("sale_end", "2026-11-26T00:00:00Z", "2026-11-26"), ("sale_start", "2026-11-26", "2026-11-26"),
        ("attr_latitude", "48,5", 48.5), ("attr_steps", "A > B", "A > B"), ("attr_when", "2026-01-01", "2026-01-01"),
    ],
)  # fmt: skip
def test_attributes_are_read_by_the_rules_of_the_feed(name: str, value: Any, read: Any) -> None:
    column = name if name.startswith("attr_") else f"attr_{name}"
    assert sent(**{name: value}) == {"item_id": "a", column: read}


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("price_b2b", -5, "a number above 0"), ("price_b2b", 0, "a number above 0"), ("sale_price", "-4", "a number"),
        ("attr_b2b_offer", -1, "a number above 0"), ("attr_price_lyon", -1, "a number above 0"),
        ("price_usd", "5 EUR", "USD, the currency"), ("rating", True, "a number"), ("new", "perhaps", "true or false"),
        ("attr_latitude", 200, "degrees between -90 and 90"), ("attr_sale_end", "soon", "a date"),
        ("cost", "-2", "a price of 0 or more"), ("rating", 2**53 + 1, "a number whose digits are all kept"),
        ("rating", "9007199254740993 cm", "a number"),
    ],
)  # fmt: skip
def test_what_no_feed_may_say_is_refused(name: str, value: Any, allowed: str) -> None:
    with pytest.raises(BadParameter, match=f"{name}: is .*; allowed: {allowed}"):
        sent(**{name: value})


@pytest.mark.parametrize(("value", "kind"), [("2026-01-01", "date"), ("A > B", "path"), ("2026-99-99", "text")])
def test_a_new_attribute_is_of_the_kind_that_a_feed_would_make_it(value: str, kind: str) -> None:
    assert attribute_of_value("new", value).kind == kind


def test_whole_numbers_that_floats_do_not_hold_keep_their_digits() -> None:
    assert read_items([{"item_id": "a", "attr_maker_id": 2**53 + 1}]) == [
        {"item_id": "a", "attr_maker_id": "9007199254740993"}
    ]


def test_what_the_feed_calls_a_column_may_be_sent() -> None:
    shop = Shop.parse('[catalogue]\nid = "SKU"\ngroup_id = "Parent SKU"\n[attributes.colour]\ncolumn = "Farbe"\n')
    attributes = {"colour": Attribute.usual("colour", "text"), "group_id": Attribute.usual("group_id", "text")}
    sent = {"SKU": "a", "Parent SKU": "p", "farbe": "rot", "price": 2, "attr_farbe": "its own"}
    named = with_known_names([sent, {"SKU": "b", "item_id": "the surer one"}], shop, attributes)
    assert named == [
        {"item_id": "a", "group_id": "p", "colour": "rot", "price": 2, "attr_farbe": "its own"},
        {"item_id": "the surer one"},
    ]
    assert read_items(named, attributes)[0]["attr_group_id"] == "p"


@pytest.mark.parametrize(
    ("name", "value", "moment"),
    [
        ("sale_start", "2026-07-01", "2026-06-30T22:00:00Z"), ("sale_end", "2026-12-31", "2026-12-31T22:59:59Z"),
        ("sale_end", "31.07.2026 18:00", "2026-07-31T16:00:00Z"), ("sale_end", "2026-07-31T18:00:00Z", None),
        ("seen", "2026-07-31 18:00", "2026-07-31T16:00:00Z"), ("released", "2026-07-31", None),
    ],
)  # fmt: skip
def test_sales_begin_and_end_by_the_clock_of_the_shop(name: str, value: str, moment: str | None) -> None:
    rules = rules_of(Shop.parse('[catalogue]\nzone = "Europe/Berlin"\n'))
    attributes = {name: Attribute.usual(name, "date")}
    (item,) = read_items([{"item_id": "a", f"attr_{name}": value}], attributes, rules)
    assert item[f"attr_{name}"] == (moment or value)


def test_a_zone_that_there_is_not_is_refused_with_the_nearest() -> None:
    with pytest.raises(BadFile, match=r"line 2: catalogue.zone: 'Europe/Berlyn' is not a time zone.*Europe/Berlin"):
        Shop.parse('[catalogue]\nzone = "Europe/Berlyn"\n')
