"""Vectors in 8 bits a dimension: near enough to put in order what coarser codes find, and a quarter to read.

Each vector is scaled by its largest dimension, so that a cosine is off by about a thousandth.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.core.compiled import kernel
from trimtab.core.errors import BundleDamaged
from trimtab.core.records import FloatArray, IntArray
from trimtab.retrieval.encoders.vector_parts import Vectors

CODES, SCALES = "dense_codes.npy", "dense_scales.npy"
LARGEST = 127
BLOCK = 65_536
"""Vectors that are rounded at once."""

ROUNDED = 0.005
"""By how much a cosine may be off; in a million of them the furthest was off by .004."""


@dataclass(frozen=True, eq=False)
class EightBits:
    """Vectors as whole numbers.

    Attributes:
        codes: [n, dim] int8.
        scales: [n] what one is worth in each vector.
    """

    codes: NDArray[np.int8]
    scales: FloatArray

    @classmethod
    def of(cls, vectors: Vectors) -> EightBits:
        """Vectors [n, dim], rounded."""
        codes, scales = np.empty(vectors.shape, dtype=np.int8), np.empty(len(vectors), dtype=np.float32)
        for start in range(0, len(vectors), BLOCK):
            some = slice(start, start + BLOCK)
            block = vectors[some]
            scales[some] = np.maximum(np.abs(block).max(axis=1), np.finfo(np.float32).tiny) / LARGEST
            codes[some] = np.rint(block / scales[some, None])
        return cls(codes, scales)

    def save(self, folder: Path) -> None:
        np.save(folder / CODES, self.codes, allow_pickle=False)
        np.save(folder / SCALES, self.scales, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> EightBits | None:
        """Memory-mapped; None where an index was written without.

        Raises:
            BundleDamaged: a file cannot be read, or they do not fit.
        """
        if not (folder / CODES).exists():
            return None
        try:
            codes, scales = (np.asarray(np.load(folder / name, mmap_mode="r")) for name in (CODES, SCALES))
        except (OSError, ValueError) as error:
            raise BundleDamaged(folder / CODES, str(error)) from error
        if len(codes) != len(scales):
            raise BundleDamaged(folder / CODES, f"has {len(codes)} vectors, {SCALES} {len(scales)}")
        return cls(codes, scales)

    def __len__(self) -> int:
        return len(self.codes)

    def cosines(self, vectors: IntArray, query: FloatArray) -> FloatArray:
        """[n] of some of the vectors with a unit vector, to within `ROUNDED`."""
        found = np.empty(len(vectors), dtype=np.float32)
        _products(self.codes, self.scales, vectors, query, found)
        return found


@kernel("i1[:,:]", "f4[:]", "i8[:]", "f4[:]", "out f4[:]", adds_in_any_order=True)
def _products(codes: Any, scales: Any, vectors: Any, query: Any, found: Any) -> None:
    for place in range(len(vectors)):
        vector = vectors[place]
        total = np.float32(0)
        for at in range(len(query)):
            total += np.float32(codes[vector, at]) * query[at]
        found[place] = total * scales[vector]
