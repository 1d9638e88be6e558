"""A catalogue with changes is what a dictionary of items with the same changes would be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import isnan
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.catalog.live.changes import Change
from trimtab.catalog.live.delta import DEFAULTS, NUMBERS, Delta
from trimtab.catalog.live.live_store import LiveStore
from trimtab.catalog.schema import COLUMNS
from trimtab.catalog.store import ItemStore
from trimtab.core.errors import NotFound

BASE = pl.DataFrame(
    {
        "item_id": ["a", "b", "c", "d"],
        "title": ["Tea", "Coffee", "Cocoa", "Milk"],
        "brand": ["Acme", "", "Bolt", "Acme"],
        "category": ["Drinks", "Drinks", "", "Dairy"],
        "price": [1.5, 2.5, None, 4.5],
    }
)
NAMES = st.sampled_from(["a", "b", "c", "d", "e", "f"])
COLUMN_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "title": st.sampled_from(["Tea", "Green tea", "Oolong"]),
    "brand": st.sampled_from(["", "Acme", "Nova"]),
    "product_type": st.sampled_from(["", "Leaf"]),
    "price": st.sampled_from([None, 1.5, 9.5]),
    "in_stock": st.booleans(),
    "popularity": st.sampled_from([0.0, 2.5]),
}
ITEMS = st.builds(
    lambda name, columns: {"item_id": name, **columns}, NAMES, st.fixed_dictionaries({}, optional=COLUMN_VALUES)
)
STEPS = st.lists(st.tuples(st.lists(ITEMS, max_size=3), st.lists(NAMES, max_size=2)), max_size=6)


def changes_of(steps: list[tuple[list[dict[str, Any]], list[str]]]) -> list[Change]:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    return [Change(n, start + timedelta(seconds=n), put, delete) for n, (put, delete) in enumerate(steps, start=1)]


def as_dictionaries(changes: list[Change]) -> dict[str, dict[str, Any]]:
    items = {row["item_id"]: row for row in ItemStore.from_frame(BASE).frame().to_dicts()}
    for change in changes:
        for item in change.put:
            if item["item_id"] in items:
                items[item["item_id"]] |= item
            elif "title" in item:
                items[item["item_id"]] = {**DEFAULTS, **item}
        for item_id in change.delete:
            items.pop(item_id, None)
    return items


def comparable(row: dict[str, Any]) -> dict[str, Any]:
    price = row["price"]
    return {**row, "price": None if price is None or isnan(price) else price}


@settings(deadline=None, max_examples=60)
@given(STEPS)
def test_it_is_what_a_dictionary_would_be(steps: list[tuple[list[dict[str, Any]], list[str]]]) -> None:
    changes = changes_of(steps)
    expected = as_dictionaries(changes)
    delta = Delta(ItemStore.from_frame(BASE)).after(changes)
    store = LiveStore(delta)
    assert {row["item_id"]: comparable(row) for row in store.frame().to_dicts()} == {
        item_id: comparable(row) for item_id, row in expected.items()
    }
    for item_id in "abcdef":
        found = delta.item(item_id)
        assert (found is not None) == (item_id in delta) == (item_id in expected)
        if found is None:
            with pytest.raises(NotFound):
                store.row_of(item_id)
        else:
            row = store.row_of(item_id)
            assert comparable(found) == comparable(expected[item_id])
            assert store.item_ids([row]) == (item_id,)
            assert store.display(row)["title"] == found["title"]
            assert store.display(row)["brand"] == store.texts("brand", [row])[0] == found["brand"]


@settings(deadline=None, max_examples=60)
@given(STEPS, st.data())
def test_rows_are_the_same_however_the_changes_are_cut(
    steps: list[tuple[list[dict[str, Any]], list[str]]], data: st.DataObject
) -> None:
    changes = changes_of(steps)
    base = ItemStore.from_frame(BASE)
    at_once = Delta(base).after(changes)
    cut = data.draw(st.integers(0, len(changes)))
    first = Delta(base).after(changes[:cut])
    kept = {name: values.copy() for name, values in first.numbers.items()}
    in_two = first.after(changes[cut:])
    assert in_two.version == at_once.version
    assert list(in_two.items.items()) == list(at_once.items.items())
    for one, other in ((LiveStore(in_two), LiveStore(at_once)),):
        assert one.brands == other.brands
        np.testing.assert_array_equal(one.brand_codes, other.brand_codes)
        for name in NUMBERS:
            np.testing.assert_array_equal(one.numbers(name), other.numbers(name))
    for name, values in kept.items():  # a value: later changes do not reach into it
        np.testing.assert_array_equal(first.numbers[name], values)


def test_codes_that_were_given_stay() -> None:
    base = ItemStore.from_frame(BASE)
    new = {**DEFAULTS, "item_id": "x", "title": "Rum", "brand": "Zed", "category": "Dairy", "product_type": "Rum"}
    store = LiveStore(Delta(base).after(changes_of([([new], ["b"])])))
    assert store.brands == (*base.brands, "Zed")
    assert store.types == ("Rum",)
    assert store.display(4) == {**store.display(4), "brand": "Zed", "category": "Dairy", "price": None}
    np.testing.assert_array_equal(store.brand_codes[:4], base.brand_codes)
    assert store.gone is not None
    assert store.gone.tolist() == [False, True, False, False, False]
    assert set(store.frame().columns) == set(COLUMNS)
