"""Experiments: sessions or users split between profiles or bundles, alike by every worker and in simulated tests.

The split is `core.assignment`'s hash, so an arm is sticky without being stored, and raising the exposure adds units and
moves none. In a layer a search is in one experiment at most: the first by name whose slots its unit stands in and that
it takes part in; experiments with slots of their own never share a unit. Different layers split independently and may
not decide the same thing. A search that names weights or a profile of its own is in none. The distinct units of an arm
are counted in Redis, because a split that is not the one asked for (sample ratio mismatch) says that the experiment
cannot be believed.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Annotated, Literal

import numpy as np
import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from redis import Redis
from redis.client import Pipeline
from scipy.special import chdtrc

from trimtab.core.assignment import SHARE_TOLERANCE, arm_of, place
from trimtab.core.errors import BadParameter
from trimtab.service.bundles.plan import BundleName
from trimtab.service.experiments.ramp import Ramp, RampState, exposure_of
from trimtab.service.experiments.totals import ExperimentTotals
from trimtab.service.observability.metrics import JOINED, Metrics
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.redis.named_definitions import NamedDefinitions
from trimtab.service.search.records import PlannedSearch, SearchCompleted

RAMPS = "trimtab:ramps"
SLOW_MS = 50.0
"""Of an experiment without a ramp."""
ALARM_BELOW = 0.001
"""Of the p-value of the sample ratio; small, because it is looked at again and again (Fabijan et al. 2019)."""
COUNTED_SECONDS = 90 * 24 * 3600
MAX_REMEMBERED = 100_000

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]


class Arm(BaseModel):
    """One way to serve."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: float = Field(ge=0, le=1, description="0 for an arm that only others interleave.")
    profile: Name | None = Field(None, description="Left out: what serves without an experiment.")
    bundle: BundleName | None = Field(None, description="A loaded bundle. Left out: the active one.")
    interleave: tuple[Name, Name] | None = Field(
        None, description="Two other arms of one bundle, drawn into one slate (team draft) whose clicks compare them."
    )


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
    exposure: float = Field(1.0, ge=0, le=1, description="Share of the units that take part, where there is no ramp.")
    ramp: Ramp | None = Field(None, description="Raises the exposure by itself; ends an experiment that does harm.")
    layer: Name = Field("default", description="A search is in one experiment of a layer at most.")
    slots: tuple[float, float] = Field(
        (0.0, 1.0), description="From, to: the units of its layer that it may have. Apart, experiments share none."
    )
    exploration_share: float | None = Field(
        None, ge=0, le=1, description="Share of its sessions whose slates are sampled. Left out: the service's."
    )

    @model_validator(mode="after")
    def _is_split(self) -> Experiment:
        total = math.fsum(arm.share for arm in self.arms.values())
        if abs(total - 1) > SHARE_TOLERANCE:
            raise PydanticCustomError("shares", "shares that sum to 1", {"problem": f"shares sum to {total:g}"})
        if not 0 <= self.slots[0] < self.slots[1] <= 1:
            raise PydanticCustomError("slots", "0 <= from < to <= 1", {"problem": "slots are no part of 0 to 1"})
        for arm in self.arms.values():
            self._check_interleaved(arm)
        if self.ramp is not None and self.ramp.control not in self.arms:
            problem = {"problem": f"the ramp's control {self.ramp.control!r} is no arm"}
            raise PydanticCustomError("ramp", "an arm of this experiment", problem)
        return self

    def _check_interleaved(self, arm: Arm) -> None:
        if arm.interleave is None:
            return
        sides = [self.arms.get(name) for name in arm.interleave]
        are_rankings = all(side is not None and side.interleave is None for side in sides)
        bundles = {side.bundle for side in sides if side is not None}
        if not are_rankings or len(set(arm.interleave)) < 2 or len(bundles) > 1 or arm.profile or arm.bundle:
            problem = {"problem": f"cannot interleave {' and '.join(arm.interleave)}"}
            raise PydanticCustomError("interleave", "two other arms with the same bundle, and nothing else", problem)

    @property
    def shares(self) -> dict[str, float]:
        """In the order of the names, so that writing the arms in another order moves nobody."""
        return {name: arm.share for name, arm in sorted(self.arms.items())}

    @property
    def decides(self) -> frozenset[str]:
        """What its arms choose."""
        arms = self.arms.values()
        return frozenset(name for name in ("profile", "bundle") if any(getattr(arm, name) for arm in arms))

    @property
    def split(self) -> str:
        """A changed split is another experiment; more exposure goes on with the old one."""
        return hashlib.blake2b(orjson.dumps([self.unit, self.shares]), digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True)
