"""Random trees, and what they add by walking them."""

from __future__ import annotations

import numpy as np

from trimtab.core.records import FloatArray
from trimtab.ranker.forests import N_LEAVES, Forest


def some_forest(rng: np.random.Generator, *, n_features: int, n_heads: int, n_trees: int = 6) -> Forest:
    """Trees of 1 to 16 leaves, each head with one at least."""
    shape = n_trees, N_LEAVES - 1
    forest = Forest(
        feature=np.zeros(shape, dtype=np.int64),
        threshold=np.full(shape, np.inf, dtype=np.float32),
        ruled_out=np.zeros(shape, dtype=np.uint16),
        n_comparisons=rng.integers(0, N_LEAVES, n_trees),
        leaves=rng.normal(size=(n_trees, N_LEAVES)).astype(np.float32),
        head=np.arange(n_trees) % n_heads,
    )
    for tree, n in enumerate(forest.n_comparisons):
        forest.feature[tree, :n] = rng.integers(0, n_features, n)
        forest.threshold[tree, :n] = rng.integers(-2, 3, n) / 2
        forest.ruled_out[tree, :n] = [(1 << middle) - (1 << first) for first, middle in _splits(rng, 0, int(n) + 1)]
    return forest


def _splits(rng: np.random.Generator, first: int, end: int) -> list[tuple[int, int]]:
    """The first leaf and the first leaf of the right half, of each comparison over the leaves from first to end."""
    if end - first < 2:
        return []
    middle = int(rng.integers(first + 1, end))
    return [(first, middle), *_splits(rng, first, middle), *_splits(rng, middle, end)]


def walked(forest: Forest, item: FloatArray) -> FloatArray:
    """[H] what the trees add for one item: a tree goes right where the item fails."""
    sums = np.zeros(forest.n_heads)
    for tree, n in enumerate(forest.n_comparisons):
        by_span = {
            (mask & -mask, mask.bit_length()): place for place, mask in enumerate(map(int, forest.ruled_out[tree, :n]))
        }
        first, end = 0, int(n) + 1
        while end - first > 1:
            middle, place = next(
                (middle, by_span[1 << first, middle])
                for middle in range(end - 1, first, -1)
                if (1 << first, middle) in by_span
            )
            if item[forest.feature[tree, place]] > forest.threshold[tree, place]:
                first = middle
            else:
                end = middle
        sums[forest.head[tree]] += forest.leaves[tree, first]
    return sums.astype(np.float32)
