"""A safe ramp: exposure goes up step by step while nothing gets worse, and back to nothing as soon as something does.

Pure: counts and a clock in, the next state out. Worse is what a guardrail says: more errors, slow or empty searches, or
less revenue a search than the control by more than a tolerance. It is believed when an interval that stays valid
however often one looks (`core.sequential`) lies beyond the tolerance as a whole. All comparisons share one level:
over a whole ramp at most one harmless experiment in twenty is rolled back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from trimtab.core.sequential import SequentialInterval, always_valid

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Exposure = Annotated[float, Field(gt=0, le=1)]

LEVEL = 0.05
"""Chance that a harmless ramp is ever rolled back."""
MIN_SEARCHES = 100
"""Searches of each arm before a guardrail is compared: the intervals are asymptotic."""
RATES = ("errors", "slow", "empty")
"""Guardrails that are shares of the searches."""


class Guardrails(BaseModel):
    """Tolerances: how much worse than the control an arm may be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    errors: float = Field(default=0.001, ge=0, le=1, description="More failed searches, as a share of all.")
    slow: float = Field(default=0.02, ge=0, le=1, description="More searches beyond `slow_ms`, as a share of all.")
    empty: float = Field(default=0.01, ge=0, le=1, description="More searches without a hit, as a share of all.")
    revenue: float = Field(default=0.05, ge=0, le=1, description="Less revenue a search, as a share of the control's.")


