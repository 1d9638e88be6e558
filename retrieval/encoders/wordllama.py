"""Static encoders: the mean of token vectors from a table. WordLlama is the default (Miller 2024,
github.com/dleemiller/WordLlama).

The package is only read for its files: importing it would configure the root logger.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from trimtab.core.records import FloatArray
from trimtab.retrieval.encoders.protocol import MAX_TOKENS, encodable, package_folder


class StaticEncoder:
    """Mean of static token vectors. Case is folded, because shoppers type in lower case and titles do not.

    Args:
        table: [n_tokens, dim] float32.
    """

    name = "static"

    def __init__(self, tokenizer: Tokenizer, table: FloatArray) -> None:
        self._tokenizer, self.table = tokenizer, table
        self.dim = int(table.shape[1])

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text."""
        folded = [encodable(text).lower() for text in texts]
        return [one.ids for one in self._tokenizer.encode_batch_fast(folded, add_special_tokens=False)]

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """[n_texts, dim] float32 rows of length 1; a text without a token is a row of zeros."""
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, ids in enumerate(self.tokens(texts)):
            if ids:
                vectors[row] = self.table[ids].sum(axis=0)
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
