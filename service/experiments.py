"""Experiments: sessions or users split between profiles, the same by every worker and in every simulated test.

The split is `core.assignment`'s hash, so an arm is sticky without being stored, and raising `exposure` adds units and
moves none. A search is in one experiment at most: the first by name that its unit takes part in; a search that names
weights or a profile of its own is in none. The distinct units of each arm are counted in Redis, because a split that is
not the one asked for (sample ratio mismatch) says that the experiment cannot be believed.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from redis import Redis
from scipy.special import chdtrc

from core.assignment import SHARE_TOLERANCE, variant_of
from service.bundle_plan import Name as BundleName
from service.definitions import Definitions
from service.state import State
from service.telemetry import Telemetry

ALARM_BELOW = 0.001
"""Of the p-value of the sample ratio; small, because it is looked at again and again (Fabijan et al. 2019)."""
COUNTED_SECONDS = 90 * 24 * 3600
MAX_REMEMBERED = 100_000

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]


class Arm(BaseModel):
    """One way to serve."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: float = Field(gt=0, le=1)
    profile: Name | None = Field(None, description="Left out: what serves without an experiment.")
    bundle: BundleName | None = Field(None, description="A loaded bundle. Left out: the active one.")


class Experiment(BaseModel):
    """Arms with their shares."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "example": {
                "unit": "session",
                "exposure": 0.25,
                "arms": {"control": {"share": 0.5}, "treatment": {"share": 0.5, "profile": None}},
            }
        },
    )

    arms: Mapping[Name, Arm] = Field(min_length=2, max_length=20, description="By name; shares sum to 1.")
    unit: Literal["session", "user"] = Field("session", description="What is split: by `session_id` or `user_id`.")
    exposure: float = Field(1.0, ge=0, le=1, description="Share of the units that take part; raise it step by step.")

    @model_validator(mode="after")
    def _is_split(self) -> Experiment:
        total = math.fsum(arm.share for arm in self.arms.values())
        if abs(total - 1) > SHARE_TOLERANCE:
            raise PydanticCustomError("shares", "shares that sum to 1", {"problem": f"shares sum to {total:g}"})
        return self

    @property
    def shares(self) -> dict[str, float]:
        """In the order of the names, so that writing the arms in another order moves nobody."""
        return {name: arm.share for name, arm in sorted(self.arms.items())}


@dataclass(frozen=True, slots=True)
class Assignment:
    """Where a search was put; `variant` is what response and log call it, `profile` is None for the usual one."""

    experiment: str
    arm: str
    unit_id: str
    profile: str | None
    bundle: str | None

    @property
    def variant(self) -> str:
        return f"{self.experiment}/{self.arm}"


class Experiments(Definitions[Experiment]):
    """The experiments that run."""

    def __init__(self, state: State, telemetry: Telemetry) -> None:
        super().__init__(state, "experiment", Experiment)
        self._telemetry = telemetry
        self._units: Mapping[str, Mapping[str, int]] = {}
        self._counted: dict[tuple[str, str], None] = {}
        state.on_poll(self._read_units)

    def assign(self, *, user_id: str | None, session_id: str | None) -> Assignment | None:
        """The arm a search belongs to, if any."""
        for name, experiment in self.all().items():
            unit_id = user_id if experiment.unit == "user" else session_id
            if unit_id is None:
                continue
            arm = variant_of(name, unit_id, experiment.shares, exposure=experiment.exposure)
            if arm is not None:
                return Assignment(name, arm, unit_id, experiment.arms[arm].profile, experiment.arms[arm].bundle)
        return None

    def using_bundle(self, name: str) -> list[str]:
        """Experiments with an arm that is served by this bundle."""
        return [
            experiment
            for experiment, definition in self.all().items()
            if any(arm.bundle == name for arm in definition.arms.values())
        ]

    def count(self, assigned: Assignment) -> None:
        """Count the unit once for its arm, soon."""
        key = _units_key(assigned.experiment, self.all()[assigned.experiment], assigned.arm)
        if (key, assigned.unit_id) in self._counted:
            return
        self._counted[key, assigned.unit_id] = None
        if len(self._counted) > MAX_REMEMBERED:
            del self._counted[next(iter(self._counted))]
        unit = hashlib.blake2b(assigned.unit_id.encode(), digest_size=8).digest()
        self._state.write_later(lambda pipeline: (pipeline.sadd(key, unit), pipeline.expire(key, COUNTED_SECONDS)))

    def units(self, name: str) -> Mapping[str, int]:
        """Distinct units by arm, as last read."""
        return self._units.get(name, {})

    def _read_units(self, redis: Redis) -> None:
        units: dict[str, Mapping[str, int]] = {}
        for name, experiment in self.all().items():
            pipeline = redis.pipeline(transaction=False)
            for arm in experiment.arms:
                pipeline.scard(_units_key(name, experiment, arm))
            units[name] = dict(zip(experiment.arms, pipeline.execute(), strict=True))
            self._telemetry.sample_ratio_p_value.labels(name).set(sample_ratio_p_value(units[name], experiment))
        for gone in self._units.keys() - units.keys():
            self._telemetry.sample_ratio_p_value.labels(gone).set(1.0)
        self._units = units


def sample_ratio_p_value(units: Mapping[str, int], experiment: Experiment) -> float:
    """Chance of a split at least this uneven (chi-squared); 1 before anybody is counted."""
    counts = np.array([units.get(arm, 0) for arm in experiment.shares], dtype=np.float64)
    expected = np.array(list(experiment.shares.values())) * counts.sum()
    if not counts.any():
        return 1.0
    return float(chdtrc(len(counts) - 1, ((counts - expected) ** 2 / expected).sum()))


def _units_key(name: str, experiment: Experiment, arm: str) -> str:
    """A changed split starts a new count; more exposure goes on with the old one."""
    split = hashlib.blake2b(orjson.dumps([experiment.unit, experiment.shares]), digest_size=6).hexdigest()
    return f"trimtab:units:{name}:{split}:{arm}"
