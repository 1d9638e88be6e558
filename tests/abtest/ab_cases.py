"""Two variants of a test, by user; numpy only, so that gbstats' environment can compute on them, too."""

from __future__ import annotations

import numpy as np


def variant(seed: int, *, n: int, lift: float) -> dict[str, np.ndarray]:
    """Users who search now and then and spend in proportion to what they spent before."""
    rng = np.random.Generator(np.random.PCG64(seed))
    taste = rng.gamma(2.0, 2.0, size=n)
    searches = 1.0 + rng.poisson(3.0, size=n)
    return {
        "searches": searches,
        "revenue": taste * searches * (1 + lift) * rng.gamma(1.0, 1.0, size=n),
        "revenue_before": taste * 4.0 * rng.gamma(4.0, 0.25, size=n),
    }


def two_variants() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    return variant(30, n=900, lift=0.0), variant(31, n=1100, lift=0.4)
