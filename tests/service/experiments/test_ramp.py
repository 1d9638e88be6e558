"""A ramp by a clock that is set by hand: up while all is well, back when something gets worse, unmoved by noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from pydantic import ValidationError

from trimtab.service.experiments.ramp import ArmTotals, Guardrails, Ramp, RampState, compared, decide, exposure_of, harm

RAMP = Ramp(control="control", hold_seconds=3600, min_searches=1000)
HALVES = {"control": 0.5, "treatment": 0.5}
Arm = Callable[[np.random.Generator, int], ArmTotals]


def arm(*, errors: float = 0.0005, slow: float = 0.02, empty: float = 0.05, buys: float = 0.05) -> Arm:
    """Searches of an arm with these chances; who buys spends 2 to 20."""

    def draw(rng: np.random.Generator, n: int) -> ArmTotals:
        revenue = (rng.random(n) < buys) * rng.uniform(2, 20, n)
        hits = [float(rng.binomial(n, chance)) for chance in (errors, slow, empty)]
        return ArmTotals(n, *hits, float(revenue.sum()), float((revenue**2).sum()), float((revenue > 0).sum()), *hits)

    return draw


def plus(one: ArmTotals, other: ArmTotals) -> ArmTotals:
    return ArmTotals(*(getattr(one, name) + getattr(other, name) for name in ArmTotals.__slots__))


def ramped(
    treatment: Arm, *, seed: int = 0, ramp: Ramp = RAMP, hours: float = 12, a_minute: int = 40
) -> list[RampState]:
    """The states of a ramp that is looked at every minute; searches come in proportion to the exposure."""
    rng = np.random.default_rng(seed)
    totals = {"control": ArmTotals(), "treatment": ArmTotals()}
    state = RampState(since=0)
    states = [state]
    for minute in range(hours * 60):
        n = max(int(800 * exposure_of(ramp, state)), 1)
        for name, draw in (("control", arm()), ("treatment", treatment)):
            totals[name] = plus(totals[name], draw(rng, n))
        state = decide(ramp, state, totals, now=60.0 * minute, shares=HALVES, sample_ratio_alarm=False)
        states.append(state)
    return states


def test_a_harmless_experiment_goes_all_the_way() -> None:
    states = ramped(arm(), hours=8)
    assert [state.step for state in states] == sorted(state.step for state in states)
    assert {exposure_of(RAMP, state) for state in states} == {0.01, 0.05, 0.25, 0.5, 1.0}
    assert states[-1].status == "complete"
    began = [state.since for before, state in pairwise(states) if state.step > before.step]
    assert began[0] >= 3600
    assert min(np.diff(began)) >= 3600, "no step is shorter than it is to be"


@pytest.mark.parametrize(
    ("harm", "named"),
    [
        ({"errors": 0.05}, "errors of treatment"),
        ({"slow": 0.2}, "slow of treatment"),
        ({"empty": 0.2}, "empty of treatment"),
        ({"buys": 0.01}, "purchases of treatment"),
    ],
)
def test_harm_is_rolled_back_and_stays_so(harm: dict[str, float], named: str) -> None:
    states = ramped(arm(**harm))
    last = states[-1]
    assert last.status == "rolled_back"
    assert last.reason is not None
    assert last.reason.startswith(named)
    assert exposure_of(RAMP, last) == 0
    well = {"control": ArmTotals(searches=1e6), "treatment": ArmTotals(searches=1e6)}
    assert decide(RAMP, last, well, now=1e9, shares=HALVES, sample_ratio_alarm=False) == last


def test_large_harm_is_seen_at_the_smallest_step() -> None:
    states = ramped(arm(errors=0.5))
    assert states[-1].status == "rolled_back"
    assert max(state.step for state in states) == 0


def test_noise_does_not_roll_back() -> None:
    """20 ramps of the same against the same without any tolerance, each looked at 360 times: one is allowed."""
    strict = RAMP.model_copy(update={"guardrails": Guardrails(errors=0, slow=0, empty=0, revenue=0)})
    rolled_back = sum(ramped(arm(), seed=seed, ramp=strict, hours=6)[-1].status == "rolled_back" for seed in range(20))
    assert rolled_back <= 1


def test_it_waits_for_searches_for_time_and_for_the_split() -> None:
    state = RampState(since=0)
    few = {"control": ArmTotals(searches=5000), "treatment": ArmTotals(searches=999)}
    enough = {**few, "treatment": ArmTotals(searches=1000)}
    waiting = decide(RAMP, state, few, now=1e6, shares=HALVES, sample_ratio_alarm=False)
    assert (waiting.step, waiting.reason) == (0, "every arm is to have 1000 searches in this step")
    waiting = decide(RAMP, state, enough, now=3599, shares=HALVES, sample_ratio_alarm=False)
    assert (waiting.step, waiting.reason) == (0, "the step is to last 3600 seconds")
    waiting = decide(RAMP, state, enough, now=3600, shares=HALVES, sample_ratio_alarm=True)
    assert (waiting.step, waiting.reason) == (0, "the split is not the one asked for")
    risen = decide(RAMP, state, enough, now=3600, shares=HALVES, sample_ratio_alarm=False)
    assert (risen.step, risen.since, risen.reason) == (1, 3600, None)
    again = decide(RAMP, risen, enough, now=1e6, shares=HALVES, sample_ratio_alarm=False)
    assert again.step == 1, "the searches of the step before do not count"


def test_too_few_searches_say_nothing() -> None:
    failing = {"control": ArmTotals(searches=99), "treatment": ArmTotals(searches=99, errors=99)}
    assert decide(RAMP, RampState(since=0), failing, now=1, shares=HALVES, sample_ratio_alarm=False).status == "ramping"


def test_steps_rise() -> None:
    with pytest.raises(ValidationError, match="steps that rise"):
        Ramp(control="c", steps=(0.5, 0.1))


def bought(searches: float, buyers: float, *, value: float = 20.0) -> ArmTotals:
    return ArmTotals(searches, revenue=buyers * value, revenue_squares=buyers * value**2, buyers=buyers)


def test_a_small_arm_that_sold_nothing_yet_is_not_rolled_back() -> None:
    """Fisher's exact test says .62."""
    totals, shares = {"control": bought(1900, 19), "canary": bought(100, 0)}, {"control": 0.95, "canary": 0.05}
    state = decide(RAMP, RampState(since=0), totals, shares=shares, now=1, sample_ratio_alarm=False)
    assert state.status == "ramping"
    assert all(not one.is_worse for one in compared(RAMP, totals, shares))
    many = {"control": bought(190_000, 1900), "canary": bought(10_000, 40)}
    assert decide(RAMP, RampState(since=0), many, shares=shares, now=1, sample_ratio_alarm=False).reason is not None


