"""Filters as they are written, and the masks they make."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.catalog.attributes.definition import Attribute
from trimtab.catalog.store import ItemStore
from trimtab.core.errors import BadParameter
from trimtab.core.records import Filter, Sort
from trimtab.retrieval.filters import filter_mask, format_filter, format_sort, parse_filter, parse_sort


@pytest.fixture(scope="module")
def store() -> ItemStore:
    return ItemStore.from_frame(
        pl.DataFrame(
            {
                "item_id": ["a", "b", "c", "d"],
                "title": ["one", "two", "three", "four"],
                "brand": ["Acme", "ACME", "Foo: Bar", ""],
                "price": [1.0, 2.3, None, 10.0],
                "in_stock": [True, False, True, False],
                "attr_category": ["Shoes > Boots", "Shoes", "Shoes > Boots > Hiking", None],
                "attr_colours": [["Red", "blue"], ["Réd"], [], ["green"]],
                "attr_screen": [13.3, None, 15.6, 11.0],
                "attr_released": [date(2023, 5, 31), date(2024, 1, 1), None, date(2024, 2, 29)],
                "attr_note": ["1..2", "x", None, None],
            }
        ),
        [Attribute.usual("category", "path"), Attribute("screen", "number", unit="inch"), Attribute("hidden")],
    )


def passing(store: ItemStore, *texts: str) -> str:
    mask = filter_mask(store, [parse_filter(text) for text in texts])
    return "".join(store.item_ids(np.arange(4) if mask is None else np.flatnonzero(mask)))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ((), "abcd"),
        (("brand:acme",), "ab"),  # case does not count
        (("brand: Foo: Bar ",), "c"),  # the first colon divides, spaces around do not count
        (("brand:nobody",), ""),
        (("brand:acme", "brand:foo: bar"), "abc"),  # one field widens
        (("brand:acme", "in_stock:true"), "a"),  # two fields narrow
        (("price:1..2.3",), "ab"),  # both ends count
        (("price:2.3..",), "bd"),
        (("price:..2",), "a"),
        (("price:..1", "price:10.."), "ad"),
        (("in_stock:FALSE",), "bd"),
        (("in_stock:true", "in_stock:false"), "abcd"),
        (("price:2.3",), "b"),
        (("-brand:acme",), "cd"),  # whoever has no brand is not Acme
        (("-price:..2",), "bcd"),
        (("-brand:acme", "-brand:foo: bar"), "d"),  # neither
        (("colours:red", "-colours:blue"), "b"),
        (("category:shoes",), "abc"),  # whatever is further down the path, too
        (("category:Shoes>boots",), "ac"),
        (("category:Boots",), ""),
        (("screen:13..16 inch",), "ac"),
        (("screen:11inch",), "d"),
        (("released:2024",), "bd"),
        (("released:2024-02",), "d"),
        (("released:2023-05-31",), "a"),
        (("released:2023-06..2024-01-01",), "b"),
        (("released:..2023",), "a"),
        (("-released:2024-01-01T00:00:00Z",), "acd"),
        (("note:1..2",), "a"),  # a range is one of numbers or dates
    ],
)
def test_who_passes(store: ItemStore, texts: tuple[str, ...], expected: str) -> None:
    assert passing(store, *texts) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "brand", "brand:", ":Acme", "-:Acme", "colour:red", "in_stock:perhaps"),
        *("price:cheap", "price:..", "price:5..1", "price:a..b", "price:nan..", "price:..inf", "price:1..2..3"),
        *("released:soon", "released:..", "released:2024-13", "released:2024..2023"),
    ],
)
def test_what_cannot_be_read_is_a_mistake_that_says_what_can(store: ItemStore, text: str) -> None:
    with pytest.raises(BadParameter) as caught:
        passing(store, text)
    assert caught.value.name == "filter"
    assert caught.value.allowed


def test_an_unknown_attribute_is_a_mistake_that_names_the_nearest(store: ItemStore) -> None:
    with pytest.raises(BadParameter, match=r"'colour' \(did you mean 'colours'\?\); allowed: brand"):
        filter_mask(store, [Filter("colour", values=("red",))])


@given(st.text(min_size=1), st.text(min_size=1), st.booleans())
def test_a_filter_survives_being_written(field: str, value: str, negated: bool) -> None:
    condition = Filter(field.strip().replace(":", "").lstrip("-").strip() or "x", (value.strip() or "y",), negated)

    assert [parse_filter(text) for text in format_filter(condition)] == [condition]


@pytest.mark.parametrize("text", ["price", "price:asc", " price : ASC "])
def test_an_order_is_ascending_unless_said(text: str) -> None:
    assert parse_sort(text) == Sort("price") == parse_sort(format_sort(Sort("price")))
    assert parse_sort("size.eu:desc") == Sort("size.eu", descending=True)


@pytest.mark.parametrize("text", ["", ":", "price:up", ":desc"])
def test_another_order_is_a_mistake(text: str) -> None:
    with pytest.raises(BadParameter, match="sort"):
        parse_sort(text)


def test_a_filter_of_two_values_is_written_as_two() -> None:
    assert format_filter(Filter("brand", values=("Acme", "Foo: Bar"))) == ["brand:Acme", "brand:Foo: Bar"]
    assert format_filter(Filter("brand", values=("Acme",), negated=True)) == ["-brand:Acme"]
