"""Fusion in the words of numpy: what the kernels of `trimtab.retrieval.fusion` are compared with."""

from __future__ import annotations

import numpy as np

from trimtab.core.records import FloatArray
from trimtab.retrieval.fusion import DENSE_WEIGHT, FEEDBACK_WEIGHT, N_BEST


def plain_fused(
    dense: FloatArray, lexical: FloatArray, *, dense_range: tuple[float, float], best_lexical: float
) -> FloatArray:
    """[n] float32 fused score, 0 to 1.

    Args:
        dense: [n] cosine of query and item.
        lexical: [n] BM25, 0 where the item does not match.
        dense_range: cosine of the last and of the best of the dense pool; beyond them counts as they do.
        best_lexical: the largest BM25 of the query, 0 where nothing matches.
    """
    low, high = dense_range
    near = np.clip((dense - low) / (high - low), 0, 1) if high > low else (dense >= high).astype(np.float32)
    share = lexical / best_lexical if best_lexical > 0 else lexical
    return np.asarray(DENSE_WEIGHT * near + (1 - DENSE_WEIGHT) * share, dtype=np.float32)


def plain_feedback(fused: FloatArray, vectors: FloatArray) -> FloatArray:
    """[n] float32 fused score, 0 to 1, of which a share is nearness to the centre of the best.

    Args:
        vectors: [n, dim] of the items; nearness counts from the median of the candidates on.
    """
    if len(fused) <= N_BEST:
        return fused
    centre = vectors[np.argsort(-fused, kind="stable")[:N_BEST]].mean(axis=0)
    nearness = np.vecdot(vectors, centre)
    low, high = float(np.median(nearness)), float(nearness.max())
    near = np.clip((nearness - low) / (high - low), 0, 1) if high > low else np.zeros(len(fused))
    return np.asarray((1 - FEEDBACK_WEIGHT) * fused + FEEDBACK_WEIGHT * near, dtype=np.float32)
