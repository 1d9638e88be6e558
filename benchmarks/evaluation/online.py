"""How often ramps, sequential tests and interleaving are sure where nothing differs, and how often they find a loss.

Everything is drawn here: purchases by search (or user), amounts from a lognormal distribution, clicks by position.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.figures import Figure
from trimtab.abtest.statistics.interleaving import preferences
from trimtab.core.experiments.interleaving import team_draft
from trimtab.core.experiments.sequential import always_valid, unit_difference
from trimtab.service.experiments.ramp import LEVEL, ArmTotals, Guardrails, Ramp, compared, harm

Floats = NDArray[np.float64]

TOLERATED = 1 - Guardrails().revenue
N_RUNS, N_SEARCHES, LOOK_EVERY = 2000, 20_000, 400
WORTH_A_LOOK = 2.0
"""Standard errors below which no guardrail can be broken, as the bounds are wider than 3: such looks are skipped."""


@dataclass(frozen=True, slots=True)
class Shop:
    """Traffic of a canary and a control.

    Attributes:
        share: the canary's.
        buys: purchases a search of the control.
        tail: standard deviation of the logarithm of an amount.
        loss: share of the purchases that the canary loses.
    """

    share: float
    buys: float
    tail: float = 0.0
    loss: float = 0.0

    def __str__(self) -> str:
        amounts = "amounts all alike" if self.tail == 0 else f"lognormal amounts ({self.tail:g})"
        return f"canary of {self.share:.0%}, {self.buys:.1%} purchases, {amounts}"


HARMLESS = (
    Shop(0.05, 0.01),
    Shop(0.05, 0.01, 1.2),
    Shop(0.01, 0.01),
    Shop(0.1, 0.02, 1.2),
    Shop(0.5, 0.01, 1.2),
    Shop(0.5, 0.3, 2.0),
    Shop(0.9, 0.05, 1.0),
)
HARMFUL = (
    Shop(0.5, 0.05, 1.0, 0.3),
    Shop(0.5, 0.02, 1.0, 0.3),
    Shop(0.2, 0.05, 1.0, 0.3),
    Shop(0.05, 0.05, 1.0, 0.3),
    Shop(0.05, 0.01, 1.0, 0.3),
    Shop(0.05, 0.05, 1.0, 0.8),
)
SPLITS = ((0.2, 0.01), (0.1, 0.01), (0.1, 0.002))


def measure() -> Iterator[Figure]:
    """The section."""
    rng = np.random.Generator(np.random.PCG64(17))
    looks = f"of {N_RUNS} ramps of {N_SEARCHES:,} searches, {N_SEARCHES // LOOK_EVERY} looks each"
    for shop in HARMLESS:
        strict = Guardrails(errors=0, slow=0, empty=0, revenue=0)
        yield Figure(
            f"harmless, tolerance 0, rolled back: {shop}", _rolled_back(shop, strict, rng), looks, 0.05, "less"
        )
    for number, shop in enumerate(HARMFUL):
        name = f"{shop.loss:.0%} of purchases lost, rolled back: {shop}"
        yield Figure(name, _rolled_back(shop, Guardrails(), rng), looks, 0.8 if number == 0 else None)
        unit = f"of ramps of {N_SEARCHES:,} searches, the most that any test of level {LEVEL:g} can find"
        yield Figure(f"{name}, looked at once", _possible(shop), unit)
    for share, buys in SPLITS:
        exact, asymptotic = _sure_of_nothing(share, buys, rng)
        name = f"A/A {1 - share:.0%}:{share:.0%}, {buys:.1%} buy, sure of a difference"
        unit = f"of {N_RUNS} tests of 4,000 users, 20 looks each"
        yield Figure(f"{name}: unit_difference", exact, unit, 0.05, "less")
        yield Figure(f"{name}: always_valid", asymptotic, unit)
    yield from _position_clicks(rng)


def _rolled_back(shop: Shop, guardrails: Guardrails, rng: np.random.Generator) -> float:
    ramp = Ramp(control="control", guardrails=guardrails)
    shares = {"control": 1 - shop.share, "canary": shop.share}
    ended = 0
    for _ in range(N_RUNS):
        n_canary = rng.binomial(LOOK_EVERY, shop.share, N_SEARCHES // LOOK_EVERY)
        sums = {
            "control": _sums(LOOK_EVERY - n_canary, shop.buys, shop.tail, rng),
            "canary": _sums(n_canary, shop.buys * (1 - shop.loss), shop.tail, rng),
        }
        for look in _worth_a_look(sums["control"], sums["canary"], shop.share):
            totals = {arm: ArmTotals(*table[:, look].tolist()) for arm, table in sums.items()}
            if harm(compared(ramp, totals, shares)) is not None:
                ended += 1
                break
    return ended / N_RUNS


def _possible(shop: Shop) -> float:
    """Chance that the most powerful test of who bought, made once and at the end, finds a loss beyond the tolerance.

    Given how many bought in all, how many of them are the canary's is binomial. A test that may be looked at all the
    time finds no more at this level: it too is a test of all searches.
    """
    kept = 1 - shop.loss
    tolerated, true = (shop.share * ratio / (shop.share * ratio + 1 - shop.share) for ratio in (TOLERATED, kept))
    buyers = stats.poisson(N_SEARCHES * shop.buys * (shop.share * kept + 1 - shop.share))
    n = np.arange(*buyers.interval(1 - 1e-9))
    few = stats.binom.ppf(
        LEVEL, n, tolerated
    )  # So few, or fewer, have at least this chance: it is drawn at this count.
    drawn = (LEVEL - stats.binom.cdf(few - 1, n, tolerated)) / stats.binom.pmf(few, n, tolerated)
    found = stats.binom.cdf(few - 1, n, true) + drawn * stats.binom.pmf(few, n, true)
    return float(buyers.pmf(n) @ found)


def _sums(searches: NDArray[np.int64], buys: float, tail: float, rng: np.random.Generator) -> Floats:
    """[fields of `ArmTotals`, looks] sums so far of an arm, of which three searches in a hundred are slow and empty."""
    hits = np.cumsum(rng.binomial(searches, 0.03))
    buyers = np.cumsum(rng.binomial(searches, buys))
    spent = rng.lognormal(3, tail, buyers[-1])
    revenue, squares = (np.concatenate([[0.0], np.cumsum(one)])[buyers] for one in (spent, spent**2))
    none = np.zeros(len(searches))
    columns = [np.cumsum(searches), none, hits, hits, revenue, squares, buyers, none, hits, hits]
    return np.stack(columns).astype(np.float64)


def _worth_a_look(control: Floats, canary: Floats, share: float) -> Sequence[int]:
    """Looks at which one of the differences is so large that it may be believed."""
    hits, revenue, squares, buyers = 2, 4, 5, 6
    variance = share * (1 - share)
    worse = np.zeros(control.shape[1], dtype=bool)
    for sums, spread in ((hits, hits), (buyers, buyers), (revenue, squares)):
        short = share * (control[sums] + canary[sums]) - canary[sums]
        error = np.sqrt(variance * (control[spread] + canary[spread]))
        worse |= (-short if sums == hits else short) > WORTH_A_LOOK * error
    return np.flatnonzero(worse).tolist()


def _sure_of_nothing(share: float, buys: float, rng: np.random.Generator) -> tuple[float, float]:
    looks = range(200, 4001, 200)
    exact = asymptotic = 0
    for _ in range(N_RUNS):
        is_treated = rng.random(4000) < share
        values: Floats = np.where(rng.random(4000) < buys, 20.0, 0.0)
        exact += any(_excludes_zero(values[:n], is_treated[:n], share) for n in looks)
        asymptotic += any(_asymptotic_p_value(values[:n], is_treated[:n]) < 0.05 for n in looks)
    return exact / N_RUNS, asymptotic / N_RUNS


def _excludes_zero(values: Floats, is_treated: NDArray[np.bool_], share: float) -> bool:
    found = unit_difference(values, is_treated, share=share, level=0.05)
    return found is not None and not found.low <= 0 <= found.high


def _asymptotic_p_value(values: Floats, is_treated: NDArray[np.bool_]) -> float:
    control, treatment = values[~is_treated], values[is_treated]
    if min(len(control), len(treatment)) < 2:
        return 1.0
    error = float(np.sqrt(control.var(ddof=1) / len(control) + treatment.var(ddof=1) / len(treatment)))
    difference = float(treatment.mean() - control.mean())
    return always_valid(difference, error, len(values)).p_value if error > 0 else 1.0


def _position_clicks(rng: np.random.Generator) -> Iterator[Figure]:
    n, k = 50_000, 10
    usual = np.arange(k)
    for name, other in (
        ("the last of ten promoted to the top", np.r_[k - 1, usual[:-1]]),
        ("an item of its own on top", np.r_[k, usual[:-1]]),
    ):
        both = np.broadcast_to(np.stack([usual, other]), (n, 2, k))
        drawn = team_draft(both, k=k, rng=rng)
        clicks = (rng.random((n, k)) < 0.3 * np.arange(1, k + 1) ** -0.6).astype(np.float64)
        preferred = preferences(both, drawn.items, clicks)
        error = float(preferred.std() / np.sqrt(n))
        mean = float(preferred.mean())
        interval = (mean - 1.96 * error, mean + 1.96 * error)
        yield Figure(f"interleaving, clicks by position alone: {name}", mean, f"of {n:,} searches", interval=interval)
