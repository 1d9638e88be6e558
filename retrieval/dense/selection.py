"""The items that a search of the dense index may find, and the vectors that these have."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trimtab.catalog.attributes.column import Mask
from trimtab.core.records import IntArray
from trimtab.retrieval.dense.members import allow_vectors


@dataclass(frozen=True, eq=False)
class Selection:
    """The items that a search may find.

    Attributes:
        rows: [n_items] which items.
        vector_of: [n_items] the vector of each.
        n_all: how many vectors there are.
    """

    rows: Mask
    vector_of: IntArray
    n_all: int

    @cached_property
    def allowed(self) -> Mask:
        """[n_all] the vectors that one of the items has."""
        if self.n_all == len(self.rows):
            return self.rows
        allowed = np.zeros(self.n_all, dtype=bool)
        allow_vectors(self.rows, self.vector_of, allowed)
        return allowed

    @cached_property
    def n_vectors(self) -> int:
        """How many these are."""
        return int(np.count_nonzero(self.allowed))

    @cached_property
    def bits(self) -> NDArray[np.uint8] | None:
        """Their bits; None where that is every vector."""
        return None if self.n_vectors == self.n_all else np.packbits(self.allowed, bitorder="little")
