"""Boosted trees of few leaves as plain arrays: what a search needs of them, without LightGBM or torch.

No tree is walked. A comparison that an item fails rules out the leaves on its left, and the first leaf that nothing
rules out is the item's; so all items of a list make one comparison at a time (QuickScorer, Lucchese et al. 2015, and
its form for vector units, 2016). `trimtab.ranker.model.Trees` is the same as a module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.core.compiled import kernel
from trimtab.core.records import FloatArray

N_LEAVES = 16
"""The most leaves of a tree: one bit each."""
ALL_LEAVES = np.uint16(2**N_LEAVES - 1)
N_TOGETHER = 256
"""Items that make a comparison at a time; their features stay in the processor's nearest memory."""
DE_BRUIJN = 0x09AF
"""A single bit of 16 times this has another number in its upper 4 bits for each bit."""
CODE_OF = [(((1 << leaf) * DE_BRUIJN) & int(ALL_LEAVES)) >> 12 for leaf in range(N_LEAVES)]


@dataclass(frozen=True)
class Forest:
    """T trees, each of which adds to one of H heads.

    Attributes:
        feature: [T, N_LEAVES - 1] the feature that a comparison reads.
        threshold: of the same shape; an item fails where its feature is larger. Comparisons that a tree lacks come
            last, and nothing fails them.
        ruled_out: of the same shape, uint16; the leaves that an item which fails cannot reach, leaf 0 the lowest bit.
        n_comparisons: [T].
        leaves: [T, N_LEAVES] what a tree adds.
        head: [T].
    """

    feature: NDArray[np.int64]
    threshold: FloatArray
    ruled_out: NDArray[np.uint16]
    n_comparisons: NDArray[np.int64]
    leaves: FloatArray
    head: NDArray[np.int64]

    @property
    def n_heads(self) -> int:
        return int(self.head.max()) + 1

    def sums(self, features: FloatArray) -> FloatArray:
        """[n, F] features -> [n, H] sums of the trees of each head."""
        sums = np.empty((len(features), self.n_heads), dtype=np.float32)
        _sum(
            np.ascontiguousarray(features),
            self.feature,
            self.threshold,
            self.ruled_out,
            self.n_comparisons,
            self._leaves_by_code,
            self.head,
            sums,
        )
        return sums

    def scaled(self, factors: NDArray[np.floating]) -> Forest:
        """The trees with what they add to each head multiplied by its factor [H]."""
        return replace(self, leaves=(self.leaves * factors[self.head][:, None]).astype(np.float32))

    @cached_property
    def _leaves_by_code(self) -> FloatArray:
        by_code = np.empty_like(self.leaves)
        by_code[:, CODE_OF] = self.leaves
        return by_code

    def as_arrays(self) -> dict[str, NDArray[Any]]:
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def is_in(cls, arrays: Mapping[str, NDArray[Any]]) -> bool:
        """Whether arrays have a forest among them."""
        return all(one.name in arrays for one in fields(cls))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Forest:
        """Read what `as_arrays` gave, among others."""
        return cls(**{one.name: arrays[one.name] for one in fields(cls)})


@kernel("f4[:,:]", "i8[:,:]", "f4[:,:]", "u2[:,:]", "i8[:]", "f4[:,:]", "i8[:]", "out f4[:,:]")
def _sum(
    features: FloatArray,
    feature: NDArray[np.int64],
    threshold: FloatArray,
    ruled_out: NDArray[np.uint16],
    n_comparisons: NDArray[np.int64],
    leaves: FloatArray,
    head: NDArray[np.int64],
    sums: FloatArray,
) -> None:
    n, n_features = features.shape
    n_heads = sums.shape[1]
    size = min(n, N_TOGETHER)
    by_feature = np.empty((n_features, size), dtype=np.float32)
    left = np.empty(size, dtype=np.uint16)
    totals = np.empty((n_heads, size), dtype=np.float32)
    for start in range(0, n, N_TOGETHER):
        here = min(size, n - start)
        for number in range(n_features):
            for item in range(here):
                by_feature[number, item] = features[start + item, number]
        totals[:] = 0.0
        for tree in range(len(leaves)):
            left[:] = ALL_LEAVES
            for number in range(n_comparisons[tree]):
                values, limit = by_feature[feature[tree, number]], threshold[tree, number]
                kept = ALL_LEAVES ^ ruled_out[tree, number]
                for item in range(size):
                    left[item] &= kept if values[item] > limit else ALL_LEAVES
            total, added = totals[head[tree]], leaves[tree]
            for item in range(size):
                bits = np.int32(left[item])
                total[item] += added[((bits & -bits) * DE_BRUIJN & 0xFFFF) >> 12]
        for item in range(here):
            for number in range(n_heads):
                sums[start + item, number] = totals[number, item]
