"""What holds of every query and filter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from trimtab.catalog.store import ItemStore
from trimtab.core.records import Filter
from trimtab.retrieval.filters import codes_of, filter_mask
from trimtab.retrieval.retriever import Retriever

WORDS = ["milk", "cheese", "ice", "cream", "frozen", "dog", "food", "organic", "shampo", "choclate", "store", "xqzvkjw"]

queries = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
often = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def filters(draw: st.DrawFn) -> tuple[Filter, ...]:
    """Conditions on any fields; brands and categories by a number that `named` turns into one of the store's."""
    low = draw(st.none() | st.floats(0, 8))
    high = draw(st.none() | st.floats(0, 8).map(lambda width: (low or 0) + width))
    price = [Filter("price", low=low, high=high)] if low is not None or high is not None else []
    in_stock = draw(st.sampled_from([[], [Filter("in_stock", values=("true",))]]))
    fields = draw(st.lists(st.sampled_from(["brand", "category", "product_type"]), max_size=2, unique=True))
    return (*price, *in_stock, *(Filter(field, values=(str(draw(st.integers(0, 10_000))),)) for field in fields))


def named(store: ItemStore, conditions: tuple[Filter, ...]) -> tuple[Filter, ...]:
    def name(condition: Filter) -> Filter:
        if condition.field not in {"brand", "category", "product_type"}:
            return condition
        vocabulary = codes_of(store, condition.field)[1]
        return Filter(condition.field, values=(vocabulary[int(condition.values[0]) % len(vocabulary)],))

    return tuple(name(condition) for condition in conditions)


@often
@given(text=queries, conditions=filters(), n=st.integers(1, 300))
def test_candidates_are_distinct_ordered_and_pass_the_filters(
    retriever: Retriever, store: ItemStore, text: str, conditions: tuple[Filter, ...], n: int
) -> None:
    conditions = named(store, conditions)
    found = retriever.retrieve(text, n_candidates=n, filters=conditions)
    mask = filter_mask(store, conditions)

    assert len(found) <= n
    assert len(np.unique(found.rows)) == len(found)
    assert mask is None or mask[found.rows].all()
    assert (np.diff(found.fused) <= 0).all()


@often
@given(text=queries, n=st.integers(1, 300))
def test_a_filter_that_everything_passes_changes_nothing(
    retriever: Retriever, store: ItemStore, text: str, n: int
) -> None:
    passes_all = Filter("in_stock", values=("true", "false"))
    found = retriever.retrieve(text, n_candidates=n, filters=[passes_all])
    whole = retriever.retrieve(text, n_candidates=n)
    np.testing.assert_array_equal(found.rows, whole.rows)
    np.testing.assert_array_equal(found.fused, whole.fused)


@often
@given(text=queries, conditions=filters())
def test_a_filtered_answer_is_part_of_the_whole_one(
    retriever: Retriever, store: ItemStore, text: str, conditions: tuple[Filter, ...]
) -> None:
    whole = retriever.retrieve(text, n_candidates=len(store))
    mask = filter_mask(store, named(store, conditions))
    filtered = retriever.retrieve(text, n_candidates=len(store), filters=named(store, conditions))

    expected = whole.rows if mask is None else whole.rows[mask[whole.rows]]
    assert set(filtered.rows.tolist()) == set(expected.tolist())


@often
@given(text=queries, which=st.integers(0, 10_000), field=st.sampled_from(["brand", "category", "product_type"]))
def test_a_filter_never_empties_a_page_that_has_matches(
    retriever: Retriever, store: ItemStore, text: str, which: int, field: str
) -> None:
    whole = retriever.retrieve(text, n_candidates=len(store)).rows
    assume(len(whole))
    row = whole[which % len(whole)]
    codes, vocabulary = codes_of(store, field)
    assume(codes[row] >= 0)

    filtered = retriever.retrieve(text, n_candidates=5, filters=[Filter(field, values=(vocabulary[codes[row]],))])

    assert len(filtered) > 0


@often
@given(text=st.text(max_size=40))
def test_every_text_has_an_answer_and_always_the_same(retriever: Retriever, text: str) -> None:
    first, second = retriever.retrieve(text), retriever.retrieve(text)

    np.testing.assert_array_equal(first.rows, second.rows)
    np.testing.assert_array_equal(first.fused, second.fused)


@pytest.mark.parametrize("text", WORDS)
def test_scores_are_shares(retriever: Retriever, text: str) -> None:
    found = retriever.retrieve(text)

    assert ((found.fused >= 0) & (found.fused <= 1)).all()
