"""Purchase histories of users as compact columns; user features are computed from them."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.core.records import FloatArray, IntArray

FILES = ("user_ids.txt", "user_starts.npy", "user_rows.npy", "user_units.npy")


@dataclass(frozen=True, slots=True)
class History:
    """One user's purchases: `rows` [m] item rows, `units` [m] how often each was bought."""

    rows: IntArray
    units: FloatArray


WORTH = {"purchase": 1.0, "cart": 0.5, "click": 0.1}
"""The number of purchases that an event counts as (features were trained on purchases). Set by hand, not learned."""

EMPTY = History(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))


def with_recent(history: History | None, rows: IntArray, units: FloatArray) -> History | None:
    """A history with recent events added; None where there are neither.

    Args:
        rows, units: [m] items and the worth of the event (`WORTH`), in any order; an item may occur several times.
    """
    if len(rows) == 0:
        return history
    known = history or EMPTY
    distinct, place = np.unique(np.concatenate([known.rows, rows]), return_inverse=True)
    summed = np.bincount(place, weights=np.concatenate([known.units, units]), minlength=len(distinct))
    return History(distinct, summed.astype(np.float32))


class UserHistories:
    """Purchases by user in compressed sparse rows.

    Args:
        user_ids: unique.
        starts: [n_users + 1] offsets into rows and units.
        rows: [n] item rows, sorted within a user.
        units: [n] times bought.
    """

    def __init__(self, user_ids: list[str], starts: NDArray[np.int64], rows: IntArray, units: FloatArray) -> None:
        self._index = {user_id: position for position, user_id in enumerate(user_ids)}
        self._starts, self._rows, self._units = starts, rows, units
        self._moved: IntArray | None = None

    def moved(self, moved: IntArray | None) -> UserHistories:
        """The same purchases, of items that have other rows now: [n_items] the row of each; None where none moved."""
        other = copy(self)
        other._moved = moved  # noqa: SLF001  # a copy of this class; its large index of ids is shared
        return other

    def at_rows(self, new_rows: IntArray) -> UserHistories:
        """The purchases of the items that are left: [n_items] the new row of each, -1 where it is gone."""
        users = np.repeat(np.arange(len(self._index)), np.diff(self._starts))
        rows = new_rows[self._rows if self._moved is None else self._moved[self._rows]]
        order = np.lexsort((rows, users))
        order = order[rows[order] >= 0]
        starts = np.searchsorted(users[order], np.arange(len(self._index) + 1))
        return UserHistories(list(self._index), starts.astype(np.int64), rows[order], self._units[order])

    @classmethod
    def none(cls) -> UserHistories:
        return cls([], np.zeros(1, dtype=np.int64), EMPTY.rows, EMPTY.units)

    @classmethod
    def from_purchases(cls, user_ids: NDArray[np.str_], rows: IntArray, units: FloatArray) -> UserHistories:
        """Sum the units of each (user, item) of a purchase list; three arrays of one length."""
        names, users = np.unique(user_ids, return_inverse=True)
        order = np.lexsort((rows, users))
        users, rows, units = users[order], rows[order], units[order]
        new = np.ones(len(rows), dtype=bool)
        new[1:] = (users[1:] != users[:-1]) | (rows[1:] != rows[:-1])
        summed = np.add.reduceat(units, np.flatnonzero(new)) if len(rows) else units
        starts = np.searchsorted(users[new], np.arange(len(names) + 1))
        return cls(
            [str(name) for name in names],
            starts.astype(np.int64),
            rows[new].astype(np.int64),
            summed.astype(np.float32),
        )

    def renamed(self, rename: Callable[[str], str]) -> UserHistories:
        """The same histories under other ids."""
        return UserHistories(list(map(rename, self._index)), self._starts, self._rows, self._units)

    def of(self, user_id: str | None) -> History | None:
        """The user's history; None for an anonymous or unknown user, who gets population values."""
        position = self._index.get(user_id) if user_id is not None else None
        if position is None:
            return None
        span = slice(self._starts[position], self._starts[position + 1])
        rows = self._rows[span]
        return History(rows if self._moved is None else self._moved[rows], self._units[span])

    def __len__(self) -> int:
        return len(self._index)

    def user_ids(self) -> tuple[str, ...]:
        return tuple(self._index)

    def save(self, folder: Path) -> None:
        (folder / FILES[0]).write_text("\n".join(self._index))
        columns: tuple[NDArray[Any], ...] = (self._starts, self._rows, self._units)
        for name, column in zip(FILES[1:], columns, strict=True):
            np.save(folder / name, column, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> UserHistories:
        names = (folder / FILES[0]).read_text()
        columns = [np.asarray(np.load(folder / name, mmap_mode="r", allow_pickle=False)) for name in FILES[1:]]
        return cls(names.split("\n") if names else [], columns[0], columns[1], columns[2])
