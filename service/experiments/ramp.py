"""A safe ramp: exposure goes up step by step while nothing gets worse, and back to nothing as soon as something does.

Pure: counts and a clock in, the next state out. Worse is what a guardrail says: more errors, slow or empty searches, or
less revenue than the control by more than a tolerance. It is believed when an interval that stays valid however often
one looks (`core.experiments.sequential`) lies beyond the tolerance as a whole. The intervals lean on the random
assignment of units alone, so that they hold for rare purchases, heavy tails, small arms and a unit that makes half of
the searches. All comparisons share one level: over a whole ramp at most one harmless experiment in twenty is rolled
back.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from trimtab.core.experiments.sequential import SequentialInterval, amount_ratio, rate_difference, rate_ratio

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Exposure = Annotated[float, Field(gt=0, le=1)]

LEVEL = 0.05
"""Chance that a harmless ramp is ever rolled back."""
MIN_SEARCHES = 100
"""Searches of each arm before a guardrail is compared."""
RATES = ("errors", "slow", "empty")
"""Guardrails that are shares of the searches."""
PARTS = {"errors": 0.125, "slow": 0.125, "empty": 0.125, "purchases": 0.375, "revenue": 0.25}
"""Each comparison's part of the level."""


class Guardrails(BaseModel):
    """Tolerances: how much worse than the control an arm may be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    errors: float = Field(default=0.001, ge=0, le=1, description="More failed searches, as a share of all.")
    slow: float = Field(default=0.02, ge=0, le=1, description="More searches beyond `slow_ms`, as a share of all.")
    empty: float = Field(default=0.01, ge=0, le=1, description="More searches without a hit, as a share of all.")
    revenue: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Less revenue a search, as a share of the control's; or fewer units that buy, with less revenue.",
    )


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
class ArmTotals:
    """What happened to the searches of one arm since the experiment began."""

    searches: float = 0
    errors: float = 0
    slow: float = 0
    empty: float = 0
    revenue: float = 0
    revenue_squares: float = 0
    """Sum of the squared revenue of each unit."""
    buyers: float = 0
    """Units that bought."""
    errors_squares: float = 0
    """Sum of the squared number of failed searches of each unit; so for the others."""
    slow_squares: float = 0
    empty_squares: float = 0
    clicked: float = 0
    """Searches with a click."""
    orders: float = 0
    """Purchases, of which a unit may have several."""


class RampState(BaseModel):
    """The state of a ramp."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Literal["ramping", "complete", "rolled_back"] = "ramping"
    step: int = Field(default=0, description="0-based.")
    since: float = Field(description="When the step began, in seconds since 1970.")
    searches_before: Mapping[str, float] = Field(default={}, description="By arm, when the step began.")
    reason: str | None = Field(default=None, description="Why it was rolled back, or what it waits for.")


@dataclass(frozen=True, slots=True)
class GuardrailComparison:
    """One guardrail of one arm against the control.

    Attributes:
        control, treatment: what a search brings, as if the searches had been split as the shares ask: a unit that
            searches much (or a treatment that makes units search more) changes neither.
        difference: without an upper bound while too little is known of the control's purchases.
        tolerance: signed; a difference beyond it is worse.
    """

    arm: str
    metric: str
    control: float
    treatment: float
    difference: SequentialInterval
    tolerance: float

    @property
    def is_worse(self) -> bool:
        """Whether the whole interval lies beyond the tolerance."""
        return self.difference.low > self.tolerance if self.tolerance >= 0 else self.difference.high < self.tolerance

    def searches_needed(self, n_searches: float) -> int:
        """About how many more searches until a difference as large as the tolerance shows.

        The interval is taken to narrow with the root of the searches; it is as wide as the tolerance on each side then.

        Args:
            n_searches: of both arms, so far.
        """
        width = (self.difference.high - self.difference.low) / 2
        if not math.isfinite(width) or abs(self.tolerance) <= math.ulp(0.0):
            return 0
        return max(math.ceil(n_searches * (width / abs(self.tolerance)) ** 2 - n_searches), 0)

    @property
    def seems_worse(self) -> bool:
        """Whether the difference as measured lies beyond the tolerance."""
        difference = self.treatment - self.control
        return difference > self.tolerance if self.tolerance >= 0 else difference < self.tolerance


def exposure_of(ramp: Ramp, state: RampState) -> float:
    """Share of the units that take part."""
    return 0.0 if state.status == "rolled_back" else ramp.steps[min(state.step, len(ramp.steps) - 1)]


def compared(
    ramp: Ramp, totals: Mapping[str, ArmTotals], shares: Mapping[str, float] | None, *, level: float = LEVEL
) -> list[GuardrailComparison]:
    """Every guardrail of every arm that has enough searches; the level is shared among all of them.

    Args:
        shares: of the units, by arm; None where the split is not the one asked for. Then searches are compared as they
            were counted, and purchases and revenue not at all.
    """
    searches = {arm: one.searches for arm, one in totals.items()}
    shares_of_units = searches if shares is None else shares
    arms = [arm for arm in totals if arm != ramp.control and shares_of_units.get(arm)]
    control = totals.get(ramp.control, ArmTotals())
    found: list[GuardrailComparison] = []
    for arm in arms:
        if min(control.searches, totals[arm].searches) < MIN_SEARCHES or not shares_of_units.get(ramp.control):
            continue
        share = shares_of_units[arm] / (shares_of_units[arm] + shares_of_units[ramp.control])
        pair = _Pair(arm, control, totals[arm], share, level / len(arms))
        found.extend(pair.rate(metric, getattr(ramp.guardrails, metric)) for metric in RATES)
        if shares is not None:
            # A tolerance of 0 is still a loss, never a gain: -0.0 would not say so.
            loss = -max(ramp.guardrails.revenue, math.ulp(0.0))
            found.extend(pair.money(loss))
    return found


