"""The diversity of a slate; larger is more diverse.

An item has aspects: small integer codes of what counts as "the same again" (its category, its brand); -1 is unknown
and repeats nothing. The slate's diversity is the novelty-discounted gain of alpha-nDCG with alpha = 1/2
(Clarke et al. 2008): the c-th item of an aspect adds `(1 - alpha)^c`, and positions count by `core.metrics.discounts`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.core.metrics import discounted_sum

ALPHA = 0.5


def novelties(aspects: ArrayLike) -> NDArray[np.float64]:
    """Novelty of each item given those above it, in (0, 1].

    Args:
        aspects: [k, n_aspects] codes by position; -1 unknown.

    Returns:
        [k] mean over aspects of `(1 - ALPHA) ** (number of times the code is above)`.
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
    fresh = (1 - ALPHA) ** np.arange(max(k, 1))
    return np.asarray(np.mean([fresh[repeats_above(column)] for column in np.moveaxis(codes, 2, 0)], axis=0))


def repeats_above(codes: ArrayLike) -> NDArray[np.int16]:
    """Number of times [n, k] that the code at each position of each slate [n, k] is above it; 0 for -1, unknown."""
    slates = np.asarray(codes)
    n, k = slates.shape
    # Equal codes stand together in a stable order: the place in such a run is the number of those above.
    order = np.argsort(slates, axis=1, kind="stable")
    ordered = np.take_along_axis(slates, order, axis=1)
    places = np.broadcast_to(np.arange(k, dtype=np.int16), (n, k))
    is_first = np.ones((n, k), dtype=bool)
    is_first[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    starts = np.maximum.accumulate(np.where(is_first, places, 0), axis=1)
    repeats = np.empty((n, k), dtype=np.int16)
    np.put_along_axis(repeats, order, places - starts, axis=1)
    repeats[slates < 0] = 0
    return repeats


def slate_diversity(aspects: ArrayLike) -> float:
    """`sum_p discount(p) * novelty(p)`: the diversity of a receipt."""
    return discounted_sum(novelties(aspects))


def ideal_diversity(aspects: ArrayLike, *, k: int) -> float:
    """The diversity of k of these items [n, n_aspects], chosen greedily by novelty.

    alpha-nDCG divides by it (Clarke et al. 2008).
    """
    codes = np.asarray(aspects)
    left, freshness = np.ones(len(codes), dtype=bool), np.ones(codes.shape)
    gains = []
    for _ in range(min(k, len(codes))):
        novelty = freshness.mean(axis=1) if codes.shape[1] else left.astype(np.float64)
        best = int(np.where(left, novelty, -1.0).argmax())
        gains.append(float(novelty[best]))
        left[best] = False
        freshness[(codes == codes[best]) & (codes >= 0)] *= 1 - ALPHA
    return discounted_sum(gains)


def intra_list_distances(aspects: ArrayLike) -> NDArray[np.float64]:
    """`intra_list_distance` of many slates at once: [n, k, n_aspects], a row of -1 is not an item -> [n]."""
    codes = np.asarray(aspects)
    n, k, n_aspects = codes.shape
    there = np.any(codes >= 0, axis=2)
    differ, pairs = np.zeros(n), np.zeros(n)
    for below in range(1, k):
        for above in range(below):
            both = there[:, below] & there[:, above]
            same = np.sum((codes[:, below] == codes[:, above]) & (codes[:, below] >= 0), axis=1)
            differ += both * (1 - same / max(n_aspects, 1))
            pairs += both
    return np.asarray(np.divide(differ, pairs, out=np.full(n, np.nan), where=pairs > 0))


def intra_list_distance(aspects: ArrayLike) -> float:
    """Mean share of aspects in which two items of the slate differ (ILD, Smyth & McClave 2001); nan below two items."""
    codes = np.asarray(aspects)
    k = len(codes)
    if k < 2:
        return float("nan")
    same = ((codes[:, None, :] == codes[None, :, :]) & (codes[:, None, :] >= 0)).mean(axis=2)
    return float(1 - (same.sum() - np.trace(same)) / (k * (k - 1)))


def coverage(codes: ArrayLike) -> int:
    """The number of different known codes on the slate."""
    known = np.asarray(codes)
    return len(np.unique(known[known >= 0]))
