"""Building the search by meaning: encode each text once, index the vectors, and measure how well they are found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, overload

import numpy as np

from trimtab.catalog.arrow import TextColumn, Texts
from trimtab.core.records import FloatArray, IntArray
from trimtab.core.work.parts import Parts
from trimtab.core.work.progress import Progress
from trimtab.core.work.tasks import Tasks
from trimtab.retrieval.dense.chance_similarity import chance_similarity
from trimtab.retrieval.dense.index import DenseIndex
from trimtab.retrieval.dense.kinds import reason_for
from trimtab.retrieval.dense.recall import tuned
from trimtab.retrieval.encoders.distilled import DistilledQueries, distil, pseudo_queries
from trimtab.retrieval.encoders.earlier_vectors import HASHES, VECTORS, EarlierVectors, Hashes, made_by, text_hashes
from trimtab.retrieval.encoders.protocol import Encoder
from trimtab.retrieval.encoders.registry import load_encoder, load_item_encoder
from trimtab.retrieval.encoders.vector_parts import Vectors, encoded_parts
from trimtab.retrieval.retriever import REPORT

ENCODED_CHARACTERS = 200
"""The beginning of an item's text that is encoded: on Icecat more finds no more and takes MiniLM twice as long."""
ENCODED = ("title", "product_type", "description")
"""The columns that it is made of."""
N_SAMPLED_QUERIES = 100
"""Queries of each kind that an index is measured with."""
BLOCK = 65_536
"""Vectors that are written at once."""


class EncodedItems(NamedTuple):
    """The encoder of a retriever that was built before, and the vectors [n_items, dim] of the items."""

    encoder: Encoder
    vectors: FloatArray


@dataclass(frozen=True)
class Meaning:
    """What was built.

    Attributes:
        vectors: [n_vectors, dim] of the distinct texts, read when they are needed.
        vector_of: [n_items] the vector of each item.
        queries: [n_queries, dim] texts like queries, to measure recall with.
        report: what the manifest says of it.
    """

    vectors: Vectors
    vector_of: IntArray
    queries: FloatArray
    report: dict[str, Any]


def build_meaning(  # noqa: PLR0913  # runs in a thread of its own, and so takes what the build knows
    folder: Path,
    columns: Mapping[str, TextColumn],
    priority: IntArray,
    encoder_name: str,
    encoded: EncodedItems | None,
    earlier: Path | None,
    progress: Progress,
    *,
    has_index: bool,
    parts: Parts,
    tasks: Tasks | None = None,
) -> Meaning:
    """Write vectors, what they were made from, and their index into a folder.

    Args:
        columns: the texts of the items by column of the schema.
        priority: [n_items] the smaller wins a tie.
        encoded: what need not be made again.
        earlier: the folder of the indices that these replace.
        has_index: False leaves the index to somebody else.
        parts: where vectors are kept meanwhile.
        tasks: where texts are encoded; here by default.
    """
    distinct, vector_of, hashes = _distinct(columns)
    vectors: Vectors
    if encoded is None:
        encoder, vectors = _encode_items(encoder_name, distinct, columns["title"], earlier, progress, parts, tasks)
    else:
        encoder = encoded.encoder
        vectors = encoded.vectors[np.unique(vector_of, return_index=True)[1]]
    _write_vectors(folder / VECTORS, vectors, vector_of)
    np.save(folder / HASHES, hashes)
    if isinstance(encoder, DistilledQueries):
        encoder.save(folder)
    kinds = _sampled_queries(columns)
    encoded_queries = np.split(encoder.encode([text for kind in kinds for text in kind]), len(kinds))
    queries = np.concatenate(encoded_queries)
    report = {
        "encoder": encoder.name,
        "items_encoded_by": made_by(load_item_encoder(encoder.name)),
        "n_vectors": len(vectors),
        "n_recall_queries": len(queries),
        "dense_floor": chance_similarity(encoder, vectors),
    }
    if has_index:
        report |= _build_index(folder, vectors, vector_of, priority, encoded_queries, progress)
    return Meaning(vectors, vector_of, queries, report)


