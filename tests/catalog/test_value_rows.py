"""Conditions by sorted rows are what looking at every row gives, whatever has changed since they were sorted."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.catalog.attributes.column import AttributeColumn
from trimtab.catalog.attributes.definition import Attribute
from trimtab.catalog.attributes.sorted_file import FILE
from trimtab.catalog.store import ItemStore
from trimtab.core.errors import BundleDamaged

Numbers = list[float]

NUMBER, NAME, TAGS = Attribute.usual("width", "number"), Attribute("brand"), Attribute("tags", multi=True)
NAMES = ("Acme", "Bolt", "Core", "Dune")

cells = st.sampled_from([math.nan, -1.5, 0.0, 1.0, 2.0, 2.5, 9.0])
columns = st.lists(cells, max_size=40)
ends = st.sampled_from([-math.inf, -1.5, 0.5, 2.0, 9.0, math.inf])
ranges = st.lists(st.tuples(ends, ends), max_size=3)


def changed(numbers: Numbers, changes: dict[int, float], more: Numbers) -> np.ndarray:
    return np.array([changes.get(row, number) for row, number in enumerate(numbers)] + more, dtype=np.float64)


@given(columns, st.dictionaries(st.integers(0, 39), cells, max_size=4), st.lists(cells, max_size=4), ranges)
def test_ranges_find_the_numbers_within(
    numbers: Numbers, changes: dict[int, float], more: Numbers, wanted: list[tuple[float, float]]
) -> None:
    built = AttributeColumn.of_numbers(NUMBER, np.array(numbers, dtype=np.float64))
    now = changed(numbers, changes, more)
    later = AttributeColumn.of_numbers(NUMBER, now, earlier=built)
    for column, values in ((built, np.array(numbers)), (later, now)):
        by_hand = [any(low <= value <= high for low, high in wanted) for value in values]
        assert column.having(ranges=wanted).tolist() == by_hand
        assert column.n_having(ranges=wanted) >= sum(by_hand) or len(wanted) == 0
        np.testing.assert_array_equal(column.numbers, values)
        np.testing.assert_array_equal(
            column.sorted_levels[np.isin(column.sorted_levels, values)], np.unique(values[~np.isnan(values)])
        )


@given(
    st.lists(st.integers(-1, 3), max_size=40),
    st.dictionaries(st.integers(0, 39), st.integers(-1, 3), max_size=4),
    st.lists(st.integers(-1, 3), max_size=4),
    st.lists(st.integers(0, 3), max_size=3),
)
def test_codes_find_the_names(codes: list[int], changes: dict[int, int], more: list[int], wanted: list[int]) -> None:
    names = NAMES[: 1 + max([0, *codes])]
    built = AttributeColumn.of_codes(NAME, np.array(codes, dtype=np.int32), names)
    now = [changes.get(row, code) for row, code in enumerate(codes)] + more
    later = AttributeColumn.of_codes(NAME, np.array(now, dtype=np.int32), NAMES, earlier=built)
    assert later.having(wanted).tolist() == [code in wanted for code in now]
    assert built.having(wanted).tolist() == [code in wanted for code in codes]


@given(
    st.lists(st.lists(st.sampled_from(NAMES), max_size=3, unique=True), min_size=1, max_size=30),
    st.lists(st.lists(st.sampled_from([*NAMES, "Else"]), max_size=3, unique=True), max_size=3),
    st.sets(st.integers(0, 29)),
    st.lists(st.sampled_from([*NAMES, "Else"]), max_size=2),
)
def test_several_values_an_item(
    values: list[list[str]], more: list[list[str]], gone: set[int], wanted: list[str]
) -> None:
    built = AttributeColumn.of_values(TAGS, values)
    mask = np.array([row in gone for row in range(len(values))])
    later = built.extended(more, gone=mask)
    codes = [code for name in wanted for code in later.vocabulary.codes_of(name)]
    left = [[] if row in gone else one for row, one in enumerate(values)] + more
    assert later.having(codes).tolist() == [not set(wanted).isdisjoint(one) for one in left]
    assert built.having(codes).tolist() == [not set(wanted).isdisjoint(one) for one in values]
    few = AttributeColumn.of_values(TAGS, [*values, *[[]] * 2000])
    rows = np.arange(len(values))
    for found, expected in zip(few.codes_at(rows), built.codes_at(rows), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_bundle_has_them_mapped_and_does_without(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "item_id": ["a", "b", "c", "d"],
            "title": ["one", "two", "three", "four"],
            "brand": ["Acme", "", "Bolt", "Acme"],
            "price": [3.0, None, 1.0, 3.0],
            "in_stock": [True, False, True, True],
            "attr_tags": [["x", "y"], [], ["y"], None],
            "attr_width": [2.5, 1.5, None, 2.5],
        }
    )
    built = ItemStore.from_frame(frame)
    built.save(tmp_path)
    mapped = ItemStore.load(tmp_path)
    (tmp_path / FILE).unlink()
    without = ItemStore.load(tmp_path)
    for name in ("brand", "price", "in_stock", "tags", "width"):
        column = mapped.attributes[name]
        assert column.by_value_built is not None
        assert not column.by_value.rows.flags.owndata
        for store in (built, without):
            other = store.attributes[name]
            np.testing.assert_array_equal(column.by_value.rows, other.by_value.rows)
            np.testing.assert_array_equal(column.codes, other.codes)
            np.testing.assert_array_equal(column.levels, other.levels)
    assert mapped.attributes["price"].having(ranges=[(2.0, 4.0)]).tolist() == [True, False, False, True]
    (tmp_path / FILE).write_bytes(b"no table")
    with pytest.raises(BundleDamaged, match=FILE):
        ItemStore.load(tmp_path)