class Ramp(BaseModel):
    """The steps of the exposure, and what holds them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    control: Name = Field(description="The arm that the others are compared with.")
    slow_ms: float = Field(default=50, gt=0, description="A search that takes longer is slow.")
    steps: tuple[Exposure, ...] = Field(default=(0.01, 0.05, 0.25, 0.5, 1.0), min_length=1, max_length=20)
    hold_seconds: float = Field(default=3600, ge=0, description="How long a step lasts at least.")
    min_searches: int = Field(default=1000, ge=MIN_SEARCHES, description="Of each arm in a step before the next one.")
    guardrails: Guardrails = Guardrails()

    @model_validator(mode="after")
    def _rises(self) -> Ramp:
        if list(self.steps) != sorted(set(self.steps)):
            raise PydanticCustomError("steps", "steps that rise", {"problem": "a step is not above the one before"})
        return self


@dataclass(frozen=True, slots=True)
class Totals:
    """What happened to the searches of one arm since the experiment began."""

    searches: float = 0
    errors: float = 0
    slow: float = 0
    empty: float = 0
    revenue: float = 0
    revenue_squares: float = 0
    """Sum of the squared revenue of each search."""


class RampState(BaseModel):
    """The state of a ramp."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Literal["ramping", "complete", "rolled_back"] = "ramping"
    step: int = Field(default=0, description="0-based.")
    since: float = Field(description="When the step began, in seconds since 1970.")
    searches_before: Mapping[str, float] = Field(default={}, description="By arm, when the step began.")
    reason: str | None = Field(default=None, description="Why it was rolled back, or what it waits for.")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One guardrail of one arm against the control."""

    arm: str
    metric: str
    control: float
    treatment: float
    difference: SequentialInterval
    tolerance: float
    """Signed: a difference beyond it is worse."""

    @property
    def is_worse(self) -> bool:
        """Whether the whole interval lies beyond the tolerance."""
        return self.difference.low > self.tolerance if self.tolerance >= 0 else self.difference.high < self.tolerance


def exposure_of(ramp: Ramp, state: RampState) -> float:
    """Share of the units that take part."""
    return 0.0 if state.status == "rolled_back" else ramp.steps[min(state.step, len(ramp.steps) - 1)]


def compared(ramp: Ramp, totals: Mapping[str, Totals], *, level: float = LEVEL) -> list[Comparison]:
    """Every guardrail of every arm that has enough searches; the level is shared among all of them."""
    control = totals.get(ramp.control, Totals())
    arms = [arm for arm in totals if arm != ramp.control]
    confidence = 1 - level / max(len(arms) * (len(RATES) + 1), 1)
    found: list[Comparison] = []
    for arm in arms:
        treated = totals[arm]
        if min(control.searches, treated.searches) < MIN_SEARCHES:
            continue
        for metric in RATES:
            tolerance: float = getattr(ramp.guardrails, metric)
            pairs = [(getattr(one, metric), one.searches) for one in (control, treated)]
            error = math.sqrt(sum(_variance_of_share(*pair) / pair[1] for pair in pairs))
            found.append(_comparison(arm, metric, pairs, error=error, tolerance=tolerance, confidence=confidence))
        pairs = [(one.revenue, one.searches) for one in (control, treated)]
        error = math.sqrt(sum(_variance_of_revenue(one) / one.searches for one in (control, treated)))
        if error > 0:
            # A tolerance of 0 is still a loss, never a gain: -0.0 would not say so.
            tolerance = min(-ramp.guardrails.revenue * control.revenue / control.searches, -math.ulp(0.0))
            found.append(_comparison(arm, "revenue", pairs, error=error, tolerance=tolerance, confidence=confidence))
    return found


def decide(
    ramp: Ramp, state: RampState, totals: Mapping[str, Totals], *, now: float, sample_ratio_alarm: bool
) -> RampState:
    """The state of the ramp from now on.

    Rolled back for good as soon as a guardrail is broken, at whatever step. Up one step when the step has lasted, every
    arm has its searches, and the split is the one asked for; until then `reason` says what it waits for.
    """
    if state.status == "rolled_back":
        return state
    worse = [one for one in compared(ramp, totals) if one.is_worse]
    if worse:
        return state.model_copy(update={"status": "rolled_back", "since": now, "reason": _reason(worse[0])})
    if state.status == "complete":
        return state
    waits = _waits(ramp, state, totals, now=now, sample_ratio_alarm=sample_ratio_alarm)
    if waits is not None:
        return state.model_copy(update={"reason": waits})
    searches = {arm: one.searches for arm, one in totals.items()}
    if state.step + 1 == len(ramp.steps):
        return RampState(status="complete", step=state.step, since=now, searches_before=searches)
    return RampState(step=state.step + 1, since=now, searches_before=searches)


def _waits(
    ramp: Ramp, state: RampState, totals: Mapping[str, Totals], *, now: float, sample_ratio_alarm: bool
) -> str | None:
    if sample_ratio_alarm:
        return "the split is not the one asked for"
    fewest = min((one.searches - state.searches_before.get(arm, 0) for arm, one in totals.items()), default=0)
    if fewest < ramp.min_searches:
        return f"every arm is to have {ramp.min_searches} searches in this step"
    if now - state.since < ramp.hold_seconds:
        return f"the step is to last {ramp.hold_seconds:g} seconds"
    return None


def _comparison(
    arm: str, metric: str, pairs: list[tuple[float, float]], *, error: float, tolerance: float, confidence: float
) -> Comparison:
    (control, n_control), (treated, n_treated) = pairs
    control, treated = control / n_control, treated / n_treated
    interval = always_valid(treated - control, error, int(n_control + n_treated), confidence=confidence)
    return Comparison(arm, metric, control, treated, interval, tolerance)


def _variance_of_share(n_hit: float, n: float) -> float:
    """Variance of a share with one hit and one miss more (Laplace): none out of many is not a certainty."""
    share = (n_hit + 1) / (n + 2)
    return share * (1 - share)


def _variance_of_revenue(one: Totals) -> float:
    mean = one.revenue / one.searches
    return max(one.revenue_squares / one.searches - mean * mean, 0.0)


def _reason(one: Comparison) -> str:
    low, high = one.difference.low, one.difference.high
    return (
        f"{one.metric} of {one.arm}: {one.treatment:.4g} against {one.control:.4g}, "
        f"difference between {low:.4g} and {high:.4g}, tolerated {one.tolerance:.4g}"
    )
