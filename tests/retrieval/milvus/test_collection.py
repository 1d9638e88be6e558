"""A collection beside the same catalogue in this process: what is found, what is refused, what is left behind."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from tests.retrieval.milvus.conftest import NAME
from tests.support.milvus_servers import MilvusServer
from trimtab.catalog.groups import Alternatives
from trimtab.catalog.store import ItemStore
from trimtab.core.errors import BadParameter, BundleDamaged, BundleMismatch, Unavailable
from trimtab.retrieval.building import build_retriever
from trimtab.retrieval.filters import Masks, conditions_of, parse_filter
from trimtab.retrieval.milvus.building import KEPT_VERSIONS, new_collection
from trimtab.retrieval.milvus.layout import Layout
from trimtab.retrieval.retriever import REPORT, Retriever

QUERIES = ("ice cream", "milk", "paper towels", "sandwich bags", "strawberry yogurt")
FILTERS = (
    "price:2..6",
    "price:..3",
    "-price:..3",
    "in_stock:false",
    "-brand:private",
    "category:grocery",
)


with_a_server = pytest.mark.slow  # a small story with one is in tests/engine/test_remote_retrieval.py


def filtered(text: str, store: ItemStore) -> str:
    """A filter of the parametrised ones, with a brand that there is."""
    return text.replace("private", store.brands[0])


@with_a_server
@pytest.mark.parametrize("text", QUERIES)
def test_words_find_the_same_items_in_either(text: str, retriever: Retriever, local: Retriever) -> None:
    everything = len(retriever.vectors)
    found, bm25 = retriever.lexical.search(text, everything)

    assert sorted(found) == sorted(local.lexical.search(text, everything)[0]) == sorted(retriever.lexical.matches(text))
    assert (bm25 > 0).all()
    assert (np.diff(bm25) <= 1e-6).all()


@with_a_server
@pytest.mark.parametrize("said", ["", "price:1..6"])
def test_of_each_group_one_item_is_found(said: str, retriever: Retriever, local: Retriever, store: ItemStore) -> None:
    groups = Alternatives(np.arange(len(store)) % 40 - 1, 39)
    filters = [parse_filter(said)] if said else []
    ours, theirs = (
        groups.codes[one.retrieve("milk", filters=filters, groups=groups).rows].tolist() for one in (retriever, local)
    )
    assert len(set(ours)) == len(ours)
    assert sorted(ours) == sorted(theirs)


@with_a_server
@pytest.mark.parametrize("said", FILTERS)
def test_filters_are_met_while_searching(said: str, retriever: Retriever, local: Retriever, store: ItemStore) -> None:
    filters = [parse_filter(filtered(said, store))]
    conditions = conditions_of(store, filters)
    allowed = Masks(store).of(conditions)
    assert allowed is not None
    everything = len(store)
    ours = retriever.lexical.search("milk", everything, conditions, allowed)[0]
    assert sorted(ours) == sorted(local.lexical.search("milk", everything, conditions, allowed)[0])

    found = retriever.retrieve("milk", n_candidates=20, filters=filters)
    assert allowed[found.rows].all()
    theirs = local.retrieve("milk", n_candidates=20, filters=filters)
    np.testing.assert_allclose(np.sort(found.dense)[-5:], np.sort(theirs.dense)[-5:], atol=0.1)


@with_a_server
def test_the_alias_leads_to_the_newest_and_old_versions_go(
    store: ItemStore, server: MilvusServer, tmp_path: Path
) -> None:
    few = ItemStore.from_frame(store.frame().head(20))
    names = []
    for number in range(KEPT_VERSIONS + 1):
        with new_collection(server.address("versions")) as collection:
            retriever = build_retriever(few, "wordllama", tmp_path / str(number), collection=collection)
            names.append(retriever.remote)
        assert server.alias("versions") == names[-1]
    assert [name for name in server.collections() if name.startswith("versions_v")] == sorted(names[1:])
    assert Retriever.load(tmp_path / "1", few).remote == names[1]
    with pytest.raises(BundleMismatch, match=f"{names[0]} does not exist"):
        Retriever.load(tmp_path / "0", few)


@with_a_server
def test_a_build_that_fails_leaves_nothing_and_the_alias_where_it_was(
    store: ItemStore, server: MilvusServer, tmp_path: Path
) -> None:
    before, leads_to = server.collections(), server.alias(NAME)
    few = ItemStore.from_frame(store.frame().head(20))

    def build() -> None:
        with new_collection(server.address(NAME)) as collection:
            build_retriever(few, "wordllama", tmp_path / "folder", collection=collection)
            raise RuntimeError("later in the build")

    with pytest.raises(RuntimeError, match="later in the build"):
        build()
    assert server.collections() == before
    assert server.alias(NAME) == leads_to


@with_a_server
def test_a_collection_that_is_not_the_bundles_is_refused(
    store: ItemStore, server: MilvusServer, tmp_path: Path
) -> None:
    frame = store.frame().head(60)
    few = ItemStore.from_frame(frame)
    with new_collection(server.address("refused")) as collection:
        retriever = build_retriever(few, "wordllama", tmp_path / "whole", collection=collection)
    name = str(retriever.remote)
    with pytest.raises(BundleMismatch, match="is of another catalogue"):
        Retriever.load(tmp_path / "whole", ItemStore.from_frame(frame.reverse())).retrieve("milk")
    with pytest.raises(BundleDamaged, match="has 60 items"):
        Retriever.load(tmp_path / "whole", ItemStore.from_frame(frame.head(30)))

    changed = shutil.copytree(tmp_path / "whole", tmp_path / "changed")
    report = json.loads((changed / REPORT).read_text())
    layout = Layout.from_dict(report["remote"]["layout"])
    report["remote"]["layout"] = {**layout.as_dict(), "numbers": ["price", "weight"]}
    (changed / REPORT).write_text(json.dumps(report))
    with pytest.raises(BundleMismatch, match="other fields"):
        Retriever.load(changed, few)
    del report["remote"]["layout"]
    (changed / REPORT).write_text(json.dumps(report))
    with pytest.raises(BundleDamaged, match="does not say where its collection is"):
        Retriever.load(changed, few)

    server.ask(lambda client, seconds: client.delete(name, filter="row > 40", timeout=seconds))
    with pytest.raises(BundleMismatch, match="has 41 items, the bundle 60"):
        Retriever.load(tmp_path / "whole", few)


@with_a_server
def test_a_server_that_hangs_is_waited_for_once(
    retriever: Retriever, remote_folder: Path, store: ItemStore, server: MilvusServer
) -> None:
    hasty = Retriever.load(remote_folder, store, remote_seconds=0.2)
    whole = hasty.retrieve("milk")
    server.signal(signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable, match="did not answer within"):
            hasty.retrieve("milk")
        with pytest.raises(Unavailable, match="a moment ago"):
            hasty.retrieve("milk")
        words = hasty.in_process.retrieve("milk")
    finally:
        server.signal(signal.SIGCONT)
    assert len(words) > 0
    np.testing.assert_allclose(words.dense, hasty.vectors[words.rows] @ words.query_vectors[0], rtol=1e-5)
    assert len(retriever.retrieve("milk")) == len(whole)


@pytest.mark.parametrize(
    "address",
    [
        "milvus://localhost/shop",
        "milvus://localhost:19530",
        "http://localhost:19530/shop",
        "milvus://localhost:19530/my-shop",
        "milvus://localhost:19530/1shop",
        "milvus://localhost:99999/shop",
        "milvus://user:secret@localhost:19530/shop",
        "milvus://localhost:19530/shop?x=1",
        f"milvus://localhost:19530/{'s' * 300}",
        "",
    ],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(BadParameter, match="--retrieval"), new_collection(address):
        pass


def test_nobody_there_is_one_sentence() -> None:
    with (
        pytest.raises(Unavailable, match=r"^http://127.0.0.1:1: no Milvus answers there$"),
        new_collection("milvus://127.0.0.1:1/shop"),
    ):
        pass
