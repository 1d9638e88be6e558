"""The files of a ranker compute what the module computes, with torch and without, and damaged ones are named.

No `from __future__ import annotations` here: TorchScript reads the annotations.
"""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from tests.ranker.forests import some_forest
from trimtab.core.errors import BundleDamaged
from trimtab.core.records import FloatArray
from trimtab.ranker.artifact import (
    FILE,
    METHODS,
    NETWORKS,
    RECTIFIED,
    WITH_TREES,
    ScriptedRanker,
    load_ranker,
    networks_of,
    save_ranker,
)
from trimtab.ranker.calibration import Calibration
from trimtab.ranker.features import FEATURES
from trimtab.ranker.model import Average, Blended, Heads, ServedRanker, Trees
from trimtab.ranker.networks import BLOCK, Networks
from trimtab.ranker.objectives import objectives_of
from trimtab.ranker.training.cold_start import cold_start_ranker
from trimtab.ranker.training.heads import assemble


def by_module(module: ServedRanker, features: FloatArray, values: FloatArray) -> FloatArray:
    with torch.inference_mode():
        return np.asarray(module.gains(torch.from_numpy(features), torch.from_numpy(values)).numpy())


def some_ranker(
    seed: int, *, hidden: tuple[int, ...], n_members: int, are_alike: bool, is_rectified: bool = False
) -> ServedRanker:
    generator = torch.Generator().manual_seed(seed)
    members = [Heads(7, 2, hidden, is_rectified=is_rectified) for _ in range(n_members)]
    for member in members:
        for parameter in member.parameters():
            parameter.data.normal_(generator=generator)
        member.mean.copy_(torch.randn(7, generator=generator) * (not are_alike))
        member.scale.copy_(torch.rand(7, generator=generator) + 0.1 if not are_alike else torch.full((7,), 0.5))
    curve = Calibration(np.linspace(-3, 3, 32, dtype=np.float32), np.geomspace(0.01, 2, 32).astype(np.float32))
    line = Calibration(np.linspace(-1, 9, 32, dtype=np.float32), np.linspace(0, 1, 32, dtype=np.float32))
    heads = members[0] if n_members == 1 else Average(list(members))
    return assemble(heads, [curve, line], np.array([1.0, 0.2, 3.0], dtype=np.float32), [0, 2, 1])


def with_trees(module: ServedRanker, *, alone: bool) -> ServedRanker:
    trees = Trees(some_forest(np.random.default_rng(0), n_features=7, n_heads=2), 7)
    heads = trees if alone else Blended(module.heads, trees, torch.tensor([[2.0, 0.5], [1.0, 3.0]]))
    return ServedRanker(heads, module.knots_x, module.knots_y, module.head_of, module.ranges).eval()


@pytest.mark.parametrize("alone", [True, False])
def test_trees_beside_networks_are_served_as_the_module_computes(tmp_path: Path, *, alone: bool) -> None:
    module = with_trees(some_ranker(0, hidden=(5, 3), n_members=2, are_alike=True), alone=alone)
    rng = np.random.default_rng(1)
    features, values = (rng.normal(size=(50, width)).astype(np.float32) for width in (7, 3))
    save_ranker(module, tmp_path)
    loaded = load_ranker(tmp_path)
    assert isinstance(loaded.scorer, Networks)
    assert NETWORKS not in loaded.files  # who reads no trees would serve half of it
    for scorer in (loaded.scorer, ScriptedRanker(loaded.files[FILE])):
        assert_allclose(scorer.gains(features, values), by_module(module, features, values), rtol=1e-4, atol=1e-5)
    (tmp_path / WITH_TREES).write_bytes(b"not a zip archive")
    with pytest.raises(BundleDamaged, match="networks_and_trees"):
        load_ranker(tmp_path)


