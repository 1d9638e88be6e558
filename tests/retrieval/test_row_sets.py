"""Sets of rows against Python's own."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trimtab.retrieval.lexical.row_sets import Rows, any_of, both_of, places_in

sets = st.one_of(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 2**31 - 1)), st.just(set(range(0, 999, 3))))


def ascending(rows: set[int]) -> Rows:
    return np.array(sorted(rows), dtype=np.int32)


@given(st.lists(sets, max_size=4))
def test_what_is_in_any(given_sets: list[set[int]]) -> None:
    assert any_of([ascending(one) for one in given_sets]).tolist() == sorted(set().union(*given_sets))


@given(sets, sets)
def test_what_is_in_both_and_where(some: set[int], others: set[int]) -> None:
    rows, many = ascending(some), ascending(others)
    assert both_of(rows, many).tolist() == sorted(some & others)
    places = places_in(many, rows)
    assert (places >= 0).tolist() == [row in others for row in sorted(some)]
    np.testing.assert_array_equal(many[places[places >= 0]], both_of(rows, many))
