"""Retrieval over a catalogue that changed finds what retrieval over a catalogue built anew finds."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from trimtab.catalog.groups import Alternatives
from trimtab.catalog.live.changes import Change
from trimtab.catalog.live.delta import DEFAULTS, TEXTS, Delta
from trimtab.catalog.live.live_store import LiveStore
from trimtab.catalog.store import ItemStore
from trimtab.core.records import Filter
from trimtab.core.understood import Mention
from trimtab.retrieval.building import build_retriever
from trimtab.retrieval.filters import parse_filter
from trimtab.retrieval.lexical.field_terms import item_terms
from trimtab.retrieval.lexical.index import LexicalIndex
from trimtab.retrieval.lexical.postings import Postings, terms_of_item
from trimtab.retrieval.lexical.term_scores import BOOSTS
from trimtab.retrieval.live_retrieval import LiveRetrieval, new_item
from trimtab.retrieval.retriever import Retriever

QUERIES = ("ice cream", "milk", "strawberry yogurt", "paper towels", "dog fod", "sandwich bags", "quince jelly")
FILTERS: tuple[tuple[Filter, ...], ...] = (
    (),
    (parse_filter("price:2..6"),),
    (parse_filter("in_stock:false"),),
    (parse_filter("price:..3"), parse_filter("in_stock:true")),
)


def changed(store: ItemStore) -> Delta:
    """Prices and stock of many items, words of some, new ones, and some that are gone."""
    ids = store.item_ids(range(len(store)))
    put: list[dict[str, Any]] = [
        {"item_id": item_id, "price": 0.5 + number % 9, "in_stock": number % 3 > 0}
        for number, item_id in enumerate(ids[::4])
    ]
    put += [{"item_id": item_id, "title": f"Quince jelly {number}"} for number, item_id in enumerate(ids[1:200:20])]
    put += [
        {**DEFAULTS, "item_id": f"new-{number}", "title": f"Vanilla ice creem {number}", "brand": "Nova", "price": 2.5}
        for number in range(20)
    ]
    return Delta(store).after([Change(1, datetime.now(UTC), put, ids[2:300:10])])


@pytest.fixture(scope="module")
def delta(store: ItemStore) -> Delta:
    return changed(store)


@pytest.fixture(scope="module")
def live(delta: Delta, retriever: Retriever) -> Retriever:
    retrieval = LiveRetrieval(retriever)
    texts = [{name: str(item[name]) for name in TEXTS} for item in delta.items.values()]
    items = [new_item(retrieval.encoder, one, item_terms(retriever.lexicon, one)) for one in texts]
    return retrieval.at_state(LiveStore(delta), items, stale=frozenset({"price", "in_stock"}))


@pytest.fixture(scope="module")
def rebuilt(delta: Delta, tmp_path_factory: pytest.TempPathFactory) -> tuple[ItemStore, Retriever]:
    store = ItemStore.from_frame(LiveStore(delta).frame())
    return store, build_retriever(store, "wordllama", tmp_path_factory.mktemp("rebuilt"))


def test_few_items_score_as_they_would_in_the_large_index(store: ItemStore, retriever: Retriever) -> None:
    lexical = retriever.lexical
    assert isinstance(lexical, LexicalIndex)
    rows = np.arange(0, len(store), 3)
    columns = [store.texts(field, rows) for field in BOOSTS]
    items = [dict(zip(BOOSTS, texts, strict=True)) for texts in zip(*columns, strict=True)]
    postings = Postings(lexical, [terms_of_item(item_terms(lexical.lexicon, item)) for item in items])
    for text in QUERIES:
        found, bm25 = lexical.search(text, len(store))
        expected = np.zeros(len(store), dtype=np.float32)
        expected[found] = bm25
        np.testing.assert_allclose(postings.scores(lexical.terms(text)), expected[rows], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("filters", FILTERS, ids=lambda filters: str(len(filters)))
@pytest.mark.parametrize("text", QUERIES)
def test_it_finds_what_a_catalogue_built_anew_finds(
    text: str,
    filters: tuple[Filter, ...],
    delta: Delta,
    live: Retriever,
    rebuilt: tuple[ItemStore, Retriever],
) -> None:
    store = LiveStore(delta)
    ours = store.item_ids(live.retrieve(text, n_candidates=50, filters=filters).rows)
    theirs = rebuilt[0].item_ids(rebuilt[1].retrieve(text, n_candidates=50, filters=filters).rows)
    # How rare a word is differs a little, so near the end of the list one item may stand for another.
    assert len(ours) == len(theirs)
    assert len(set(ours) & set(theirs)) >= 0.9 * len(theirs)
    kept = [name for name in ours[:10] if name in theirs[:15]]
    assert len(kept) >= min(len(theirs), 10) - 2


@pytest.mark.parametrize("text", [*QUERIES, "zzz"])
def test_facets_count_what_is_there(text: str, live: Retriever, rebuilt: tuple[ItemStore, Retriever]) -> None:
    for filters in FILTERS:
        ours, theirs = live.results(text, filters), rebuilt[1].results(text, filters)
        # How rare a word is differs a little, and with it which words find.
        assert len(ours) == pytest.approx(len(theirs), rel=0.02)
        fields = ("brand", "category", "price", "in_stock")
        if len(ours) == len(theirs):
            assert ours.facets(fields, 50) == theirs.facets(fields, 50)


def test_what_is_gone_is_never_found_and_what_is_new_is(delta: Delta, live: Retriever) -> None:
    store = LiveStore(delta)
    assert store.gone is not None
    for text in QUERIES:
        for filters in FILTERS:
            assert not store.gone[live.retrieve(text, filters=filters).rows].any()
    assert store.item_ids(live.retrieve("quince jelly", n_candidates=1).rows)[0] in delta.items
    assert {f"new-{number}" for number in range(20)} <= set(
        store.item_ids(live.retrieve("vanilla ice creem", filters=(parse_filter("brand:Nova"),)).rows)
    )


@pytest.mark.parametrize("n_groups", [5, 300, 3_000])
def test_as_many_groups_are_found_as_there_are(n_groups: int, delta: Delta, live: Retriever) -> None:
    store = LiveStore(delta)
    assert store.gone is not None
    codes = np.random.default_rng(n_groups).integers(-1, n_groups, len(store))
    for text in (*QUERIES, "vanilla ice creem"):
        for filters in FILTERS:
            found = live.retrieve(text, filters=filters, groups=Alternatives(codes, n_groups)).rows
            there = live.results(text, filters).rows
            assert np.isin(found, there).all()
            n_there = len(set(codes[there].tolist()) - {-1})
            assert len(set(codes[found].tolist()) - {-1}) == len(found) == min(n_there, 200)


def test_new_words_are_no_misspellings(live: Retriever, retriever: Retriever) -> None:
    assert retriever.understand("creem").words == "cream"
    assert live.understand("creem").words == "creem"


def test_new_names_are_recognised_in_queries(live: Retriever, retriever: Retriever) -> None:
    mention = Mention("nova", "brand", "Nova")
    assert mention in live.understand("nova ice cream").attributes
    assert mention not in retriever.understand("nova ice cream").attributes


def test_a_catalogue_that_lost_everything(store: ItemStore, retriever: Retriever) -> None:
    delta = Delta(store).after([Change(1, datetime.now(UTC), (), store.item_ids(range(len(store))))])
    live = LiveRetrieval(retriever).at_state(LiveStore(delta), [], stale=frozenset())
    assert len(live.retrieve("milk")) == 0
    assert len(live.results("milk")) == len(live.results("")) == 0


def test_a_shorter_answer_is_the_head_of_a_longer_one(live: Retriever) -> None:
    for text in QUERIES:
        longer = live.retrieve(text, n_candidates=200).rows
        np.testing.assert_array_equal(live.retrieve(text, n_candidates=20).rows, longer[:20])


def test_a_large_index_that_is_asked_for_more(store: ItemStore, retriever: Retriever, tmp_path: Path) -> None:
    """Most of what a query finds is gone: the rest is still found, in order."""
    before = retriever.retrieve("milk", n_candidates=200)
    gone = store.item_ids(before.rows[:190])
    delta = Delta(store).after([Change(1, datetime.now(UTC), (), gone)])
    live = LiveRetrieval(retriever).at_state(LiveStore(delta), [], stale=frozenset())
    after = live.retrieve("milk", n_candidates=200)
    assert set(before.rows[190:].tolist()) <= set(after.rows.tolist())
    assert not set(before.rows[:190].tolist()) & set(after.rows.tolist())


def test_frames_of_changed_stores_are_catalogues(delta: Delta) -> None:
    frame = LiveStore(delta).frame()
    assert isinstance(frame, pl.DataFrame)
    assert frame["item_id"].is_unique().all()
