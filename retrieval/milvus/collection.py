"""One version of a collection: looked into while searching, and checked before anybody does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trimtab.core.errors import BundleMismatch
from trimtab.core.records import FloatArray
from trimtab.retrieval.lexical.term_scores import BOOSTS
from trimtab.retrieval.milvus.address import Address
from trimtab.retrieval.milvus.connection import CONNECT_SECONDS, Connection
from trimtab.retrieval.milvus.layout import BM25, ROW, TERMS, VECTOR, Layout, document, token
from trimtab.retrieval.protocol import NOTHING, Found
from trimtab.text.words.lexicon import Lexicon

if TYPE_CHECKING:
    from trimtab.catalog.store import ItemStore

MAX_DEPTH = 16_384
"""The most entities that Milvus answers with."""
MAX_BREADTH = 32_768
FLAT, HNSW = "FLAT", "HNSW"
N_LOOKED_AT = 8
"""How many items a check compares with the catalogue."""


@dataclass(frozen=True)
class Collection:
    """A collection of the items of one bundle: rows are its rows.

    Attributes:
        name: of this version; the alias under which the newest one is found has none.
        index: of the vectors, `FLAT` or `HNSW`.
        breadth: candidates that a search of the graph keeps; 0 where everything is looked at.
        average_length: tokens of an item's text.
    """

    connection: Connection
    name: str
    layout: Layout
    n_items: int
    index: str
    breadth: int
    average_length: float

    @classmethod
    def from_report(cls, report: Mapping[str, Any], *, seconds: float | None = None) -> Collection:
        """The collection that a bundle was built with.

        Args:
            seconds: how long a search may wait; what the environment says by default.

        Raises:
            KeyError, TypeError, ValueError, BadParameter: the report does not say.
        """
        remote = report["remote"]
        return cls(
            Connection(Address.parse(remote["address"]).uri, seconds=seconds),
            str(remote["collection"]),
            Layout.from_dict(remote["layout"]),
            int(report["n_items"]),
            str(report["index"]),
            int(report["breadth"]),
            float(remote["average_length"]),
        )

    def nearest(self, vector: FloatArray, depth: int, expression: str = "", *, n_allowed: int | None = None) -> Found:
        """The items nearest to a unit vector; of a graph, the fewer are allowed, the wider it is searched.

        Raises:
            Unavailable: see `Connection.search`.
        """
        depth = min(depth, MAX_DEPTH)
        params: dict[str, Any] = {}
        if self.index == HNSW:
            wider = self.n_items / max(n_allowed or self.n_items, 1)
            params["ef"] = int(min(max(self.breadth, depth) * wider, MAX_BREADTH))
        return self._search([vector.astype(np.float32)], VECTOR, depth, expression, params)

    def within(self, vector: FloatArray, floor: float, depth: int) -> Found:
        """The items whose cosine with a unit vector reaches a floor, at most `depth`."""
        params = {"radius": floor} | ({"ef": max(self.breadth, depth)} if self.index == HNSW else {})
        return self._search([vector.astype(np.float32)], VECTOR, depth, "", params)

    def with_terms(self, terms: Sequence[str], depth: int, expression: str = "") -> Found:
        """The items that have any of some terms, by their BM25."""
        if not terms:
            return NOTHING
        text = " ".join(map(token, terms))
        return self._search([text], BM25, min(depth, MAX_DEPTH), expression, {})

    def _search(self, data: list[Any], field: str, depth: int, expression: str, params: Mapping[str, Any]) -> Found:
        def ask(client: Any, seconds: float) -> Any:
            return client.search(
                self.name,
                data=data,
                anns_field=field,
                limit=depth,
                filter=expression,
                search_params={"params": dict(params)},
                output_fields=[ROW],
                timeout=seconds,
            )

        hits = self.connection.search(ask)[0]
        rows = np.fromiter((hit[ROW] for hit in hits), dtype=np.int64, count=len(hits))
        # milvus-lite gives BM25 with its sign changed.
        scores = np.fromiter((hit["distance"] for hit in hits), dtype=np.float32, count=len(hits))
        return rows, np.abs(scores) if field == BM25 else scores

    def check(self, store: ItemStore, lexicon: Lexicon) -> None:
        """Nothing where the collection is whole and has this catalogue's items.

        Raises:
            BundleMismatch: it is missing, half built, of other fields, or of another catalogue.
            Unavailable: Milvus does not answer.
        """

        def look(client: Any, seconds: float) -> tuple[dict[str, Any], int, list[dict[str, Any]]] | None:
            if not client.has_collection(self.name, timeout=seconds):
                return None
            described = client.describe_collection(self.name, timeout=seconds)
            options = {"timeout": seconds, "consistency_level": "Strong"}
            count = client.query(self.name, filter="", output_fields=["count(*)"], **options)[0]["count(*)"]
            filter_ = f"{ROW} in {some}"
            return (
                described,
                int(count),
                list(client.query(self.name, filter=filter_, output_fields=[TERMS], **options)),
            )

        some = np.unique(np.linspace(0, self.n_items - 1, N_LOOKED_AT).astype(np.int64)).tolist()
        found = self.connection.ask(look, seconds=CONNECT_SECONDS)
        where = f"{self.connection.uri}: the collection {self.name}"
        remedy = "`trimtab build --retrieval` makes another"
        if found is None:
            raise BundleMismatch(f"{where} does not exist; {remedy}")
        described, count, entities = found
        fields = {field["name"]: field for field in described["fields"]}
        if set(fields) != self.layout.fields or int(fields[VECTOR]["params"].get("dim", 0)) != self.layout.dim:
            raise BundleMismatch(f"{where} has other fields than the bundle was built with; {remedy}")
        if count != self.n_items or len(store) != self.n_items:
            raise BundleMismatch(f"{where} has {count:,} items, the bundle {len(store):,}; {remedy}")
        texts = {field: store.texts(field, np.array(some)) for field in BOOSTS if field != "attributes"}
        texts["attributes"] = list(map(store.searched_attributes_at, some))
        known = {one[ROW]: one[TERMS] for one in entities}
        for place, row in enumerate(some):
            if known.get(row) != document({field: texts[field][place] for field in BOOSTS}, lexicon):
                raise BundleMismatch(f"{where} is of another catalogue; {remedy}")
