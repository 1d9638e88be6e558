"""Building a version of a collection: filled, indexed, measured and checked before anything refers to it.

Each build makes a collection of its own, called by its moment; a bundle names the one it was built with, so a bundle
that is brought back finds its own items again. The alias leads to the newest. What fails on the way is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import numpy as np

from trimtab.catalog.arrow import Texts
from trimtab.catalog.attributes.column import AttributeColumn
from trimtab.core.errors import Unavailable
from trimtab.core.records import FloatArray, IntArray
from trimtab.core.work.progress import Progress
from trimtab.retrieval.dense.kinds import BREADTHS, EXACT_UP_TO, HNSW_LINKS
from trimtab.retrieval.dense.recall import WANTED
from trimtab.retrieval.lexical.term_scores import BOOSTS
from trimtab.retrieval.milvus.address import Address
from trimtab.retrieval.milvus.collection import FLAT, HNSW, Collection
from trimtab.retrieval.milvus.connection import BUILD_SECONDS, CONNECT_SECONDS, Connection
from trimtab.retrieval.milvus.layout import (
    BM25,
    CODES,
    K1,
    MAX_CODES,
    MAX_TEXT_BYTES,
    NUMBER,
    ROW,
    TERMS,
    VECTOR,
    B,
    Layout,
    document,
)
from trimtab.text.words.lexicon import Lexicon

if TYPE_CHECKING:
    from trimtab.catalog.store import ItemStore

INSERTED = 2000
"""Items of one request."""
LINKS_BREADTH = 200
KEPT_VERSIONS = 3
"""The newest versions that stay: bundles before the one that serves may be brought back."""
FILTERED_SHARES = (0.1, 0.01)
"""Shares of the items that filters leave, under which the recall of the graph is measured."""
K_MEASURED = 100


@contextmanager
def new_collection(address: str | None) -> Iterator[NewCollection | None]:
    """A version that is being built: published after the block, or gone where the block fails.

    Args:
        address: see `Address`; None for no collection.

    Raises:
        BadParameter: the address cannot be read.
        Unavailable: no Milvus answers.
        BadInput: pymilvus is not installed.
    """
    if address is None:
        yield None
        return
    new = NewCollection(Address.parse(address))
    try:
        yield new
    except BaseException:
        with suppress(Unavailable):
            new.drop()
        raise
    new.publish()


class NewCollection:
    """A version of a collection while it is being built."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._connection = Connection(address.uri, seconds=BUILD_SECONDS)
        self._connection.ask(lambda client, seconds: client.list_collections(timeout=seconds), seconds=CONNECT_SECONDS)
        self.name = f"{address.name}_v{datetime.now(UTC):%Y%m%dT%H%M%S}_{token_hex(3)}"

    def fill(
        self,
        store: ItemStore,
        texts: Mapping[str, Texts],
        columns: Sequence[AttributeColumn],
        vectors: FloatArray,
        vector_of: IntArray,
        lexicon: Lexicon,
        queries: FloatArray,
        progress: Progress,
    ) -> dict[str, Any]:
        """Write the items, index them, and measure how well their vectors are found.

        Args:
            texts: [n_items] by field of `BOOSTS`.
            vectors: [n_vectors, dim] distinct ones; `vector_of` says whose they are.
            queries: [n, dim] to measure with.

        Returns:
            what the bundle's report says of it.
        """
        n_items = len(store)
        layout = Layout.of(columns, vectors.shape[1], n_items)
        self._ask(lambda client, seconds: client.create_collection(self.name, schema=_schema(layout), timeout=seconds))
        length = self._insert(layout, texts, columns, vectors, vector_of, lexicon, progress)
        index = FLAT if n_items <= EXACT_UP_TO else HNSW
        unindexed = self._index(layout, index)
        breadth = BREADTHS[0] if index == HNSW else 0
        built = Collection(self._connection, self.name, layout, n_items, index, breadth, length)
        built.check(store, lexicon)
        breadth, recall = _tuned(built, vectors, vector_of, queries)
        return {
            "index": index,
            "breadth": breadth,
            f"recall@{K_MEASURED}_against_exact": recall,
            "remote": {
                "backend": "milvus",
                "address": str(self._address),
                "collection": self.name,
                "layout": layout.as_dict(),
                "average_length": length,
                "without_index": unindexed,
                f"recall@{K_MEASURED}_under_filters": _recall_under_filters(
                    replace(built, breadth=breadth), columns, vectors, vector_of, queries
                ),
            },
        }

    def publish(self) -> None:
        """Let the alias lead to the collection, and drop versions that nothing is brought back to.

        Raises:
            Unavailable: the alias still leads to the version before; this one stays.
        """
        alias = self._address.name

        def swap(client: Any, seconds: float) -> None:
            is_new = alias not in client.list_aliases(timeout=seconds)["aliases"]
            (client.create_alias if is_new else client.alter_alias)(self.name, alias, timeout=seconds)

        self._ask(swap)
        version = re.compile(re.escape(alias) + r"_v\d{8}T\d{6}_[0-9a-f]{6}")
        known: list[str] = self._ask(lambda client, seconds: client.list_collections(timeout=seconds))
        for name in sorted(filter(version.fullmatch, known))[:-KEPT_VERSIONS]:
            if name != self.name:
                self._drop(name)

    def drop(self) -> None:
        """Leave nothing behind."""
        self._drop(self.name)

    def _drop(self, name: str) -> None:
        self._ask(lambda client, seconds: client.drop_collection(name, timeout=seconds))

    def _ask(self, ask: Any) -> Any:
        return self._connection.ask(ask, seconds=BUILD_SECONDS)

    def _insert(
        self,
        layout: Layout,
        texts: Mapping[str, Texts],
        columns: Sequence[AttributeColumn],
        vectors: FloatArray,
        vector_of: IntArray,
        lexicon: Lexicon,
        progress: Progress,
    ) -> float:
        """Write the items; returns the tokens of an average one."""
        n_items, n_tokens = len(vector_of), 0
        by_name = {column.attribute.name: column for column in columns}
        named, numbered = ([by_name[name] for name in names] for names in (layout.names, layout.numbers))
        for start in range(0, n_items, INSERTED):
            progress("collection", start, n_items)
            entities = []
            for row in range(start, min(start + INSERTED, n_items)):
                text = document({field: texts[field][row] for field in BOOSTS}, lexicon)
                n_tokens += text.count(" ") + bool(text)
                codes = [layout.code(one.attribute.name, code) for one in named for code in _codes_at(one, row)]
                entity = {ROW: row, VECTOR: vectors[vector_of[row]], TERMS: text, CODES: codes}
                for place, one in enumerate(numbered):
                    levels = [one.levels.item(code) for code in _codes_at(one, row)]
                    entity[f"{NUMBER}{place}"] = levels[0] if levels else None
                entities.append(entity)
            self._ask(lambda client, seconds, batch=entities: client.insert(self.name, batch, timeout=seconds))
        self._ask(lambda client, seconds: client.flush(self.name, timeout=seconds))
        progress("collection", n_items, n_items)
        return max(n_tokens / n_items, 1.0)

    def _index(self, layout: Layout, index: str) -> list[str]:
        """Index and load the collection; returns the fields for which this server has no index, which it scans."""
        from pymilvus import MilvusClient
        from pymilvus.exceptions import MilvusException

        params = MilvusClient.prepare_index_params()
        links = {"M": HNSW_LINKS, "efConstruction": LINKS_BREADTH} if index == HNSW else {}
        params.add_index(field_name=VECTOR, index_type=index, metric_type="IP", params=links)
        params.add_index(
            field_name=BM25,
            index_type="SPARSE_INVERTED_INDEX",
            metric_type="BM25",
            params={"bm25_k1": K1, "bm25_b": B},
        )
        self._ask(lambda client, seconds: client.create_index(self.name, params, timeout=seconds))

        def scalar(client: Any, seconds: float) -> list[str]:
            refused = []
            for field in (CODES, *(f"{NUMBER}{place}" for place in range(len(layout.numbers)))):
                params = MilvusClient.prepare_index_params()
                params.add_index(field_name=field, index_type="INVERTED")
                try:
                    client.create_index(self.name, params, timeout=seconds, sync=False)
                except MilvusException:
                    refused.append(field)
            return refused

        refused: list[str] = self._ask(scalar)
        self._ask(lambda client, seconds: client.load_collection(self.name, timeout=seconds))
        return refused


