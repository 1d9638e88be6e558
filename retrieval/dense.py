"""The dense index: nearest vectors by inner product. The only place that knows FAISS.

The index is chosen by size: exact while scanning everything is quick, a graph (HNSW, Malkov & Yashunin 2018) up to a
million vectors, inverted lists (IVF) above. Vectors are stored in 8 bits in the last two, so callers take the exact
cosine from the vectors themselves. Searching is made as wide as the recall asked for needs, measured at build time.

Items with the same text share a vector. The index holds each vector once and answers with the items that have it:
copies would fill a whole answer, and they cut an HNSW graph to pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from trimtab.catalog.attributes.column import Mask
from trimtab.core.errors import BundleDamaged
from trimtab.core.records import FloatArray, IntArray
from trimtab.retrieval.filters import Condition

EXACT_UP_TO = 10_000
"""Vectors up to which everything is scanned: about 0.4 ms at 256 dimensions."""

HNSW_UP_TO = 1_000_000
"""Vectors above which an HNSW graph costs too much memory and time to build."""

HNSW_LINKS = 32
HNSW_BUILD_BREADTH = 80

WANTED_RECALL = 0.97
BREADTHS = (200, 300, 400, 600)
"""HNSW candidate list sizes tried in turn until `WANTED_RECALL` is met."""

FIRST_NEAR, NEAR_GROWTH = 200, 4
"""The vectors that are looked for above a floor at first, and how many times more while the last one is above it."""
MOST_NEAR = 1000
MOST_NEAR_SHARE = 1 / 64
"""The most that are looked for, or the share of all where that is more: beyond it, looking at all is as quick."""
TRIED_NEAR = 800
"""The most vectors above a floor of which a selection is taken, before those that are selected are searched."""
KEPT_SEARCHES = 32
"""The most searches whose nearest vectors are kept: the same query is asked for its result set and under filters."""

ROUNDED = 0.02
"""By how much the cosine of vectors in 8 bits may differ from their own."""

PROBES = (16, 32, 64, 128, 256)
"""IVF lists visited, tried in turn until `WANTED_RECALL` is met."""


def kind_for(n_vectors: int) -> str:
    """`exact`, `hnsw` or `ivf`."""
    if n_vectors <= EXACT_UP_TO:
        return "exact"
    return "hnsw" if n_vectors <= HNSW_UP_TO else "ivf"


@dataclass(frozen=True, slots=True)
class Selection:
    """The items that a search may find.

    Attributes:
        rows: [n_items] which items.
        vectors: the bits of the vectors that one of these items has; None where that is every vector.
        n_vectors: how many.
    """

    rows: Mask
    vectors: NDArray[np.uint8] | None
    n_vectors: int


@dataclass(frozen=True, slots=True)
class DenseIndex:
    """Distinct vectors and the items that have each.

    Attributes:
        index: the FAISS index over distinct vectors.
        kind: `exact`, `hnsw` or `ivf`.
        breadth: how widely it searches: HNSW candidates, IVF lists; 0 where exact.
        members: [n_items] rows, those of one vector together, in the order ties are to be settled.
        starts: [n_vectors + 1] where the members of each vector begin.
        vector_of: [n_items] the vector of each row.
        scan_up_to: vectors a filter may leave for them to be scanned, whatever the kind of index.
    """

    index: Any
    kind: str
    breadth: int
    members: IntArray
    starts: IntArray
    vector_of: IntArray
    scan_up_to: int = EXACT_UP_TO
    _of_all: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        def nearest(query: bytes, k: int) -> tuple[IntArray, FloatArray]:
            return self._nearest(np.frombuffer(query, dtype=np.float32), k, None)

        object.__setattr__(self, "_of_all", lru_cache(KEPT_SEARCHES)(nearest))

    @classmethod
    def build(cls, vectors: FloatArray, vector_of: IntArray, priority: IntArray, kind: str | None = None) -> DenseIndex:
        """Index distinct vectors.

        Args:
            vectors: [n_vectors, dim] unit rows.
            vector_of: [n_items] the vector of each item.
            priority: [n_items] the smaller comes first among items with the same vector.
            kind: `exact`, `hnsw` or `ivf`; by size where not given.
        """
        faiss.omp_set_num_threads(1)  # one thread: the same input builds the same graph
        kind = kind or kind_for(len(vectors))
        index = _new_index(kind, len(vectors), vectors.shape[1])
        index.train(vectors)
        index.add(vectors)
        breadth = {"exact": 0, "hnsw": BREADTHS[0], "ivf": PROBES[0]}[kind]
        return cls(index, kind, breadth, *_members(vector_of, priority, len(vectors)), vector_of)

    def select(self, rows: Mask, conditions: Sequence[Condition] = ()) -> Selection:  # noqa: ARG002  # rows say it
        """The selection of some of the items [n_items]; worth keeping where the same items are asked for again."""
        allowed = np.zeros(self.index.ntotal, dtype=bool)
        allowed[self.vector_of[rows]] = True
        n_vectors = int(np.count_nonzero(allowed))
        return Selection(
            rows, None if n_vectors == len(allowed) else np.packbits(allowed, bitorder="little"), n_vectors
        )

    def search(
        self, query: FloatArray, depth: int, selection: Selection | None = None, floor: float = -1.0
    ) -> tuple[IntArray, FloatArray]:
        """The items nearest to `query`, nearest first; only those selected, which is applied before the choice.

        Args:
            query: [dim] unit vector.
            selection: which items may be returned; None is all of them.
            floor: of a selection, vectors below it need not be found.

        Returns:
            rows [<= depth], and the cosines [<= depth] of the distinct vectors nearest, which reach further than the
            rows do where items share vectors; of 8 bits where the index is.
        """
        if selection is None:
            vectors, cosines = self._of_all(query.tobytes(), depth)
            return self._expand(vectors)[:depth], cosines
        vectors, cosines = self._near_selected(query, depth, selection, floor) or self._nearest(query, depth, selection)
        rows = self._expand(vectors)
        return rows[selection.rows[rows]][:depth], cosines

    def within(self, query: FloatArray, floor: float) -> IntArray | None:
        """The rows whose cosine with `query` may reach a floor, in no order; None where there are too many to tell.

        As the index finds them. Vectors that are kept in 8 bits are known to within `ROUNDED`, so that some rows are
        given that are below it.
        """
        k = FIRST_NEAR
        while (near := self._reaching(query, floor, k)) is None:
            if k >= max(MOST_NEAR, MOST_NEAR_SHARE * self.index.ntotal):
                return None
            k *= NEAR_GROWTH
        return self._expand(near[0])

    def _reaching(self, query: FloatArray, floor: float, k: int) -> tuple[IntArray, FloatArray] | None:
        """The vectors that may reach a floor, with their cosines, nearest first; None where `k` nearest all do."""
        vectors, cosines = self._of_all(query.tobytes(), k)
        n = int(np.count_nonzero(cosines >= (floor if self.kind == "exact" else floor - ROUNDED)))
        return None if n == k < self.index.ntotal else (vectors[:n], cosines[:n])

    def _near_selected(
        self, query: FloatArray, depth: int, selection: Selection, floor: float
    ) -> tuple[IntArray, FloatArray] | None:
        """Those selected of the vectors that may reach a floor; None where these are not all of them, nor enough."""
        k = FIRST_NEAR
        while k <= TRIED_NEAR and floor > -1:
            near = self._reaching(query, floor, k)
            vectors, cosines = self._of_all(query.tobytes(), k) if near is None else near
            if selection.vectors is not None:
                kept = (selection.vectors[vectors >> 3] >> (vectors & 7) & 1).astype(bool)
                vectors, cosines = vectors[kept], cosines[kept]
            if near is not None or len(vectors) >= depth:
                return vectors[:depth], cosines[:depth]
            k *= NEAR_GROWTH
        return None

    def tuned(self, vectors: FloatArray, queries: FloatArray, k: int) -> tuple[DenseIndex, float]:
        """This index, searching as widely as `WANTED_RECALL` needs, and the recall@k it then has."""
        settings = {"exact": (0,), "hnsw": BREADTHS, "ivf": PROBES}[self.kind]
        tried: list[tuple[DenseIndex, float]] = []
        for breadth in settings:
            index = replace(self, breadth=breadth)
            tried.append((index, index.recall(vectors, queries, k)))
            if tried[-1][1] >= WANTED_RECALL:
                break
        return tried[-1]

    def save(self, folder: Path) -> None:
        faiss.write_index(self.index, str(folder / "dense.faiss"))
        np.save(folder / "dense_vector_of.npy", self.vector_of)
        np.save(folder / "dense_members.npy", self.members)
        np.save(folder / "dense_starts.npy", self.starts)

    @classmethod
    def load(cls, folder: Path, *, kind: str, breadth: int) -> DenseIndex:
        """Open the index that `save` wrote, memory-mapped, so that processes share the pages.

        Raises:
            BundleDamaged: a file is missing or cannot be read.
        """
        faiss.omp_set_num_threads(1)
        path = folder / "dense.faiss"
        try:
            # Only the IFC flavour maps flat and HNSW storage; inverted lists have the older one.
            flags = faiss.IO_FLAG_MMAP if kind == "ivf" else faiss.IO_FLAG_MMAP_IFC
            index = faiss.read_index(str(path), flags)
        except RuntimeError as error:
            raise BundleDamaged(path, "cannot be read as a FAISS index") from error
        members, starts, vector_of = (
            mapped(folder / f"dense_{name}.npy") for name in ("members", "starts", "vector_of")
        )
        return cls(index, kind, breadth, members, starts, vector_of)

    def _nearest(self, query: FloatArray, k: int, selection: Selection | None) -> tuple[IntArray, FloatArray]:
        """[<= k] vectors and their cosines, nearest first."""
        n_allowed = self.index.ntotal if selection is None else selection.n_vectors
        k = min(k, n_allowed)
        if k == 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        # A selector keeps no reference to its bits: the selection lives for as long as the search runs.
        bits = None if selection is None else selection.vectors
        selector = None if bits is None else faiss.IDSelectorBitmap(bits)
        cosines, found = self._search(query[None, :], k, selector, n_allowed)
        real = found[0] >= 0  # -1 is padding
        return found[0][real], cosines[0][real]

    def _search(self, queries: FloatArray, k: int, selector: Any, n_allowed: int) -> tuple[FloatArray, IntArray]:
        index, options = self.index, {} if selector is None else {"sel": selector}
        scan = selector is not None and n_allowed <= self.scan_up_to
        # The fewer vectors pass, the more the walk meets in vain and the wider it must be.
        wider = index.ntotal / n_allowed
        if self.kind == "exact":
            params = faiss.SearchParameters(**options)
        elif self.kind == "hnsw" and scan:
            index, params = index.storage, faiss.SearchParameters(**options)
        elif self.kind == "hnsw":
            params = faiss.SearchParametersHNSW(efSearch=int(max(self.breadth, k) * wider), **options)
        else:
            n_probes = index.nlist if scan else min(index.nlist, int(self.breadth * wider))
            params = faiss.SearchParametersIVF(nprobe=n_probes, **options)
        distances, found = index.search(np.ascontiguousarray(queries), k, params=params)
        return distances, found

    def _expand(self, vectors: IntArray) -> IntArray:
        """The rows that have these vectors, in the order of the vectors."""
        first, last = self.starts[vectors], self.starts[vectors + 1]
        counts = last - first
        within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        return np.asarray(self.members[np.repeat(first, counts) + within])

    def recall(self, vectors: FloatArray, queries: FloatArray, k: int) -> float:
        """Recall@k against exact search: the share of the k nearest vectors found, any vector as near as the k-th
        counting as one of them."""
        k = min(k, len(vectors))
        if k == 0 or len(queries) == 0:
            return 1.0
        exact, _ = faiss.knn(queries, vectors, k, metric=faiss.METRIC_INNER_PRODUCT)
        shares = []
        for query, nearest in zip(queries, exact, strict=True):
            found = vectors[self._nearest(query, k, None)[0]] @ query
            shares.append(np.mean(np.sort(found)[::-1] >= nearest[-1] - 1e-5) * len(found) / k)
        return float(np.mean(shares))


def mapped(path: Path) -> Any:
    """An array on its file's pages, as a plain ndarray: indexing numpy's memmap type costs several times more.

    Raises:
        BundleDamaged: the file is missing, cut off or not an array.
    """
    try:
        return np.asarray(np.load(path, mmap_mode="r"))
    except (OSError, ValueError) as error:
        raise BundleDamaged(path, str(error)) from error


def _new_index(kind: str, n_vectors: int, dim: int) -> Any:
    in_8_bits = faiss.ScalarQuantizer.QT_8bit
    if kind == "exact":
        return faiss.IndexFlatIP(dim)
    if kind == "hnsw":
        index = faiss.IndexHNSWSQ(dim, in_8_bits, HNSW_LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = HNSW_BUILD_BREADTH
        return index
    n_lists = max(1, min(int(4 * n_vectors**0.5), n_vectors // 39))
    return faiss.index_factory(dim, f"IVF{n_lists},SQ8", faiss.METRIC_INNER_PRODUCT)


def _members(vector_of: IntArray, priority: IntArray, n_vectors: int) -> tuple[IntArray, IntArray]:
    members = np.lexsort((priority, vector_of)).astype(np.int64)
    counts = np.bincount(vector_of, minlength=n_vectors)
    return members, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
