"""The kinds of dense index that FAISS has, and which is right for how many vectors.

- `exact`: every vector is looked at.
- `ivf`: 4-bit codes of pairs of dimensions in inverted lists, compared 32 at a time in registers (FastScan; André,
  Kermarrec & Le Scouarnec 2017). What they find is put in order by vectors in 8 bits. It is built in a tenth of the
  time of a graph and takes an eighth of its memory, and conditions cost it little. Few vectors stand in one list:
  looking at all codes is then as quick as a graph, and finds more.
- `hnsw`: a graph (Malkov & Yashunin 2018) over vectors in 8 bits, which the file maps; bundles that were built earlier
  have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from trimtab.core.errors import BundleDamaged
from trimtab.retrieval.dense.lists import REACHES
from trimtab.retrieval.encoders.vector_parts import Vectors

EXACT_UP_TO = 10_000
"""Vectors up to which everything is scanned: about 0.4 ms at 256 dimensions."""
ONE_LIST_UP_TO = 50_000
"""Vectors up to which the codes of all are looked at: about 0.3 ms at 256 dimensions."""

HNSW_LINKS = 32
HNSW_BUILD_BREADTH = 80
BREADTHS = (200, 300, 400, 600)
"""HNSW candidate list sizes tried in turn until the recall asked for is met."""

LARGE = 1_000_000
"""Vectors above which there are more lists and more is put in order, see `_times_larger`."""
MAX_LISTS = 4096
TRAINED_ON = 50
"""Vectors that each list's centre is fitted to."""
TRAINED_AT_LEAST = 20_000
"""Vectors that the codes are fitted to."""
ROUNDS = 8
REFINED_OF_ALL = (3, 6, 12)
"""How many times as many as are wanted are put in order where all codes are looked at, tried in turn."""
REFINED, MORE_REFINED = 6, 600
"""The same where some lists are visited; of more than 200 three times, and 600 more."""
BLOCK = 65_536
"""Vectors that are added at once."""

REASONS = {
    "exact": "up to {exact:,} vectors looking at each is quick",
    "ivf": "above {exact:,} vectors 4-bit codes are quick to build, to search and to filter; above {one:,} in lists",
    "hnsw": "it was asked for",
}


def kind_for(n_vectors: int) -> str:
    """`exact` or `ivf`."""
    return "exact" if n_vectors <= EXACT_UP_TO else "ivf"


def reason_for(kind: str) -> str:
    """Why a catalogue has an index of that kind, for its manifest."""
    return REASONS[kind].format(exact=EXACT_UP_TO, one=ONE_LIST_UP_TO)


def breadths_of(index: Any, kind: str) -> Sequence[int]:
    """How widely an index may search, the least first: HNSW candidates, how far lists may lie below what is looked for,
    or, of one list, how many times as many as are wanted are put in order; 0 where exact."""
    if kind == "ivf":
        return REFINED_OF_ALL if index.nlist == 1 else REACHES
    return {"exact": (0,), "hnsw": BREADTHS}[kind]


def n_refined(index: Any, breadth: int, k: int) -> int:
    """The number of vectors to put in order by their values in 8 bits, of which `k` are wanted."""
    wanted = breadth * k if index.nlist == 1 else min(REFINED * k, REFINED // 2 * k + MORE_REFINED)
    return min(int(wanted * _times_larger(index.ntotal) ** 0.25), int(index.ntotal))


def built_index(kind: str, vectors: Vectors) -> Any:
    """A FAISS index of vectors [n, dim]; the same for the same vectors."""
    faiss.omp_set_num_threads(1)  # one thread: the same input builds the same graph
    n_vectors, dim = vectors.shape
    if kind == "exact":
        index = faiss.IndexFlatIP(dim)
    elif kind == "hnsw":
        index = faiss.IndexHNSWSQ(dim, faiss.ScalarQuantizer.QT_8bit, HNSW_LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = HNSW_BUILD_BREADTH
        index.train(vectors[:])
    else:
        index = _trained_lists(vectors)
    for start in range(0, n_vectors, BLOCK):
        index.add(np.ascontiguousarray(vectors[start : start + BLOCK]))
    return index


def read_index(path: Path, kind: str) -> Any:
    """Open an index, memory-mapped where FAISS can: graphs and flat ones, not blocks of 4-bit codes.

    Raises:
        BundleDamaged: it cannot be read.
    """
    faiss.omp_set_num_threads(1)
    try:
        return faiss.read_index(str(path), 0 if kind == "ivf" else faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        raise BundleDamaged(path, "cannot be read as a FAISS index") from error


def _trained_lists(vectors: Vectors) -> Any:
    n_vectors, dim = vectors.shape
    n_lists = 1 if n_vectors <= ONE_LIST_UP_TO else _n_lists(n_vectors)
    n_trained = max(TRAINED_ON * n_lists, TRAINED_AT_LEAST)
    some = np.random.Generator(np.random.PCG64(0)).permutation(n_vectors)[:n_trained]
    sample = np.ascontiguousarray(vectors[np.sort(some)])
    index = faiss.index_factory(dim, f"IVF{n_lists},PQ{_n_codes(dim)}x4fs", faiss.METRIC_INNER_PRODUCT)
    index.cp.niter = ROUNDS
    index.cp.min_points_per_centroid = 1
    index.pq.cp.min_points_per_centroid = 1
    index.train(sample)
    return index


def _n_lists(n_vectors: int) -> int:
    return int(min((n_vectors * _times_larger(n_vectors)) ** 0.5, MAX_LISTS))


def _times_larger(n_vectors: int) -> float:
    """How many times as many as are `LARGE`. Lists of more than those have a thousand vectors, up to `MAX_LISTS`, and
    more are put in order, because more are as near as 4-bit codes can tell."""
    return max(n_vectors / LARGE, 1.0)


def _n_codes(dim: int) -> int:
    """One 4-bit code for two dimensions."""
    return dim // 2 if dim % 2 == 0 else dim