class Assignment:
    """Where a search was put, by the experiment as it was then: it may have changed or ended when it is counted."""

    name: str
    experiment: Experiment
    arm: str
    unit_id: str

    @property
    def label(self) -> str:
        return f"{self.name}/{self.arm}"

    @property
    def sides(self) -> tuple[tuple[str, str | None], ...]:
        """Of an interleaving arm: the arms that it compares, with their profiles."""
        arms = self.experiment.arms
        return tuple((side, arms[side].profile) for side in arms[self.arm].interleave or ())

    @property
    def profile(self) -> str | None:
        """None for the usual one."""
        return self._first_ranking.profile

    @property
    def bundle(self) -> str | None:
        """None for the usual one."""
        return self._first_ranking.bundle

    @property
    def totals_key(self) -> str:
        return totals_key(self.name, self.experiment, self.arm)

    @property
    def units_key(self) -> str:
        return _units_key(self.name, self.experiment, self.arm)

    @property
    def _first_ranking(self) -> Arm:
        arm = self.experiment.arms[self.arm]
        return arm if arm.interleave is None else self.experiment.arms[arm.interleave[0]]


@dataclass(frozen=True, slots=True)
class Assigned:
    """The arms of one search, of each layer one at most."""

    arms: tuple[Assignment, ...] = ()

    @property
    def label(self) -> str | None:
        """What response and log call it."""
        return JOINED.join(one.label for one in self.arms) or None

    @property
    def profile(self) -> str | None:
        return next((one.profile for one in self.arms if one.profile is not None), None)

    @property
    def bundle(self) -> str | None:
        return next((one.bundle for one in self.arms if one.bundle is not None), None)

    @property
    def sides(self) -> tuple[tuple[str, str | None], ...]:
        return next((one.sides for one in self.arms if one.sides), ())

    @property
    def exploration_share(self) -> float | None:
        shares = (one.experiment.exploration_share for one in self.arms)
        return next((share for share in shares if share is not None), None)


