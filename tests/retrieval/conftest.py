"""One small real catalogue and a retriever over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from trimtab.catalog.datasets.grocery import Grocery
from trimtab.catalog.store import ItemStore
from trimtab.retrieval.building import build_retriever
from trimtab.retrieval.retriever import Retriever

N_ITEMS = 2_500


@pytest.fixture(scope="session")
def store(grocery: Grocery) -> ItemStore:
    """Every 27th of the grocery products, so that all departments are in it."""
    return ItemStore.from_frame(grocery.items.gather_every(27).head(N_ITEMS))


@pytest.fixture(scope="session")
def folder(store: ItemStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `build_retriever` writes; not to be written to."""
    folder = tmp_path_factory.mktemp("retrieval")
    build_retriever(store, "wordllama", folder)
    return folder


@pytest.fixture(scope="session")
def retriever(folder: Path, store: ItemStore) -> Retriever:
    return Retriever.load(folder, store)