@given(
    st.integers(0, 10_000),
    st.sampled_from([(), (5,), (8, 3), (6, 5, 4)]),
    st.integers(1, 3),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0, 1, BLOCK, 2 * BLOCK + 1]),
)
def test_the_arrays_compute_what_the_module_computes(
    seed: int, hidden: tuple[int, ...], n_members: int, are_alike: bool, is_rectified: bool, n: int
) -> None:
    module = some_ranker(seed, hidden=hidden, n_members=n_members, are_alike=are_alike, is_rectified=is_rectified)
    arrays = networks_of(module)
    assert arrays is not None
    arrays = Networks.from_bytes(arrays.to_bytes())
    rng = np.random.Generator(np.random.PCG64(seed))
    features, values = (rng.normal(size=(n, width)).astype(np.float32) * 3 for width in (7, 3))
    gains, weights = arrays.gains(features, values), rng.random((4, 3))
    assert_allclose(gains, by_module(module, features, values), rtol=1e-4, atol=1e-4)
    with torch.inference_mode():
        utilities = module.utilities(torch.from_numpy(gains), torch.from_numpy(weights).float()).numpy()
    assert_allclose(arrays.utilities(gains, weights), utilities, rtol=1e-5, atol=1e-5)


def test_networks_with_relu_are_in_a_file_that_versions_without_it_do_not_read(tmp_path: Path) -> None:
    module = some_ranker(0, hidden=(5,), n_members=1, are_alike=True, is_rectified=True)
    save_ranker(module, tmp_path)
    loaded = load_ranker(tmp_path)
    assert isinstance(loaded.scorer, Networks)
    assert set(loaded.files) == {FILE, RECTIFIED}


def test_a_saved_ranker_is_loaded_without_torch_and_saved_again(tmp_path: Path) -> None:
    module = cold_start_ranker(objectives_of(has_prices=True), [1.0, 2.0])
    save_ranker(module, tmp_path)
    features = np.random.default_rng(0).normal(size=(30, len(FEATURES))).astype(np.float32)
    values = np.stack([np.ones(30), np.arange(30.0)], axis=1).astype(np.float32)
    loaded = load_ranker(tmp_path)
    assert isinstance(loaded.scorer, Networks)
    gains = loaded.scorer.gains(features, values)
    assert_allclose(gains, by_module(module, features, values), atol=1e-5)
    assert gains[0, 1] == 0  # no price, no promised revenue
    assert_allclose(ScriptedRanker(loaded.files[FILE]).gains(features, values), gains, atol=1e-5)
    save_ranker(loaded, tmp_path)
    assert load_ranker(tmp_path).files == loaded.files


def test_a_file_does_not_know_where_its_code_was_written(tmp_path: Path) -> None:
    save_ranker(some_ranker(0, hidden=(5,), n_members=2, are_alike=True), tmp_path)
    with zipfile.ZipFile(tmp_path / FILE) as file:
        records = {name: file.read(name) for name in file.namelist()}
    assert any(name.endswith(".py") for name in records)
    assert not [name for name, data in records.items() if str(Path(__file__).parents[2]).encode() in data]
    assert not [name for name in records if name.endswith(".debug_pkl")]


def test_a_file_that_is_not_a_ranker_is_called_damaged(tmp_path: Path) -> None:
    with pytest.raises(BundleDamaged, match=r"ranker\.ts"):
        load_ranker(tmp_path)
    (tmp_path / FILE).write_bytes(b"not a zip archive")
    with pytest.raises(BundleDamaged, match=r"ranker\.ts"):
        load_ranker(tmp_path)
    (tmp_path / NETWORKS).write_bytes(b"not a zip archive")
    with pytest.raises(BundleDamaged, match=r"networks\.npz"):
        load_ranker(tmp_path)


class EarlierRanker(ServedRanker):
    """As version 0.1 wrote it, with a method that nothing calls now."""

    @torch.jit.export
    def drawn_slate(self, utilities: torch.Tensor) -> torch.Tensor:
        return utilities


def test_an_artefact_of_an_earlier_version_loads_and_is_saved_again(tmp_path: Path) -> None:
    module = cold_start_ranker(objectives_of(has_prices=True), [1.0, 2.0])
    parts = (module.heads, module.knots_x, module.knots_y, module.head_of, module.ranges)
    for name in METHODS:
        torch.jit.export(getattr(EarlierRanker, name))
    scripted = torch.jit.script(EarlierRanker(*parts).eval())
    frozen = torch.jit.freeze(scripted, preserved_attrs=[*METHODS, "drawn_slate"])
    torch.jit.save(frozen, str(tmp_path / FILE))
    features, values = np.ones((5, len(FEATURES)), dtype=np.float32), np.ones((5, 2), dtype=np.float32)
    expected = by_module(module, features, values)
    for _ in range(2):
        loaded = load_ranker(tmp_path)
        assert_allclose(loaded.scorer.gains(features, values), expected, rtol=1e-6)
        save_ranker(loaded, tmp_path)
