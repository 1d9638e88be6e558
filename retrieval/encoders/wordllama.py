"""Static encoders: the mean of token vectors from a table. WordLlama is the default (Miller 2024,
github.com/dleemiller/WordLlama).

The package is only read for its files: importing it would configure the root logger.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from trimtab.core.records import FloatArray
from trimtab.retrieval.encoders.protocol import MAX_TOKENS, encodable, package_folder

KEPT_WORDS = 16_384
"""The most words whose tokens are kept: words come again, and a tokenizer takes its time."""
BEYOND_WORDS = ("  ", "▁", "<")
"""Texts that have one of these are tokenized as a whole: two spaces, the sign for a space, the beginning of `<s>`."""


class StaticEncoder:
    """Mean of static token vectors. Case is folded, because shoppers type in lower case and titles do not.

    Args:
        tokenizer: one in which a space begins a token, as SentencePiece's do: a text's tokens are its words' tokens.
        table: [n_tokens, dim] float32.
    """

    name = "static"

    def __init__(self, tokenizer: Tokenizer, table: FloatArray) -> None:
        self._tokenizer, self.table = tokenizer, table
        self.dim = int(table.shape[1])
        self._of_word = lru_cache(KEPT_WORDS)(self._tokenized)

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text."""
        return [self._tokens_of(encodable(text).lower()) for text in texts]

    def _tokens_of(self, text: str) -> list[int]:
        if any(sign in text for sign in BEYOND_WORDS):
            return self._tokenized(text)
        return list(chain.from_iterable(map(self._of_word, text.split(" "))))[:MAX_TOKENS]

    def _tokenized(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode_batch_fast([text], add_special_tokens=False)[0].ids
        return ids

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """[n_texts, dim] float32 rows of length 1; a text without a token is a row of zeros."""
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, ids in enumerate(self.tokens(texts)):
            if ids:
                vectors[row] = self.table.take(ids, axis=0).sum(axis=0)
        lengths = np.sqrt(np.add.reduce(vectors * vectors, axis=1, keepdims=True))
        vectors /= np.maximum(lengths, np.float32(1e-12))
        return vectors


class WordLlama(StaticEncoder):
    """The table of the `wordllama` package."""

    name = "wordllama"

    def __init__(self) -> None:
        weights = load_file(_wordllama_folder() / "weights" / "l2_supercat_256.safetensors")
        super().__init__(self.tokenizer(), weights["embedding.weight"].astype(np.float32))

    @staticmethod
    def tokenizer() -> Tokenizer:
        tokenizer = Tokenizer.from_file(str(_wordllama_folder() / "tokenizers" / "l2_supercat_tokenizer_config.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        return tokenizer


def _wordllama_folder() -> Path:
    return package_folder("wordllama", install="pip install wordllama")