def test_fewer_buyers_who_spend_as_much_are_no_harm() -> None:
    fewer = {"control": bought(10_000, 500), "treatment": bought(10_000, 350)}
    assert harm(compared(RAMP, fewer, HALVES)) is not None
    expensive = {"control": bought(10_000, 500), "treatment": bought(10_000, 350, value=29.0)}
    found = compared(RAMP, expensive, HALVES)
    assert {one.metric for one in found if one.is_worse} == {"purchases"}
    assert harm(found) is None


def test_a_unit_with_half_of_the_traffic_is_one_unit() -> None:
    """A robot in the treatment: a search in two is its, none of its searches has a hit, it never buys."""
    control = bought(10_000, 500)
    totals = {"control": control, "treatment": replace(bought(20_000, 490), empty=10_000, empty_squares=1e8)}
    assert harm(compared(RAMP, totals, HALVES)) is None
    shopper = replace(control, revenue=20_000, revenue_squares=10_000**2 + 500 * 400)
    assert harm(compared(RAMP, {"control": shopper, "treatment": control}, HALVES)) is None


def test_how_many_more_searches_a_tolerated_loss_needs_to_show() -> None:
    """Near what it takes: with that many, the interval is about as wide as the tolerance on each side."""
    totals = {name: bought(20_000, 1_000) for name in HALVES}
    revenue = next(one for one in compared(RAMP, totals, HALVES) if one.metric == "revenue")
    needed = revenue.searches_needed(40_000)
    times = (40_000 + needed) / 40_000
    more = {name: bought(20_000 * times, 1_000 * times) for name in HALVES}
    later = next(one for one in compared(RAMP, more, HALVES) if one.metric == "revenue")
    assert needed > 0
    assert (later.difference.high - later.difference.low) / 2 == pytest.approx(abs(later.tolerance), rel=0.5)
    assert later.searches_needed(40_000 * times) < needed


