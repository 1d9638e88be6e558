"""Boosted trees as flat arrays, scored with numpy. What LightGBM learned, without LightGBM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.core.errors import BundleDamaged

MAX_LEAVES = 64
_ARRAYS = ("roots", "columns", "thresholds", "lefts", "rights", "nan_left", "values")


@dataclass(frozen=True)
class Trees:
    """A sum of trees of at most MAX_LEAVES leaves behind a logistic link.

    Nodes of all trees are numbered together; a leaf points at itself.

    Attributes:
        roots: [n_trees] int32 first node of each tree.
        columns: [n_nodes] int16 feature compared (0 for a leaf).
        thresholds: [n_nodes] float32; `x <= threshold` goes left.
        lefts, rights: [n_nodes] int32.
        nan_left: [n_nodes] bool where an unknown value goes.
        values: [n_nodes] float32 of leaves.
    """

    roots: NDArray[np.int32]
    columns: NDArray[np.int16]
    thresholds: NDArray[np.float32]
    lefts: NDArray[np.int32]
    rights: NDArray[np.int32]
    nan_left: NDArray[np.bool_]
    values: NDArray[np.float32]

    def logits(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """[n] sum of the leaves that each row of [n, n_features] reaches.

        All tests of all trees at once: a test that sends a row to the right strikes the leaves on its left, and the row
        reaches the first leaf that is not struck (QuickScorer, Lucchese et al. 2015).
        """
        tests = self._tests
        values = rows.T  # a test looks at one value of all rows, which then stand side by side
        unknown = np.isnan(values)
        # An unknown value is below or above every threshold, as its split says.
        known = np.vstack([np.where(unknown, -np.inf, values), np.where(unknown, np.inf, values)])
        right = known.take(tests.columns + len(values) * ~tests.nan_left, axis=0) > tests.thresholds[:, None]
        struck = np.bitwise_or.reduceat(right * tests.strikes[:, None], tests.starts, axis=0)
        reached = tests.first_leaves[:, None] + np.bitwise_count(struck & ~(struck + 1))
        return np.asarray(tests.leaves.take(reached.T).sum(axis=1, dtype=np.float64))

    @cached_property
    def _tests(self) -> _Tests:
        return _Tests.of(self)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {name: getattr(self, name) for name in _ARRAYS}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], n_features: int) -> Trees:
        """Trees from arrays, checked so that damaged ones are refused instead of leading out of bounds or in circles.

        Raises:
            BundleDamaged: an array is missing or points outside.
        """
        try:
            trees = cls(**{name: arrays[name] for name in _ARRAYS})
        except KeyError as missing:
            raise BundleDamaged("elements.npz", f"no array {missing}") from None
        n = len(trees.columns)
        here = np.arange(n)
        for child in (trees.lefts, trees.rights):
            if len(child) != n or (n and (child.min() < 0 or child.max() >= n or (child < here).any())):
                raise BundleDamaged("elements.npz", "a tree points outside itself")
        leaf = trees.lefts == here
        reached = np.concatenate([trees.roots, trees.lefts[~leaf], trees.rights[~leaf]])
        if (leaf != (trees.rights == here)).any() or not np.array_equal(np.sort(reached), here):
            raise BundleDamaged("elements.npz", "a node is in no tree or in two")
        if n and not 0 <= trees.columns.min() <= trees.columns.max() < n_features:
            raise BundleDamaged("elements.npz", f"a tree compares a feature beyond the {n_features} there are")
        return trees

    @classmethod
    def mean(cls, models: Sequence[Trees]) -> Trees:
        """One model whose logit is the mean of several."""
        starts = np.cumsum([0, *(len(model.columns) for model in models[:-1])])
        joined: dict[str, NDArray[Any]] = {}
        for name in _ARRAYS:
            shift = starts if name in ("roots", "lefts", "rights") else np.zeros_like(starts)
            parts = [getattr(model, name) for model in models]
            if name == "values":
                parts = [part / len(models) for part in parts]
            parts = [
                part + by if name in ("roots", "lefts", "rights") else part
                for part, by in zip(parts, shift, strict=True)
            ]
            joined[name] = np.concatenate(parts).astype(
                parts[0].dtype if name not in ("roots", "lefts", "rights") else np.int32
            )
        return cls(**joined)

    @classmethod
    def from_lightgbm(cls, dump: Mapping[str, Any]) -> Trees:
        """Trees of a `Booster.dump_model()` with numerical splits only."""
        columns: list[int] = []
        thresholds: list[float] = []
        lefts: list[int] = []
        rights: list[int] = []
        nan_left: list[bool] = []
        values: list[float] = []

        def add(node: Mapping[str, Any]) -> int:
            here = len(columns)
            leaf = "leaf_value" in node
            columns.append(0 if leaf else int(node["split_feature"]))
            thresholds.append(0.0 if leaf else float(node["threshold"]))
            # LightGBM reads an unknown value as 0 where a split had none in training.
            unknown_left = not leaf and (
                bool(node["default_left"]) if node["missing_type"] == "NaN" else float(node["threshold"]) >= 0.0
            )
            nan_left.append(unknown_left)
            values.append(float(node["leaf_value"]) if leaf else 0.0)
            lefts.append(here)
            rights.append(here)
            if not leaf:
                lefts[here] = add(node["left_child"])
                rights[here] = add(node["right_child"])
            return here

        roots = [add(tree["tree_structure"]) for tree in dump["tree_info"]]
        return cls(
            np.asarray(roots, dtype=np.int32),
            np.asarray(columns, dtype=np.int16),
            _round_down(np.asarray(thresholds, dtype=np.float64)),
            np.asarray(lefts, dtype=np.int32),
            np.asarray(rights, dtype=np.int32),
            np.asarray(nan_left, dtype=bool),
            np.asarray(values, dtype=np.float32),
        )


@dataclass(frozen=True, slots=True)
class _Tests:
    """The same trees as tests and leaves, tree by tree, leaves from left to right.

    Attributes:
        columns, thresholds, nan_left: [n_tests] as in `Trees`.
        strikes: [n_tests] unsigned; bit i is set where the tree's leaf i cannot be reached to the right of the test.
        starts: [n_trees] first test of each tree.
        first_leaves: [n_trees] into `leaves`.
        leaves: [n_leaves] float32.
    """

    columns: NDArray[np.int64]
    thresholds: NDArray[np.float32]
    nan_left: NDArray[np.bool_]
    strikes: NDArray[np.unsignedinteger[Any]]
    starts: NDArray[np.int64]
    first_leaves: NDArray[np.int64]
    leaves: NDArray[np.float32]

    @classmethod
    def of(cls, trees: Trees) -> _Tests:
        tests: list[int] = []
        strikes: list[int] = []
        leaves: list[int] = []
        starts: list[int] = []
        first_leaves: list[int] = []

        def add(node: int) -> None:
            left = int(trees.lefts[node])
            if left == node:
                leaves.append(node)
                return
            test, before = len(tests), len(leaves) - first_leaves[-1]
            tests.append(node)
            strikes.append(0)
            add(left)
            strikes[test] = (1 << len(leaves) - first_leaves[-1]) - (1 << before)
            add(int(trees.rights[node]))

        for root in trees.roots.tolist():
            starts.append(len(tests))
            first_leaves.append(len(leaves))
            add(root)
            if starts[-1] == len(tests):  # A tree that is one leaf tests nothing.
                tests.append(root)
                strikes.append(0)
        most = int(np.diff([*first_leaves, len(leaves)]).max(initial=1))
        if most > MAX_LEAVES:
            raise BundleDamaged("elements.npz", f"a tree has {most} leaves, more than {MAX_LEAVES}")
        width = next(width for width in (8, 16, 32, MAX_LEAVES) if most <= width)
        return cls(
            trees.columns[tests].astype(np.int64),
            trees.thresholds[tests],
            trees.nan_left[tests],
            np.asarray(strikes, dtype=f"uint{width}"),
            np.asarray(starts),
            np.asarray(first_leaves),
            trees.values[leaves],
        )


def _round_down(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Largest float32 not above: `x <= threshold` decides for every float32 x as it did in double precision."""
    limits = np.finfo(np.float32)
    rounded = np.clip(values, limits.min, limits.max).astype(np.float32)
    down = np.nextafter(rounded, np.float32(-np.inf))
    return np.where(rounded.astype(np.float64) > values, down, rounded).astype(np.float32)
