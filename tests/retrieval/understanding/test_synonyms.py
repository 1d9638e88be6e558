"""Synonyms: their files, their direction, dozens, and that they never narrow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.retrieval.understanding.furniture import SYNONYMS, TITLES, often
from trimtab.core.errors import BadFile
from trimtab.retrieval.retriever import Retriever
from trimtab.retrieval.understanding.synonyms import Synonyms, SynonymSet, read_synonyms
from trimtab.retrieval.understanding.understand import understand


@pytest.mark.parametrize(
    ("typed", "synonyms"),
    [
        ("Sofas", (("Sofas", "couch"),)),
        ("red couch", (("couch", "sofa"),)),
        ("tv", (("tv", "television set"),)),
        ("television set", ()),  # one way
        ("tea", ()),
    ],
)
def test_synonyms_are_found_in_their_direction(
    shop: Retriever, typed: str, synonyms: tuple[tuple[str, str], ...]
) -> None:
    known = replace(shop.knowledge, synonyms=Synonyms.of(SYNONYMS, shop.knowledge.analyser))
    assert understand(typed, known).synonyms == synonyms


words_of_the_shop = st.sampled_from([word for title in TITLES for word in title.replace(",", "").split()])
phrases = st.lists(words_of_the_shop, min_size=1, max_size=3).map(" ".join)
sides = st.lists(phrases, max_size=3).map(tuple)
tables = st.lists(st.builds(SynonymSet, sides, sides), max_size=4)


@often
@given(text=phrases, table=tables)
def test_a_synonym_never_narrows(shop: Retriever, text: str, table: list[SynonymSet]) -> None:
    analyser = shop.knowledge.analyser
    plain = shop.understand(text)
    widened = replace(plain, synonyms=Synonyms.of(table, analyser).found_in(plain.words, analyser))
    before, after = (shop.lexical.search(one, len(TITLES))[0].tolist() for one in (plain, widened))
    assert set(before) <= set(after)


def test_files_of_synonyms(tmp_path: Path) -> None:
    file = tmp_path / "synonyms.txt"
    file.write_text("# furniture\nsofa, couch,  settee\n\ntv, telly => television set # one way\n", encoding="utf-8")
    assert read_synonyms(file) == [
        SynonymSet(("sofa", "couch", "settee")),
        SynonymSet(("tv", "telly"), ("television set",)),
    ]
    for line in ("sofa", "tv =>", "=> tv"):
        file.write_text(f"a, b\n{line}\n", encoding="utf-8")
        with pytest.raises(BadFile, match=r"synonyms\.txt, row 2"):
            read_synonyms(file)


def test_a_dozen_is_twelve(detergents: Retriever) -> None:
    assert detergents.understand("a dozen eggs").synonyms == (("dozen", "12 ct"),)
    assert detergents.understand("half a dozen eggs").synonyms == (("half a dozen", "6 ct"),)
