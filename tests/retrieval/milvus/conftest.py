"""The catalogue of the tests of retrieval in a collection. These tests ask a `milvus-lite server`: they test that we
speak Milvus' protocol, not how a distributed Milvus performs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.milvus_servers import MilvusServer, running_milvus
from trimtab.catalog.datasets.grocery import Grocery
from trimtab.catalog.store import ItemStore
from trimtab.retrieval.building import build_retriever
from trimtab.retrieval.milvus.building import new_collection
from trimtab.retrieval.retriever import Retriever

NAME = "grocery"
N_ITEMS = 600


@pytest.fixture(scope="package")
def store(grocery: Grocery) -> ItemStore:
    """Every 112th of the grocery products, so that all departments are in it."""
    return ItemStore.from_frame(grocery.items.gather_every(112).head(N_ITEMS))


@pytest.fixture(scope="package")
def local(store: ItemStore, tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    """Over the same items, in this process."""
    return build_retriever(store, "wordllama", tmp_path_factory.mktemp("local"))


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    with running_milvus(tmp_path_factory.mktemp("milvus") / "data") as server:
        yield server


@pytest.fixture(scope="package")
def remote_folder(store: ItemStore, server: MilvusServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `build_retriever` writes beside the collection; not to be written to."""
    folder = tmp_path_factory.mktemp("remote")
    with new_collection(server.address(NAME)) as collection:
        build_retriever(store, "wordllama", folder, collection=collection)
    return folder


@pytest.fixture(scope="package")
def retriever(remote_folder: Path, store: ItemStore, server: MilvusServer) -> Retriever:
    return Retriever.load(remote_folder, store, remote_seconds=60)
