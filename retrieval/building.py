"""Building the first stage: encode the items, write the indices, and measure how well the dense one finds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from trimtab.catalog.attributes.column import AttributeColumn
from trimtab.core.progress import Progress, silent
from trimtab.core.records import FloatArray, IntArray
from trimtab.retrieval.chance_similarity import chance_similarity
from trimtab.retrieval.dense import DenseIndex
from trimtab.retrieval.dense_kinds import reason_for
from trimtab.retrieval.dense_recall import tuned
from trimtab.retrieval.encoders.distilled import TEACHER, DistilledQueries, distil, pseudo_queries
from trimtab.retrieval.encoders.earlier_vectors import HASHES, VECTORS, EarlierVectors, made_by, text_hashes
from trimtab.retrieval.encoders.protocol import Encoder
from trimtab.retrieval.encoders.registry import load_encoder
from trimtab.retrieval.lexical import BOOSTS, LexicalIndex
from trimtab.retrieval.milvus.connection import BUILD_SECONDS
from trimtab.retrieval.retriever import LEXICAL, REPORT, Retriever
from trimtab.retrieval.spelling import Speller
from trimtab.retrieval.understanding.shop_wording import ShopWording
from trimtab.text.analyser import analyser_of
from trimtab.text.language import AUTO, languages_of
from trimtab.text.lexicon import Lexicon

if TYPE_CHECKING:
    from trimtab.catalog.store import ItemStore
    from trimtab.retrieval.milvus.building import NewCollection

ENCODED_CHARACTERS = 200
"""The beginning of an item's text that is encoded: on Icecat more finds no more and takes MiniLM twice as long."""

SPELLED_FIELDS = ("title", "product_type", "brand", "category")
"""Fields to whose words misspelt words are corrected."""

MAX_NUMBERS = 64
"""The most attributes with numbers that the lexical index has, each in a field of its own; by the others, what it finds
is filtered."""

N_SAMPLED_QUERIES = 200


class EncodedItems(NamedTuple):
    """The encoder of a retriever that was built before, and the vectors [n_items, dim] of the items."""

    encoder: Encoder
    vectors: FloatArray


