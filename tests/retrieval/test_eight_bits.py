"""Vectors in 8 bits against the vectors themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.errors import BundleDamaged
from trimtab.retrieval.dense.eight_bits import ROUNDED, SCALES, EightBits


def unit_rows(n: int, dim: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    rows = np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@given(st.integers(0, 2**32 - 1), st.sampled_from([32, 256, 384]))
def test_cosines_are_as_near_as_is_said(seed: int, dim: int) -> None:
    vectors = unit_rows(50, dim, seed)
    some = np.arange(0, 50, 3)
    for query in (unit_rows(1, dim, seed + 1)[0], vectors[6]):
        cosines = EightBits.of(vectors).cosines(some, query)
        np.testing.assert_allclose(cosines, vectors[some] @ query, atol=ROUNDED)


def test_they_are_read_as_they_were_written(tmp_path: Path) -> None:
    assert EightBits.load(tmp_path) is None
    values = EightBits.of(np.vstack([unit_rows(9, 32, 0), np.zeros((1, 32), dtype=np.float32)]))
    values.save(tmp_path)
    read = EightBits.load(tmp_path)
    assert read is not None
    (at_once := tmp_path / "at_once").mkdir()
    written = EightBits.of(np.vstack([unit_rows(9, 32, 0), np.zeros((1, 32), dtype=np.float32)]), at_once)
    written.save(at_once)  # where they are mapped from
    for other in (read, written, EightBits.load(at_once)):
        assert other is not None
        np.testing.assert_array_equal(other.codes, values.codes)
        np.testing.assert_array_equal(other.scales, values.scales)
    assert (read.cosines(np.array([9]), unit_rows(1, 32, 1)[0]) == 0).all()
    np.save(tmp_path / SCALES, values.scales[:-1])
    with pytest.raises(BundleDamaged, match="9"):
        EightBits.load(tmp_path)
