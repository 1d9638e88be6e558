"""What every text encoder has in common."""

from __future__ import annotations

import importlib.util
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

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


def encodable(text: str) -> str:
    """The text as a tokenizer takes it: in one form (NFKC), lone surrogates, which are not Unicode, question marks."""
    return unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode("utf-8")).strip()


def package_folder(package: str, *, install: str) -> Path:
    """The folder of an installed package that is read for its files; importing it may have side effects.

    Args:
        install: the command that installs it.

    Raises:
        BadParameter: it is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise BadParameter("encoder", f"its package {package} is not installed", f"another encoder, or: {install}")
    return Path(spec.origin).parent
