"""Retrieval in a collection whose catalogue changed finds what a collection built anew finds."""

from __future__ import annotations

import numpy as np
import pytest

from tests.retrieval.test_live_retrieval import (
    QUERIES,
    delta,
    live,
    test_a_catalogue_that_lost_everything,
    test_a_large_index_that_is_asked_for_more,
    test_a_shorter_answer_is_the_head_of_a_longer_one,
    test_facets_count_what_is_there,
    test_it_finds_what_a_catalogue_built_anew_finds,
    test_new_names_are_recognised_in_queries,
    test_new_words_are_no_misspellings,
    test_what_is_gone_is_never_found_and_what_is_new_is,
)
from tests.support.milvus_servers import MilvusServer
from trimtab.catalog.live.delta import Delta
from trimtab.catalog.live.live_store import LiveStore
from trimtab.catalog.store import ItemStore
from trimtab.retrieval.building import build_retriever
from trimtab.retrieval.lexical.field_terms import item_terms
from trimtab.retrieval.lexical.postings import terms_of_item
from trimtab.retrieval.lexical.term_scores import BOOSTS
from trimtab.retrieval.milvus.building import new_collection
from trimtab.retrieval.milvus.indices import MilvusLexical, MilvusPostings
from trimtab.retrieval.retriever import Retriever

__all__ = [
    "delta",
    "live",
    "test_a_catalogue_that_lost_everything",
    "test_a_large_index_that_is_asked_for_more",
    "test_a_shorter_answer_is_the_head_of_a_longer_one",
    "test_facets_count_what_is_there",
    "test_it_finds_what_a_catalogue_built_anew_finds",
    "test_new_names_are_recognised_in_queries",
    "test_new_words_are_no_misspellings",
    "test_what_is_gone_is_never_found_and_what_is_new_is",
]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def rebuilt(
    delta: Delta,
    server: MilvusServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[ItemStore, Retriever]:
    store = ItemStore.from_frame(LiveStore(delta).frame())
    with new_collection(server.address("rebuilt")) as collection:
        return store, build_retriever(store, "wordllama", tmp_path_factory.mktemp("rebuilt"), collection=collection)


def test_few_items_score_as_they_would_in_the_collection(store: ItemStore, retriever: Retriever) -> None:
    """milvus-lite counts words by segment, so one segment holds all here: then the scores are the same."""
    lexical = retriever.lexical
    assert isinstance(lexical, MilvusLexical)
    rows = np.arange(0, len(store), 3)
    columns = [store.searched_attributes() if field == "attributes" else store.texts(field) for field in BOOSTS]
    texts = [{field: column[row] for field, column in zip(BOOSTS, columns, strict=True)} for row in rows.tolist()]
    items = [terms_of_item(item_terms(lexical.lexicon, one)) for one in texts]
    postings = MilvusPostings(lexical, items)
    for text in QUERIES:
        found, bm25 = lexical.search(text, len(store))
        expected = np.zeros(len(store), dtype=np.float32)
        expected[found] = bm25
        ours = np.where(np.isin(rows, found), postings.scores_of(lexical.wanted(text)), 0)
        np.testing.assert_allclose(ours, expected[rows], rtol=1e-3, atol=1e-3)
