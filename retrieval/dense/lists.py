"""Which inverted lists a search visits: those that may have what it looks for, by how the vectors of each lie.

Of a list its vectors' mean cosine with the centre is known, and how far they spread. So the cosine of a query with
them is about its cosine with the centre times that mean, give or take their spread. Summed over all lists this says
which cosine about as many vectors reach as are wanted; a list is visited if it lies no more than some spreads below.
A query that has its nearest vectors in few lists so visits few, where a fixed number is what the worst of them need.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, sqrt
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from trimtab.core.compiled import any_order, kernel
from trimtab.core.errors import BundleDamaged
from trimtab.core.records import FloatArray
from trimtab.retrieval.dense.eight_bits import EightBits

SHAPES = "dense_lists.npy"

REACHES = (60, 70, 75, 80, 85, 90, 95, 100, 110, 120, 10_000)
"""Tenths of a spread below the cosine that is looked for, from which on a list is not visited; tried in turn."""
TENTHS = 10
FOR_ALL = 17
"""The same, in spreads, where all above a floor are looked for: of 122,885 of these in a million items none lay in
another list, and 25 with 16."""
MOST_VISITED = 0.6
"""The share of all vectors that lists are visited for, unless they may lie as far as the last of these: the rest costs
more than it finds."""
MOST_VECTORS = 1_000_000
"""The vectors that lists are visited for, however many there are: some ten milliseconds, for queries that have their
nearest all over a catalogue."""


@dataclass(frozen=True, eq=False)
class Lists:
    """The inverted lists of an index.

    Attributes:
        centres: [n_lists, dim] unit rows.
        shapes: [3, n_lists] the mean cosine of a list's vectors with its centre, their spread across that direction,
            and how many they are.
    """

    centres: FloatArray
    shapes: FloatArray

    @classmethod
    def of(cls, index: Any, values: EightBits) -> Lists:
        """Measure the lists of an index by its vectors in 8 bits."""
        centres = index.quantizer.reconstruct_n(0, index.nlist)
        shapes = np.zeros((3, index.nlist), dtype=np.float32)
        for number, centre in enumerate(centres):
            size = int(index.invlists.list_size(number))
            if size:
                members = faiss.rev_swig_ptr(index.invlists.get_ids(number), size)
                cosines = values.cosines(np.sort(members), centre).astype(np.float64)
                across = sqrt(max(1 - float(np.mean(cosines**2)), 1e-4) / index.d)
                shapes[:, number] = cosines.mean(), across, size
        return cls(centres, shapes)

    def save(self, folder: Path) -> None:
        np.save(folder / SHAPES, self.shapes, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path, index: Any) -> Lists | None:
        """None where an index was written without.

        Raises:
            BundleDamaged: the file cannot be read, or is of other lists.
        """
        if not (folder / SHAPES).exists():
            return None
        try:
            shapes = np.load(folder / SHAPES)
        except (OSError, ValueError) as error:
            raise BundleDamaged(folder / SHAPES, str(error)) from error
        if shapes.shape != (3, index.nlist):
            raise BundleDamaged(folder / SHAPES, f"has the shape {shapes.shape}, there are {index.nlist} lists")
        return cls(index.quantizer.reconstruct_n(0, index.nlist), shapes)

    def with_nearest(self, query: FloatArray, n: int, reach: float, wider: float = 1.0) -> Visited:
        """Those that may have any of the `n` vectors nearest to a query.

        Args:
            reach: how many spreads below the cosine of the last of these a list may lie.
            wider: how many times as many vectors there are as may be found.
        """
        sizes = self.shapes[2]
        spreads = np.empty(len(sizes), dtype=np.float32)
        _write_spreads(self.centres, self.shapes, query, n * wider, spreads)
        visited = spreads <= reach
        share = MOST_VISITED if reach * TENTHS < REACHES[-1] else 1.0
        most = min(share * float(sizes.sum()), MOST_VECTORS) * sqrt(wider)
        if sizes[visited].sum() > most:
            order = np.argsort(spreads, kind="stable")
            visited[order[np.cumsum(sizes[order]) > most]] = False
        return Visited(visited)

    def reaching(self, query: FloatArray, floor: float) -> Visited:
        """Those that may have a vector whose cosine with a query reaches a floor."""
        along, across, _ = self.shapes
        return Visited(self.centres @ query * along + FOR_ALL * across >= floor)


class Visited:
    """Some lists, as FAISS takes them. They must live for as long as a search: a selector keeps no reference.

    Attributes:
        n: how many they are.
    """

    def __init__(self, visited: Any) -> None:
        self.n = int(np.count_nonzero(visited))
        self._bits = np.packbits(visited, bitorder="little")
        self._of_lists = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(self._bits))

    def params(self, **options: Any) -> Any:
        """The parameters of a search that visits these alone."""
        return faiss.SearchParametersIVF(nprobe=max(self.n, 1), quantizer_params=self._of_lists, **options)


HALVINGS = 10
"""Times the range of cosines is halved to find the one that as many vectors reach as are wanted."""
SURELY = 5
"""Spreads above which all of a list's vectors reach a cosine, and below which none does."""
WIDER = 1.3
"""How much wider vectors spread in the direction of a query than in others, of which some dimensions are for all
texts the same."""
_half_root = sqrt(0.5)


@any_order
def _product(vector: Any, other: Any) -> np.float32:
    total = np.float32(0)
    for place in range(len(other)):
        total += vector[place] * other[place]
    return total


@kernel("f4[:,:]", "f4[:,:]", "f4[:]", "f8", "out f4[:]")
def _write_spreads(centres: Any, shapes: Any, query: Any, n: float, spreads: Any) -> None:
    """Write how many of its spreads each list lies below the cosine that about `n` vectors reach."""
    cosines = np.empty(len(centres), dtype=np.float64)
    for one in range(len(centres)):
        cosines[one] = _product(centres[one], query) * shapes[0, one]
    low, high = -1.0, 1.0
    for _ in range(HALVINGS):
        middle, expected = (low + high) / 2, 0.0
        for one in range(len(centres)):
            above = cosines[one] - middle
            spread = WIDER * shapes[1, one]
            if above >= SURELY * spread:
                expected += shapes[2, one]
            elif above > -SURELY * spread:
                expected += shapes[2, one] * 0.5 * erfc(-above / spread * _half_root)
        if expected > n:
            low = middle
        else:
            high = middle
    for one in range(len(centres)):
        spreads[one] = (low - cosines[one]) / shapes[1, one] if shapes[2, one] > 0 else np.inf
