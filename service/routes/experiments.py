"""GET /experiments/{name}: who is in which arm so far; defining them is `service.routes.definitions`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from core.errors import NotFound
from service.experiments import ALARM_BELOW, Experiment, Experiments, sample_ratio_p_value
from service.problems import documented
from service.routes.definitions import Name


class ExperimentState(BaseModel):
    """An experiment and its split so far."""

    definition: Experiment
    units: dict[str, int] = Field(description="Distinct users or sessions seen, by arm.")
    sample_ratio_p_value: float = Field(description="Chance of a split at least this uneven.")
    sample_ratio_alarm: bool = Field(description=f"The p-value is below {ALARM_BELOW}: do not believe the results.")


def experiments_router(experiments: Experiments, *, reader: Callable[[Request], Awaitable[None]]) -> APIRouter:
    router = APIRouter(tags=["experiments"])

    @router.get(
        "/experiments/{name}",
        responses=documented(401, 403, 404, 422, 429),
        dependencies=[Depends(reader)],
        summary="The split of an experiment",
    )
    async def state(name: Name) -> ExperimentState:
        """Counts are those of a moment ago."""
        definition = experiments.all().get(name)
        if definition is None:
            raise NotFound(f"there is no experiment {name!r}")
        units = experiments.units(name)
        p_value = sample_ratio_p_value(units, definition)
        return ExperimentState(
            definition=definition,
            units={arm: units.get(arm, 0) for arm in definition.shares},
            sample_ratio_p_value=p_value,
            sample_ratio_alarm=p_value < ALARM_BELOW,
        )

    return router
