"""What an interval rests on: how many users decide a value, and how many were rewarded.

Users that were not seen may decide as much as those that were, so an interval from few of them must be wider than the
normal distribution has it. Its quantile is Student's at as many degrees of freedom as users decide the value, less one;
`docs/evaluation.md` has the coverage measured over logs near and far, sparse, heavy-tailed and lopsided
(`benchmarks/evaluation_coverage.py`), from which the bounds below come.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from trimtab.abtest.ope.estimators import Floats
from trimtab.abtest.ope.sums import Sums

MIN_REWARD_ESS = 10.0
"""Below this effective number of rewarded users, on either side of a difference, there is no interval unless an exact
one is known, and nothing is sure."""

FEW_DECIDE = 30.0
"""Below this effective number of users that decide a value its interval is said to be wide for that."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """What an interval rests on.

    Attributes:
        deciding: effective number of groups of users that decide the value, `(sum e^2)^2 / sum e^4` of their influences
            e: about the number of those rewarded where rewards are 0 or 1 and rare, fewer where some weigh more; 0
            where nothing varies.
        reward_ess: effective number of rewarded groups of users, on the side of a difference that has fewer.
    """

    deciding: float
    reward_ess: float

    @classmethod
    def of(cls, sums: Sums, influence: Floats) -> Reliability:
        return cls(
            deciding=float(deciding_users(influence)),
            reward_ess=min(float(effective_number(_parts_of_the_value(side))) for side in sums.sides()),
        )

    @property
    def is_enough(self) -> bool:
        """Whether there can be an interval."""
        return self.reward_ess >= MIN_REWARD_ESS and self.deciding > 0

    @property
    def caution(self) -> str | None:
        """What to know of the interval, or why there is none; None where there is nothing to say."""
        if self.reward_ess < MIN_REWARD_ESS:
            return f"effectively {self.reward_ess:.0f} rewarded users, at least {MIN_REWARD_ESS:.0f} are needed"
        if not self.deciding > 0:
            return "nothing varies in this log, which makes nothing certain"
        if self.deciding < FEW_DECIDE:
            return f"effectively {self.deciding:.0f} users decide this: the interval is wide because they are few"
        return None


def deciding_users(influence: Floats) -> Floats:
    """[...] effective number of groups that decide a value, from their influences [..., n_groups]."""
    return effective_number(np.square(influence))


def student_quantile(probability: float | Floats, deciding: float | Floats) -> Floats:
    """Quantile of the studentised error where so many users decide a value."""
    return np.asarray(stdtrit(np.maximum(np.asarray(deciding) - 1, 1.0), probability), dtype=np.float64)


def effective_number(values: Floats) -> Floats:
    """[...] Kish's `(sum v)^2 / sum v^2` of values [..., n] of 0 and more; 0 where all are 0."""
    largest = values.max(axis=-1, initial=0.0, keepdims=True)
    scaled = np.divide(values, largest, out=np.zeros_like(values), where=largest > 0)
    squares = np.square(scaled).sum(axis=-1)
    numbers = np.divide(scaled.sum(axis=-1) ** 2, squares, out=np.zeros_like(squares), where=squares > 0)
    return np.asarray(numbers, dtype=np.float64)


def _parts_of_the_value(side: Sums) -> Floats:
    """[n_groups] each group's part of the value, absolutely."""
    totals = side.denominators.sum(axis=0)
    shares = np.divide(side.signs, totals, out=np.zeros_like(totals), where=totals > 0)
    return np.asarray(np.abs(side.numerators @ shares), dtype=np.float64)
