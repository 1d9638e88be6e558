"""The first stage: words in, candidates out. Wires encoder, dense index, lexical index, spelling, fusion, filters."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from trimtab.core.errors import BundleDamaged
from trimtab.core.extended_array import RowsOf
from trimtab.core.records import Candidates, Filter, FloatArray, IntArray
from trimtab.retrieval.chance_similarity import dense_floor
from trimtab.retrieval.dense import DenseIndex, mapped
from trimtab.retrieval.encoders.distilled import TEACHER, DistilledQueries, distil, pseudo_queries
from trimtab.retrieval.encoders.wordllama import Encoder, load_encoder
from trimtab.retrieval.facets import facet_counts
from trimtab.retrieval.filters import FIELDS, KEPT, Condition, Mask, Masks, column_of, conditions_of
from trimtab.retrieval.fusion import best_first, fuse
from trimtab.retrieval.lexical import BOOSTS, LexicalIndex
from trimtab.retrieval.spelling import Speller, words_of

if TYPE_CHECKING:
    from trimtab.catalog.store import ItemStore

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""

REPORT = "retrieval.json"

POOL = 200
"""How deep both indices are searched at least, so that up to here a shorter answer is the head of a longer one."""

MAX_QUERY_CHARACTERS = 400
"""Of a query that are read."""

ENCODED_CHARACTERS = 200
"""Of an item's text that are encoded: on Icecat more finds no more and takes MiniLM twice as long."""

SPELLED_FIELDS = ("title", "product_type", "brand", "category")
"""Fields whose words misspelt words are corrected to."""

NOTHING_NEAR = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)

N_SAMPLED_QUERIES = 200
ENCODED_AT_ONCE = 2048


class Lexical(Protocol):
    """What a retriever asks of `LexicalIndex`."""

    def knows(self, word: str) -> bool: ...

    def search(self, text: str, depth: int, conditions: Sequence[Condition] = ()) -> tuple[IntArray, FloatArray]: ...

    def matches(self, text: str) -> IntArray: ...


class Dense(Protocol):
    """What a retriever asks of `DenseIndex`."""

    def select(self, rows: Mask) -> Any: ...

    def search(self, query: FloatArray, depth: int, selection: Any = None) -> tuple[IntArray, FloatArray]: ...


class Made(NamedTuple):
    """What is left of a retriever that was built before: its encoder, and [n_items, dim] the vectors of the items."""

    encoder: Encoder
    vectors: FloatArray


