"""The rows that have words, against looking at every item."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.errors import BundleDamaged
from trimtab.retrieval.lexical.index import LexicalIndex
from trimtab.retrieval.lexical.term_rows import ROWS, SORTED_AT_ONCE, StoredRows, TermRows
from trimtab.retrieval.lexical.term_rows import TERMS as FILE
from trimtab.retrieval.lexical.term_scores import BOOSTS
from trimtab.retrieval.retriever import Retriever
from trimtab.text.query import QueryWord
from trimtab.text.words.numbered import NumberedWords, WordsByRow

NO_OTHERS: list[list[str]] = [[]] * (len(BOOSTS) - 1)
TERMS = ("red", "green", "tea", "soap", "mug")

texts = st.lists(st.sampled_from(TERMS), max_size=4).map(" ".join)
words = st.lists(st.lists(st.sampled_from([*TERMS, "else"]), min_size=1, max_size=2), min_size=1, max_size=2)


def stored(items: Sequence[str], at_once: int = SORTED_AT_ONCE) -> StoredRows:
    """The rows of the words of texts, which are taken last first."""
    words = WordsByRow(len(BOOSTS))
    for rows in np.array_split(np.arange(len(items))[::-1], 2):
        words.add(rows, NumberedWords.of(some for row in rows for some in [items[row].split(), *NO_OTHERS]))
    return StoredRows.build(words, np.arange(len(items)), at_once)


@given(st.lists(st.tuples(texts, texts), max_size=20), st.lists(st.lists(words, max_size=3), max_size=3))
def test_they_are_what_looking_at_every_item_gives(
    items: list[tuple[str, str]], asked: list[list[list[list[str]]]]
) -> None:
    whole, in_parts = (stored([" ".join(item) for item in items], at_once) for at_once in (SORTED_AT_ONCE, 3))
    for name in ("rows", "starts", "scores"):
        np.testing.assert_array_equal(getattr(in_parts, name), getattr(whole, name))
    rows = TermRows(whole.of)
    queries = [[QueryWord(tuple(map(tuple, readings))) for readings in query] for query in asked]

    def has(row: int, word: QueryWord) -> bool:
        terms = set(" ".join(items[row]).split())
        return any(terms.issuperset(reading) for reading in word.readings)

    for query in queries:
        by_hand = [row for row in range(len(items)) if query and all(has(row, word) for word in query)]
        assert rows.having_all(query).tolist() == by_hand
        assert rows.is_any_having_all(query) == bool(by_hand)
    either = [
        row for row in range(len(items)) if any(query and all(has(row, one) for one in query) for query in queries)
    ]
    assert rows.having_any(queries).tolist() == either


def test_an_index_without_them_finds_the_same(folder: Path, retriever: Retriever, tmp_path: Path) -> None:
    """Bundles of earlier versions have no such files."""
    shutil.copytree(folder / "lexical", tmp_path, dirs_exist_ok=True)
    (tmp_path / FILE).unlink()
    earlier = LexicalIndex.load(tmp_path, retriever.lexicon)
    for query in ("milk", "ice cream", "choclat", "nowhere", "frozen dog food"):
        assert earlier.matches(query).tolist() == retriever.lexical.matches(query).tolist()
        words = retriever.lexical.terms(query)
        assert earlier.terms(query) == words
        assert earlier.n_having(words) == retriever.lexical.n_having(words)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    assert StoredRows.load(tmp_path) is None
    stored(["red tea"]).save(tmp_path)
    (tmp_path / ROWS).write_bytes(b"no array")
    with pytest.raises(BundleDamaged, match=ROWS):
        StoredRows.load(tmp_path)
