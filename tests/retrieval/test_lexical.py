"""The lexical index against counting by hand."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trimtab.catalog.schema import complete
from trimtab.catalog.store import ItemStore
from trimtab.core.work.processes import Processes
from trimtab.engine.build.indexing import kept_for_features
from trimtab.retrieval import building, vocabulary
from trimtab.retrieval.building import build_retriever
from trimtab.retrieval.filters import conditions_of, mask_of, parse_filter
from trimtab.retrieval.lexical import item_reading
from trimtab.retrieval.lexical.field_terms import item_terms
from trimtab.retrieval.lexical.index import COMMON, LexicalIndex
from trimtab.retrieval.lexical.postings import Postings, terms_of_item
from trimtab.retrieval.lexical.term_scores import BOOSTS
from trimtab.retrieval.live_retrieval import LiveLexicalIndex
from trimtab.retrieval.retriever import Retriever
from trimtab.text.analyser import analyser_of
from trimtab.text.words.lexicon import Lexicon

LEXICON = Lexicon.of_texts(analyser_of(["en"]), [])


@pytest.fixture(scope="module")
def index(retriever: Retriever) -> LexicalIndex:
    return retriever.lexical


@pytest.mark.parametrize("word", ["cheese", "frozen", "milk", "organic"])
def test_it_finds_exactly_the_items_with_the_word(index: LexicalIndex, store: ItemStore, word: str) -> None:
    rows, scores = index.search(word, len(store))
    columns = [store.texts(field) for field in BOOSTS]
    (wanted,) = index.terms(word)
    terms = index.lexicon.terms
    expected = {row for row in range(len(store)) if any(wanted.term in terms(column[row]) for column in columns)}

    assert set(rows.tolist()) == expected
    assert (scores > 0).all()
    assert (np.diff(scores) <= 0).all()


def test_equal_texts_make_equal_files(
    folder: Path, store: ItemStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever they are read; tantivy names the segments of an index by chance, and a bundle's id is of the names and
    contents of its files."""
    monkeypatch.setattr(vocabulary, "ITEMS_AT_ONCE", 200)
    monkeypatch.setattr(item_reading, "ITEMS_AT_ONCE", 150)
    monkeypatch.setattr(building, "Processes", partial(Processes, 2))
    words, also = kept_for_features()
    build_retriever(store, "wordllama", tmp_path / "again", also=also)
    assert sorted(words.rows) == list(range(len(store)))
    digests = [
        {str(file.relative_to(one)): sha256(file.read_bytes()).hexdigest() for file in one.rglob("*") if file.is_file()}
        for one in (folder, tmp_path / "again")
    ]
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    "filters",
    [
        ["price:..2"],
        ["price:3..3.5", "price:8.."],
        ["in_stock:true"],
        ["in_stock:false"],
        ["brand:store brand"],
        ["brand:nobody"],
        ["brand:store brand", "price:..1.5", "in_stock:true"],
        ["-brand:store brand"],
        ["-brand:nobody", "-price:2..4"],
        ["brand:store brand", "-in_stock:true"],
    ],
)
@pytest.mark.parametrize("text", ["store", "frozen pizza", "dog food", "milk"])
def test_conditions_give_the_best_of_those_that_meet_them(
    index: LexicalIndex, store: ItemStore, text: str, filters: list[str]
) -> None:
    conditions = conditions_of(store, map(parse_filter, filters))
    mask = mask_of(store, conditions)
    everything, every_score = index.search(text, len(store))
    assert mask is not None
    passing = mask[everything]

    rows, scores = index.search(text, 20, conditions, mask)

    np.testing.assert_array_equal(rows, everything[passing][:20])
    np.testing.assert_array_equal(scores, every_score[passing][:20])


def test_matches_are_all_that_a_search_finds(index: LexicalIndex, store: ItemStore) -> None:
    for text in ("ice cream", "cheese xqzvkjw", "milk", ""):
        assert set(index.matches(text).tolist()) == set(index.search(text, len(store))[0].tolist())


def test_equal_scores_go_by_priority(tmp_path: Path) -> None:
    columns = {field: [""] * 4 for field in BOOSTS} | {"title": ["milk", "milk", "milk", "bread"]}
    index = LexicalIndex.build(columns, np.array([2, 0, 1, 3]), tmp_path / "lexical", LEXICON)

    assert index.search("milk", 2)[0].tolist() == [1, 2]


def test_a_word_of_very_many_items_finds_nothing_beside_a_rarer_one(tmp_path: Path) -> None:
    """But it counts: of two green items the tea is the better answer to "green tea"."""
    titles = ["green soap", "green tea", *["tea"] * COMMON]
    columns = {field: [""] * len(titles) for field in BOOSTS} | {"title": titles}
    index = LexicalIndex.build(columns, np.arange(len(titles)), tmp_path / "lexical", LEXICON)

    assert index.search("green tea", 10)[0].tolist() == [1, 0]
    assert len(index.search("tea", len(titles))[0]) == COMMON + 1, "alone it finds all"
    assert index.search("tea", 1)[1] > 0

    new_titles = ["tea", "green cup", "green tea"]
    new = [terms_of_item(item_terms(LEXICON, {**dict.fromkeys(BOOSTS, ""), "title": title})) for title in new_titles]
    every = pl.DataFrame({"title": [*titles, *new_titles]}).with_row_index("item_id").cast(pl.String)
    store = ItemStore.from_frame(complete(every))
    live = LiveLexicalIndex(index, Postings(index, new), store, n_base=len(titles), stale=frozenset())
    assert live.search("green tea", 10)[0].tolist() == [1, len(titles) + 2, 0, len(titles) + 1]


def test_a_part_of_an_article_number_is_found(tmp_path: Path) -> None:
    columns = {"item_id": ["1", "2"], "title": ["Battery 18V", "Battery 12V"], "attr_sku": ["BL1850B", "BL1041"]}
    retriever = build_retriever(ItemStore.from_frame(pl.DataFrame(columns)), "wordllama", tmp_path, languages=("en",))
    assert retriever.lexical.search("bl1850", 2)[0].tolist() == [0]
