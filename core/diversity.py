"""Diversity of a slate. One direction everywhere: larger is more diverse.

An item has aspects: small integer codes of what counts as "the same again" (its category, its brand); -1 is unknown
and repeats nothing. The slate's diversity is the novelty-discounted gain of alpha-nDCG with alpha = 1/2
(Clarke et al. 2008): the c-th item of an aspect adds `(1 - alpha)^c`, and positions count by `core.metrics.discounts`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.metrics import discounted_sum

ALPHA = 0.5


def novelties(aspects: ArrayLike) -> NDArray[np.float64]:
    """Novelty of each item given those above it, in (0, 1].

    Args:
        aspects: [k, n_aspects] codes by position; -1 unknown.

    Returns:
        [k] mean over aspects of `(1 - ALPHA) ** (times the code stood above)`.
    """
    codes = np.asarray(aspects)
    k, n_aspects = codes.shape
    if n_aspects == 0:
        return np.ones(k)
    # Slates are short: a loop over plain integers beats k * k arrays.
    novelty = np.empty(k)
    seen: list[dict[int, int]] = [{} for _ in range(n_aspects)]
    for position, row in enumerate(codes.tolist()):
        total = 0.0
        for counts, code in zip(seen, row, strict=True):
            repeats = counts.get(code, 0) if code >= 0 else 0
            counts[code] = repeats + 1
            total += (1 - ALPHA) ** repeats
        novelty[position] = total / n_aspects
    return novelty


def novelties_of_slates(aspects: ArrayLike) -> NDArray[np.float64]:
    """`novelties` of many slates at once: [n, k, n_aspects] -> [n, k]."""
    codes = np.asarray(aspects)
    n, k, n_aspects = codes.shape
    if n_aspects == 0:
        return np.ones((n, k))
    same = (codes[:, :, None, :] == codes[:, None, :, :]) & (codes[:, :, None, :] >= 0)
    above = np.tril(np.ones((k, k), dtype=bool), -1)
    repeats = (same & above[:, :, None]).sum(axis=2)
    return np.asarray(((1 - ALPHA) ** repeats).mean(axis=2), dtype=np.float64)


def slate_diversity(aspects: ArrayLike) -> float:
    """`sum_p discount(p) * novelty(p)`: the diversity of a receipt."""
    return discounted_sum(novelties(aspects))


def intra_list_distance(aspects: ArrayLike) -> float:
    """Mean share of aspects in which two items of the slate differ (ILD, Smyth & McClave 2001); nan below two items."""
    codes = np.asarray(aspects)
    k = len(codes)
    if k < 2:
        return float("nan")
    same = ((codes[:, None, :] == codes[None, :, :]) & (codes[:, None, :] >= 0)).mean(axis=2)
    return float(1 - (same.sum() - np.trace(same)) / (k * (k - 1)))


def coverage(codes: ArrayLike) -> int:
    """How many different known codes the slate shows."""
    known = np.asarray(codes)
    return len(np.unique(known[known >= 0]))
