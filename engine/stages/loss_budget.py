"""`max_relevance_loss`: the weights nearest to those asked for whose slate keeps its expected relevance.

The weights move along `w(t) = (1 - t) w + t e_relevance`. Without diversity the slate's expected relevance is monotone
in t (raising a weight never lowers its objective), so the least t that holds is found by interval search; each round
scores a whole grid of t in one batch, which costs less than bisecting one slate at a time.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

N_GRID = 17
N_ROUNDS = 2


def within_budget(
    weights: Floats, relevance: int, floor: float, expected_relevance: Callable[[Floats], Floats]
) -> tuple[Floats, bool]:
    """Move weights towards relevance until the slate's expected relevance reaches a floor.

    Args:
        weights: [M] on the simplex.
        relevance: which of them is relevance.
        floor: least expected relevance allowed.
        expected_relevance: [B, M] weights -> [B] expected relevance of their slates.

    Returns:
        [M] weights on the simplex, and whether the floor holds; where it holds nowhere, pure relevance.
    """
    target = np.zeros_like(weights)
    target[relevance] = 1.0
    # Float32 sums of one slate and its like differ in the last digits; a floor met to within them is met.
    tolerance = 1e-6 * max(abs(floor), 1.0)
    low, high = 0.0, 1.0
    for _ in range(N_ROUNDS):
        steps = np.linspace(low, high, N_GRID)
        path = (1 - steps[:, None]) * weights + steps[:, None] * target
        holds = expected_relevance(path) >= floor - tolerance
        if not holds.any():
            return target, False
        first = int(np.argmax(holds))
        low, high = steps[max(first - 1, 0)], steps[first]
        if first == 0:
            break
    return (1 - high) * weights + high * target, True