class Retriever:
    """Candidates for a query out of one store.

    Attributes:
        encoder: the text encoder the vectors are made with.
        vectors: [n_items, dim] float32 unit rows, memory-mapped; indexed by an array of rows.
        dense, lexical, speller: what it searches in and corrects words with.
        report: what was built and how well it finds: index kind, its recall against exact search, encoder, floor.
    """

    def __init__(
        self,
        *,
        store: ItemStore,
        encoder: Encoder,
        vectors: RowsOf[np.float32],
        dense: Dense,
        lexical: Lexical,
        speller: Speller,
        report: dict[str, Any],
    ) -> None:
        self.encoder = encoder
        self.vectors = vectors
        self.report = report
        self._store = store
        self.dense = dense
        self.lexical = lexical
        self.speller = speller
        self._floor = float(report["dense_floor"])
        self._masks = masks = Masks(store)
        self._selected = lru_cache(KEPT)(lambda conditions: _selected(dense, masks.of(conditions)))

    @classmethod
    def build(
        cls,
        store: ItemStore,
        encoder_name: str,
        folder: Path,
        progress: Progress = lambda *_: None,
        *,
        made: Made | None = None,
    ) -> Retriever:
        """Write the indices of a store into `folder` and open them.

        Args:
            made: what need not be made again.

        Raises:
            BadParameter: there is no such encoder, or it is not installed.
        """
        folder.mkdir(parents=True, exist_ok=True)
        columns = {field: store.texts(field) for field in BOOSTS}
        priority = _priority(store)

        texts = [
            item_text(*parts)
            for parts in zip(columns["title"], columns["product_type"], columns["description"], strict=True)
        ]
        distinct, vector_of = _distinct(texts)
        if made is None:
            encoder, vectors = _make(encoder_name, distinct, columns["title"], progress)
        else:
            encoder, vectors = made.encoder, made.vectors[np.unique(vector_of, return_index=True)[1]]
        np.save(folder / "vectors.npy", vectors[vector_of])
        if isinstance(encoder, DistilledQueries):
            encoder.save(folder)

        progress("dense index", 0, 1)
        dense = DenseIndex.build(vectors, vector_of, priority)
        queries = encoder.encode(_sampled_queries(columns))
        dense, recall = dense.tuned(vectors, queries, 100)
        dense.save(folder)
        progress("dense index", 1, 1)

        progress("lexical index", 0, 1)
        numbers = {field: column_of(store, field) for field in FIELDS}
        LexicalIndex.build(columns, numbers, priority, folder / "lexical")
        Speller.build(
            (columns[field][row] for row in range(len(store)) for field in SPELLED_FIELDS), folder / "spelling"
        )
        progress("lexical index", 1, 1)

        report = {
            "encoder": encoder.name,
            "n_items": len(store),
            "n_vectors": len(vectors),
            "index": dense.kind,
            "breadth": dense.breadth,
            "recall@100_against_exact": recall,
            "n_recall_queries": len(queries),
            "dense_floor": dense_floor(encoder, vectors),
        }
        (folder / REPORT).write_text(json.dumps(report, indent=2))
        return cls.load(folder, store)

    @classmethod
    def load(cls, folder: Path, store: ItemStore) -> Retriever:
        """Open what `build` wrote for this store, memory-mapped.

        Raises:
            BundleDamaged: a file is missing, cannot be read or does not fit the store.
        """
        report = _read_report(folder / REPORT)
        vectors = mapped(folder / "vectors.npy")
        if len(vectors) != len(store):
            raise BundleDamaged(folder / "vectors.npy", f"has {len(vectors)} items, the store has {len(store)}")
        return cls(
            store=store,
            encoder=_query_encoder(report["encoder"], folder),
            vectors=vectors,
            dense=DenseIndex.load(folder, kind=report["index"], breadth=report["breadth"]),
            lexical=LexicalIndex.load(folder / "lexical"),
            speller=Speller.load(folder / "spelling"),
            report=report,
        )

    def retrieve(
        self, text: str, *, n_candidates: int = 200, filters: Sequence[Filter] = (), by_meaning: bool = True
    ) -> Candidates:
        """The best candidates for the words, best first; ties go to the more popular item.

        An item matches that has one of the telling words (`LexicalIndex.telling`), or whose cosine with the query
        reaches the floor below which nonsense finds items too. All candidates match; nothing that matches is none.

        Args:
            by_meaning: False leaves encoder and vectors alone: words only, and every cosine is 0.

        Raises:
            BadParameter: a filter on an unknown field.
        """
        text = self.correct(text)
        query = self.encoder.encode([text])[0] if by_meaning else np.zeros(self.vectors.shape[1], dtype=np.float32)
        conditions = self._masks.narrowing(conditions_of(self._store, filters))
        depth = max(n_candidates, POOL)
        lexical_rows, bm25 = self.lexical.search(text, depth, conditions)
        dense_rows, cosines = NOTHING_NEAR
        if by_meaning:
            dense_rows, cosines = self.dense.search(query, depth, self._selected(conditions))

        seen = np.zeros(len(self._store), dtype=bool)
        seen[lexical_rows] = True
        rows = np.concatenate([lexical_rows, dense_rows[~seen[dense_rows]]])
        dense = np.vecdot(self.vectors[rows], query)  # BLAS would start threads for so few rows
        lexical = np.zeros(len(rows), dtype=np.float32)
        lexical[: len(lexical_rows)] = bm25
        fused = fuse(
            dense,
            lexical,
            dense_range=(float(cosines[:POOL].min(initial=1)), float(dense.max(initial=0))),
            best_lexical=float(bm25.max(initial=0)),
        )

        matching = np.flatnonzero((lexical > 0) | (dense >= self._floor))
        best = matching[
            best_first(fused[matching], self._store.popularity[rows[matching]], rows[matching], n_candidates)
        ]
        return Candidates(rows[best], dense[best], lexical[best], fused[best], query)

    def facets(self, text: str, fields: Sequence[str], filters: Sequence[Filter] = ()) -> dict[str, dict[str, int]]:
        """Counts by field and value over the items that have all the words (or, where none has, any of them; or,
        where none has any, over those near enough in meaning); see `trimtab.retrieval.facets`.

        Raises:
            BadParameter: an unknown field.
        """
        text = self.correct(text)
        matches = self.lexical.matches(text)
        if not len(matches):
            is_near = self.vectors @ self.encoder.encode([text])[0] >= self._floor
            matches = np.flatnonzero(is_near if self._store.gone is None else is_near & ~self._store.gone)
        return facet_counts(self._store, matches, fields, filters)

    def correct(self, text: str) -> str:
        """The words of a query, those that no item has replaced by what may have been meant."""
        words = words_of(text[:MAX_QUERY_CHARACTERS])
        return " ".join(
            word if self.lexical.knows(word) else self.speller.correct(word, is_last=position == len(words) - 1)
            for position, word in enumerate(words)
        )


