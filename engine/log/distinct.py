"""Ids that were met before, at eight bytes an id."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray


class DistinctIds:
    """Tells the first of equal ids from later ones, frame after frame.

    Kept is a 64-bit hash of each id, in sorted runs that are merged as they grow: ten million ids take 80 MB, and the
    chance that two of them share a hash is 3 in a million.
    """

    def __init__(self) -> None:
        self._runs: list[NDArray[np.uint64]] = []

    def add(self, ids: pl.Series) -> pl.Series:
        """[n] whether each id is met for the first time; a blank one names nothing and always is."""
        hashes = ids.hash().to_numpy()
        is_blank = (ids.str.strip_chars() == "").to_numpy()
        run, first = np.unique(hashes, return_index=True)
        is_known = np.zeros(len(run), dtype=bool)
        for earlier in self._runs:
            place = np.minimum(np.searchsorted(earlier, run), len(earlier) - 1)
            is_known |= earlier[place] == run
        is_new = is_blank.copy()
        is_new[first[~is_known]] = True
        self._keep(run[~is_known])
        return pl.Series(is_new)

    def _keep(self, run: NDArray[np.uint64]) -> None:
        if not len(run):
            return
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = np.sort(np.concatenate([self._runs.pop(), run]), kind="stable")
        self._runs.append(run)
