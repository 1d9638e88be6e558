"""Filters as they are written, and the masks they make."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.catalog.store import ItemStore
from trimtab.core.errors import BadParameter
from trimtab.core.records import Filter
from trimtab.retrieval.filters import filter_mask, format_filter, parse_filter


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
            }
        )
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
    ],
)
def test_who_passes(store: ItemStore, texts: tuple[str, ...], expected: str) -> None:
    assert passing(store, *texts) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "brand", "brand:", ":Acme", "colour:red", "in_stock:perhaps"),
        *("price:5", "price:..", "price:5..1", "price:a..b", "price:nan..", "price:..inf", "price:1..2..3"),
    ],
)
def test_what_cannot_be_read_is_a_mistake_that_says_what_can(text: str) -> None:
    with pytest.raises(BadParameter) as caught:
        parse_filter(text)
    assert caught.value.name == "filter"
    assert caught.value.allowed


def test_an_unknown_field_is_a_mistake_however_it_came(store: ItemStore) -> None:
    with pytest.raises(BadParameter, match="colour"):
        filter_mask(store, [Filter("colour", values=("red",))])


@given(low=st.none() | st.floats(0, 1e4), width=st.floats(0, 1e4), open_end=st.booleans())
def test_a_price_range_survives_being_written(low: float | None, width: float, open_end: bool) -> None:
    high = None if open_end and low is not None else (low or 0) + width
    condition = Filter("price", low=low, high=high)

    assert [parse_filter(text) for text in format_filter(condition)] == [condition]


def test_a_filter_of_two_values_is_written_as_two() -> None:
    assert format_filter(Filter("brand", values=("Acme", "Foo: Bar"))) == ["brand:Acme", "brand:Foo: Bar"]
