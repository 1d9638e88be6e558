"""A shop whose candidates are looked up in Milvus: built, searched, changed, without the server, and rebuilt.

The server is `milvus-lite server`: this tests the protocol, not how a distributed Milvus performs.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from tests.support.milvus_servers import MilvusServer, running_milvus
from trimtab.catalog.datasets.grocery import Grocery
from trimtab.cli.commands import app
from trimtab.core.errors import BundleMismatch, Unavailable
from trimtab.core.log import Impression
from trimtab.core.records import Query
from trimtab.engine import Engine
from trimtab.engine.live.live_engine import LiveEngine
from trimtab.engine.live.rebuild import compact
from trimtab.engine.log.decisions import replay_decision
from trimtab.engine.plan.deadline import Deadline, Shape, StageCosts
from trimtab.retrieval.filters import parse_filter
from trimtab.retrieval.milvus.connection import TIMEOUT

N_ITEMS = 150


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    with running_milvus(tmp_path_factory.mktemp("milvus") / "data") as server:
        yield server


@pytest.fixture(scope="module")
def bundle(grocery: Grocery, server: MilvusServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    items = grocery.items.filter(pl.col("category").str.contains("(?i)ice cream|cheese"))
    items.head(N_ITEMS).write_csv(folder / "items.csv")
    command = ["build", str(folder / "items.csv"), "--out", str(folder / "bundle"), "--encoder", "wordllama"]
    done = CliRunner().invoke(app, [*command, "--retrieval", server.address("shop"), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["collection"] == server.alias("shop")
    return folder / "bundle"


@pytest.fixture
def engine(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setenv(TIMEOUT, "30")
    return Engine.load(bundle)


def in_time(engine: Engine, query: Query) -> Deadline:
    """A degradation that has all the time in the world."""
    return Deadline(StageCosts(), Shape.of(engine.with_defaults(query)), start=0, seconds=1e9)


def logged(engine: Engine, query: Query, degradation: Deadline) -> dict[str, object]:
    row: Impression = engine.impression(engine.slate(query, degradation), datetime.now(UTC))
    return {**asdict(row), "recent": (), "retrieval": row.retrieval}


def test_a_shop_is_searched_in_its_collection(engine: Engine, server: MilvusServer, tmp_path: Path) -> None:
    query = Query("vanilla ice cream", k=5, filters=(parse_filter("price:..20"),), facets=("brand",))
    slate = engine.slate(query)
    assert slate.degraded == ()
    assert all("ice cream" in title.lower() for title in engine.store.titles(slate.rows))
    row = logged(engine, query, in_time(engine, query))
    assert json.loads(str(row["retrieval"])) == {
        "collection": server.alias("shop"),
        "as_of": engine.manifest["as_of"],
    }
    assert replay_decision(engine, row)["reproduced"]
    assert engine.manifest["retrieval"]["remote"]["backend"] == "milvus"

    live = LiveEngine(engine, tmp_path / "changes")
    cheapest = slate.item_ids[0]
    live.change(
        [{"item_id": "quince", "title": "Quince ice cream", "price": 3.0}, {"item_id": cheapest, "price": 99.0}]
    )
    assert live.newest.slate(Query("quince ice cream", k=1)).item_ids == ("quince",)
    assert cheapest not in live.newest.slate(query).item_ids
    live.change(delete=[slate.item_ids[1]])
    assert slate.item_ids[1] not in live.newest.slate(query).item_ids


def test_a_server_that_is_gone_costs_the_dense_candidates_alone(
    engine: Engine, bundle: Path, server: MilvusServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TIMEOUT, "0.5")
    hasty = Engine.load(bundle)
    query = Query("vanilla ice cream", k=5)
    server.signal(signal.SIGSTOP)
    try:
        row = logged(hasty, query, in_time(hasty, query))
        assert row["degraded"] == ("remote",)
        assert row["item_ids"]
        assert replay_decision(hasty, row)["reproduced"]
        with pytest.raises(Unavailable):  # what is fixed is not degraded: it is this search, or none
            hasty.slate(query)
    finally:
        server.signal(signal.SIGCONT)
    assert replay_decision(engine, row)["reproduced"]
    assert engine.slate(query, in_time(engine, query)).degraded == ()


def test_a_rebuild_makes_the_next_version(engine: Engine, bundle: Path, server: MilvusServer, tmp_path: Path) -> None:
    before = server.alias("shop")
    live = LiveEngine(engine, tmp_path / "changes")
    live.change([{"item_id": "quince", "title": "Quince ice cream", "price": 3.0}])
    compact(bundle, tmp_path / "changes", tmp_path / "compacted")
    rebuilt = Engine.load(tmp_path / "compacted")
    assert server.alias("shop") == rebuilt.retriever.remote != before
    assert rebuilt.slate(Query("quince", k=1)).item_ids == ("quince",)
    assert engine.slate(Query("ice cream", k=3)).item_ids  # the bundle before still finds its own collection
    server.ask(lambda client, seconds: client.drop_alias("shop", timeout=seconds))
    server.ask(lambda client, seconds: client.drop_collection(before, timeout=seconds))
    with pytest.raises(BundleMismatch, match=f"{before} does not exist"):
        Engine.load(bundle)