def _schema(layout: Layout) -> Any:
    from pymilvus import DataType, Function, FunctionType, MilvusClient

    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field(ROW, DataType.INT64, is_primary=True)
    schema.add_field(VECTOR, DataType.FLOAT_VECTOR, dim=layout.dim)
    schema.add_field(
        TERMS,
        DataType.VARCHAR,
        max_length=MAX_TEXT_BYTES,
        enable_analyzer=True,
        enable_match=True,
        analyzer_params={"tokenizer": "standard"},
    )
    schema.add_field(BM25, DataType.SPARSE_FLOAT_VECTOR)
    schema.add_field(CODES, DataType.ARRAY, element_type=DataType.INT64, max_capacity=MAX_CODES)
    for place in range(len(layout.numbers)):
        schema.add_field(f"{NUMBER}{place}", DataType.DOUBLE, nullable=True)
    function = Function(
        name=BM25, function_type=FunctionType.BM25, input_field_names=[TERMS], output_field_names=[BM25]
    )
    schema.add_function(function)
    return schema


def _codes_at(column: AttributeColumn, row: int) -> list[int]:
    codes: list[int] = column.codes[column.starts[row] : column.starts[row + 1]].tolist()
    return codes


def _tuned(collection: Collection, vectors: FloatArray, vector_of: IntArray, queries: FloatArray) -> tuple[int, float]:
    """How widely the graph is searched for `WANTED`, and the recall that there then is."""
    breadths = BREADTHS if collection.index == HNSW else (0,)
    recall = 0.0
    for breadth in breadths:
        recall = _recall(replace(collection, breadth=breadth), vectors, vector_of, queries)
        if recall >= WANTED:
            break
    return breadth, recall


