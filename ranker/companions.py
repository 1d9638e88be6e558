"""What is had with what: by item, the other items of the same baskets, and in how many of them they are together."""

from __future__ import annotations

import json
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from trimtab.core.records import IntArray

if TYPE_CHECKING:
    from scipy import sparse

FOLDER = "companions"
COLUMNS = ("starts", "rows", "counts", "baskets")
ABOUT = "about.json"
MOST_KEPT = 50
"""The most companions of one item that are kept, those that are most often with it for how often they are anywhere."""
LARGEST_BASKET = 100
"""A larger basket is not one shopper's, and its pairs are many."""
ITEMS_AT_ONCE = 2048
PRIOR_BASKETS = 5.0
"""Baskets without a companion that are added to an item's own before a chance is made of them: few are no evidence."""

Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What baskets are of, for people, and how many there are."""

    of: str
    n_baskets: int


class Companions:
    """The companions of items in compressed sparse rows.

    Args:
        starts: [n_items + 1] offsets into rows and counts.
        rows: [n] companions.
        counts: [n] baskets with both.
        baskets: [n_items] baskets that an item is in.
    """

    def __init__(self, starts: IntArray, rows: Ints, counts: Ints, baskets: Ints, evidence: Evidence) -> None:
        self._starts, self._rows, self._counts, self._baskets = starts, rows, counts, baskets
        self._moved: IntArray | None = None
        self.evidence = evidence

    @classmethod
    def from_baskets(cls, baskets: NDArray[np.int64], rows: IntArray, n_items: int, *, of: str) -> Self:
        """
        Args:
            baskets, rows: [n] basket and item of each line.
            of: what the baskets are of, for people: `purchases`.
        """
        from scipy import sparse  # noqa: PLC0415  # slow to import, and only building needs it

        _, codes = np.unique(baskets, return_inverse=True)
        n_baskets = int(codes.max(initial=-1)) + 1
        held = sparse.csr_matrix((np.ones(len(rows), np.int32), (codes, rows)), shape=(n_baskets, n_items))
        held.data[:] = 1  # a line that repeats is one
        held = held[np.diff(held.indptr) <= LARGEST_BASKET]
        frequencies = np.asarray(held.sum(axis=0)).ravel().astype(np.int32)
        of_items = held.T.tocsr()
        parts = [
            _companions(of_items[start : start + ITEMS_AT_ONCE] @ held, start, frequencies)
            for start in range(0, n_items, ITEMS_AT_ONCE)
        ]
        owners, companions, counts = (np.concatenate(column) for column in zip(*parts, strict=True))
        starts = np.searchsorted(owners, np.arange(n_items + 1)).astype(np.int64)
        return cls(starts, companions, counts, frequencies, Evidence(of, held.shape[0]))

    def of(self, items: Iterable[int]) -> tuple[IntArray, NDArray[np.float64], NDArray[np.float64]]:
        """The companions of items that count as one: rows, how strongly each belongs to them, and the chance of it.

        Returns:
            rows [n], the strongest first; [n] 0 to 1, baskets with both by the geometric mean of those with either;
            [n] the chance that a basket with the item has the companion.
        """
        own = [row for item in items if (row := self._built(item)) >= 0]
        spans = [slice(self._starts[row], self._starts[row + 1]) for row in own]
        nothing = np.empty(0, dtype=np.int32)
        rows, place = np.unique(np.concatenate([nothing, *(self._rows[span] for span in spans)]), return_inverse=True)
        counts = np.bincount(
            place, weights=np.concatenate([nothing, *(self._counts[span] for span in spans)]), minlength=len(rows)
        )
        n_own = float(self._baskets[own].sum())
        strengths = counts / np.sqrt(np.maximum(n_own * self._baskets[rows], 1))
        chances = counts / (n_own + PRIOR_BASKETS)
        order = np.lexsort((rows, -strengths))
        found = rows[order].astype(np.int64) if self._moved is None else self._moved[rows[order]]
        return found, np.minimum(strengths[order], 1), np.minimum(chances[order], 1)

    def moved(self, moved: IntArray | None) -> Companions:
        """The same of items that have other rows now: [n_items] the row of each; None where none moved."""
        other = copy(self)
        other._moved = moved  # noqa: SLF001  # a copy of this class
        return other

    def at_rows(self, new_rows: IntArray, n_items: int) -> Companions:
        """The same of the items that are left: [n] the new row of each row, -1 where it is gone."""
        own = np.arange(len(self._baskets))
        new = new_rows[own if self._moved is None else self._moved]
        owners, rows = new[np.repeat(own, np.diff(self._starts))], new[self._rows]
        kept = np.flatnonzero((owners >= 0) & (rows >= 0))
        kept = kept[np.argsort(owners[kept], kind="stable")]
        baskets = np.zeros(n_items, dtype=np.int32)
        baskets[new[new >= 0]] = self._baskets[new >= 0]
        starts = np.searchsorted(owners[kept], np.arange(n_items + 1)).astype(np.int64)
        return Companions(starts, rows[kept].astype(np.int32), self._counts[kept], baskets, self.evidence)

    def save(self, folder: Path) -> None:
        (folder / FOLDER).mkdir(exist_ok=True)
        columns: tuple[NDArray[Any], ...] = (self._starts, self._rows, self._counts, self._baskets)
        for name, column in zip(COLUMNS, columns, strict=True):
            np.save(folder / FOLDER / f"{name}.npy", column, allow_pickle=False)
        about = {"of": self.evidence.of, "n_baskets": self.evidence.n_baskets}
        (folder / FOLDER / ABOUT).write_text(json.dumps(about))

    @classmethod
    def load(cls, folder: Path) -> Companions | None:
        """What `save` wrote; None where nothing was."""
        if not (folder / FOLDER).exists():
            return None
        about = json.loads((folder / FOLDER / ABOUT).read_text())
        columns = [np.load(folder / FOLDER / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in COLUMNS]
        starts, rows, counts, baskets = map(np.asarray, columns)
        return cls(starts, rows, counts, baskets, Evidence(str(about["of"]), int(about["n_baskets"])))

    def _built(self, row: int) -> int:
        """The row that an item had when this was built, -1 where it is new."""
        if self._moved is not None:
            before = np.flatnonzero(self._moved == row)
            return int(before[0]) if len(before) else -1
        return row if row < len(self._baskets) else -1


def _companions(together: sparse.csr_matrix, start: int, frequencies: Ints) -> tuple[IntArray, Ints, Ints]:
    """The strongest `MOST_KEPT` of some items' counts [n, n_items]: owners, companions, baskets with both."""
    pairs = together.tocoo()
    owners, rows, counts = pairs.row.astype(np.int64) + start, pairs.col, pairs.data
    other = owners != rows
    owners, rows, counts = owners[other], rows[other], counts[other]
    strengths = counts / np.sqrt(frequencies[rows])  # the owner's own frequency is the same for all of its companions
    order = np.lexsort((rows, -strengths, owners))
    owners, rows, counts = owners[order], rows[order], counts[order]
    ranks = np.arange(len(owners)) - np.searchsorted(owners, owners)
    kept = ranks < MOST_KEPT
    return owners[kept], rows[kept].astype(np.int32), counts[kept].astype(np.int32)
