"""What holds of every query and filter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from trimtab.catalog.attributes.column import AttributeColumn
from trimtab.catalog.groups import Alternatives
from trimtab.catalog.store import ItemStore
from trimtab.core.records import Filter, Sort
from trimtab.retrieval.building import build_retriever
from trimtab.retrieval.dense.index import DenseIndex
from trimtab.retrieval.filters import filter_mask
from trimtab.retrieval.fusion import GROUPS_POOL, fused
from trimtab.retrieval.protocol import Found
from trimtab.retrieval.retriever import WORDS_POOL, Retriever
from trimtab.text.normal import folded

WORDS = ["milk", "cheese", "ice", "cream", "frozen", "dog", "food", "organic", "shampo", "choclate", "store", "xqzvkjw"]

queries = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
NAMED = ("brand", "category", "product_type")
FACETS = (*NAMED, "price", "in_stock")
often = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def filters(draw: st.DrawFn) -> tuple[Filter, ...]:
    """Conditions on any fields; brands and categories by a number that `named` turns into one of the store's."""
    low = draw(st.none() | st.floats(0, 8))
    high = draw(st.none() | st.floats(0, 8).map(lambda width: (low or 0) + width))
    ends = ["" if end is None else repr(end) for end in (low, high)]
    price = [Filter("price", ("..".join(ends),), draw(st.booleans()))] if any(ends) else []
    in_stock = draw(st.sampled_from([[], [Filter("in_stock", ("true",))]]))
    fields = draw(st.lists(st.sampled_from(NAMED), max_size=3))
    of_names = [Filter(field, (str(draw(st.integers(0, 10_000))),), draw(st.booleans())) for field in fields]
    return (*price, *in_stock, *of_names)


def named(store: ItemStore, conditions: tuple[Filter, ...]) -> tuple[Filter, ...]:
    def name(condition: Filter) -> Filter:
        if condition.field not in NAMED:
            return condition
        names = store.attributes[condition.field].names
        return replace(condition, values=(names[int(condition.values[0]) % len(names)],))

    return tuple(name(condition) for condition in conditions)


def passes(store: ItemStore, row: int, conditions: tuple[Filter, ...]) -> bool:
    """What the documentation says of filters, for one item."""
    verdicts: dict[tuple[str, bool], list[bool]] = {}
    for one in conditions:
        value = store.attributes[one.field].plain_at(row)
        if one.field == "price":
            low, high = (float(end) if end else None for end in one.values[0].split(".."))
            meets = value is not None and (low is None or value >= low) and (high is None or value <= high)
        else:
            meets = value is not None and str(value).casefold() == one.values[0].casefold()
        verdicts.setdefault((one.field, one.negated), []).append(meets)
    return all(any(meets) != negated for (_, negated), meets in verdicts.items())


@often
@given(text=queries, conditions=filters(), limit=st.integers(1, 100))
def test_facets_are_what_counting_gives(
    retriever: Retriever, store: ItemStore, text: str, conditions: tuple[Filter, ...], limit: int
) -> None:
    conditions = named(store, conditions)
    found = set(retriever.retrieve(text, n_candidates=len(store)).rows.tolist())
    results = retriever.results(text, conditions)
    assert set(results.rows.tolist()) == {row for row in found if passes(store, row, conditions)}
    for field, facet in results.facets(FACETS, limit).items():
        column = store.attributes[field]
        others = tuple(one for one in conditions if one.field != field or one.negated)
        counted = [row for row in found if passes(store, row, others)]
        assert facet.missing == sum(column.plain_at(row) is None for row in counted)
        if field in NAMED:
            by_hand = Counter(column.plain_at(row) for row in counted if column.plain_at(row) is not None)
            expected = sorted(by_hand.items(), key=lambda pair: (-pair[1], folded(pair[0])))
            assert list(facet.counts.items()) == expected[:limit]
            assert facet.n_values == len(by_hand)
        for value, n in list(facet.counts.items())[:3]:
            assert len(retriever.results(text, (*others, Filter(field, (value,))))) == n
        if field == "price":
            assert sum(facet.counts.values()) + facet.missing == len(counted)


@often
@given(
    text=queries,
    conditions=filters(),
    descending=st.booleans(),
    page=st.builds(slice, st.integers(0, 99), st.integers(0, 99)),
)
def test_a_sort_order_is_of_the_whole_result_set(
    retriever: Retriever, store: ItemStore, text: str, conditions: tuple[Filter, ...], descending: bool, page: slice
) -> None:
    results = retriever.results(text, named(store, conditions))
    for field in ("price", "brand"):
        column = store.attributes[field]

        def place(row: int, column: AttributeColumn = column) -> tuple[bool, float, float, int]:
            key = column.sort_keys[row]
            return bool(np.isnan(key)), -key if descending else key, -store.popularity[row], row

        rows = results.sorted(Sort(field, descending), page).tolist()
        expected = sorted(results.rows.tolist(), key=lambda row: tuple(np.nan_to_num(place(row))))
        assert rows == expected[page]


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
    value = store.attributes[field].plain_at(int(row))
    assume(value is not None)

    filtered = retriever.retrieve(text, n_candidates=5, filters=[Filter(field, values=(value,))])

    assert len(filtered) > 0


