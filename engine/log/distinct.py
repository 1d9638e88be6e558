"""Ids that were met before, at eight bytes an id."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]


class DistinctIds:
    """Tells the first of equal ids from later ones, frame after frame.

    Kept is a 64-bit hash of each id, in sorted runs that are merged as they grow: ten million ids take 80 MB, and the
    chance that two of them share a hash is 3 in a million.
    """

    def __init__(self) -> None:
        self._runs: list[Hashes] = []

    def add(self, ids: pl.Series) -> pl.Series:
        """[n] whether each id is met for the first time; a blank one names nothing and always is."""
        is_new = (ids.str.strip_chars() == "").to_numpy().copy()
        run, first = np.unique(ids.hash().to_numpy(), return_index=True)
        is_known = self.knows(run)
        is_new[first[~is_known]] = True
        self.keep(run[~is_known])
        return pl.Series(is_new)

    def knows(self, run: Hashes) -> NDArray[np.bool_]:
        """[n] which of some distinct hashes, ascending, were met before."""
        is_known = np.zeros(len(run), dtype=bool)
        for earlier in self._runs:
            place = np.minimum(np.searchsorted(earlier, run), len(earlier) - 1)
            is_known |= earlier[place] == run
        return is_known

    @property
    def hashes(self) -> Hashes:
        """Those met so far, ascending."""
        return np.sort(np.concatenate([np.empty(0, dtype=np.uint64), *self._runs]), kind="stable")

    def keep(self, run: Hashes) -> None:
        """Take in hashes, ascending, that were not met before."""
        if not len(run):
            return
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = np.sort(np.concatenate([self._runs.pop(), run]), kind="stable")
        self._runs.append(run)
