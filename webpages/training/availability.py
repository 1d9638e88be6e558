"""Fit of the availability model: a logistic regression that is drawn to the weights believed beforehand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.features.availability import PRIOR
from trimtab.webpages.training.examples import Example

RIDGE = 4.0
"""How many pages' worth a belief is. Sold-out products are few in every set, and each kind of evidence is rare."""
GONE_WEIGHT = 2.0
"""Weight of a page whose product cannot be had, where another has 1: there are ten of the others to one."""
N_STEPS = 50


def availability_weights(examples: Sequence[Example]) -> NDArray[np.float64]:
    """Weights fitted on every page that is labelled; pages of one shop share the weight of a few."""
    used = [example for example in examples if "availability" in example.labels]
    if not used:
        return PRIOR.copy()
    n_of_site = Counter(example.site for example in used)
    return fit_availability(
        np.vstack([example.rows["availability"] for example in used]),
        np.concatenate([example.labels["availability"] for example in used]),
        np.asarray([n_of_site[example.site] ** -0.5 for example in used]),
    )


def fit_availability(
    rows: NDArray[np.float32], available: NDArray[np.bool_], weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Weights of `trimtab.webpages.features.availability.AVAILABILITY_FEATURES`, by Newton's method.

    Args:
        rows: [n, n_features].
        available: [n] whether the product could be had.
        weights: [n] of the pages, 1 by default.
    """
    x, y = rows.astype(np.float64), available.astype(np.float64)
    cases = np.where(available, 1.0, GONE_WEIGHT) * (1.0 if weights is None else weights)
    ridge = RIDGE * np.eye(x.shape[1])
    found = PRIOR.copy()
    for _ in range(N_STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ found, -30, 30)))
        gradient = x.T @ (cases * (p - y)) + ridge @ (found - PRIOR)
        hessian = (x * (cases * p * (1 - p))[:, None]).T @ x + ridge
        step = np.linalg.solve(hessian, gradient)
        found -= step / max(1.0, float(np.abs(step).max()))
    return np.asarray(found)
