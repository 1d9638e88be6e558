"""Fusion: one order out of two scores.

Convex combination of the cosine and of BM25 over its best (Bruch, Gai & Ingber 2023, "An Analysis of Fusion
Functions for Hybrid Retrieval"). Both terms depend on the query and the item alone and never on how many candidates
were asked for, so a shorter answer is the head of a longer one.
"""

from __future__ import annotations

import numpy as np

from core.records import FloatArray, IntArray

DENSE_WEIGHT = 0.5
"""Share of the cosine."""


def fuse(dense: FloatArray, lexical: FloatArray, best_lexical: float) -> FloatArray:
    """[n] fused score, at most 1.

    Args:
        dense: [n] cosine of query and item; below 0 counts as 0.
        lexical: [n] BM25, 0 where the item does not match.
        best_lexical: the largest BM25 of the query, 0 where nothing matches.
    """
    share = lexical / best_lexical if best_lexical > 0 else lexical
    fused = DENSE_WEIGHT * np.maximum(dense, 0) + (1 - DENSE_WEIGHT) * share
    return fused.astype(np.float32)


def best_first(fused: FloatArray, priority: IntArray, n: int) -> IntArray:
    """[<= n] indices by descending score; a tie goes to the smaller priority, which must be unique."""
    return np.lexsort((priority, -fused))[:n]
