"""The rows of a column by value, so that a condition looks at the rows that it finds and at no others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ValueRows:
    """Rows sorted by the code of their value; of numbers that is by number, since their levels ascend.

    Attributes:
        rows: [n_values] int32, those of one code together, ascending.
        starts: [n_codes + 1] where the rows of each code begin.
    """

    rows: NDArray[np.int32]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, rows: NDArray[np.int32], codes: NDArray[np.int32], n_codes: int) -> ValueRows:
        """Sort the values of a column: [n_values] rows and their codes."""
        starts = np.zeros(n_codes + 1, dtype=np.int64)
        np.cumsum(np.bincount(codes, minlength=n_codes), out=starts[1:])
        return cls(np.asarray(rows[np.argsort(codes, kind="stable")], dtype=np.int32), starts)

    def mark(self, mask: Mask, first: Any, last: Any) -> None:
        """Set the rows whose codes are from `first` up to, not including, `last`."""
        mask[self.rows[self.starts[first] : self.starts[last]]] = True

    def n_between(self, first: Any, last: Any) -> int:
        """The number of values whose codes are from `first` up to, not including, `last`."""
        return int(self.starts[last] - self.starts[first])
