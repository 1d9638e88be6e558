"""The names that a column's values have: how they compare, in what order they stand, which are spellings of one."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from trimtab.text.normal import folded

Codes = NDArray[np.int32]


class Vocabulary:
    """Names by code.

    Attributes:
        names: [n_names] each once.
    """

    def __init__(self, names: tuple[str, ...], earlier: Self | None = None) -> None:
        """
        Args:
            earlier: one whose names are the first of these: only what is behind them is read.
        """
        self.names, self._earlier = names, earlier
        self._n_known = 0 if earlier is None else len(earlier.names)

    def codes_of(self, text: str) -> tuple[int, ...]:
        """The codes of the spellings of a name; none where there is no such name."""
        return self.codes_by_key.get(folded(text), ())

    @cached_property
    def ranks(self) -> Codes:
        """[n_names] the place of each name in alphabetical order."""
        new = np.array(sorted(range(self._n_known, len(self.names)), key=self._keyed), dtype=np.int64)
        ranks = np.empty(len(self.names), dtype=np.int32)
        ranks[new] = np.arange(len(new), dtype=np.int32)
        if self._earlier is None:
            return ranks
        known = self._earlier.ranks
        order = np.argsort(known).tolist()
        before = [bisect(order, self._keyed(code), key=self._keyed) for code in new.tolist()]
        ranks[new] += np.array(before, dtype=np.int32)
        ranks[: self._n_known] = known + np.searchsorted(before, known, side="right")
        return ranks

    @cached_property
    def spellings(self) -> tuple[tuple[int, ...], ...]:
        """The codes of the names that are spelled in several ways."""
        return tuple(codes for codes in self.codes_by_key.values() if len(codes) > 1)

    def _keyed(self, code: int) -> tuple[str, str]:
        """A name as it is ordered."""
        return folded(self.names[code]), self.names[code]

    @cached_property
    def codes_by_key(self) -> Mapping[str, tuple[int, ...]]:
        """The codes of each name as it is compared."""
        by_key = {} if self._earlier is None else dict(self._earlier.codes_by_key)
        for code in range(self._n_known, len(self.names)):
            key = folded(self.names[code])
            by_key[key] = (*by_key.get(key, ()), code)
        return by_key
