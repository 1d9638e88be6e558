"""Intervals that stay valid while one watches: a test may be looked at after every user, and stopped when one likes.

The service stops a ramp by them, `abtest` reads tests by them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Peek:
    """A look at a running test that may be taken after every user."""

    low: float
    high: float
    p_value: float


def always_valid(
    difference: float, standard_error: float, n: int, *, confidence: float = 0.95, tuned_for: float = 5000.0
) -> Peek:
    """Asymptotic confidence sequence: covers at every look at once, so that a test may be stopped when one likes.

    Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2021), equation 9 and 155, as in gbstats.

    Args:
        difference: treatment minus control.
        standard_error: of the difference now.
        n: users in both variants now.
        tuned_for: the number of users at which the sequence is tightest.
    """
    alpha = 1 - confidence
    rho_squared = (-2 * np.log(alpha) + np.log(-2 * np.log(alpha) + 1)) / tuned_for
    variance = standard_error**2 * n
    grown = n * rho_squared + 1
    half = np.sqrt(variance * 2 * grown * np.log(np.sqrt(grown) / alpha) / (n**2 * rho_squared))
    with np.errstate(over="ignore"):
        evidence = np.exp(rho_squared * difference**2 * n / standard_error**2 / (2 * grown)) / np.sqrt(grown)
    return Peek(difference - half, difference + half, float(min(1.0, 1 / evidence)))
