"""Trees of numpy against the LightGBM they come from, and the artefact against damage."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from trimtab.core.errors import BundleDamaged, BundleMismatch
from trimtab.webpages.predict.model import KEYS, SHIPPED, SKU_GIVEN, ElementModel, names_of, shipped_model
from trimtab.webpages.predict.trees import Trees

lightgbm = pytest.importorskip("lightgbm")


@cache
def booster(seed: int) -> tuple[object, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(600, 7)).astype(np.float32)
    rows[rng.random(rows.shape) < 0.2] = np.nan
    rows[:, 6] = np.round(rows[:, 6])
    labels = np.nan_to_num(rows[:, 0]) + np.nan_to_num(rows[:, 6]) * np.nan_to_num(rows[:, 1]) > 0
    parameters = {"objective": "binary", "num_leaves": 9, "verbose": -1, "num_threads": 1, "seed": seed}
    return lightgbm.train(parameters, lightgbm.Dataset(rows, labels.astype(float)), 25), rows


def test_the_same_scores_as_lightgbm() -> None:
    for seed in range(3):
        model, rows = booster(seed)
        trees = Trees.from_lightgbm(model.dump_model())  # type: ignore[attr-defined]
        np.testing.assert_allclose(trees.logits(rows), model.predict(rows, raw_score=True), atol=1e-5)  # type: ignore[attr-defined]


def test_a_mean_of_models_is_the_mean_of_their_scores() -> None:
    models = [Trees.from_lightgbm(booster(seed)[0].dump_model()) for seed in range(2)]  # type: ignore[attr-defined]
    rows = booster(0)[1]
    expected = np.mean([model.logits(rows) for model in models], axis=0)
    np.testing.assert_allclose(Trees.mean(models).logits(rows), expected, atol=1e-5)


def test_the_shipped_artefact_is_whole_and_small() -> None:
    model = shipped_model()
    assert set(KEYS) == set(model.trees)
    assert {*KEYS, SKU_GIVEN} == set(model.confidences)
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 3_000_000


def test_saved_and_loaded_is_the_same(tmp_path: Path) -> None:
    model = shipped_model()
    model.save(tmp_path)
    again = ElementModel.load(tmp_path)
    rows = np.random.default_rng(0).normal(size=(50, len(names_of("price/style")))).astype(np.float32)
    np.testing.assert_array_equal(again.logits("price/style", rows), model.logits("price/style", rows))
    assert again.confidences == model.confidences


def test_a_damaged_artefact_is_refused_and_named(tmp_path: Path) -> None:
    shipped_model().save(tmp_path)
    data = bytearray((tmp_path / "elements.npz").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "elements.npz").write_bytes(bytes(data))
    with pytest.raises(BundleDamaged, match="sha256"):
        ElementModel.load(tmp_path)
    (tmp_path / "elements.npz").unlink()
    with pytest.raises(BundleDamaged, match="cannot be read"):
        ElementModel.load(tmp_path)


def test_an_artefact_for_other_features_is_refused(tmp_path: Path) -> None:
    shipped_model().save(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["features"]["sku"] = "0" * 16
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleMismatch, match="other features"):
        ElementModel.load(tmp_path)
    manifest["schema_version"] = 99
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleMismatch, match="schema version"):
        ElementModel.load(tmp_path)


def test_trees_that_would_walk_in_circles_are_refused() -> None:
    arrays = Trees.from_lightgbm(booster(0)[0].dump_model()).arrays()  # type: ignore[attr-defined]
    split = int(np.flatnonzero(arrays["lefts"] != np.arange(len(arrays["lefts"])))[1])
    arrays["lefts"] = arrays["lefts"].copy()
    arrays["lefts"][split] = 0
    with pytest.raises(BundleDamaged, match="outside itself"):
        Trees.from_arrays(arrays, 7)
    with pytest.raises(BundleDamaged, match="beyond"):
        Trees.from_arrays(Trees.from_lightgbm(booster(0)[0].dump_model()).arrays(), 3)  # type: ignore[attr-defined]


def test_a_node_in_two_trees_and_one_in_none_are_refused() -> None:
    arrays = Trees.from_lightgbm(booster(0)[0].dump_model()).arrays()  # type: ignore[attr-defined]
    arrays["roots"] = arrays["roots"].copy()
    arrays["roots"][1] = arrays["roots"][0]
    with pytest.raises(BundleDamaged, match="in no tree or in two"):
        Trees.from_arrays(arrays, 7)


def test_a_tree_of_one_leaf_is_a_constant() -> None:
    def column(value: float, dtype: str) -> np.ndarray:
        return np.asarray([value], dtype=dtype)

    index, number = column(0, "int32"), column(0.25, "float32")
    trees = Trees(index, column(0, "int16"), number, index, index, column(0, "bool"), number)
    np.testing.assert_array_equal(Trees.mean([trees, trees]).logits(np.zeros((3, 1), dtype=np.float32)), [0.25] * 3)