def _recall(
    collection: Collection,
    vectors: FloatArray,
    vector_of: IntArray,
    queries: FloatArray,
    *,
    expression: str = "",
    allowed: IntArray | None = None,
) -> float:
    """The share of the items nearest to queries that are found; any as near as the last of them counts as one."""
    rows = np.arange(len(vector_of)) if allowed is None else allowed
    k = min(K_MEASURED, len(rows))
    if k == 0 or len(queries) == 0:
        return 1.0
    shares = []
    for query in queries:
        cosines = (vectors @ query)[vector_of]
        last = np.partition(cosines[rows], len(rows) - k)[len(rows) - k]
        found, _ = collection.nearest(query, k, expression, n_allowed=len(rows))
        shares.append(np.count_nonzero(cosines[found] >= last - 1e-5) / k)
    return float(np.mean(shares))


def _recall_under_filters(
    collection: Collection,
    columns: Sequence[AttributeColumn],
    vectors: FloatArray,
    vector_of: IntArray,
    queries: FloatArray,
) -> dict[str, float]:
    """Recall under ranges of the number that most items have; empty where there is none, or no graph."""
    numbers = [one for one in columns if one.attribute.name in collection.layout.numbers and len(one.rows)]
    if collection.index != HNSW or not numbers:
        return {}
    column = max(numbers, key=lambda one: len(one.rows))
    field = f"{NUMBER}{collection.layout.numbers.index(column.attribute.name)}"
    values = column.levels[column.codes]
    found = {}
    for share in FILTERED_SHARES:
        low, high = np.quantile(values, (0.5 - share / 2, 0.5 + share / 2)).tolist()
        allowed = column.rows[(values >= low) & (values <= high)].astype(np.int64)
        expression = f"{field} >= {low!r} and {field} <= {high!r}"
        found[f"{share:.0%}"] = _recall(collection, vectors, vector_of, queries, expression=expression, allowed=allowed)
    return found
