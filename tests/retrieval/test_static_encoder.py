"""Static encoders: a text's tokens are those of its words, which are kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.retrieval.encoders.protocol import MAX_TOKENS, encodable
from trimtab.retrieval.encoders.wordllama import WordLlama

TOKENIZER = WordLlama.tokenizer()
ALPHABET = ["tea", "Crème", "500 g", "ß", "茶", "🍵", "<s>", "</s>", "▁", "  ", "\t", "x" * 300, "-", "'", "\ud800"]


@pytest.fixture(scope="module")
def encoder() -> WordLlama:
    return WordLlama()


@given(
    parts=st.lists(st.one_of(st.text(max_size=8), st.sampled_from(ALPHABET)), max_size=8),
    between=st.sampled_from([" ", ""]),
)
def test_tokens_of_words_are_those_of_the_text(encoder: WordLlama, parts: list[str], between: str) -> None:
    text = between.join(parts)
    whole = TOKENIZER.encode(encodable(text).lower(), add_special_tokens=False).ids
    assert encoder.tokens([text, text]) == [whole, whole]
    assert len(whole) <= MAX_TOKENS