def test_a_split_that_is_broken_says_nothing_of_money() -> None:
    totals = {"control": bought(10_000, 500), "treatment": bought(5_000, 250)}
    assert harm(compared(RAMP, totals, HALVES)) is not None
    state = decide(RAMP, RampState(since=0), totals, shares=HALVES, now=1e6, sample_ratio_alarm=True)
    assert (state.status, state.reason) == ("ramping", "the split is not the one asked for")
    failing = {**totals, "treatment": ArmTotals(searches=5_000, errors=500)}
    state = decide(RAMP, RampState(since=0), failing, shares=HALVES, now=1e6, sample_ratio_alarm=True)
    assert state.status == "rolled_back"


def test_an_arm_that_others_interleave_holds_nothing_up() -> None:
    totals = {"control": ArmTotals(searches=2000), "mixed": ArmTotals(searches=2000), "margin": ArmTotals()}
    shares = {"control": 0.5, "mixed": 0.5, "margin": 0.0}
    state = decide(RAMP, RampState(since=0), totals, shares=shares, now=3600, sample_ratio_alarm=False)
    assert state.step == 1


HARMLESS = [
    (0.05, 0.01, 0.0),
    (0.05, 0.01, 1.2),
    (0.01, 0.01, 0.0),
    (0.1, 0.02, 1.2),
    (0.5, 0.3, 2.0),
    (0.95, 0.05, 1.0),
]
"""Share, purchases a search, standard deviation of the logarithm of what is spent."""


def rolled_back(
    share: float, buys: float, sigma: float, *, ramps: int, loss: float = 0.0, tolerance: float = 0.0
) -> float:
    """Share of ramps of 20,000 searches, looked at 50 times, that are rolled back."""
    shares = {"control": 1 - share, "treatment": share}
    strict = RAMP.model_copy(update={"guardrails": Guardrails(errors=0, slow=0, empty=0, revenue=tolerance)})
    rng, n, ended = np.random.default_rng(7), 20_000, 0
    for _ in range(ramps):
        treated = rng.random(n) < share
        spent = (rng.random(n) < buys * np.where(treated, 1 - loss, 1)) * rng.lognormal(3, sigma, n)
        hit = (rng.random(n) < 0.05).astype(float)
        columns = np.stack([np.ones(n), hit * 0, hit, hit, spent, spent**2, spent > 0, hit * 0, hit, hit])
        sums = {arm: (columns * of).cumsum(axis=1) for arm, of in (("control", ~treated), ("treatment", treated))}
        looks = ({arm: ArmTotals(*one[:, at].tolist()) for arm, one in sums.items()} for at in range(399, n, 400))
        ended += any(harm(compared(strict, look, shares)) is not None for look in looks)
    return ended / ramps


@pytest.mark.parametrize("world", HARMLESS[:2])
def test_a_harmless_ramp_is_rarely_rolled_back(world: tuple[float, float, float]) -> None:
    assert rolled_back(*world, ramps=20) <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("world", HARMLESS)
def test_harmless_ramps_are_rolled_back_in_one_of_twenty_at_most(world: tuple[float, float, float]) -> None:
    assert rolled_back(*world, ramps=200) <= 0.05


def test_a_loss_of_three_purchases_in_ten_is_found() -> None:
    assert rolled_back(0.5, 0.05, 1.0, ramps=10, loss=0.3, tolerance=0.05) >= 0.6


@pytest.mark.slow
def test_a_loss_of_three_purchases_in_ten_is_found_before_20_000_searches() -> None:
    assert rolled_back(0.5, 0.05, 1.0, ramps=200, loss=0.3, tolerance=0.05) >= 0.8
