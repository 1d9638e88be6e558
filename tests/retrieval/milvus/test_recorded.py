"""What `milvus-lite server` does not do as a distributed Milvus does, against answers as that one gives them.

The answers are recorded from Milvus' documentation and protocol, not from a run: no distributed Milvus was at hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pymilvus.exceptions import MilvusException

from trimtab.core.errors import Unavailable
from trimtab.retrieval.filters import Condition
from trimtab.retrieval.milvus.collection import HNSW, MAX_BREADTH, MAX_DEPTH, Collection
from trimtab.retrieval.milvus.connection import Connection
from trimtab.retrieval.milvus.layout import MAX_CODES, Layout, document, token
from trimtab.text.analyser import analyser_of
from trimtab.text.words.lexicon import Lexicon

LAYOUT = Layout(dim=2, names=("brand", "category"), numbers=("price",))


class Recorded:
    """A client that answers every search alike and keeps what it was asked."""

    def __init__(self, hits: Sequence[Mapping[str, Any]]) -> None:
        self._hits = hits
        self.asked: list[dict[str, Any]] = []

    def search(self, name: str, **asked: Any) -> list[Sequence[Mapping[str, Any]]]:
        self.asked.append({"name": name, **asked})
        if asked["limit"] > MAX_DEPTH:
            raise MilvusException(code=65535, message="topk [16385] is invalid, it should be in range [1, 16384]")
        return [self._hits]


class RecordedConnection(Connection):
    def __init__(self, client: Recorded) -> None:
        super().__init__("http://recorded:19530", seconds=1)
        self._recorded = client

    def _client(self) -> Any:
        return self._recorded


def collection(client: Recorded, **changed: Any) -> Collection:
    whole = Collection(RecordedConnection(client), "shop_v1", LAYOUT, 1_000_000, HNSW, 300, 20.0)
    return replace(whole, **changed)


def test_bm25_of_either_sign_is_a_score() -> None:
    """Milvus gives BM25 as it is, milvus-lite with its sign changed."""
    for sign in (1, -1):
        client = Recorded([{"row": 3, "distance": 2.5 * sign}, {"row": 1, "distance": 1.0 * sign}])
        rows, scores = collection(client).with_terms(["milk"], 10)
        assert rows.tolist() == [3, 1]
        assert scores.tolist() == [2.5, 1.0]


def test_no_more_is_asked_than_milvus_allows() -> None:
    client = Recorded([])
    remote = collection(client)
    remote.nearest(np.ones(2, dtype=np.float32), 50_000)
    remote.with_terms(["milk"], 50_000)
    remote.nearest(np.ones(2, dtype=np.float32), 200, "row in [1]", n_allowed=1)
    assert [asked["limit"] for asked in client.asked] == [MAX_DEPTH, MAX_DEPTH, 200]
    assert [asked["search_params"]["params"].get("ef") for asked in client.asked] == [MAX_DEPTH, None, MAX_BREADTH]


def test_a_graph_is_searched_the_wider_the_fewer_a_filter_leaves() -> None:
    client = Recorded([])
    for n_allowed in (1_000_000, 100_000, 10_000):
        collection(client).nearest(np.ones(2, dtype=np.float32), 200, "number_0 >= 1.0", n_allowed=n_allowed)
    assert [asked["search_params"]["params"]["ef"] for asked in client.asked] == [300, 3000, 30_000]


def test_an_error_of_the_server_is_one_sentence() -> None:
    class Refusing(Recorded):
        def search(self, name: str, **asked: Any) -> Any:
            raise MilvusException(code=101, message="collection not loaded")

    with pytest.raises(Unavailable, match=r"Milvus answered 'collection not loaded' \(code 101\)"):
        collection(Refusing([])).with_terms(["milk"], 10)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Condition("brand", codes=(3, 1)), "array_contains_any(codes, [1, 3])"),
        (Condition("category", codes=(2,)), f"array_contains_any(codes, [{(1 << 32) + 2}])"),
        (Condition("brand", codes=(3,), negated=True), "not (array_contains_any(codes, [3]))"),
        (Condition("brand"), "row < 0"),
        (Condition("brand", negated=True), "not (row < 0)"),
        (Condition("price", ranges=((1.5, 2.0),)), "((number_0 >= 1.5 and number_0 <= 2.0))"),
        (Condition("price", ranges=((-np.inf, 2.0), (5.0, np.inf))), "((number_0 <= 2.0) or (number_0 >= 5.0))"),
        (
            Condition("price", ranges=((1.0, 2.0),), negated=True),
            "(number_0 is null or not (((number_0 >= 1.0 and number_0 <= 2.0))))",
        ),
    ],
)
def test_conditions_are_filters(condition: Condition, expected: str) -> None:
    assert LAYOUT.expression(condition) == expected


@pytest.mark.parametrize("term", ["milk", "12.5", "café", "牛奶", "-sugar", "Milk", "0x1", "a b", 'x" or row > 0', ""])
def test_a_token_is_letters_and_digits_alone(term: str) -> None:
    assert token(term).isascii()
    assert token(term).isalnum()
    assert token(term) == token(term).lower()
    assert len({token(other) for other in (term, term + "x", "0x" + term)}) == 3


def test_a_text_longer_than_milvus_takes_is_cut_between_words() -> None:
    texts = dict.fromkeys(("product_type", "brand", "category", "attributes"), "")
    lexicon = Lexicon.of_texts(analyser_of(("en",)), [])
    text = document({**texts, "title": "milk", "description": "wonderful " * 20_000}, lexicon)
    assert len(text) <= 65_535
    assert set(text.split()) == {"milk", lexicon.terms("wonderful")[0]}
    assert MAX_CODES == 4096
