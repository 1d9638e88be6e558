"""Sequential tests: intervals that hold at every sample size at once, so that a test may be stopped at any time.

The service stops a ramp by them, `trimtab.abtest` evaluates tests by them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class SequentialInterval:
    """The interval of a difference in a test that still runs.

    Attributes:
        p_value: valid however often the test was looked at before.
    """

    low: float
    high: float
    p_value: float


def always_valid(
    difference: float, standard_error: float, n: int, *, confidence: float = 0.95, tuned_for: float = 5000.0
) -> SequentialInterval:
    """Asymptotic confidence sequence: it covers at all sample sizes at once, so a test may be stopped at any of them.

    Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2021), equation 9 and 155, as in gbstats.

    Args:
        difference: treatment minus control.
        standard_error: of the difference at this sample size.
        n: users in both arms.
        tuned_for: the number of users at which the sequence is tightest.

    Example:
        >>> from trimtab.core.sequential import always_valid
        >>> found = always_valid(0.3, 0.05, 4000)
        >>> bool(found.low > 0)
        True
    """
    alpha = 1 - confidence
    rho_squared = (-2 * np.log(alpha) + np.log(-2 * np.log(alpha) + 1)) / tuned_for
    variance = standard_error**2 * n
    grown = n * rho_squared + 1
    half = np.sqrt(variance * 2 * grown * np.log(np.sqrt(grown) / alpha) / (n**2 * rho_squared))
    with np.errstate(over="ignore"):
        evidence = np.exp(rho_squared * difference**2 * n / standard_error**2 / (2 * grown)) / np.sqrt(grown)
    return SequentialInterval(difference - half, difference + half, float(min(1.0, 1 / evidence)))
