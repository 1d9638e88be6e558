"""Synonyms: their files, their direction, amounts in words, and that they never narrow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.retrieval.understanding.furniture import SYNONYMS, TITLES, often
from trimtab.core.errors import BadFile
from trimtab.retrieval.retriever import Retriever
from trimtab.retrieval.understanding.amounts_in_words import amounts_in_words
from trimtab.retrieval.understanding.synonyms import Synonyms, SynonymSet, read_synonyms
from trimtab.retrieval.understanding.understand import understand
from trimtab.text.analyser import analyser_of


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


@pytest.mark.parametrize(
    ("language", "typed", "meant"),
    [
        ("en", "half a gallon", "0.5 gal"),
        ("en", "half pound", "0.5 lb"),
        ("es", "media pulgada", "0.5 in"),
        ("es", "medio litro", "0.5 l"),
        ("de", "halber Liter", "0.5 l"),
        ("fr", "demi-litre", "0.5 l"),
        ("it", "mezzo kilo", "0.5 kg"),
        ("ar", "نصف كيلو", "0.5 kg"),
        ("cs", "půl litru", "0.5 l"),
        ("vi", "nửa lít", "0.5 l"),
    ],
)
def test_half_of_a_unit_is_an_amount(language: str, typed: str, meant: str) -> None:
    analyser = analyser_of([language])
    assert Synonyms.of(amounts_in_words(analyser), analyser).found_in(typed, analyser) == ((typed, meant),)
