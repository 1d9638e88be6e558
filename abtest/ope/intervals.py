"""From sums to an estimate: value, interval, overlap, or a refusal with its reason.

The interval is a studentised bootstrap over groups of users (Efron & Tibshirani 1993, ch. 12.5; Cameron, Gelbach &
Miller 2008 for clusters): every resample is judged by its own standard error, which keeps the two tails honest where
rewards and weights are skewed and a percentile interval is too short above. The standard error is the linearised one
of a sum of ratios, with groups of users as the unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from trimtab.abtest.ope.estimators import Floats
from trimtab.abtest.ope.sums import Sums

MIN_ESS = 50.0
"""Below this effective sample size an estimate is refused."""

MAX_WEIGHT_SHARE = 0.2
"""An estimate is refused where one impression carries more than this share of all the weight; over positions, the mean
share weighted by the reward logged at each."""

MIN_GROUPS = 10
"""Below this many groups of users there is a value and no interval."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One number and how far to trust it.

    Attributes:
        value: None where there is no number; `refusal` then says why.
        low, high: interval at the confidence asked for; None where there are too few users for one.
        standard_error: linearised, over groups of users.
        n: impressions behind it.
        ess: Kish's effective sample size; over positions, the harmonic mean weighted by the reward logged at each.
        support: share of impressions that the target policy could have shown.
        max_weight: largest importance weight.
        mean_weight: 1 in expectation where propensities are right.
        refusal: one sentence, or None.
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

    def as_dict(self) -> dict[str, float | int | str | None]:
        return {name: getattr(self, name) for name in self.__slots__}


def influence(sums: Sums) -> Floats:
    """[n_groups] what each group moves the value by: `sum_m sign_m (N_gm - R_m D_gm) / sum_g D_gm`; sums to 0."""
    denominators = sums.denominators.sum(axis=0)
    ratios = sums.numerators.sum(axis=0) / denominators
    effect = (sums.numerators - sums.denominators * ratios) @ (sums.signs / denominators)
    return np.asarray(effect, dtype=np.float64)


def standard_error(sums: Sums) -> float:
    """Linearised standard error over groups, with the small-sample factor `g / (g - 1)`."""
    g = int((sums.counts > 0).sum())
    effect = influence(sums)
    return float(np.sqrt(g / (g - 1) * (effect @ effect))) if g > 1 else float("nan")


def bootstrap(sums: Sums, *, confidence: float = 0.95, n_resamples: int = 1000, seed: int = 0) -> tuple[float, float]:
    """Studentised bootstrap interval over groups of users.

    The same seed resamples the same groups, so that intervals of values and of their differences belong together.

    Returns:
        low, high; both the value itself where nothing varies.
    """
    kept = sums.counts > 0
    numerators, denominators = sums.numerators[kept], sums.denominators[kept]
    g = len(numerators)
    value, error = sums.value, standard_error(sums)
    assert value is not None
    if not error > 0:
        return value, value
    parts = np.concatenate([numerators, denominators], axis=1)
    drawn = _draws(g, n_resamples, seed)
    n, d = np.hsplit(drawn @ parts, 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = n / d
        scaled = sums.signs / d
        effect = np.concatenate([scaled, -scaled * ratios], axis=1) @ parts.T
        effect *= effect
        effect *= drawn
        statistics = (ratios @ sums.signs - value) / np.sqrt(g / (g - 1) * effect.sum(axis=1))
    # A resample that drew no denominator or no variation says nothing about the tails.
    statistics = statistics[np.isfinite(statistics)]
    if len(statistics) < n_resamples / 2:
        return float("nan"), float("nan")
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(statistics, [tail, 1 - tail])
    return value - float(upper) * error, value - float(lower) * error


@lru_cache(maxsize=4)
def _draws(g: int, n_resamples: int, seed: int) -> Floats:
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
    Bonferroni would pay for each.

    Args:
        compared: values over the same groups of users.
    """
    if not compared:
        return np.empty(0)
    values = np.array([one.value for one in compared], dtype=np.float64)
    effects = np.stack([influence(one) for one in compared], axis=1)
    errors = np.sqrt((effects**2).sum(axis=0))
    studentised = np.divide(effects, errors, out=np.zeros_like(effects), where=errors > 0)
    rng = np.random.Generator(np.random.PCG64(seed))
    largest = (rng.standard_normal((n_draws, len(effects))) @ studentised).max(axis=1)
    return np.asarray(values - np.quantile(largest, confidence) * errors, dtype=np.float64)


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
    if bare.refusal is not None or (sums.counts > 0).sum() < MIN_GROUPS:
        return bare
    low, high = bootstrap(sums, confidence=confidence, n_resamples=n_resamples, seed=seed)
    error = standard_error(sums)
    if not np.isfinite(low + high):
        return replace(bare, standard_error=error)
    return replace(bare, low=low, high=high, standard_error=error)


def assess(sums: Sums, *, min_ess: float = MIN_ESS, max_weight_share: float = MAX_WEIGHT_SHARE) -> Estimate:
    """The value with its overlap and without an interval, or a refusal."""
    overlap = sums.overlap
    shares = _reward_shares(sums)
    heaviest = np.divide(overlap.largest, overlap.total, out=np.zeros_like(overlap.total), where=overlap.total > 0)
    bare = Estimate(
        value=sums.value,
        low=None,
        high=None,
        standard_error=None,
        n=overlap.n,
        ess=_harmonic_mean(overlap.ess, shares),
        support=float(shares @ overlap.support),
        max_weight=float(overlap.largest.max(initial=0.0)),
        mean_weight=float(shares @ overlap.mean_weight) if overlap.n else None,
    )
    n_empty = int((sums.denominators.sum(axis=0) <= 0).sum())
    refusal = _refusal(bare, n_empty, float(shares @ heaviest), min_ess, max_weight_share)
    return bare if refusal is None else replace(bare, value=None, refusal=refusal)


def _reward_shares(sums: Sums) -> Floats:
    """[m] share of the logged reward each column has; equal shares where there is none.

    Of the weighted reward, a column whose few heavy impressions happen to have none would count for nothing, and thin
    overlap would be praised for what it hides.
    """
    earned = sums.earned
    return earned / earned.sum() if earned.sum() > 0 else np.full(len(earned), 1 / len(earned))


def _harmonic_mean(values: Floats, shares: Floats) -> float:
    """Weighted by shares; 0 where a value with a share is 0."""
    values, shares = values[shares > 0], shares[shares > 0]
    return float(1 / (shares / values).sum()) if (values > 0).all() else 0.0


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
