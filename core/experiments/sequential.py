"""Sequential tests: intervals that hold at every sample size at once, so that a test may be stopped at any time.

The service stops a ramp by them, `trimtab.abtest` evaluates tests by them. But for `always_valid` they lean on nothing
but the random assignment of units to arms: where an arm has a share of the units, each unit that buys (fails, spends)
is in that arm by chance alone as long as the arms do not differ. A bet on that chance is a martingale whatever the
outcomes are (rare, heavy-tailed, of one size), for any split and from the first unit on; by Ville's inequality its
capital ever grows beyond 1 / level with a chance of `level` at most. Several bets share the level by fixed parts of it,
which gives bounds in closed form; those on how many units buy begin with parts of one capital and add up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RATE_BETS = ((0.02, 0.05), (0.05, 0.1), (0.1, 0.2), (0.15, 0.25), (0.22, 0.2), (0.32, 0.1), (0.5, 0.05), (0.8, 0.05))
"""Bets on counts: size, as a share of what can be staked, and part of the level. The size is about the relative
difference that a bet suits; the larger parts are for differences of a tenth to a third."""
BETS = tuple((size, math.log1p(-size), math.log(part)) for size, part in RATE_BETS)
"""Size, logarithm of what is left when it is lost, logarithm of its part."""
AMOUNT_BETS = 2.0 ** np.arange(-30.0, 11.0)
"""Sizes of the bets on amounts, in one over their unit: from thousandths of it to millions in steps of two."""
STEPS = 2
"""Newton's steps from the bound of one bet to that of all together; the first error left is below a thousandth."""
TUNED_FOR = 2000.0
"""Units at which `unit_difference` is tightest."""

CACHED = 20_000
"""Intervals that are kept: those of past looks are asked for again at each new one."""


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

    Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2021), equation 9 and 155, as in gbstats. Asymptotic: where an arm
    has few users with an outcome (rare purchases, a small share) it is sure far too often; `unit_difference` is not.

    Args:
        difference: treatment minus control.
        standard_error: of the difference at this sample size.
        n: users in both arms.
        tuned_for: the number of users at which the sequence is tightest.

    >>> from trimtab.abtest import always_valid
    >>> bool(always_valid(0.5, 0.05, 5000).low > 0)
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


@lru_cache(CACHED)
def rate_ratio(control: float, treatment: float, *, share: float, level: float) -> SequentialInterval:
    """How many times as often the treatment's units do something as the control's.

    Args:
        control, treatment: units of each arm that did it, each counted once.
        share: the treatment's share of the units of both arms, between 0 and 1.
        level: chance that the low (or the high) bound is ever wrong.

    Returns:
        0 and infinity where nothing is known; the p-value is of a ratio of 1.
    """
    odds = share / (1 - share)
    low = _inverse(_rate_ratio_bound(treatment, control, 1 / odds, level))
    high = _rate_ratio_bound(control, treatment, odds, level)
    capital = max(_rate_capital(control, treatment, odds), _rate_capital(treatment, control, 1 / odds))
    return SequentialInterval(low, high, _p_value(capital))


@lru_cache(CACHED)
def amount_ratio(control: float, treatment: float, squares: float, *, share: float, level: float) -> SequentialInterval:
    """How many times as much the treatment's units spend as the control's, however heavy the tail.

    Args:
        control, treatment: amounts of the units of each arm, added up.
        squares: squared amounts of the units of both arms, added up.
        share, level: see `rate_ratio`.

    Returns:
        0 and infinity where nothing is known; the p-value is of a ratio of 1.
    """
    total = control + treatment
    if total <= 0 or squares <= 0:
        return SequentialInterval(0.0, math.inf, 1.0)
    odds = share / (1 - share)
    high = _odds(_amount_share_bound(treatment, total, squares, level)) / odds
    low = _inverse(_odds(_amount_share_bound(control, total, squares, level)) * odds)
    short = share * total - treatment
    capital = max(_amount_capital(short, squares, share), _amount_capital(-short, squares, 1 - share))
    return SequentialInterval(low, high, _p_value(capital))


@lru_cache(CACHED)
def rate_difference(control: float, treatment: float, n: float, *, share: float, level: float) -> SequentialInterval:
    """How much more often a search of the treatment is hit than one of the control, as a share of the searches.

    Args:
        control, treatment: hits of each arm.
        n: searches of both arms.
        share, level: see `rate_ratio`.

    Returns:
        -1 and 1 where nothing is known; the p-value is of a difference of 0.
    """
    odds = share / (1 - share)
    low, more = _rate_difference_bound(control, treatment, n * share, odds, level)
    high, fewer = _rate_difference_bound(treatment, control, n * (1 - share), 1 / odds, level)
    low, high = (min(max(bound, -1.0), 1.0) for bound in (low, -high))
    return SequentialInterval(low, high, _p_value(max(more, fewer)))


