"""Hebrew abbreviations, whose last letter has a sign before it that many leave out."""

from __future__ import annotations

import pytest

from trimtab.text.analyser import analyser_of

HEBREW = analyser_of(["he"])


@pytest.mark.parametrize("text", ['בובה 36 ס"מ', "בובה 36 ס״מ", "בובה 36 סמ", "בובה 0.36 מ'", "בובה 360 מ״מ"])
def test_an_amount_is_the_same_with_and_without_the_sign(text: str) -> None:
    assert "360mm" in HEBREW.terms(text)


def test_an_abbreviation_is_one_word_and_stands_where_it_stands() -> None:
    text = 'מסך 12" של צה״ל, "לבן" ק"ג'
    places = [text[token.start : token.end] for token in HEBREW.tokens(text)]
    assert places == ["מסך", '12"', "של", "צה״ל", "לבן", 'ק"ג']
    assert HEBREW.key("צה״ל") == HEBREW.key("צהל")
    assert HEBREW.key("ג׳ליקט") == HEBREW.key("ג'ליקט")
