"""GET /experiments/{name}: arms and units so far; experiments are defined by `definitions.py` beside this file."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from trimtab.core.errors import NotFound, Unavailable
from trimtab.core.experiments.sample_ratio import ALARM_BELOW
from trimtab.service.experiments.definition import Experiment
from trimtab.service.experiments.ramp import ArmTotals, Ramp, RampState, compared
from trimtab.service.experiments.ramp_controller import read_history
from trimtab.service.experiments.running import Experiments
from trimtab.service.http.problem_documents import documented
from trimtab.service.http.routes.definitions.definitions import Name
from trimtab.service.redis.gateway import RedisGateway


class ExperimentState(BaseModel):
    """An experiment and its split so far."""

    definition: Experiment
    exposure: float = Field(description="Share of the units that take part now.")
    ramp: RampState | None = Field(None, description="Where its ramp stands, if it has one.")
    units: dict[str, int] = Field(description="Distinct users or sessions seen, by arm.")
    sample_ratio_p_value: float = Field(description="Chance of a split at least this uneven.")
    sample_ratio_alarm: bool = Field(description=f"The p-value is below {ALARM_BELOW}: do not believe the results.")


class Interval(BaseModel):
    """One arm against the control; valid however often one looks.

    Figures are by search, as if the searches had been split as the shares ask.
    """

    arm: str
    metric: str = Field(
        description="errors, slow, empty: shares of the searches; purchases (units that bought), revenue: a search."
    )
    control: float
    treatment: float
    difference: float
    low: float
    high: float
    p_value: float
    searches_needed: int = Field(
        description="About how many more searches until a difference as large as the guardrail allows shows."
    )


class Snapshot(BaseModel):
    """What had happened by a time."""

    at: datetime
    arms: dict[str, dict[str, float]] = Field(
        description="Sums by arm: searches, errors, slow, empty, clicked (searches with a click), buyers (units that "
        "bought), orders, revenue, and squared sums by unit."
    )
    units: dict[str, int]
    intervals: list[Interval] = Field(
        description="Arms with fewer than 100 searches have none; money, once purchases bound it."
    )


class ExperimentResults(ExperimentState):
    """What an experiment has brought so far, and how it came to that."""

    control: str = Field(description="The arm that the others are compared with: the ramp's, else the first by name.")
    now: Snapshot
    history: list[Snapshot] = Field(description="About one a minute, the oldest first.")


def experiments_router(
    experiments: Experiments, redis: RedisGateway, *, reader: Callable[[Request], Awaitable[None]]
) -> APIRouter:
    router = APIRouter(tags=["experiments"])

    @router.get(
        "/experiments/{name}",
        responses=documented(401, 403, 404, 422, 429),
        dependencies=[Depends(reader)],
        summary="The split of an experiment",
    )
    async def split(name: Name) -> ExperimentState:
        """Counts are those of a moment ago."""
        return _redis(experiments, name)

    @router.get(
        "/experiments/{name}/results",
        responses=documented(401, 403, 404, 422, 429, 503),
        dependencies=[Depends(reader)],
        summary="What an experiment has brought so far",
    )
    async def results(name: Name) -> ExperimentResults:
        """Sums by arm, and intervals against the control that are valid at every look: now, and once a minute."""
        so_far = _redis(experiments, name)
        experiment = so_far.definition
        shares = None if so_far.sample_ratio_alarm else experiment.shares
        read = await redis.run_aside(lambda redis: read_history(redis, name, experiment))
        if read is None:
            raise Unavailable("results cannot be read while Redis does not answer")
        totals, history = read
        ramp = experiment.ramp or Ramp(control=sorted(experiment.arms)[0])
        now = {"at": time.time(), "arms": {arm: asdict(one) for arm, one in totals.items()}, "units": so_far.units}
        return ExperimentResults(
            **so_far.model_dump(),
            control=ramp.control,
            now=_snapshot(now, ramp, shares),
            history=await asyncio.to_thread(lambda: [_snapshot(one, ramp, shares) for one in history]),
        )

    return router


def _redis(experiments: Experiments, name: str) -> ExperimentState:
    definition = experiments.all().get(name)
    if definition is None:
        raise NotFound(f"there is no experiment {name!r}")
    units = experiments.units(name)
    p_value = definition.sample_ratio_p_value(units)
    return ExperimentState(
        definition=definition,
        exposure=experiments.exposure(name, definition),
        ramp=None if definition.ramp is None else experiments.ramp_state(name, definition),
        units={arm: units.get(arm, 0) for arm in definition.shares},
        sample_ratio_p_value=p_value,
        sample_ratio_alarm=p_value < ALARM_BELOW,
    )


def _snapshot(stored: Mapping[str, Any], ramp: Ramp, shares: Mapping[str, float] | None) -> Snapshot:
    control = ramp.control
    totals = {arm: ArmTotals(**sums) for arm, sums in stored["arms"].items()}
    intervals = [
        Interval(
            arm=one.arm,
            metric=one.metric,
            control=one.control,
            treatment=one.treatment,
            difference=one.treatment - one.control,
            low=one.difference.low,
            high=one.difference.high,
            p_value=one.difference.p_value,
            searches_needed=one.searches_needed(totals[control].searches + totals[one.arm].searches),
        )
        for one in compared(ramp, totals, shares)
        if math.isfinite(one.difference.high)
    ]
    at = datetime.fromtimestamp(stored["at"], UTC)
    return Snapshot(at=at, arms=stored["arms"], units=stored["units"], intervals=intervals)
