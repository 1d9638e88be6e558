"""The sample ratio: whether units are split between the arms of an experiment as its shares ask."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

ALARM_BELOW = 0.001
"""The p-value below which the split raises the alarm; small, because it is looked at again and again (Fabijan 2019)."""
LEAST_EXPECTED = 5.0
"""Units expected of every arm for the chi-squared distribution to hold (Cochran 1954)."""
MOST_TERMS = 1000


def sample_ratio_p_value(counts: Sequence[float], shares: Sequence[float]) -> float:
    """Chance of a split at least this uneven; 1 before anybody is counted.

    Chi-squared. Arms of which fewer than `LEAST_EXPECTED` units are expected are taken together with the next larger
    one; where the smaller of the last two is still too small, the chance is the binomial one. An arm without a share
    has no units: with one the chance is 0.

    Args:
        counts: units by arm.
        shares: what the split is to be, in any unit.

    >>> from trimtab.abtest import sample_ratio_p_value
    >>> float(sample_ratio_p_value([500, 500], [1, 1]))
    1.0
    >>> bool(sample_ratio_p_value([900, 100], [1, 1]) < 1e-6)
    True
    """
    asked = np.asarray(shares, dtype=np.float64) / np.sum(shares)
    counted = np.asarray(counts, dtype=np.float64)
    if counted[asked == 0].any():
        return 0.0
    n = float(counted.sum())
    cells = sorted((share * n, count) for share, count in zip(asked, counted, strict=True) if share > 0)
    while len(cells) > 2 and cells[0][0] < LEAST_EXPECTED:
        (expected, count), (next_expected, next_count), *others = cells
        cells = sorted([(expected + next_expected, count + next_count), *others])
    if n == 0 or len(cells) < 2:
        return 1.0
    if cells[0][0] < LEAST_EXPECTED:
        return _binomial_p_value(int(cells[0][1]), int(n), cells[0][0] / n)
    return _chi_squared_tail(sum((count - expected) ** 2 / expected for expected, count in cells), len(cells) - 1)


def _binomial_p_value(count: int, n: int, share: float) -> float:
    """Twice the smaller tail, 1 at most. Beyond `MOST_TERMS` of so few expected, the upper one is 0 to rounding."""
    factorial = math.lgamma(n + 1)
    logs = [
        factorial - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * math.log(share) + (n - k) * math.log1p(-share)
        for k in range(min(count, MOST_TERMS) + 1)
    ]
    chances = np.exp(logs)
    return float(min(1.0, 2 * chances.sum(), 2 * max(1 - chances[:-1].sum(), 0.0)))


def _chi_squared_tail(x: float, degrees: int) -> float:
    """Chance of a chi-squared value above x, by its finite series (Abramowitz & Stegun 26.4.4 and 26.4.5)."""
    half = x / 2
    terms = range(degrees // 2) if degrees % 2 == 0 else [index + 0.5 for index in range(degrees // 2)]
    series = sum(math.exp(-half + term * math.log(half) - math.lgamma(term + 1)) for term in terms) if x > 0 else 1.0
    return min(1.0, series if degrees % 2 == 0 else series * (x > 0) + math.erfc(math.sqrt(half)))