def build_retriever(  # noqa: PLR0913  # keyword-only options
    store: ItemStore,
    encoder_name: str,
    folder: Path,
    progress: Progress = silent,
    *,
    encoded: EncodedItems | None = None,
    languages: Sequence[str] = AUTO,
    wording: ShopWording | None = None,
    earlier: Path | None = None,
    collection: NewCollection | None = None,
) -> Retriever:
    """Write the indices of a store into `folder` and open them.

    Args:
        encoded: what need not be made again.
        languages: of the catalogue, the most important first; `auto` finds them in its texts.
        wording: what the shop says of understanding queries.
        earlier: the folder of the indices that these replace, whose vectors are taken for texts that stayed.
        collection: where candidates are looked up, instead of an index of vectors in the folder.

    Raises:
        BadParameter: there is no such encoder, or it is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    columns = {field: store.texts(field) for field in BOOSTS} | {"attributes": store.searched_attributes()}
    priority = _priority(store)

    texts = [
        item_text(*parts)
        for parts in zip(columns["title"], columns["product_type"], columns["description"], strict=True)
    ]
    distinct, vector_of = _distinct(texts)
    if encoded is None:
        encoder, vectors = _encode_items(encoder_name, distinct, columns["title"], earlier, progress)
    else:
        encoder, vectors = encoded.encoder, encoded.vectors[np.unique(vector_of, return_index=True)[1]]
    np.save(folder / VECTORS, vectors[vector_of])
    np.save(folder / HASHES, text_hashes(distinct)[vector_of])
    if isinstance(encoder, DistilledQueries):
        encoder.save(folder)

    queries = encoder.encode(_sampled_queries(columns))
    near = {} if collection else _build_dense(folder, vectors, vector_of, priority, queries, progress)

    progress("lexical index", 0, 1)
    names = [columns[field][row] for row in range(len(store)) for field in SPELLED_FIELDS]
    analyser = analyser_of(languages_of(names) if tuple(languages) == AUTO else languages)
    lexicon = Lexicon.of_texts(analyser, names)
    lexicon.save(folder)
    filtered = _filtered_columns(store)
    LexicalIndex.build(columns, filtered, priority, folder / LEXICAL, lexicon)
    Speller.build(map(analyser.keys, names), folder / "spelling")
    progress("lexical index", 1, 1)
    if collection is not None:
        near = collection.fill(store, columns, filtered, vectors, vector_of, lexicon, queries, progress)

    report = {
        "encoder": encoder.name,
        "items_encoded_by": made_by(_item_encoder(encoder.name)),
        "n_items": len(store),
        "n_vectors": len(vectors),
        **near,
        "n_recall_queries": len(queries),
        "languages": analyser.languages,
        "analyser": analyser.name,
        "dense_floor": chance_similarity(encoder, vectors),
    }
    (wording or ShopWording()).save(folder)
    (folder / REPORT).write_text(json.dumps(report, indent=2))
    return Retriever.load(folder, store, remote_seconds=BUILD_SECONDS)


def _build_dense(
    folder: Path,
    vectors: FloatArray,
    vector_of: IntArray,
    priority: IntArray,
    queries: FloatArray,
    progress: Progress,
) -> dict[str, Any]:
    """Write the index of the vectors; returns what the report says of it."""
    progress("dense index", 0, 1)
    dense, recall = tuned(DenseIndex.build(vectors, vector_of, priority), vectors, queries)
    dense.save(folder)
    progress("dense index", 1, 1)
    return {
        "index": dense.kind,
        "index_chosen_because": reason_for(dense.kind),
        "breadth": dense.breadth,
        **recall.as_dict(),
    }


def _filtered_columns(store: ItemStore) -> list[AttributeColumn]:
    """The attributes that the lexical index filters on: all with names, and the numbers that most items have."""
    columns = [store.attributes[name] for name, one in store.attributes.definitions.items() if one.filter]
    numbers = [column for column in columns if not column.is_named]
    numbers.sort(key=lambda column: -len(column.rows))
    return [column for column in columns if column.is_named] + numbers[:MAX_NUMBERS]


def item_text(title: str, product_type: str, description: str) -> str:
    return " ".join(part for part in (title, product_type, description) if part)[:ENCODED_CHARACTERS]


def _priority(store: ItemStore) -> IntArray:
    """[n_items] place of each row in the order of popularity, the most popular first: who wins a tie."""
    return np.argsort(np.argsort(-store.popularity, kind="stable"), kind="stable").astype(np.int64)


def _distinct(texts: Sequence[str]) -> tuple[list[str], IntArray]:
    """The distinct texts, and [n] which of them each text is."""
    known: dict[str, int] = {}
    which = [known.setdefault(text, len(known)) for text in texts]
    return list(known), np.array(which, dtype=np.int64)


def _encode_items(
    name: str, texts: Sequence[str], titles: Sequence[str], earlier: Path | None, progress: Progress
) -> tuple[Encoder, FloatArray]:
    """An encoder for queries, and the vectors of distinct texts of items."""
    encoder = _item_encoder(name)
    known = EarlierVectors.none() if earlier is None else EarlierVectors.load(earlier, REPORT, encoder)
    vectors = known.encode(encoder, texts, progress)
    if name != DistilledQueries.name:
        return encoder, vectors
    return distil(encoder, pseudo_queries(titles), progress=progress), vectors


def _item_encoder(name: str) -> Encoder:
    """What encodes the items of a catalogue whose queries are encoded by the encoder of that name."""
    return load_encoder(TEACHER if name == DistilledQueries.name else name)


def _sampled_queries(columns: dict[str, list[str]]) -> list[str]:
    """Texts like queries, to measure the dense index with: product types, or the beginnings of titles."""
    n_items = len(columns["title"])
    rows = np.random.Generator(np.random.PCG64(0)).permutation(n_items)[:N_SAMPLED_QUERIES]
    return [columns["product_type"][row] or " ".join(columns["title"][row].split()[:3]) for row in rows]
