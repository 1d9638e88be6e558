"""Vectors in files of parts, read a block at a time, so that a catalogue's are never in memory at once."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from trimtab.core.records import FloatArray, IntArray
from trimtab.core.work.parts import Parts, content_bytes
from trimtab.core.work.progress import Progress
from trimtab.core.work.tasks import Tasks
from trimtab.retrieval.encoders.earlier_vectors import EarlierVectors, made_by
from trimtab.retrieval.encoders.protocol import Encoder

PART = 65_536
"""Texts of a part."""


class Vectors(Protocol):
    """[n, dim] float32 rows, in memory or not: a slice of them, or an array of rows, is."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice | IntArray, /) -> FloatArray: ...


class VectorParts:
    """[n, dim] float32 rows; those of a slice or of an array of rows are read when they are asked for."""

    def __init__(self, paths: Sequence[Path], dim: int, part: int) -> None:
        self._maps = [_mapped(path) for path in paths]
        self._part = part
        sizes = [content_bytes(path) // (4 * dim) for path in paths]
        self._rows = [
            np.frombuffer(one, np.float32, size * dim).reshape(size, dim)
            for one, size in zip(self._maps, sizes, strict=True)
        ]
        self.shape = (sum(sizes), dim)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | IntArray) -> FloatArray:
        if isinstance(rows, slice):
            rows = np.arange(*rows.indices(len(self)))
        found = np.empty((len(rows), self.shape[1]), dtype=np.float32)
        parts = rows // self._part
        for part in np.flatnonzero(np.bincount(parts, minlength=len(self._rows))).tolist():
            places = np.flatnonzero(parts == part)
            found[places] = self._rows[part][rows[places] - part * self._part]
            self._maps[part].madvise(mmap.MADV_DONTNEED)  # what was read need not stay in this process's memory
        return found


def encoded_parts(  # a build's own
    parts: Parts,
    known: EarlierVectors,
    encoder: Encoder,
    texts: Sequence[str],
    progress: Progress,
    tasks: Tasks | None = None,
    part: int = PART,
) -> VectorParts:
    """[n_texts, dim] vectors of texts, of which only those are encoded that are in no part and were not known."""
    paths = []
    for start in range(0, len(texts), part):
        some = texts[start : start + part]

        def further(what: str, done: int, total: int, n_known: int = start + len(some)) -> None:
            progress(what, n_known - total + done, len(texts))

        def encode(some: Sequence[str] = some, further: Progress = further) -> FloatArray:
            return known.encode(encoder, some, further, tasks)

        paths.append(parts.kept((made_by(encoder), *some), encode))
        progress("encoding texts", start + len(some), len(texts))
    return VectorParts(paths, encoder.dim, part)


def _mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
