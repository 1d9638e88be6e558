"""The table of WordLlama from the files of its package, which would download them again."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

_spec = find_spec("wordllama")
assert _spec is not None
assert _spec.origin is not None
_folder = Path(_spec.origin).parent
_table = load_file(_folder / "weights" / "l2_supercat_256.safetensors")["embedding.weight"].astype(np.float32)
_tokenizer = Tokenizer.from_file(str(_folder / "tokenizers" / "l2_supercat_tokenizer_config.json"))
_tokenizer.no_padding()


def encode(texts: list[str]) -> Any:
    """[n, 256] float32 unit rows."""
    vectors = np.zeros((len(texts), _table.shape[1]), dtype=np.float32)
    for row, found in enumerate(
        _tokenizer.encode_batch_fast([text.lower() for text in texts], add_special_tokens=False)
    ):
        vectors[row] = _table[found.ids].sum(axis=0)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
