"""Words and stems beside those that others have published: Snowball's vocabularies, Unicode's word boundaries."""

from pathlib import Path

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from trimtab.text.analyser import analyser_of
from trimtab.text.normal import fold_accents, fold_case, normalised

VOCABULARY = Path(__file__).resolve().parents[1] / "data" / "snowball.txt"
PUBLISHED = [tuple(line.split()) for line in VOCABULARY.read_text(encoding="utf-8").splitlines()]

CHARACTERS = regex.findall(
    r"\X", "abcxyzABCåéßøñłİ" + "абвёЙ" + "αβγΣς" + "हिन्दीका" + "தமிழ்" + "عربية" + "e\u0301" + ' ,;!?()«»"…¿'
)
SPACED = st.lists(st.sampled_from(CHARACTERS), max_size=40).map("".join)
"""Texts in scripts with spaces, each mark with its letter, without digits and without what joins two words."""

_BOUNDARY = regex.compile(r"(?w)\b")
_HAS_LETTER = regex.compile(r"\p{L}")


@pytest.mark.parametrize(("language", "word", "stem"), PUBLISHED)
def test_a_stem_is_the_published_one(language: str, word: str, stem: str) -> None:
    term = fold_accents(fold_case(stem))
    for form in (word, word.upper(), word.title()):
        assert term in analyser_of([language]).terms(form)


@given(SPACED)
def test_words_end_where_unicode_says(text: str) -> None:
    text = normalised(text)
    words = [word for word in _BOUNDARY.split(text) if _HAS_LETTER.search(word)]
    assert [token.text for token in analyser_of(["en"]).tokens(text)] == words
