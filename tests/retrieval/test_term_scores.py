"""What words score in each item, against tantivy, which finds the same where an index was written without."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.catalog.groups import Alternatives
from trimtab.catalog.store import ItemStore
from trimtab.core.understood import Understood
from trimtab.retrieval.lexical.index import LexicalIndex
from trimtab.retrieval.lexical.scored import MANY, Scored
from trimtab.retrieval.lexical.term_rows import SCORES
from trimtab.retrieval.lexical.term_scores import BOOSTS, WordScores
from trimtab.retrieval.lexical.wanted import Wanted
from trimtab.retrieval.retriever import Retriever
from trimtab.text.analyser import analyser_of
from trimtab.text.query import QueryWord
from trimtab.text.words.lexicon import Lexicon

WORDS = ("red", "green", "tea", "teapot", "Tee", "thé", "no sugar", "500 g", "tea pot", "x-200", "x200")

texts = st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join)
items = st.lists(st.fixed_dictionaries(dict.fromkeys(BOOSTS, texts)), min_size=1, max_size=30)
queries = st.builds(
    lambda words, typed, meant, forbidden, excluded: Understood(
        words, words, synonyms=((typed, meant),) if typed in words else (), forbidden=forbidden, excluded=excluded
    ),
    st.lists(st.sampled_from([*WORDS, "nowhere", "greentea"]), min_size=1, max_size=3).map(" ".join),
    st.sampled_from(WORDS),
    texts,
    st.lists(st.sampled_from(WORDS), max_size=1).map(tuple),
    st.lists(st.sampled_from(WORDS), max_size=1).map(tuple),
)


def earlier(folder: Path, lexicon: Lexicon, scratch: Path) -> LexicalIndex:
    """An index as it was written before scores were kept."""
    shutil.copytree(folder, scratch)
    (scratch / SCORES).unlink()
    return LexicalIndex.load(scratch, lexicon)


def test_a_search_of_a_catalogue_finds_what_tantivy_finds(
    folder: Path, retriever: Retriever, store: ItemStore, tmp_path: Path
) -> None:
    plain = earlier(folder / "lexical", retriever.lexicon, tmp_path / "lexical")
    for query in ("milk", "ice cream", "choclat", "nowhere", "frozen dog food", "sugar free gum", "12 oz"):
        understood = retriever.understand(query)
        for depth in (1, 20, len(store)):
            rows, scores = retriever.lexical.search(understood, depth)
            expected_rows, expected = plain.search(understood, depth)
            np.testing.assert_allclose(scores, expected, rtol=1e-6)
            assert rows.tolist() == expected_rows.tolist()


@given(items, st.lists(queries, min_size=1, max_size=5), st.randoms())
def test_scores_are_those_of_tantivy(
    tmp_path_factory: pytest.TempPathFactory, catalogue: list[dict[str, str]], asked: list[Understood], random: object
) -> None:
    folder = tmp_path_factory.mktemp("scores")
    columns = {field: [item[field] for item in catalogue] for field in BOOSTS}
    lexicon = Lexicon.of_texts(analyser_of(["en"]), columns["title"])
    priority = np.arange(len(catalogue))
    random.shuffle(priority)  # type: ignore[attr-defined]  # a random.Random
    index = LexicalIndex.build(columns, priority, folder / "lexical", lexicon)
    plain = earlier(folder / "lexical", lexicon, folder / "earlier")
    for query in asked:
        rows, scores = index.search(query, len(catalogue))
        expected_rows, expected = plain.search(query, len(catalogue))
        assert set(rows.tolist()) == set(expected_rows.tolist()) == set(index.matches(query).tolist())
        by_row = dict(zip(expected_rows.tolist(), expected.tolist(), strict=True))
        np.testing.assert_allclose(scores, [by_row[row] for row in rows.tolist()], rtol=1e-5)
        assert sorted(zip((-scores).tolist(), priority[rows], strict=True)) == list(
            zip((-scores).tolist(), priority[rows], strict=True)
        ), "best first, and of equal ones the one with priority"
        allowed = np.zeros(len(catalogue), dtype=bool)
        allowed[::2] = True
        kept, _ = index.search(query, 2, allowed=allowed)
        assert kept.tolist() == [row for row in rows.tolist() if allowed[row]][:2]


def test_a_search_leaves_nothing_behind(retriever: Retriever) -> None:
    index = retriever.lexical
    first = index.search("milk chocolate", 50)
    index.search(retriever.understand("dark chocolate -milk"), 10)
    again = index.search("milk chocolate", 50)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])


@pytest.mark.parametrize("in_groups", [False, True])
@pytest.mark.parametrize("depth", [5, 2_000, 60_000])
def test_of_frequent_words_the_best_items_are_found_as_if_all_were_added_up(depth: int, *, in_groups: bool) -> None:
    n_items = 4 * MANY
    rng = np.random.Generator(np.random.PCG64(0))
    of_term = {
        term: Scored(np.flatnonzero(has).astype(np.int32), rng.random(np.count_nonzero(has), dtype=np.float32) + 1)
        for term, has in zip(("usb", "cable", "black", "white"), rng.random((4, n_items)) < 0.3, strict=True)
    }
    priority = rng.permutation(n_items)
    groups = Alternatives(rng.integers(-1, n_items // 3, n_items), n_items // 3) if in_groups else None
    allowed = rng.random(n_items) < 0.8
    words = tuple(QueryWord(((term,),)) for term in ("usb", "cable", "black"))
    without = of_term["white"].rows
    index = WordScores(of_term.__getitem__, priority.astype(np.int32))
    for finding in (words, words[:2], words[:1]):
        rows, scores = index.search(Wanted(words), finding, depth, without=without, allowed=allowed, groups=groups)
        totals = np.zeros(n_items, dtype=np.float32)
        for word in finding:
            totals[of_term[word.term].rows] += of_term[word.term].scores
        is_found = (totals > 0) & allowed
        is_found[without] = False
        for word in words[len(finding) :]:
            totals[of_term[word.term].rows] += of_term[word.term].scores
        expected = np.flatnonzero(is_found)
        expected = expected[np.lexsort((priority[expected], -totals[expected]))]
        if groups is not None:
            expected = expected[groups.codes[expected] >= 0]
            expected = expected[groups.first_of_each(expected)]
        assert rows.tolist() == expected[:depth].tolist()
        np.testing.assert_array_equal(scores, totals[rows])
