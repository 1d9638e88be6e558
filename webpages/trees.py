"""Boosted trees as flat arrays, scored with numpy. What LightGBM learned, without LightGBM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import BundleDamaged

_ARRAYS = ("roots", "columns", "thresholds", "lefts", "rights", "nan_left", "values")


@dataclass(frozen=True, slots=True)
class Trees:
    """A sum of trees behind a logistic link.

    Nodes of all trees are numbered together; a leaf points at itself, so that walking further stays on it.

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
        """[n] sum of the leaves that each row of [n, n_features] reaches."""
        n, n_features = rows.shape
        flat = np.ascontiguousarray(rows).ravel()
        nodes = np.tile(self.roots, (n, 1))
        starts = (np.arange(n, dtype=np.int32) * n_features)[:, None]
        while True:
            x = flat.take(starts + self.columns.take(nodes))
            left = x <= self.thresholds.take(nodes)
            left |= np.isnan(x) & self.nan_left.take(nodes)
            following = np.where(left, self.lefts.take(nodes), self.rights.take(nodes))
            if np.array_equal(following, nodes):
                return np.asarray(self.values.take(nodes).sum(axis=1, dtype=np.float64))
            nodes = following

    def probabilities(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        return 1 / (1 + np.exp(-self.logits(rows)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {name: getattr(self, name) for name in _ARRAYS}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], n_features: int) -> Trees:
        """Checked, so that a damaged file is refused and never walks out of bounds or in circles.

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
        """From `Booster.dump_model()`; numerical splits only."""
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
            # LightGBM reads an unknown value as 0 where a split saw none in training.
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


def _round_down(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Largest float32 not above: `x <= threshold` decides for every float32 x as it did in double precision."""
    limits = np.finfo(np.float32)
    rounded = np.clip(values, limits.min, limits.max).astype(np.float32)
    down = np.nextafter(rounded, np.float32(-np.inf))
    return np.where(rounded.astype(np.float64) > values, down, rounded).astype(np.float32)
