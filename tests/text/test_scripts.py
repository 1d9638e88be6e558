"""Words in another script than their own, and stems where Snowball has none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.text.analyser import analyser_of
from trimtab.text.words.scripts import by_other_keys, sounds_of


@pytest.mark.parametrize(
    ("word", "sound"),
    [("кроссовки", "krossovki"), ("παπούτσια", "papoutsia"), ("чашка", "chashka"), ("sofa", None), ("日本", None)],
)
def test_how_a_word_is_written_in_latin_letters(word: str, sound: str | None) -> None:
    assert sounds_of(word) == sound


@pytest.mark.parametrize("language", ["bg", "el", "he", "ru", "uk"])
@given(word=st.text("abcdefghijklmnoprstuvxyz", min_size=1, max_size=12))
def test_keys_pressed_again_on_the_first_keyboard_write_the_word_again(language: str, word: str) -> None:
    assert word in [again for other in by_other_keys(word, [language]) for again in by_other_keys(other, [language])]


def test_a_catalogue_in_latin_letters_has_no_other_keyboard() -> None:
    assert list(by_other_keys("rhjccjdrb", ["en", "de"])) == []


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("bg", ["обувка", "обувки", "обувката"]),
        ("he", ["נעלי", "נעליים"]),
        ("he", ["אדום", "אדומה", "אדומות"]),
        ("hr", ["haljina", "haljine", "haljinu"]),
        ("ja", ["りんご", "リンゴ"]),
        ("sk", ["detský", "detská", "detské"]),
        ("uk", ["сукня", "сукні", "сукню"]),
    ],
)
def test_the_forms_of_a_word_are_one(language: str, forms: list[str]) -> None:
    analyser = analyser_of([language])
    assert len({analyser.tokens(form)[0].term for form in forms}) == 1
