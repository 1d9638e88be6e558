"""From sums to an estimate: value, interval, overlap, or a refusal with its reason.

The interval is the wider of two, on each side. A studentised bootstrap over groups of users (Efron & Tibshirani 1993,
ch. 12.5; Cameron, Gelbach & Miller 2008 for clusters) judges every resample by its own standard error, which keeps the
two tails honest where rewards and weights are skewed. Student's quantile of the jackknife's standard error of a sum of
ratios, groups of users being the unit, knows how few users decide the value (`abtest/ope/reliability.py`). Both are
multiples of a standard error that trusts no luck of heavy weights (`reliability.unrelated_error`). Where hardly
any user was rewarded there is no interval, unless rewards are 0 or 1 and unweighted, so that an exact one is known;
where none was, nothing says that rewards are not amounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv, ndtr

from trimtab.abtest.ope.estimators import Floats
from trimtab.abtest.ope.reliability import (
    MARGIN,
    Reliability,
    deciding_users,
    student_quantile,
    undrawn_tail,
    unrelated_error,
)
from trimtab.abtest.ope.sums import Sums
from trimtab.core.counted import counted

MIN_ESS = 50.0
"""Below this effective sample size an estimate is refused."""

MAX_WEIGHT_SHARE = 0.2
"""An estimate is refused where one impression carries more than this share of all the weight; over positions, the mean
share weighted by the reward logged at each."""

MIN_GROUPS = 10
"""Below this many groups of users there is a value and no interval."""

MOST_GROWTH = 1.5
"""A value by itself ends as far from 0 by ratio as its error says, up to this logarithm of the ratio: few large amounts
decide a heavy tail, and those that were not drawn would have made it larger."""

NOISE = 1e-6
"""Two sides whose sums differ by less than this, relative to what the group has or to what groups have on average, are
the same but for rounding; a standard error below this share of the value is none."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One number and how far to trust it.

    Attributes:
        value: None where there is no number; `refusal` then says why.
        low, high: interval at the confidence asked for; None where too few users decide the value.
        standard_error: jackknife, over groups of users.
        n: impressions behind it.
        ess: Kish's effective sample size; over positions, the harmonic mean weighted by the reward logged at each.
        support: share of impressions that the target policy could have shown.
        max_weight: largest importance weight.
        mean_weight: 1 in expectation where propensities are right.
        refusal: why there is no value, or None.
        caution: why nothing is sure of the value, whatever its interval, or None.
        deciding: effective number of users that decide the value, see `reliability.Reliability`; None where unknown.
        times_longer: how many times as long a log like this one has to be to have enough rewarded users; None where no
            longer one would make anything sure.
        tail: how many times as large squares are expected to be in a long log, see `reliability.undrawn_tail`.
    """

    value: float | None
    low: float | None
    high: float | None
    standard_error: float | None
    n: int
    ess: float
    support: float
    max_weight: float
    mean_weight: float | None
    refusal: str | None = None
    caution: str | None = None
    deciding: float | None = None
    times_longer: float | None = 1.0
    tail: float = 1.0

    @property
    def sure_sign(self) -> int:
        """1 or -1 where the value is surely above or below 0, else 0."""
        if self.caution is not None or self.low is None or self.high is None:
            return 0
        return int(self.low > 0) - int(self.high < 0)

    @property
    def is_none(self) -> bool:
        """Whether both sides of a difference are the same."""
        return self.low == 0 and self.high == 0

    def as_dict(self) -> dict[str, float | int | str | None]:
        return {name: getattr(self, name) for name in self.__slots__}


def relative_base(before: Estimate) -> float:
    """What a difference is a share of: the absolute value before, or 0 where its interval holds 0."""
    if before.value is None or before.low is None or before.high is None or before.low <= 0 <= before.high:
        return 0.0
    return abs(before.value)


def influence(sums: Sums) -> Floats:
    """[n_groups] what each group moves the value by: `sum_m sign_m (N_gm - R_m D_gm) / sum_g D_gm`; sums to 0."""
    denominators = sums.denominators.sum(axis=0)
    ratios = sums.numerators.sum(axis=0) / denominators
    effect = (sums.numerators - sums.denominators * ratios) @ (sums.signs / denominators)
    return np.asarray(effect, dtype=np.float64)


def standard_error(sums: Sums) -> float:
    """Jackknife standard error over groups: of what the value changes by where one group of users is left out.

    The linearised error has the ratios follow whoever has much of the weight, and is too small where one user has
    (Bell & McCaffrey 2002). A column of which one group has all the weight changes by nothing.
    """
    g = int((sums.counts > 0).sum())
    if g < 2:
        return float("nan")
    totals = sums.denominators.sum(axis=0)
    off = sums.numerators - sums.denominators * (sums.numerators.sum(axis=0) / totals)
    others = totals - sums.denominators
    change = np.divide(off, others, out=np.zeros_like(off), where=others > NOISE * totals) @ sums.signs
    return float(np.sqrt((g - 1) / g * (change @ change)))


def cautious_error(sums: Sums) -> float:
    """What the ends of an interval are multiples of: the standard error, and no less than if rewards had nothing to do
    with the weights of a difference (`reliability.unrelated_error`), with a margin; and the error of what was estimated
    beforehand, which no longer log makes less.

    Where outcomes are moved weights are even, and no heavy one can miss its reward; there the margin alone is added.
    """
    error, unrelated = standard_error(sums), unrelated_error(sums)
    if unrelated > 0:
        error = MARGIN * (error if sums.slopes.any() else max(error, unrelated))
    beforehand = float(np.linalg.norm(sums.slopes)) / max(sums.overlap.n, 1)
    return float(np.hypot(error, beforehand))


def bootstrap(sums: Sums, *, confidence: float = 0.95, n_resamples: int = 1000, seed: int = 0) -> tuple[float, float]:
    """Studentised bootstrap interval over groups of users.

    The same seed resamples the same groups, so that intervals of values and of their differences belong together.

    Returns:
        low, high; both the value itself where nothing varies.
    """
    kept = sums.counts > 0
    numerators, denominators = sums.numerators[kept], sums.denominators[kept]
    g = len(numerators)
    value, error = sums.value, cautious_error(sums)
    assert value is not None
    if not error > 0:
        return value, value
    parts = np.concatenate([numerators, denominators], axis=1)
    drawn = resampled_counts(g, n_resamples, seed)
    n, d = np.hsplit(drawn @ parts, 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = n / d
        scaled = sums.signs / d
        effect = np.concatenate([scaled, -scaled * ratios], axis=1) @ parts.T
        effect *= effect
        effect *= drawn
        errors = np.sqrt(g / (g - 1) * effect.sum(axis=1))
        statistics = (ratios @ sums.signs - value) / errors
    # A resample that drew no denominator, or no variation but for rounding, says nothing about the tails.
    statistics = statistics[np.isfinite(statistics) & (errors > NOISE * error)]
    if len(statistics) < n_resamples / 2:
        return float("nan"), float("nan")
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(statistics, [tail, 1 - tail])
    return value - float(upper) * error, value - float(lower) * error


@lru_cache(maxsize=4)
def resampled_counts(g: int, n_resamples: int, seed: int) -> Floats:
    """[n_resamples, g] how often each of g groups was drawn when g were drawn with replacement."""
    rng = np.random.Generator(np.random.PCG64(seed))
    places = rng.integers(0, g, size=(n_resamples, g)) + np.arange(n_resamples)[:, None] * g
    counts = np.bincount(places.ravel(), minlength=n_resamples * g).reshape(n_resamples, g)
    return counts.astype(np.float64)


def empirical_bernstein(
    values: ArrayLike, *, lowest: float, highest: float, confidence: float = 0.95
) -> tuple[float, float]:
    """Interval for a mean of independent bounded values that holds at every sample size (Maurer & Pontil 2009, thm. 4).

    Wide, and never wrong more often than promised: for clipped weights, `highest = clip * largest reward`.

    Args:
        values: [n >= 2], each within `lowest..highest`, which must be known beforehand and not read off the values.

    Example:
        >>> from trimtab.abtest import empirical_bernstein
        >>> low, high = empirical_bernstein([0.0, 1.0] * 500, lowest=0.0, highest=1.0)
        >>> round(low, 2), round(high, 2)
        (0.44, 0.56)
    """
    x = np.asarray(values, dtype=np.float64)
    n = len(x)
    spread = highest - lowest
    log_term = np.log(4 / (1 - confidence))  # ln(2 / delta) on each side, delta = (1 - confidence) / 2
    half = np.sqrt(2 * x.var(ddof=1) * log_term / n) + 7 * spread * log_term / (3 * (n - 1))
    mean = x.mean()
    return float(max(lowest, mean - half)), float(min(highest, mean + half))


def lower_bounds(compared: Sequence[Sums], *, confidence: float = 0.95, n_draws: int = 2000, seed: int = 0) -> Floats:
    """[n] lower bounds that hold all at once: each value minus one multiple of its own standard error.

    The multiple is the quantile of the largest of all studentised errors, by a Gaussian multiplier bootstrap over
    groups of users (Chernozhukov, Chetverikov & Kato 2013): what is alike in many comparisons costs little, where
    Bonferroni would pay for each. Each multiple is Student's of the same probability, for few users may decide.

    Args:
        compared: values over the same groups of users.
    """
    if not compared:
        return np.empty(0)
    values = np.array([one.value for one in compared], dtype=np.float64)
    effects = np.stack([influence(one) for one in compared], axis=1)
    spread = np.sqrt((effects**2).sum(axis=0))
    errors = np.array([cautious_error(one) for one in compared])
    studentised = np.divide(effects, spread, out=np.zeros_like(effects), where=spread > 0)
    rng = np.random.Generator(np.random.PCG64(seed))
    largest = (rng.standard_normal((n_draws, len(effects))) @ studentised).max(axis=1)
    multiples = student_quantile(ndtr(np.quantile(largest, confidence)), deciding_users(effects.T))
    return np.asarray(values - multiples * errors, dtype=np.float64)


def estimate(
    sums: Sums,
    *,
    confidence: float = 0.95,
    n_resamples: int = 1000,
    seed: int = 0,
    min_ess: float = MIN_ESS,
    max_weight_share: float = MAX_WEIGHT_SHARE,
) -> Estimate:
    """The value with its interval and overlap, or a refusal where overlap is too thin to say anything.

    Example:
        >>> from trimtab.abtest import add_up, estimate, ips
        >>> found = estimate(add_up(ips([0, 1] * 200, [1.0] * 400)))
        >>> found.value, round(found.low, 2), round(found.high, 2)
        (0.5, 0.45, 0.55)
    """
    bare = assess(sums, min_ess=min_ess, max_weight_share=max_weight_share)
    value = bare.value
    if value is None:
        return bare
    if _same(sums):
        return replace(bare, value=0.0, low=0.0, high=0.0, standard_error=0.0)
    n_groups = int((sums.counts > 0).sum())
    if n_groups < MIN_GROUPS:
        return replace(bare, caution=f"{counted(n_groups, 'group')} of users: no interval below {MIN_GROUPS}")
    error = standard_error(sums)
    varies = error > NOISE * sum(abs(side.value or 0.0) for side in sums.sides())
    found = Reliability.of(sums, influence(sums) if varies else np.zeros(len(sums.counts)))
    bare = replace(
        bare,
        standard_error=error,
        caution=found.caution,
        deciding=found.deciding,
        times_longer=found.times_longer,
        tail=undrawn_tail(sums),
    )
    if not found.is_enough:
        low, high = (exact(sums, confidence=confidence) if found.rewarded > 0 else None) or (None, None)
        return replace(bare, low=low, high=high)
    low, high = bootstrap(sums, confidence=confidence, n_resamples=n_resamples, seed=seed)
    half = float(student_quantile((1 + confidence) / 2, found.deciding)) * cautious_error(sums)
    ends = [value - half, value + half]
    if len(sums.sides()) == 1 and abs(value) > 0:
        ends.append(value * np.exp(min(half / abs(value), MOST_GROWTH)))
    return replace(bare, low=np.fmin(low, min(ends)).item(), high=np.fmax(high, max(ends)).item())


def between(low: Sums, middle: Sums, high: Sums, *, confidence: float = 0.95, n_resamples: int = 1000) -> Estimate:
    """A value that is known to lie between two others: from the low end of the one to the high end of the other.

    Args:
        low, middle, high: over the same groups of users.

    Example:
        >>> from trimtab.abtest import add_up, between, ips
        >>> worth = [add_up(ips([unseen, 1] * 200, [1.0] * 400)) for unseen in (0.0, 0.5, 1.0)]
        >>> found = between(*worth)
        >>> found.value, round(found.low, 2), found.high
        (0.75, 0.45, 1.0)
    """
    lowest, found, highest = (
        estimate(sums, confidence=confidence, n_resamples=n_resamples) for sums in (low, middle, high)
    )
    is_open = lowest.low is None or found.value is None or highest.high is None
    ends = (None, None) if is_open else (lowest.low, highest.high)
    return replace(found, low=ends[0], high=ends[1], standard_error=None)


def exact(sums: Sums, *, confidence: float = 0.95) -> tuple[float, float] | None:
    """Clopper & Pearson's interval for a share of searches; None where rewards are not 0 or 1 or are weighted.

    Where users search more than once it counts as many searches as would be as sure if they were independent (Korn &
    Graubard 1998), and no more than there are groups of users.
    """
    if sums.numerators.shape[1] != 1 or sums.signs[0] != 1:
        return None
    kept = sums.counts > 0
    n, d = sums.numerators[kept, 0], sums.denominators[kept, 0]
    if not ((d == sums.counts[kept]).all() and (n == np.round(n)).all() and (n >= 0).all() and (n <= d).all()):
        return None
    share, size = float(n.sum() / d.sum()), float(len(n))
    error = standard_error(sums)
    if error > 0 and d.max() > 1:
        size = min(size, share * (1 - share) / error**2)
    rewarded, tail = share * size, (1 - confidence) / 2
    low = float(betaincinv(rewarded, size - rewarded + 1, tail)) if rewarded > 0 else 0.0
    high = float(betaincinv(rewarded + 1, size - rewarded, 1 - tail)) if rewarded < size else 1.0
    return low, high


def _same(sums: Sums) -> bool:
    """Whether a difference is one of a thing and itself, but for rounding."""
    sides = sums.sides()
    if len(sides) == 1 or sides[0].numerators.shape != sides[1].numerators.shape:
        return False
    mine, theirs = (np.concatenate([side.numerators * side.signs, side.denominators], axis=1) for side in sides)
    size = np.abs(theirs)
    return bool((np.abs(mine - theirs) <= NOISE * np.maximum(size, size.mean(axis=0))).all())


def assess(sums: Sums, *, min_ess: float = MIN_ESS, max_weight_share: float = MAX_WEIGHT_SHARE) -> Estimate:
    """The value with its overlap and without an interval, or a refusal: of a difference where either side has one."""
    bare = _assess(sums, min_ess, max_weight_share)
    refusals = (_assess(side, min_ess, max_weight_share).refusal for side in sums.sides())
    refusal = next((found for found in refusals if found is not None), bare.refusal)
    return bare if refusal is None else replace(bare, value=None, refusal=refusal)


def _assess(sums: Sums, min_ess: float, max_weight_share: float) -> Estimate:
    overlap = sums.overlap
    shares = sums.reward_shares
    heaviest = np.divide(overlap.largest, overlap.total, out=np.zeros_like(overlap.total), where=overlap.total > 0)
    bare = Estimate(
        value=sums.value,
        low=None,
        high=None,
        standard_error=None,
        n=overlap.n,
        ess=sums.ess,
        support=float(shares @ overlap.support),
        max_weight=float(overlap.largest.max(initial=0.0)),
        mean_weight=float(shares @ overlap.mean_weight) if overlap.n else None,
    )
    n_empty = int((sums.denominators.sum(axis=0) <= 0).sum())
    refusal = _refusal(bare, n_empty, float(shares @ heaviest), min_ess, max_weight_share)
    return bare if refusal is None else replace(bare, value=None, refusal=refusal)


def _refusal(bare: Estimate, n_empty: int, heaviest: float, min_ess: float, max_weight_share: float) -> str | None:
    if bare.n == 0:
        return "no impressions"
    if bare.value is None:
        where = f" at {n_empty} of the positions" if bare.max_weight > 0 else ""
        return f"none of {bare.n:,} impressions shows what the policy would{where}"
    if bare.ess < min(min_ess, bare.n / 2):
        return f"effective sample size {bare.ess:.0f} of {bare.n:,} impressions, at least {min_ess:.0f} is needed"
    if heaviest > max_weight_share and bare.n > 1 / max_weight_share:
        return f"one impression carries {heaviest:.0%} of the weight, at most {max_weight_share:.0%} is allowed"
    return None