@st.composite
def groups_of(draw: st.DrawFn) -> Callable[[int], Alternatives]:
    """The items of a store in groups, some of them large, and some items that are never found."""
    seed, n_groups = draw(st.integers(0, 1000)), draw(st.sampled_from([1, 7, 60, 2_000]))
    never, most = draw(st.sampled_from([0.0, 0.3])), draw(st.sampled_from([0.0, 0.5]))

    def among(n_items: int) -> Alternatives:
        rng = np.random.default_rng(seed)
        codes = np.where(rng.random(n_items) < most, 0, rng.integers(0, n_groups, n_items))
        return Alternatives(np.where(rng.random(n_items) < never, -1, codes), n_groups)

    return among


@often
@given(text=queries, conditions=filters(), grouping=groups_of(), n=st.integers(1, 200))
def test_as_many_groups_are_found_as_there_are(
    retriever: Retriever,
    store: ItemStore,
    text: str,
    conditions: tuple[Filter, ...],
    grouping: Callable[[int], Alternatives],
    n: int,
) -> None:
    groups = grouping(len(store))
    rows = retriever.results(text, named(store, conditions)).rows
    there = np.unique(groups.codes[rows])
    found = retriever.retrieve(text, n_candidates=n, filters=named(store, conditions), groups=groups)
    codes = groups.codes[found.rows]
    assert np.isin(found.rows, rows).all()
    assert len(np.unique(codes)) == len(codes) == min(n, np.count_nonzero(there >= 0))
    assert (codes >= 0).all()
    assert (np.diff(found.fused) <= 0).all()
    alone = Alternatives(np.arange(len(store)), len(store))
    one_each = retriever.retrieve(text, n_candidates=n, filters=named(store, conditions), groups=alone)
    assert len(one_each) == min(n, len(rows))


@pytest.fixture(scope="module")
def few(store: ItemStore, tmp_path_factory: pytest.TempPathFactory) -> tuple[ItemStore, Retriever]:
    """Items of a few kinds, not more than are looked at in any search."""
    frame = store.frame()
    kinds = frame.filter(pl.col("title").str.to_lowercase().str.contains("milk|ice cream|cheese|dog")).head(GROUPS_POOL)
    some = ItemStore.from_frame(kinds)
    return some, build_retriever(some, "wordllama", tmp_path_factory.mktemp("few"))


@often
@given(text=queries, conditions=filters(), grouping=groups_of(), n=st.integers(1, 150))
def test_a_search_for_groups_is_what_the_best_of_each_group_give(
    few: tuple[ItemStore, Retriever],
    text: str,
    conditions: tuple[Filter, ...],
    grouping: Callable[[int], Alternatives],
    n: int,
) -> None:
    store, retriever = few
    conditions, groups = named(store, conditions), grouping(len(store))
    query = retriever.understand(text)
    assume(query.words)
    vectors = retriever.at_rows(query, np.arange(1)).query_vectors
    allowed = filter_mask(store, conditions)

    def best(found: Found, depth: int) -> Found:
        rows, scores = (one.tolist() for one in found)
        first: dict[int, tuple[int, float]] = {}
        for row, score in zip(rows, scores, strict=True):
            if groups.codes[row] >= 0 and (allowed is None or allowed[row]):
                first.setdefault(int(groups.codes[row]), (row, score))
        pairs = list(first.values())[:depth]
        return np.array([row for row, _ in pairs], np.int64), np.array([score for _, score in pairs], np.float32)

    assert isinstance(retriever.dense, DenseIndex)
    # As the index adds them up: between items that are equal otherwise the last digit decides.
    within = retriever.dense.within(vectors[0], -1.0)
    assert within is not None
    cosines = within[1][np.argsort(within[0])]
    nearest = np.lexsort((-store.popularity, -cosines))
    by_words = best(retriever.lexical.search(query, len(store)), WORDS_POOL)
    near = best((nearest, cosines[nearest]), len(store))
    floor = retriever.report["dense_floor"]
    every = fused(by_words, near, retriever.vectors, vectors, store.popularity, n=len(store), floor=floor)
    expected = every.at(groups.first_of_each(every.rows, n))
    found = retriever.retrieve(text, n_candidates=n, filters=conditions, groups=groups)
    assert groups.codes[found.rows].tolist() == groups.codes[expected.rows].tolist()
    np.testing.assert_allclose(found.fused, expected.fused, atol=1e-6)


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
