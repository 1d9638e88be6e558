"""The dense index: nearest vectors by inner product.

Its kind goes by the number of vectors (`trimtab.retrieval.dense.kinds`); it searches as widely as the recall asked for
needs, measured when it is built (`trimtab.retrieval.dense.recall`). Vectors are kept in 8 bits in the kinds that are
not exact, so callers take the exact cosine from the vectors themselves.

Items with the same text share a vector. The index holds each vector once and answers with the items that have it:
copies would fill a whole answer, and they cut an HNSW graph to pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from math import log10
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from trimtab.catalog.attributes.column import Mask
from trimtab.catalog.groups import Alternatives
from trimtab.core.errors import BundleDamaged
from trimtab.core.records import FloatArray, IntArray
from trimtab.retrieval.dense import eight_bits
from trimtab.retrieval.dense.eight_bits import EightBits
from trimtab.retrieval.dense.kinds import EXACT_UP_TO, breadths_of, built_index, kind_for, n_refined, read_index
from trimtab.retrieval.dense.lists import TENTHS, Lists
from trimtab.retrieval.dense.members import (
    NO_MASK,
    NO_ROW,
    list_first_members,
    list_first_of_groups,
    list_members,
    members_of,
)
from trimtab.retrieval.dense.selection import Selection
from trimtab.retrieval.encoders.vector_parts import Vectors
from trimtab.retrieval.filters import Condition

VECTORS = "vectors.npy"

FIRST_NEAR, NEAR_GROWTH = 200, 8
"""The vectors that are looked for above a floor at first, and how many times as many while the last one is above it."""
TRIED_NEAR = 1600
"""The most vectors above a floor of which a selection is taken, before those that are selected are searched."""
MOST_NEAR_SHARE = 1 / 64
"""The share of all, where that is more than `TRIED_NEAR`, up to which they are looked for: beyond it, looking at all is
as quick."""
KEPT_SEARCHES = 32
"""The most searches whose nearest vectors are kept: the same query is asked for its result set and under filters."""

WIDER_FROM = 32
"""One vector in as many must be selected for a search to keep to the breadth that was measured."""

SCANNED_CODES_UP_TO = 50_000
"""Vectors a filter may leave for them to be scanned where they are at hand in 8 bits."""

CODES_ROUNDED = 0.2
"""By how much a cosine of 4-bit codes may be too small; of 200,000 near some queries in a million the worst was by
.148."""

ROUNDED: Mapping[str, float] = {"exact": 1e-5, "hnsw": 0.02, "ivf": eight_bits.ROUNDED}
"""By how much a cosine may be off: FAISS keeps one scale for each dimension of all vectors of a graph."""

Found = tuple[IntArray, FloatArray]
"""Vectors and their cosines, nearest first."""


@dataclass(frozen=True, eq=False)
class DenseIndex:
    """Distinct vectors and the items that have each.

    Attributes:
        index: the FAISS index over distinct vectors.
        kind: `exact`, `hnsw` or `ivf`.
        breadth: how widely it searches, see `trimtab.retrieval.dense.kinds.breadths_of`.
        members: [n_items] rows, those of one vector together, in the order ties are to be settled.
        starts: [n_vectors + 1] where the members of each vector begin.
        vector_of: [n_items] the vector of each row.
        values: the vectors in 8 bits, where the index has coarser codes.
        lists: how the vectors of its inverted lists lie, where it has several.
        scan_up_to: vectors a filter may leave for them to be scanned, whatever the kind of index.
    """

    index: Any
    kind: str
    breadth: int
    members: IntArray
    starts: IntArray
    vector_of: IntArray
    values: EightBits | None = field(default=None, repr=False)
    scan_up_to: int = EXACT_UP_TO
    lists: Lists | None = field(default=None, repr=False)

    @classmethod
    def build(
        cls,
        vectors: Vectors,
        vector_of: IntArray,
        priority: IntArray,
        kind: str | None = None,
        folder: Path | None = None,
    ) -> DenseIndex:
        """Index distinct vectors.

        Args:
            vectors: [n_vectors, dim] unit rows.
            vector_of: [n_items] the vector of each item.
            priority: [n_items] the smaller comes first among items with the same vector.
            kind: `exact`, `hnsw` or `ivf`; by size where not given.
            folder: where it will be saved, so that what is large is written there at once.
        """
        kind = kind or kind_for(len(vectors))
        index = built_index(kind, vectors)
        breadth = breadths_of(index, kind)[0]
        members, starts = members_of(vector_of, priority, len(vectors))
        values = EightBits.of(vectors, folder) if kind == "ivf" else None
        lists = Lists.of(index, values) if values is not None and index.nlist > 1 else None
        return cls(index, kind, breadth, members, starts, vector_of, values, _scanned_up_to(values), lists)

    def select(self, rows: Mask, conditions: Sequence[Condition] = ()) -> Selection:  # noqa: ARG002  # rows say it
        """The selection of some of the items [n_items]; worth keeping where the same items are asked for again."""
        return Selection(rows, self.vector_of, self.index.ntotal)

    def search(
        self,
        query: FloatArray,
        depth: int,
        selection: Selection | None = None,
        floor: float = -1.0,
        groups: Alternatives | None = None,
    ) -> tuple[IntArray, FloatArray]:
        """The items nearest to `query`, nearest first; only those selected, which is applied before the choice.

        Args:
            query: [dim] unit vector.
            selection: which items may be returned; None is all of them.
            floor: of a selection, and of groups, vectors below it need not be found.
            groups: of each of which the nearest item alone is found.

        Returns:
            rows [<= depth], and the cosines [<= depth] of the distinct vectors nearest, which reach further than the
            rows do where items share vectors; of 8 bits in a graph.
        """
        if groups is not None:
            return self._nearest_of_groups(query, depth, selection, floor, groups)
        if selection is None:
            vectors, cosines = self._of_all(query.tobytes(), depth)
            rows, n = np.empty(depth, dtype=np.int64), np.empty(1, dtype=np.int64)
            list_first_members(vectors, self.starts, self.members, rows, n)
            return rows[: n[0]], cosines
        near = self._near_selected(query, depth, selection, floor)
        if near is not None:
            return near
        vectors, cosines = self.nearest(query, depth, selection)
        rows, _ = self._expand(vectors)
        return rows[selection.rows[rows]][:depth], cosines

    @property
    def first_members(self) -> IntArray:
        """[n_items] for each item the first of those with the same vector."""
        return np.asarray(self.members[self.starts[:-1]][self.vector_of])

    @property
    def rounded(self) -> float:
        """By how much the cosines that are given may be off."""
        return ROUNDED[self.kind]

    def within(self, query: FloatArray, floor: float) -> Found | None:
        """The rows whose cosine with `query` may reach a floor, as the index finds them, and their cosines as it knows
        them; None where there are too many to tell."""
        k = FIRST_NEAR
        while (near := self._reaching(query, floor, k)) is None:
            k *= self._growth(query, floor, k)
            if self.lists is not None or k > max(TRIED_NEAR, MOST_NEAR_SHARE * self.index.ntotal):
                if self.values is None:
                    return None
                near = self._all_reaching(self.values, query, floor)
                break
        rows, places = self._expand(near[0])
        return rows, near[1][places]

    def nearest(self, query: FloatArray, k: int, selection: Selection | None = None) -> Found:
        """The vectors nearest to `query`, [<= k], of those selected."""
        n_allowed = self.index.ntotal if selection is None else selection.n_vectors
        k = min(k, n_allowed)
        if k == 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        bits = None if selection is None else selection.bits
        if bits is None or selection is None:
            return self._searched(query, k, None, 1.0)
        if n_allowed > self.scan_up_to:
            # A selector keeps no reference to its bits: the selection lives for as long as the search runs.
            return self._searched(query, k, faiss.IDSelectorBitmap(bits), self.index.ntotal / n_allowed)
        if self.values is not None:
            return self.values.nearest(np.flatnonzero(selection.allowed), query, k)
        index = self.index if self.kind == "exact" else self.index.storage
        return _found(index, query, k, faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bits)))

    def save(self, folder: Path) -> None:
        faiss.write_index(self.index, str(folder / "dense.faiss"))
        np.save(folder / "dense_vector_of.npy", self.vector_of)
        np.save(folder / "dense_members.npy", self.members)
        np.save(folder / "dense_starts.npy", self.starts)
        if self.values is not None:
            self.values.save(folder)
        if self.lists is not None:
            self.lists.save(folder)

    @classmethod
    def load(cls, folder: Path, *, kind: str, breadth: int) -> DenseIndex:
        """Open the index that `save` wrote, memory-mapped as far as may be, so that processes share the pages.

        Raises:
            BundleDamaged: a file is missing or cannot be read.
        """
        index = read_index(folder / "dense.faiss", kind)
        members, starts, vector_of = (
            mapped(folder / f"dense_{name}.npy") for name in ("members", "starts", "vector_of")
        )
        values = EightBits.load(folder) if kind == "ivf" else None
        if kind == "ivf" and values is None:  # it was written without
            values = EightBits.of(mapped(folder / VECTORS)[members[starts[:-1]]])
        lists = Lists.load(folder, index) if kind == "ivf" else None
        return cls(index, kind, breadth, members, starts, vector_of, values, _scanned_up_to(values), lists)

    @cached_property
    def _of_all(self) -> Callable[[bytes, int], Found]:
        """The vectors nearest to the bytes of a query, of which the latest are kept."""
        return lru_cache(KEPT_SEARCHES)(lambda query, k: self.nearest(np.frombuffer(query, dtype=np.float32), k))

    def _nearest_of_groups(
        self, query: FloatArray, depth: int, selection: Selection | None, floor: float, groups: Alternatives
    ) -> tuple[IntArray, FloatArray]:
        """The nearest item of each group, those of the nearest groups first, and the cosines of their vectors."""
        allowed = NO_MASK if selection is None else selection.rows
        for near in self._ever_more(query, max(depth, FIRST_NEAR), selection, floor):
            rows, stand = np.full(depth, NO_ROW), np.zeros(len(near[0]), dtype=bool)
            seen = np.zeros(groups.n_codes, dtype=bool)
            list_first_of_groups(near[0], self.starts, self.members, allowed, groups.codes, seen, rows, stand)
            if depth and rows[-1] != NO_ROW:
                break
        return rows[rows != NO_ROW], near[1][stand]

    def _ever_more(self, query: FloatArray, k: int, selection: Selection | None, floor: float) -> Iterator[Found]:
        """The vectors nearest to `query`, more each time; at last all that are selected and may reach the floor."""
        while k < max(TRIED_NEAR, MOST_NEAR_SHARE * self.index.ntotal):
            vectors, cosines = self._of_all(query.tobytes(), k)
            yield vectors, cosines
            if len(vectors) < k or cosines[-1] < floor - self.rounded:
                return
            k *= NEAR_GROWTH
        if self.values is None:
            yield self.nearest(query, self.index.ntotal if self.kind == "exact" else EXACT_UP_TO, selection)
        else:
            vectors, cosines = self._all_reaching(self.values, query, floor, selection)
            order = np.argsort(-cosines, kind="stable")
            yield vectors[order], cosines[order]

    def _reaching(self, query: FloatArray, floor: float, k: int) -> Found | None:
        """The vectors that may reach a floor; None where `k` nearest all do."""
        vectors, cosines = self._of_all(query.tobytes(), k)
        n = int(np.count_nonzero(cosines >= floor - self.rounded))
        return None if n == k < self.index.ntotal else (vectors[:n], cosines[:n])

    def _growth(self, query: FloatArray, floor: float, k: int) -> int:
        """How many times as many as `k` vectors, which all reach a floor, to look for next: two steps at once where
        cosines fall so slowly that one would not do."""
        _, cosines = self._of_all(query.tobytes(), k)
        of_tenfold = float(cosines[k // 10] - cosines[-1])
        falls_slowly = float(cosines[-1]) - floor > of_tenfold * 2 * log10(NEAR_GROWTH)
        return NEAR_GROWTH**2 if falls_slowly else NEAR_GROWTH

    def _all_reaching(
        self, values: EightBits, query: FloatArray, floor: float, selection: Selection | None = None
    ) -> Found:
        """The same, of all vectors or those selected, in no order."""
        if self.lists is not None and floor > CODES_ROUNDED:  # FAISS finds nothing below what codes can say
            visited = self.lists.reaching(query, floor)
            _, _, vectors = self.index.range_search(query[None, :], floor - CODES_ROUNDED, params=visited.params())
            vectors = np.sort(vectors if selection is None else vectors[selection.allowed[vectors]])
        else:
            vectors = np.arange(len(values)) if selection is None else np.flatnonzero(selection.allowed)
        cosines = values.cosines(vectors, query)
        near = cosines >= floor - self.rounded
        return vectors[near], cosines[near]

    def _near_selected(
        self, query: FloatArray, depth: int, selection: Selection, floor: float
    ) -> tuple[IntArray, FloatArray] | None:
        """Those selected of what may reach a floor, as `search` has it; None where they are not all, nor enough."""
        k = FIRST_NEAR
        while k <= TRIED_NEAR and floor > -1:
            near = self._reaching(query, floor, k)
            vectors, cosines = self._of_all(query.tobytes(), k) if near is None else near
            rows, places = self._expand(vectors)
            kept = selection.rows[rows]
            of_kept = np.unique(places[kept])
            if near is not None or len(of_kept) >= depth:
                return rows[kept][:depth], cosines[of_kept[:depth]]
            k *= NEAR_GROWTH
        return None

    def _searched(self, query: FloatArray, k: int, selector: Any, wider: float) -> Found:
        """
        Args:
            wider: how many times as many vectors there are as may be found; the more a walk meets in vain, the wider it
                must be.
        """
        options = {} if selector is None else {"sel": selector}
        if self.kind == "exact":
            return _found(self.index, query, k, faiss.SearchParameters(**options))
        if self.kind == "hnsw":
            breadth = int(max(self.breadth, k) * wider)
            params = faiss.SearchParametersHNSW(efSearch=breadth, **options) if options else _walk(breadth)
            return _found(self.index, query, k, params)
        n = n_refined(self.index, self.breadth, k)
        if self.lists is None:
            n_lists = min(self.index.nlist, int(self.breadth * max(1.0, wider / WIDER_FROM)))
            params = faiss.SearchParametersIVF(nprobe=n_lists, **options)
        else:
            visited = self.lists.with_nearest(query, k, self.breadth / TENTHS, wider)
            n_lists, params = visited.n, visited.params(**options)
        vectors, _ = _found(self.index, query, n, params)
        if len(vectors) < k and n_lists < self.index.nlist:  # the lists that were visited have too few of a selection
            vectors, _ = _found(self.index, query, n, faiss.SearchParametersIVF(nprobe=self.index.nlist, **options))
        assert self.values is not None
        return self.values.nearest(vectors, query, k)

    def _expand(self, vectors: IntArray) -> tuple[IntArray, IntArray]:
        """The rows that have these vectors, in the order of the vectors, and the place of each one's vector."""
        n = int((self.starts[vectors + 1] - self.starts[vectors]).sum())
        rows, places = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
        list_members(vectors, self.starts, self.members, rows, places)
        return rows, places


def mapped(path: Path) -> Any:
    """An array on its file's pages, as a plain ndarray: indexing numpy's memmap type costs several times more.

    Raises:
        BundleDamaged: the file is missing, cut off or not an array.
    """
    try:
        return np.asarray(np.load(path, mmap_mode="r"))
    except (OSError, ValueError) as error:
        raise BundleDamaged(path, str(error)) from error


def _scanned_up_to(values: EightBits | None) -> int:
    return EXACT_UP_TO if values is None else SCANNED_CODES_UP_TO


@lru_cache(maxsize=16)
def _walk(breadth: int) -> Any:
    """How a graph is searched without a selection."""
    return faiss.SearchParametersHNSW(efSearch=breadth)


def _found(index: Any, query: FloatArray, k: int, params: Any) -> Found:
    (cosines,), (vectors,) = index.search(np.ascontiguousarray(query[None, :]), k, params=params)
    if vectors[-1] >= 0:
        return vectors, cosines
    real = vectors >= 0  # the rest is padding
    return vectors[real], cosines[real]