def _selected(dense: Dense, rows: Mask | None) -> Any:
    return None if rows is None else dense.select(rows)


def _read_report(path: Path) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise BundleDamaged(path, str(error)) from error
    missing = {"encoder", "index", "breadth", "dense_floor"} - report.keys()
    if missing:
        raise BundleDamaged(path, f"lacks {', '.join(sorted(missing))}")
    return report


def _priority(store: ItemStore) -> IntArray:
    """[n_items] place of each row in the order of popularity, the most popular first: who wins a tie."""
    return np.argsort(np.argsort(-store.popularity, kind="stable"), kind="stable").astype(np.int64)


def item_text(title: str, product_type: str, description: str) -> str:
    return " ".join(part for part in (title, product_type, description) if part)[:ENCODED_CHARACTERS]


def _distinct(texts: Sequence[str]) -> tuple[list[str], IntArray]:
    """The distinct texts, and [n] which of them each text is."""
    known: dict[str, int] = {}
    which = [known.setdefault(text, len(known)) for text in texts]
    return list(known), np.array(which, dtype=np.int64)


def _make(name: str, texts: Sequence[str], titles: Sequence[str], progress: Progress) -> tuple[Encoder, FloatArray]:
    """An encoder for queries, and the vectors of distinct texts of items."""
    if name != DistilledQueries.name:
        encoder = load_encoder(name)
        return encoder, _encode(encoder, texts, progress)
    teacher = load_encoder(TEACHER)
    vectors = _encode(teacher, texts, progress)
    return distil(teacher, pseudo_queries(titles), progress=progress), vectors


def _query_encoder(name: str, folder: Path) -> Encoder:
    return DistilledQueries.load(folder) if name == DistilledQueries.name else load_encoder(name)


def _encode(encoder: Encoder, texts: Sequence[str], progress: Progress) -> FloatArray:
    vectors = np.zeros((len(texts), encoder.dim), dtype=np.float32)
    for start in range(0, len(texts), ENCODED_AT_ONCE):
        progress("encoding texts", start, len(texts))
        vectors[start : start + ENCODED_AT_ONCE] = encoder.encode(texts[start : start + ENCODED_AT_ONCE])
    progress("encoding texts", len(texts), len(texts))
    return vectors


def _sampled_queries(columns: dict[str, list[str]]) -> list[str]:
    """Texts like queries, to measure the dense index with: product types, or the beginnings of titles."""
    n_items = len(columns["title"])
    rows = np.random.Generator(np.random.PCG64(0)).permutation(n_items)[:N_SAMPLED_QUERIES]
    return [columns["product_type"][row] or " ".join(columns["title"][row].split()[:3]) for row in rows]
