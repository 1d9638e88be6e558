"""The columns of the item store in Arrow: how they are written, and how they are read from the mapped file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from trimtab.catalog.schema import COLUMNS

CODED = ("brand", "category", "product_type")
"""Text columns kept as codes into a vocabulary."""

Rows = Sequence[int] | NDArray[np.integer[Any]]

BLOCK = 65_536
"""Texts that are made at once where all are gone through."""


class Texts(Protocol):
    """Text by row, in memory or made when it is asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int, /) -> str: ...

    def __iter__(self) -> Iterator[str]: ...


class TextColumn(Texts, Protocol):
    """Text by row, of several rows at once too."""

    def at(self, rows: Rows) -> list[str]: ...

    def all(self) -> list[str]: ...


class MappedText:
    """Text by row, straight from the mapped buffers: some 0.3 µs a cell, no copy of the column."""

    def __init__(self, array: Any) -> None:
        _, offsets, data = array.buffers()
        self._array = array
        self._offsets = memoryview(offsets).cast("q")[array.offset :]
        self._data = memoryview(data if data is not None else b"")

    def __len__(self) -> int:
        return len(self._array)

    @classmethod
    def of(cls, texts: Iterable[str]) -> MappedText:
        """Texts that come one by one, packed: as objects of their own they would take half as much again."""
        left = iter(texts)
        blocks = [pa.array([], pa.large_string())]
        while block := list(islice(left, BLOCK)):
            blocks.append(pa.array(block, pa.large_string()))
        return cls(pa.concat_arrays(blocks))

    def __getitem__(self, row: int) -> str:
        return str(self._data[self._offsets[row] : self._offsets[row + 1]], "utf-8")

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self._array), BLOCK):
            yield from self._array.slice(start, BLOCK).to_pylist()

    def at(self, rows: Rows) -> list[str]:
        data, offsets = self._data, self._offsets
        if not data:
            return [""] * len(rows)
        return [str(data[offsets[row] : offsets[row + 1]], "utf-8") for row in np.asarray(rows).tolist()]

    def all(self) -> list[str]:
        return list(self._array.to_pylist())


class CodedText:
    """Text by row, from codes into a vocabulary."""

    def __init__(self, codes: NDArray[np.int32], vocabulary: Sequence[str]) -> None:
        self._codes, self._vocabulary = codes, vocabulary

    def __len__(self) -> int:
        return len(self._codes)

    def __getitem__(self, row: int) -> str:
        code: int = self._codes.item(row)
        return self._vocabulary[code] if code >= 0 else ""

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self._codes), BLOCK):
            yield from self._named(self._codes[start : start + BLOCK])

    def at(self, rows: Rows) -> list[str]:
        return self._named(self._codes[rows])

    def all(self) -> list[str]:
        return self._named(self._codes)

    def _named(self, codes: NDArray[np.int32]) -> list[str]:
        vocabulary = self._vocabulary
        return [vocabulary[code] if code >= 0 else "" for code in codes.tolist()]


def table_of(frame: pl.DataFrame) -> Any:
    """The Arrow table of a frame in schema columns."""
    arrays = {}
    for name, column in COLUMNS.items():
        values = frame[name]
        if name in CODED:
            arrays[name] = _dictionary(values)
        elif column.kind == "text":
            arrays[name] = values.rechunk().to_arrow().cast(pa.large_string())
        else:
            arrays[name] = pa.array(values.to_numpy())
    return pa.table(arrays)


def _dictionary(values: pl.Series) -> Any:
    vocabulary = values.filter(values != "").unique().sort()
    codes = values.replace_strict(vocabulary, np.arange(len(vocabulary)), default=None, return_dtype=pl.Int32)
    indices = codes.rechunk().to_arrow()
    return pa.DictionaryArray.from_arrays(indices, pa.array(vocabulary.to_list(), pa.large_string()))


def chunk_of(table: Any, name: str) -> Any:
    """One column as one array."""
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def array_of(values: Any) -> NDArray[Any]:
    """Numbers without gaps, as an array on the same memory. (By Arrow it imports pandas, which takes half a second.)"""
    return pl.Series(values).to_numpy()


def numbers_of(table: Any, name: str) -> NDArray[Any]:
    """A column of numbers [n_items]."""
    return array_of(chunk_of(table, name))


def coded_of(table: Any, name: str) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """The codes [n_items] (-1 unknown) and the vocabulary of a coded column."""
    array = chunk_of(table, name)
    codes = pl.Series(array.indices).fill_null(-1).to_numpy()
    return np.asarray(codes, dtype=np.int32), tuple(array.dictionary.to_pylist())
