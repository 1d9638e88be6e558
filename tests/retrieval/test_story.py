"""A shopper's way through a small grocery catalogue."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from trimtab.catalog.store import ItemStore
from trimtab.core.errors import BadParameter
from trimtab.core.records import Sort
from trimtab.retrieval.facets import require_facets
from trimtab.retrieval.filters import parse_filter
from trimtab.retrieval.retriever import POOL, Retriever


def test_a_query_finds_what_it_names(retriever: Retriever, store: ItemStore) -> None:
    found = retriever.retrieve("ice cream", n_candidates=10)

    assert len(found) == 10
    assert all("ice cream" in title for title in store.titles(found.rows[:3]))
    assert list(found.fused) == sorted(found.fused, reverse=True)
    np.testing.assert_allclose(found.dense, retriever.vectors[found.rows] @ found.query_vectors[0], rtol=1e-5)
    assert (found.lexical > 0).all()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("chocolte", "chocolate"),  # a letter left out
        ("chesee", "cheese"),  # two letters swapped
        ("icecream", "ice cream"),  # a space left out
        ("shampo", "shampoo"),  # not typed to the end
        ("choclatte", "chocolate"),  # two mistakes in a long word
    ],
)
def test_a_misspelt_query_finds_what_was_meant(retriever: Retriever, typed: str, meant: str) -> None:
    assert retriever.understand(typed).corrected == meant
    np.testing.assert_array_equal(retriever.retrieve(typed).rows, retriever.retrieve(meant).rows)


def counts(retriever: Retriever, text: str, field: str, *filters: str) -> Mapping[str, int]:
    return retriever.results(text, list(map(parse_filter, filters))).facets([field], 50)[field].counts


def test_filters_narrow_and_facets_say_how_far(retriever: Retriever, store: ItemStore) -> None:
    brand, n_matches = next(iter(counts(retriever, "cheese", "brand").items()))

    found = retriever.retrieve("cheese", filters=[parse_filter(f"brand:{brand.upper()}"), parse_filter("price:..5")])

    assert {store.brands[code] for code in store.brand_codes[found.rows]} == {brand}
    assert (store.prices[found.rows] <= 5).all()
    cheap = counts(retriever, "cheese", "brand", "price:..5")
    assert len(found) == cheap[brand] <= n_matches


def test_a_facet_keeps_its_other_values_while_it_is_filtered(retriever: Retriever) -> None:
    free = counts(retriever, "cheese", "brand")
    only = f"brand:{next(iter(free))}"

    assert counts(retriever, "cheese", "brand", only) == free
    assert sum(counts(retriever, "cheese", "category", only).values()) == next(iter(free.values()))
    assert "-" + only.removeprefix("brand:") not in counts(retriever, "cheese", "brand", "-" + only)
    assert next(iter(free)) not in counts(retriever, "cheese", "brand", "-" + only)


@pytest.mark.parametrize("field", ["brand", "category", "product_type", "price", "in_stock"])
def test_a_facet_value_leads_to_as_many_items(retriever: Retriever, store: ItemStore, field: str) -> None:
    facet = retriever.results("frozen pizza").facets([field], 1000)[field]
    for value, count in facet.counts.items():
        found = retriever.retrieve("frozen pizza", n_candidates=len(store), filters=[parse_filter(f"{field}:{value}")])
        assert len(found) == count
    assert facet.missing == 0
    assert sum(facet.counts.values()) == len(retriever.results("frozen pizza"))


def test_a_shelf_needs_no_words(retriever: Retriever, store: ItemStore) -> None:
    shelf = [parse_filter("category:dairy")]
    found = retriever.retrieve("", n_candidates=5, filters=shelf)
    popularity = store.popularity[retriever.results("", shelf).rows]

    assert sorted(store.popularity[found.rows]) == sorted(popularity)[-5:]
    assert not found.query_vectors.any()
    cheapest = retriever.results("", shelf).sorted(Sort("price"), slice(3))
    assert store.prices[cheapest].tolist() == sorted(store.prices[retriever.results("", shelf).rows].tolist())[:3]


def test_a_longer_answer_begins_with_the_shorter(retriever: Retriever) -> None:
    longest = retriever.retrieve("milk", n_candidates=POOL).rows
    for n in (1, 7, 20, 150):
        np.testing.assert_array_equal(retriever.retrieve("milk", n_candidates=n).rows, longest[:n])


def test_of_items_that_read_the_same_the_popular_one_comes_first(retriever: Retriever, store: ItemStore) -> None:
    found = retriever.retrieve("soft drinks")
    for above, below in zip(range(len(found)), range(1, len(found)), strict=False):
        if found.fused[above] == found.fused[below]:
            assert store.popularity[found.rows[above]] >= store.popularity[found.rows[below]]


@pytest.mark.parametrize("nonsense", ["xqzvkjw", "qqqq zzzz", "🍦🍦", "???", " ", "\x00\x01\ufffe", "\ud800"])
def test_nonsense_finds_nothing(retriever: Retriever, nonsense: str) -> None:
    found = retriever.retrieve(nonsense)

    assert len(found) == 0
    assert found.query_vectors.shape == (1, retriever.encoder.dim)
    assert len(retriever.results(nonsense)) == 0


@pytest.mark.parametrize(
    "text",
    [
        "milk " * 2_000,
        "x" * 10_000,
        'title:milk AND (brand:"Acme" OR *) ^3 ~2 [a TO b] -cheese',
        "/[a-z]*/",
        "牛奶",
        "молоко",
        "milk\x00cheese",
        "milk\ud800",
    ],
)
def test_any_text_is_only_words(retriever: Retriever, text: str) -> None:
    found = retriever.retrieve(text)

    assert len(set(found.rows.tolist())) == len(found)
    np.testing.assert_array_equal(retriever.retrieve(text).rows, found.rows)


@pytest.mark.parametrize("field", ["colour", ""])
def test_an_unknown_facet_is_a_mistake_that_names_the_known(store: ItemStore, field: str) -> None:
    with pytest.raises(BadParameter, match="brand, category, product_type"):
        require_facets(store, [field])
    with pytest.raises(BadParameter, match="did you mean 'price'"):
        require_facets(store, ["prise"])
