"""What an interval rests on: how many users decide a value, and how many were rewarded.

Users that were not seen may decide as much as those that were, so an interval from few of them must be wider than the
normal distribution has it. Its quantile is Student's at as many degrees of freedom as users decide the value, less one;
`docs/evaluation.md` has the coverage measured over logs near and far, sparse, heavy-tailed and lopsided
(`benchmarks/evaluation/coverage.py`), from which the bounds below come.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from trimtab.abtest.ope.estimators import Floats
from trimtab.abtest.ope.sums import Sums
from trimtab.core.metrics import effective_number

MIN_REWARDED = 10.0
"""Below this effective number of rewarded users, on either side of a difference, there is no interval unless an exact
one is known."""

MIN_REWARDED_TO_BE_SURE = 20.0
"""Below this effective number of rewarded users nothing is sure."""

MAX_MISSING_TO_BE_SURE = 0.05
"""Above this share of what a policy shows that the log cannot have shown, nothing is sure: the value is of the rest."""

MIN_SHARE_TO_BE_SURE = 0.4
"""Below this effective share of the log nothing is sure: heavy weights that were not drawn would say something else."""


MARGIN = 1.1
"""How much wider than nominal the interval of a difference is that rests on weights, so that what is measured of it
stays within what is promised, and does not lie at it."""

_LEAST = 1e-300


@dataclass(frozen=True, slots=True)
class Reliability:
    """What an interval rests on.

    Attributes:
        deciding: effective number of groups of users that decide the value, `(sum e^2)^2 / sum e^4` of their influences
            e: about the number of those rewarded where rewards are 0 or 1 and rare, fewer where some weigh more; 0
            where nothing varies.
        rewarded: groups of users with a reward, times the effective share of the log; of a difference, the side that
            has fewer. Weighted rewards are not counted: where the heaviest are missing they look evenly spread.
        share: effective sample size over the log's size, on the side of a difference where it is less.
        missing: share of what the policy shows that is surely not in the log, see `missing_share`; of a difference, the
            side that misses more.
    """

    deciding: float
    rewarded: float
    share: float
    missing: float = 0.0

    @classmethod
    def of(cls, sums: Sums, influence: Floats) -> Reliability:
        sides = sums.sides()
        shares = [side.ess / side.overlap.n for side in sides]
        rewarded = [int((side.numerators != 0).any(axis=1).sum()) for side in sides]
        return cls(
            deciding=float(deciding_users(influence)),
            rewarded=min(n * share for n, share in zip(rewarded, shares, strict=True)),
            share=min(shares),
            missing=max(map(missing_share, sides)),
        )

    @property
    def is_enough(self) -> bool:
        """Whether there can be an interval."""
        return self.rewarded >= MIN_REWARDED and self.deciding > 0

    @property
    def caution(self) -> str | None:
        """Why nothing is sure, or None."""
        if self.rewarded < MIN_REWARDED_TO_BE_SURE:
            return f"effectively {int(self.rewarded)} rewarded users, at least {MIN_REWARDED_TO_BE_SURE:.0f} are needed"
        if not self.deciding > 0:
            return "nothing varies in this log, which makes nothing certain"
        if self.share < MIN_SHARE_TO_BE_SURE:
            return f"effectively {int(100 * self.share)} % of the log, at least {MIN_SHARE_TO_BE_SURE:.0%} is needed"
        if self.missing > MAX_MISSING_TO_BE_SURE:
            return f"at least {self.missing:.0%} of what the policy shows is not in this log"
        return None

    @property
    def times_longer(self) -> float | None:
        """How many times as long a log like this one has to be to have enough rewarded users; None where no longer one
        would do, because policies are too far apart."""
        if self.share < MIN_SHARE_TO_BE_SURE or self.missing > MAX_MISSING_TO_BE_SURE:
            return None
        return MIN_REWARDED_TO_BE_SURE / self.rewarded if 0 < self.rewarded < MIN_REWARDED_TO_BE_SURE else 1.0


def undrawn_tail(sums: Sums) -> float:
    """How many times as large the mean square of what rewarded users give is expected to be in a long log, over what it
    is in this one; of a difference, on the side where that is less.

    Of a heavy tail few users have not shown the largest. Were what they give lognormal, the square's mean would be
    `exp(variance of logarithms)` times the mean's square, which needs none of the largest.
    """
    return min(map(_tail_of, sums.sides()))


def _tail_of(side: Sums) -> float:
    given = np.abs(side.numerators @ (side.signs / np.maximum(side.denominators.sum(axis=0), _LEAST)))
    given = given[given > 0]
    if len(given) < MIN_REWARDED:
        return 1.0
    expected = np.exp(np.log(given).var(ddof=1))
    return max(float(expected * np.mean(given) ** 2 / np.mean(given**2)), 1.0)


def unrelated_error(sums: Sums) -> float:
    """The standard error of a difference if rewards had nothing to do with weights.

    Where the searches of most weight happen to have no reward, the sums of a log vary little and look sure, most of all
    where they are wrong. Rewards that could have stood anywhere vary as all of them do, wherever the weights are:
    `sum_m variance_m sum_i (w_im / sum w_m - w'_im / sum w'_m)^2`, more where rewards of a slate come together, as its
    weights do. How far the weights of the two sides go together is seen in groups of users alone.
    """
    sides = sums.sides()
    if len(sides) == 1 or len({side.numerators.shape for side in sides}) > 1:
        return 0.0
    shares = sums.counts / max(sums.overlap.n, 1)
    spreads, off = [], []
    for side in sides:
        sizes = side.overlap.ess
        spreads.append(np.sqrt(np.maximum(1 / np.maximum(sizes, 1.0) - 1 / side.overlap.n, 0.0)) * side.signs)
        off.append(side.denominators / np.maximum(side.denominators.sum(axis=0), _LEAST) - shares[:, None])
    product = np.einsum("gm,gm->m", *off)
    alone = np.sqrt(np.prod([np.einsum("gm,gm->m", one, one) for one in off], axis=0))
    agreement = np.divide(product, alone, out=np.zeros_like(product), where=alone > 0)
    variances = np.max([side.earned.variances(side.overlap.supported) for side in sides], axis=0)
    together = max(side.earned.together(side.overlap.n) for side in sides)
    after, before = spreads
    apart = variances @ (after**2 + before**2 - 2 * agreement * after * before)
    return float(np.sqrt(np.maximum(together * apart, 0.0)))


def missing_share(sums: Sums) -> float:
    """The share of a policy's choices that the log does not have: what importance weights average to less than 1.

    Two standard errors are granted, and columns count by their rewards. Weights that are never above 1 are matches (of
    matched replay), which average to nothing in particular.
    """
    overlap = sums.overlap
    if overlap.n == 0 or not (overlap.largest > 1).any():
        return 0.0
    mean = overlap.mean_weight
    error = np.sqrt(np.maximum(overlap.squares / overlap.n - mean**2, 0.0) / overlap.n)
    return float(sums.reward_shares @ (1 - mean - 2 * error))


def deciding_users(influence: Floats) -> Floats:
    """[...] effective number of groups that decide a value, from their influences [..., n_groups]."""
    return effective_number(np.square(influence))


def student_quantile(probability: float | Floats, deciding: float | Floats) -> Floats:
    """Quantile of the studentised error where `deciding` users decide a value."""
    return np.asarray(stdtrit(np.maximum(np.asarray(deciding) - 1, 1.0), probability), dtype=np.float64)
