"""What a slate brings of each objective, beside the pure-relevance slate of the same candidates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trimtab.core.compiled import kernel
from trimtab.core.diversity import ALPHA
from trimtab.core.metrics import discounts
from trimtab.core.records import FloatArray


def receipt_of(
    gains: FloatArray, aspects: NDArray[np.int64], shown: NDArray[np.int64], baseline: NDArray[np.int64]
) -> NDArray[np.float64]:
    """[M + 1, 2] discounted sums of each objective and, last, of novelty (`trimtab.core.diversity`).

    Args:
        gains: [n, M or more], of which the first M are objectives.
        aspects: [n, A] codes, -1 unknown.
        shown, baseline: [k] candidate indices.
    """
    sums = np.zeros((2, gains.shape[1] + 1))
    _discounted(gains, aspects, shown[None, :], discounts(len(shown)), sums[:1])
    _discounted(gains, aspects, baseline[None, :], discounts(len(baseline)), sums[1:])
    return sums.T


def discounted_sums(gains: FloatArray, aspects: NDArray[np.int64], slates: NDArray[np.int64]) -> NDArray[np.float64]:
    """[B, M + 1] what each of some slates [B, k] brings of each objective and of novelty; -1 shows nothing."""
    sums = np.zeros((len(slates), gains.shape[1] + 1))
    _discounted(gains, aspects, slates, discounts(slates.shape[1]), sums)
    return sums


@kernel("f4[:,:]", "i8[:,:]", "i8[:,:]", "f8[:]", "out f8[:,:]")
def _discounted(
    gains: FloatArray,
    aspects: NDArray[np.int64],
    slates: NDArray[np.int64],
    weights: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    n_gains, n_aspects = gains.shape[1], aspects.shape[1]
    for slate in range(len(slates)):
        for position in range(slates.shape[1]):
            chosen = slates[slate, position]
            if chosen < 0:
                continue
            for number in range(n_gains):
                sums[slate, number] += weights[position] * np.float64(gains[chosen, number])
            novelty = 0.0
            for aspect in range(n_aspects):
                code, fresh = aspects[chosen, aspect], 1.0
                if code >= 0:
                    for above in range(position):
                        other = slates[slate, above]
                        if other >= 0 and aspects[other, aspect] == code:
                            fresh *= 1.0 - ALPHA
                novelty += fresh
            sums[slate, n_gains] += weights[position] * (novelty / n_aspects if n_aspects else 1.0)