class Experiments(NamedDefinitions[Experiment]):
    """The experiments that run."""

    def __init__(self, redis: RedisGateway, metrics: Metrics) -> None:
        super().__init__(redis, "experiment", Experiment)
        self._metrics = metrics
        self._units: Mapping[str, Mapping[str, int]] = {}
        self._ramps: Mapping[str, RampState] = {}
        self._counted: dict[tuple[str, str], None] = {}
        self.totals = ExperimentTotals()
        redis.on_poll(self._read_ramps)
        redis.on_poll(self._read_units)
        redis.on_poll(self.totals.flush)

    def check(self, experiment: Experiment) -> None:
        """
        Raises:
            BadParameter: another layer decides the same.
        """
        for name, other in self.all().items():
            both = experiment.decides & other.decides
            if other.layer != experiment.layer and both:
                problem = f"experiment {name!r} of layer {other.layer!r} decides the {min(both)} too"
                raise BadParameter("layer", problem, f"the layer {other.layer!r}")

    def assign(self, *, user_id: str | None, session_id: str | None) -> Assigned:
        """The arms a search belongs to, of each layer one at most."""
        chosen: dict[str, Assignment] = {}
        for name, experiment in self.all().items():
            unit_id = user_id if experiment.unit == "user" else session_id
            if unit_id is None or experiment.layer in chosen:
                continue
            low, high = experiment.slots
            if not low <= place("layer", experiment.layer, unit_id) < high:
                continue
            arm = arm_of(name, unit_id, experiment.shares, exposure=self.exposure(name, experiment))
            if arm is not None:
                chosen[experiment.layer] = Assignment(name, experiment, arm, unit_id)
        return Assigned(tuple(chosen.values()))

    def exposure(self, name: str, experiment: Experiment) -> float:
        """Share of the units that take part now."""
        ramp = experiment.ramp
        return experiment.exposure if ramp is None else exposure_of(ramp, self.ramp_state(name, experiment))

    def ramp_state(self, name: str, experiment: Experiment) -> RampState:
        """Where its ramp stands, as last read."""
        return self._ramps.get(ramp_field(name, experiment), RampState(since=0.0))

    def on_search(self, completed: SearchCompleted) -> None:
        """Count a search that is being answered, for its arms."""
        search = completed.search
        if search.assigned.arms:
            seconds = perf_counter() - search.arrived
            is_empty = not completed.slate.item_ids
            self.searched(search.assigned, completed.slate.decision_id, seconds=seconds, is_empty=is_empty)

    def on_failure(self, search: PlannedSearch) -> None:
        """Count a search that could not be answered, for its arms."""
        self.failed(search.assigned)

    def searched(self, assigned: Assigned, decision_id: str, *, seconds: float, is_empty: bool) -> None:
        """Count a search that was answered."""
        for one in assigned.arms:
            ramp = one.experiment.ramp
            slow_ms = SLOW_MS if ramp is None else ramp.slow_ms
            self.totals.add(one.totals_key, decision_id, slow=seconds * 1e3 > slow_ms, empty=is_empty)

    def failed(self, assigned: Assigned) -> None:
        """Count a search that was not."""
        for one in assigned.arms:
            self.totals.add(one.totals_key, None, errors=True)

    def using_bundle(self, name: str) -> list[str]:
        """Experiments with an arm that is served by this bundle."""
        return [
            experiment
            for experiment, definition in self.all().items()
            if any(arm.bundle == name for arm in definition.arms.values())
        ]

    def count(self, assigned: Assigned) -> None:
        """Count the unit once for each of its arms, soon."""
        for one in assigned.arms:
            key = one.units_key
            if (key, one.unit_id) not in self._counted:
                self._counted[key, one.unit_id] = None
                if len(self._counted) > MAX_REMEMBERED:
                    del self._counted[next(iter(self._counted))]
                self._redis.write_later(partial(_add_unit, key, one.unit_id))

    def units(self, name: str) -> Mapping[str, int]:
        """Distinct units by arm, as last read."""
        return self._units.get(name, {})

    def _read_ramps(self, redis: Redis) -> None:
        stored = redis.hgetall(RAMPS) or {}
        self._ramps = {_text(field): RampState.model_validate_json(text) for field, text in stored.items()}
        for name, experiment in self.all().items():
            if experiment.ramp is not None:
                self._metrics.experiment_exposure.labels(name).set(self.exposure(name, experiment))
                is_rolled_back = self.ramp_state(name, experiment).status == "rolled_back"
                self._metrics.experiment_rolled_back.labels(name).set(is_rolled_back)

    def _read_units(self, redis: Redis) -> None:
        units: dict[str, Mapping[str, int]] = {}
        for name, experiment in self.all().items():
            pipeline = redis.pipeline(transaction=False)
            for arm in experiment.arms:
                pipeline.scard(_units_key(name, experiment, arm))
            units[name] = dict(zip(experiment.arms, pipeline.execute(), strict=True))
            self._metrics.sample_ratio_p_value.labels(name).set(sample_ratio_p_value(units[name], experiment))
        for gone in self._units.keys() - units.keys():
            self._metrics.sample_ratio_p_value.labels(gone).set(1.0)
        self._units = units


def sample_ratio_p_value(units: Mapping[str, int], experiment: Experiment) -> float:
    """Chance of a split at least this uneven (chi-squared); 1 before anybody is counted."""
    counts = np.array([units.get(arm, 0) for arm in experiment.shares], dtype=np.float64)
    expected = np.array(list(experiment.shares.values())) * counts.sum()
    if not counts.any():
        return 1.0
    return float(chdtrc(len(counts) - 1, ((counts - expected) ** 2 / expected).sum()))


def _text(stored: bytes | str) -> str:
    return stored if isinstance(stored, str) else stored.decode()


def _add_unit(key: str, unit_id: str, pipeline: Pipeline) -> None:
    pipeline.sadd(key, hashlib.blake2b(unit_id.encode(), digest_size=8).digest())
    pipeline.expire(key, COUNTED_SECONDS)


def _units_key(name: str, experiment: Experiment, arm: str) -> str:
    return f"trimtab:units:{name}:{experiment.split}:{arm}"


def totals_key(name: str, experiment: Experiment, arm: str) -> str:
    """Of the sums of an arm; a ramp that is defined anew starts with new ones."""
    return f"trimtab:totals:{ramp_field(name, experiment)}:{arm}"


def ramp_field(name: str, experiment: Experiment) -> str:
    """Where the state of its ramp is kept: a ramp that is defined in another way starts again."""
    ramp = None if experiment.ramp is None else experiment.ramp.model_dump()
    return f"{name}:{experiment.split}:{hashlib.blake2b(orjson.dumps(ramp), digest_size=6).hexdigest()}"
