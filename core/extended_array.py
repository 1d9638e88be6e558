"""Arrays that are read as one whose rows are kept in another way: some behind others, or equal ones once."""

from __future__ import annotations

from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)


class SharedArray(Generic[Number]):
    """A large array whose equal rows are all read in one place, so that fewer of its pages are touched.

    Attributes:
        base: [n, ...].
        first: [n] the row that is read in the place of each.
    """

    def __init__(self, base: NDArray[Number], first: NDArray[np.int64]) -> None:
        self.base, self.first = base, first
        self.shape: tuple[int, ...] = base.shape

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: NDArray[np.integer[Any]]) -> NDArray[Number]:
        return np.asarray(self.base[self.first[rows]])


class ExtendedArray(Generic[Number]):
    """A large array that is read from its file, and a few rows behind it, without a copy of the large one.

    Args:
        base: [n_base, ...].
        more: [n_more, ...] of the same width; its first row is row n_base.
    """

    def __init__(self, base: NDArray[Number], more: NDArray[Number]) -> None:
        self._base, self._more = base, more
        self.shape: tuple[int, ...] = (len(base) + len(more), *base.shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: NDArray[np.integer[Any]]) -> NDArray[Number]:
        n_base = len(self._base)
        behind = rows >= n_base
        if not behind.any():
            return np.asarray(self._base[rows])
        gathered = np.asarray(self._base[np.where(behind, 0, rows)])
        gathered[behind] = self._more[rows[behind] - n_base]
        return gathered

    @property
    def parts(self) -> tuple[NDArray[Number], NDArray[Number]]:
        """The large array and the rows behind it."""
        return self._base, self._more


RowArray: TypeAlias = NDArray[Number] | SharedArray[Number] | ExtendedArray[Number]
"""An array that is indexed by an array of rows."""


def located(array: RowArray[Any], rows: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """A plain array that has the rows of another, and where in it they are."""
    if isinstance(array, SharedArray):
        return array.base, array.first.take(rows)
    if isinstance(array, ExtendedArray):
        return array[rows], np.arange(len(rows))
    return array, rows


def plain(array: RowArray[Any]) -> NDArray[Any]:
    """The array itself, however its rows are read."""
    return array.base if isinstance(array, SharedArray) else np.asarray(array)


def nearest_products(rows: NDArray[Any], vectors: NDArray[Any]) -> NDArray[Any]:
    """[n] the largest inner product of each row with any of some vectors."""
    return np.asarray(np.vecdot(rows[:, None], vectors).max(axis=1))


def products(rows: RowArray[Any], vector: NDArray[Any]) -> NDArray[Any]:
    """[n] the inner product of each row with a vector, by one thread, which BLAS would not do."""
    parts = rows.parts if isinstance(rows, ExtendedArray) else (plain(rows),)
    return np.concatenate([np.vecdot(part, vector) for part in parts])
