"""Changes as JSON objects: read by the rules of catalogue files, refused with one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.catalogues import read_catalogue
from tests.support.memory import peak_memory
from trimtab.catalog.attributes.definition import Attribute
from trimtab.catalog.cells import rules_of
from trimtab.catalog.changes import read_items
from trimtab.catalog.shop import Shop
from trimtab.core.errors import BadParameter


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
    items = [{"item_id": f"{n}", "title": "t", **{f"attr_{n}_{m}": f"{m}" for m in range(62)}} for n in range(250)]
    with peak_memory() as used:
        read = read_items(items)
    assert [len(item) for item in read] == [64] * 250
    assert used() < 64  # a table of items by names takes five times as much


@pytest.mark.parametrize(
    ("items", "sentence"),
    [
        ([{"item_id": "a", "price": -1}], "price: is '-1'; allowed: a number above 0"),
        ([{"item_id": "a", "price": True}], "price: is 'true'; allowed: a number above 0"),
        ([{"item_id": "a", "price": 1e-46}], r"price: is '1e-46'; allowed: a number above 0"),
        ([{"item_id": "a", "price": 1e39}], r"price: is '1e\+39'; allowed: a number above 0"),
        ([{"item_id": "a", "popularity": 1e300}], "popularity: is '1e\\+300'; allowed: a number of 0 or more"),
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