def item_text(title: str, product_type: str, description: str) -> str:
    """What is encoded of an item."""
    return " ".join(part for part in (title, product_type, description) if part)[:ENCODED_CHARACTERS]


def _build_index(
    folder: Path,
    vectors: Vectors,
    vector_of: IntArray,
    priority: IntArray,
    queries: Sequence[FloatArray],
    progress: Progress,
) -> dict[str, Any]:
    """Write the index of the vectors; returns what the report says of it.

    Args:
        queries: [n, dim] of each kind.
    """
    progress("dense index", 0, 1)
    dense, recall = tuned(DenseIndex.build(vectors, vector_of, priority, folder=folder), vectors, queries)
    dense.save(folder)
    progress("dense index", 1, 1)
    return {
        "index": dense.kind,
        "index_chosen_because": reason_for(dense.kind),
        "breadth": dense.breadth,
        **recall.as_dict(),
    }


def _write_vectors(path: Path, vectors: Vectors, vector_of: IntArray) -> None:
    """Write [n_items, dim] the vector of each item, without a copy of them all in memory."""
    header = {"descr": "<f4", "fortran_order": False, "shape": (len(vector_of), vectors.shape[1])}
    with path.open("wb") as file:  # not a mapped file, which would kill the process where the disk is full
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, len(vector_of), BLOCK):
            file.write(vectors[vector_of[start : start + BLOCK]].astype("<f4", copy=False).data)


def _distinct(columns: Mapping[str, TextColumn]) -> tuple[_ItemTexts, IntArray, Hashes]:
    """The distinct texts of items in the order in which they first come, [n_items] which of them each item has, and its
    hash, by which they differ."""
    hashes = text_hashes(map(item_text, *(columns[name] for name in ENCODED)))
    _, first, which = np.unique(hashes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    places = np.empty(len(first), dtype=np.int64)
    places[order] = np.arange(len(first))
    return _ItemTexts(columns, first[order]), places[which], hashes


class _ItemTexts(Sequence[str]):
    """The texts of some items, each made when it is asked for."""

    def __init__(self, columns: Mapping[str, TextColumn], rows: IntArray) -> None:
        self._columns = [columns[name] for name in ENCODED]
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> list[str]: ...

    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return list(map(item_text, *(column.at(self._rows[at]) for column in self._columns)))
        return item_text(*(column[self._rows[at]] for column in self._columns))


def _encode_items(
    name: str,
    texts: Sequence[str],
    titles: Texts,
    earlier: Path | None,
    progress: Progress,
    parts: Parts,
    tasks: Tasks | None,
) -> tuple[Encoder, Vectors]:
    """An encoder for queries, and the vectors of distinct texts of items."""
    encoder = load_item_encoder(name)
    known = EarlierVectors.none() if earlier is None else EarlierVectors.load(earlier, REPORT, encoder)
    vectors = encoded_parts(parts, known, encoder, texts, progress, tasks)
    if name != DistilledQueries.name:
        return load_encoder(name), vectors
    return distil(encoder, pseudo_queries(titles), progress=progress), vectors


def _sampled_queries(columns: Mapping[str, TextColumn]) -> tuple[list[str], list[str]]:
    """Texts like queries, to measure the dense index with: product types, or the beginnings of titles, and two words
    out of a title, whose items lie farther away."""
    rng = np.random.Generator(np.random.PCG64(0))
    titles = columns["title"]
    rows = rng.permutation(len(titles))[:N_SAMPLED_QUERIES]
    kinds = [columns["product_type"][row] or " ".join(titles[row].split()[:3]) for row in rows]
    words = [titles[row].split() for row in rows]
    places = [sorted(rng.permutation(len(some))[:2].tolist()) for some in words]
    return kinds, [" ".join(some[place] for place in two) for some, two in zip(words, places, strict=True)]
