"""A ramp by a clock that is set by hand: up while all is well, back when something gets worse, unmoved by noise."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from pydantic import ValidationError

from trimtab.service.experiments.ramp import Guardrails, Ramp, RampState, Totals, decide, exposure_of

RAMP = Ramp(control="control", hold_seconds=3600, min_searches=1000)
Arm = Callable[[np.random.Generator, int], Totals]


def arm(*, errors: float = 0.0005, slow: float = 0.02, empty: float = 0.05, buys: float = 0.05) -> Arm:
    """Searches of an arm with these chances; who buys spends 2 to 20."""

    def draw(rng: np.random.Generator, n: int) -> Totals:
        revenue = (rng.random(n) < buys) * rng.uniform(2, 20, n)
        shares = (float(rng.binomial(n, chance)) for chance in (errors, slow, empty))
        return Totals(n, *shares, float(revenue.sum()), float((revenue**2).sum()))

    return draw


def plus(one: Totals, other: Totals) -> Totals:
    return Totals(*(getattr(one, name) + getattr(other, name) for name in Totals.__slots__))


def ramped(
    treatment: Arm, *, seed: int = 0, ramp: Ramp = RAMP, hours: float = 12, a_minute: int = 40
) -> list[RampState]:
    """The states of a ramp that is looked at every minute; searches come in proportion to the exposure."""
    rng = np.random.default_rng(seed)
    totals = {"control": Totals(), "treatment": Totals()}
    state = RampState(since=0)
    states = [state]
    for minute in range(hours * 60):
        n = max(int(800 * exposure_of(ramp, state)), 1)
        for name, draw in (("control", arm()), ("treatment", treatment)):
            totals[name] = plus(totals[name], draw(rng, n))
        state = decide(ramp, state, totals, now=60.0 * minute, sample_ratio_alarm=False)
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
        ({"buys": 0.01}, "revenue of treatment"),
    ],
)
def test_harm_is_rolled_back_and_stays_so(harm: dict[str, float], named: str) -> None:
    states = ramped(arm(**harm))
    last = states[-1]
    assert last.status == "rolled_back"
    assert last.reason is not None
    assert last.reason.startswith(named)
    assert exposure_of(RAMP, last) == 0
    well = {"control": Totals(searches=1e6), "treatment": Totals(searches=1e6)}
    assert decide(RAMP, last, well, now=1e9, sample_ratio_alarm=False) == last


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
    few = {"control": Totals(searches=5000), "treatment": Totals(searches=999)}
    enough = {**few, "treatment": Totals(searches=1000)}
    waiting = decide(RAMP, state, few, now=1e6, sample_ratio_alarm=False)
    assert (waiting.step, waiting.reason) == (0, "every arm is to have 1000 searches in this step")
    waiting = decide(RAMP, state, enough, now=3599, sample_ratio_alarm=False)
    assert (waiting.step, waiting.reason) == (0, "the step is to last 3600 seconds")
    waiting = decide(RAMP, state, enough, now=3600, sample_ratio_alarm=True)
    assert (waiting.step, waiting.reason) == (0, "the split is not the one asked for")
    risen = decide(RAMP, state, enough, now=3600, sample_ratio_alarm=False)
    assert (risen.step, risen.since, risen.reason) == (1, 3600, None)
    again = decide(RAMP, risen, enough, now=1e6, sample_ratio_alarm=False)
    assert again.step == 1, "the searches of the step before do not count"


def test_too_few_searches_say_nothing() -> None:
    failing = {"control": Totals(searches=99), "treatment": Totals(searches=99, errors=99)}
    assert decide(RAMP, RampState(since=0), failing, now=1, sample_ratio_alarm=False).status == "ramping"


def test_steps_rise() -> None:
    with pytest.raises(ValidationError, match="steps that rise"):
        Ramp(control="c", steps=(0.5, 0.1))
