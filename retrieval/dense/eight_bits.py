"""Vectors in 8 bits a dimension: near enough to put in order what coarser codes find, and a quarter to read.

Each vector is scaled by its largest dimension, so that a cosine is off by about a thousandth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.core.compiled import any_order, kernel
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
        folder: where they are mapped from.
    """

    codes: NDArray[np.int8]
    scales: FloatArray
    folder: Path | None = None

    @classmethod
    def of(cls, vectors: Vectors, folder: Path | None = None) -> EightBits:
        """Vectors [n, dim], rounded.

        Args:
            folder: where they are written, a block at a time, and mapped from; without one they are in memory.
        """
        scales = np.empty(len(vectors), dtype=np.float32)
        if folder is None:
            codes = np.empty(vectors.shape, dtype=np.int8)
            for some, block in _rounded(vectors, scales):
                codes[some] = block
            return cls(codes, scales)
        with (folder / CODES).open("wb") as file:  # not a mapped file, which would kill the process on a full disk
            header = {"descr": "|i1", "fortran_order": False, "shape": vectors.shape}
            np.lib.format.write_array_header_1_0(file, header)
            for _, block in _rounded(vectors, scales):
                file.write(block.data)
        np.save(folder / SCALES, scales, allow_pickle=False)
        return cls(np.asarray(np.load(folder / CODES, mmap_mode="r")), scales, folder)

    def save(self, folder: Path) -> None:
        if folder != self.folder:
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
        return cls(codes, scales, folder)

    def __len__(self) -> int:
        return len(self.codes)

    def cosines(self, vectors: IntArray, query: FloatArray) -> FloatArray:
        """[n] of some of the vectors with a unit vector, to within `ROUNDED`."""
        found = np.empty(len(vectors), dtype=np.float32)
        _products(self.codes, self.scales, vectors, query, found)
        return found

    def nearest(self, vectors: IntArray, query: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """The nearest k of some of the vectors, nearest first, and their cosines."""
        keys = np.empty(len(vectors), dtype=np.int64)
        _write_keys(self.codes, self.scales, np.sort(vectors), query, keys)  # in the order in which they lie in memory
        if k < len(keys):
            keys.partition(k)
            keys = keys[:k]
        keys.sort()
        found, cosines = np.empty(len(keys), dtype=np.int64), np.empty(len(keys), dtype=np.float32)
        _read_keys(keys, found, cosines)
        return found, cosines


def _rounded(vectors: Vectors, scales: FloatArray) -> Iterator[tuple[slice, NDArray[np.int8]]]:
    """The codes of vectors, a block at a time; writes their scales [n]."""
    for start in range(0, len(vectors), BLOCK):
        some = slice(start, start + BLOCK)
        block = vectors[some]
        scales[some] = np.maximum(np.abs(block).max(axis=1), np.finfo(np.float32).tiny) / LARGEST
        yield some, np.rint(block / scales[some, None]).astype(np.int8)


VECTOR_BITS = 32
CACHE_LINE = 64
ALL_BUT_SIGN = (1 << 31) - 1


@any_order
def _product(code: Any, query: Any) -> np.float32:
    total = np.float32(0)
    for at in range(len(query)):
        total += np.float32(code[at]) * query[at]
    return total


@kernel("i1[:,:]", "f4[:]", "i8[:]", "f4[:]", "out f4[:]")
def _products(codes: Any, scales: Any, vectors: Any, query: Any, found: Any) -> None:
    for place in range(len(vectors)):
        found[place] = _product(codes[vectors[place]], query) * scales[vectors[place]]


@kernel("i1[:,:]", "f4[:]", "i8[:]", "f4[:]", "out i8[:]")
def _write_keys(codes: Any, scales: Any, vectors: Any, query: Any, keys: Any) -> None:
    """Write keys of which the smaller is the nearer vector."""
    # Read first in a loop of its own, so that the processor waits for many of them at once.
    for place in range(len(vectors)):
        keys[place] = 0
        for at in range(0, codes.shape[1], CACHE_LINE):
            keys[place] += codes[vectors[place], at]
    cosine = np.empty(1, dtype=np.float32)
    bits = cosine.view(np.int32)
    for place in range(len(vectors)):
        cosine[0] = _product(codes[vectors[place]], query) * scales[vectors[place]]
        ascending = bits[0] ^ ((bits[0] >> 31) & ALL_BUT_SIGN)
        keys[place] = (-np.int64(ascending) << VECTOR_BITS) + vectors[place]


@kernel("i8[:]", "out i8[:]", "out f4[:]")
def _read_keys(keys: Any, vectors: Any, cosines: Any) -> None:
    bits = cosines.view(np.int32)
    for place in range(len(keys)):
        vectors[place] = keys[place] & (1 << VECTOR_BITS) - 1
        ascending = np.int32(-(keys[place] >> VECTOR_BITS))
        bits[place] = ascending ^ ((ascending >> 31) & ALL_BUT_SIGN)