def unit_difference(
    values: Floats, is_treated: NDArray[np.bool_], *, share: float, level: float
) -> SequentialInterval | None:
    """The difference of the mean by unit, treatment minus control, where every unit's value is at hand.

    Each value is centred and scaled by those before it; what is left is a fair game while the arms do not differ,
    sub-Gaussian with the proxy of Kearns & Saul (1998) for an arm of any share, whatever its tail.

    Args:
        values: [n] by unit, in the order of arrival.
        is_treated: [n] whether the unit is in the treatment.
        share: see `rate_ratio`.
        level: chance that the interval is ever wrong.

    Returns:
        None while no value differs from another.

    >>> import numpy as np
    >>> from trimtab.abtest import unit_difference
    >>> rng = np.random.default_rng(0)
    >>> is_treated = rng.random(4000) < 0.5
    >>> unit_difference(rng.random(4000) + is_treated, is_treated, share=0.5, level=0.05).low > 0
    True
    """
    # From the first value on: equal values have a spread of exactly 0.
    shifted, before = values - values[:1], np.arange(len(values))
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = (np.cumsum(shifted) - shifted) / before
        spread = np.sqrt(np.maximum((np.cumsum(shifted**2) - shifted**2) / before - centre**2, 0))
    known = spread > 0
    if not known.any():
        return None
    scaled = (shifted[known] - centre[known]) / spread[known]
    drift = float((scaled * (is_treated[known] - share)).sum())
    weight = share * (1 - share) * float((1 / spread[known]).sum())
    proxy = 0.25 if share == 0.5 else (1 - 2 * share) / (2 * math.log((1 - share) / share))
    spent = -2 * math.log(level)
    precision = (spent + math.log(spent + 1)) / (proxy * TUNED_FOR)
    grown = 1 + precision * proxy * float((scaled**2).sum())
    half = math.sqrt(grown / precision * (spent + math.log(grown)))
    capital = precision * drift**2 / (2 * grown) - math.log(grown) / 2
    return SequentialInterval((drift - half) / weight, (drift + half) / weight, math.exp(-max(capital, 0.0)))


def _rate_ratio_bound(control: float, treatment: float, odds: float, level: float) -> float:
    """The smallest ratio that is refuted from above. A bet takes its part of the stake for each unit of the treatment,
    and wins as much of it for each of the control as makes the ratio in question a fair game."""
    if control <= 0:
        return math.inf
    spent = -math.log(level)
    needed = ((spent - part - treatment * lost) / control for _, lost, part in BETS)
    alone = min(_expm1(growth) / size for growth, (size, _, _) in zip(needed, BETS, strict=True))
    if math.isinf(alone):
        return alone
    # Together they have won enough before one of them has. The logarithm of what they have is convex in that of the
    # ratio, so that Newton's steps from the right come nearer and never go beyond.
    logarithm = math.log(alone)
    for _ in range(STEPS):
        ratio = math.exp(logarithm)
        won = [treatment * lost + control * math.log1p(size * ratio) + part for size, lost, part in BETS]
        growth = _added(won)
        shares = (math.exp(one - growth) for one in won)
        slope = control * sum(
            share * size * ratio / (1 + size * ratio) for share, (size, *_) in zip(shares, BETS, strict=True)
        )
        logarithm -= (growth - spent) / slope
    return math.exp(logarithm) / odds


def _rate_capital(control: float, treatment: float, odds: float) -> float:
    """Logarithm of the capital of the bets against a ratio of 1."""
    return _added([treatment * lost + control * math.log1p(size * odds) + part for size, lost, part in BETS])


def _added(logarithms: list[float]) -> float:
    """Logarithm of a sum."""
    most = max(logarithms)
    return most + math.log(sum(math.exp(one - most) for one in logarithms))


def _amount_share_bound(amount: float, total: float, squares: float, level: float) -> float:
    """The smallest share of all amounts that is refuted as this arm's, because it has too little.

    exp(b (share total - amount) - b^2 v squares / 2) is a supermartingale for each bet b > 0 with v = share (1 - share)
    up to a share of a half, and v = 1 / 4 beyond (Hoeffding 1963, equation 2.2). The first is a quadratic inequality.
    """
    needed = amount + math.log(len(AMOUNT_BETS) / level) / AMOUNT_BETS
    spread = AMOUNT_BETS * squares / 2
    slope = total - spread
    with np.errstate(divide="ignore"):
        root = 2 * needed / (slope + np.sqrt(slope**2 + 4 * spread * needed))
    return float(np.where(root <= 0.5, root, (needed + spread / 4) / total).min())


def _amount_capital(short: float, squares: float, share: float) -> float:
    variance = share * (1 - share) if share <= 0.5 else 0.25
    won = AMOUNT_BETS * short - AMOUNT_BETS**2 * variance * squares / 2
    return float(won.max() - math.log(len(AMOUNT_BETS)))


def _rate_difference_bound(
    control: float, treatment: float, n_treated: float, odds: float, level: float
) -> tuple[float, float]:
    """The largest difference that is refuted from below, and the logarithm of the capital against none.

    A hit of the treatment multiplies the stake by 1 + b, one of the control by 1 - b odds: whatever the control's rate
    is, that is a fair game where the rates are equal, and exp(-b difference) a search pays for a difference.
    """
    won = [(size / odds, treatment * math.log1p(size / odds) + control * lost + part) for size, lost, part in BETS]
    spent = -math.log(level)
    return max((growth - spent) / (bet * n_treated) for bet, growth in won), max(growth for _, growth in won)


def _expm1(exponent: float) -> float:
    return math.expm1(exponent) if exponent < 700 else math.inf


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else math.inf


def _inverse(ratio: float) -> float:
    return 1 / ratio if ratio > 0 else math.inf


def _p_value(capital: float) -> float:
    """Two sides, each with bets of its own."""
    return min(1.0, 2 * math.exp(-max(capital, 0.0)))