@dataclass(frozen=True, slots=True)
class _Pair:
    """An arm and the control.

    Attributes:
        share: the arm's share of the units of both.
    """

    arm: str
    control: ArmTotals
    treated: ArmTotals
    share: float
    level: float

    def rate(self, metric: str, tolerance: float) -> GuardrailComparison:
        """A unit that is hit again and again is one piece of evidence: all counts are divided by the size of such
        clusters, as a hit sees it."""
        hits = [getattr(one, metric) for one in (self.control, self.treated)]
        squares = [getattr(one, f"{metric}_squares") for one in (self.control, self.treated)]
        cluster = max([1.0, *(square / hit for square, hit in zip(squares, hits, strict=True) if hit > 0)])
        interval = rate_difference(
            hits[0] / cluster,
            hits[1] / cluster,
            self._searches / cluster,
            share=self.share,
            level=self.level * PARTS[metric],
        )
        return self._comparison(metric, hits[0], hits[1], interval, tolerance)

    def money(self, tolerance: float) -> Iterator[GuardrailComparison]:
        """How many units buy, and what all of them spend; the tolerance is a share of the control's."""
        for metric, counted in (("purchases", "buyers"), ("revenue", "revenue")):
            control, treated = getattr(self.control, counted), getattr(self.treated, counted)
            if control <= 0:
                continue
            level = self.level * PARTS[metric]
            if metric == "purchases":
                ratio = rate_ratio(control, treated, share=self.share, level=level)
            else:
                squares = self.control.revenue_squares + self.treated.revenue_squares
                ratio = amount_ratio(control, treated, squares, share=self.share, level=level)
            per_search = control / (self._searches * (1 - self.share))
            low, high = (per_search * (bound - 1) for bound in (ratio.low, ratio.high))
            interval = SequentialInterval(low, high, ratio.p_value)
            yield self._comparison(metric, control, treated, interval, min(per_search * tolerance, -math.ulp(0.0)))

    @property
    def _searches(self) -> float:
        return self.control.searches + self.treated.searches

    def _comparison(
        self, metric: str, control: float, treated: float, interval: SequentialInterval, tolerance: float
    ) -> GuardrailComparison:
        per_search = (control / (self._searches * (1 - self.share)), treated / (self._searches * self.share))
        return GuardrailComparison(self.arm, metric, *per_search, interval, tolerance)


def harm(found: Sequence[GuardrailComparison]) -> GuardrailComparison | None:
    """The first comparison for which an experiment is rolled back.

    Fewer units that buy are no harm where they spend as much as the others: they count while revenue seems worse too.
    """
    less_revenue = {one.arm for one in found if one.metric == "revenue" and one.seems_worse}
    worse = (one for one in found if one.is_worse and (one.metric != "purchases" or one.arm in less_revenue))
    return next(worse, None)


def decide(
    ramp: Ramp,
    state: RampState,
    totals: Mapping[str, ArmTotals],
    *,
    shares: Mapping[str, float],
    now: float,
    sample_ratio_alarm: bool,
) -> RampState:
    """The state of the ramp from now on.

    Rolled back for good as soon as a guardrail is broken, at whatever step. Up one step when the step has lasted, every
    arm has its searches, and the split is the one asked for; until then `reason` says what it waits for.

    Args:
        shares: of the units, by arm; an arm without a share (that others interleave) has no searches of its own.
    """
    if state.status == "rolled_back":
        return state
    worse = harm(compared(ramp, totals, None if sample_ratio_alarm else shares))
    if worse is not None:
        return state.model_copy(update={"status": "rolled_back", "since": now, "reason": _reason(worse)})
    if state.status == "complete":
        return state
    searches = {arm: one.searches for arm, one in totals.items() if shares.get(arm)}
    waits = _waits(ramp, state, searches, now=now, sample_ratio_alarm=sample_ratio_alarm)
    if waits is not None:
        return state.model_copy(update={"reason": waits})
    if state.step + 1 == len(ramp.steps):
        return RampState(status="complete", step=state.step, since=now, searches_before=searches)
    return RampState(step=state.step + 1, since=now, searches_before=searches)


def _waits(
    ramp: Ramp, state: RampState, searches: Mapping[str, float], *, now: float, sample_ratio_alarm: bool
) -> str | None:
    if sample_ratio_alarm:
        return "the split is not the one asked for"
    fewest = min((n - state.searches_before.get(arm, 0) for arm, n in searches.items()), default=0)
    if fewest < ramp.min_searches:
        return f"every arm is to have {ramp.min_searches} searches in this step"
    if now - state.since < ramp.hold_seconds:
        return f"the step is to last {ramp.hold_seconds:g} seconds"
    return None


def _reason(one: GuardrailComparison) -> str:
    low, high = one.difference.low, one.difference.high
    return (
        f"{one.metric} of {one.arm}: {one.treatment:.4g} against {one.control:.4g}, "
        f"difference between {low:.4g} and {high:.4g}, tolerated {one.tolerance:.4g}"
    )
