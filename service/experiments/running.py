"""Experiments: sessions or users split between profiles or bundles, in the same way by every worker and in simulations.

The split is `core.experiments.assignment`'s hash, so an arm is sticky without being stored, and raising the exposure
adds units and moves none. In a layer a search is in one experiment at most: the first by name whose slots hold its unit
and in whose exposure it falls; experiments with slots of their own never share a unit. Different layers split
independently and may not decide the same thing. A search that names weights or a profile of its own is in none. The
distinct units of an arm are counted in Redis, because a split that is not the one asked for (sample ratio mismatch)
says that the experiment cannot be believed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from time import perf_counter, time

import structlog
from pydantic import ValidationError
from redis import Redis
from redis.client import Pipeline

from trimtab.core.errors import BadParameter
from trimtab.core.experiments.assignment import arm_of, place
from trimtab.service.experiments.assignment import Assigned, Assignment
from trimtab.service.experiments.definition import (
    COUNTED_SECONDS,
    Experiment,
    ramp_field,
    totals_key,
    unit_digest,
    units_key,
)
from trimtab.service.experiments.ramp import RampState, exposure_of
from trimtab.service.experiments.totals import ExperimentTotals
from trimtab.service.observability.metrics import Metrics
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.redis.named_definitions import NamedDefinitions
from trimtab.service.redis.persistent_hash import PersistentHash
from trimtab.service.search.records import PlannedSearch, SearchCompleted

RAMPS = "trimtab:ramps"
SLOW_MS = 50.0
"""A search of an experiment without a ramp that takes longer is slow."""
MAX_REMEMBERED = 100_000

_log = structlog.get_logger()


class Experiments(NamedDefinitions[Experiment]):
    """The experiments that run, whom they assign, and what is counted of them."""

    def __init__(self, redis: RedisGateway, metrics: Metrics, data_folder: Path | None = None) -> None:
        super().__init__(redis, "experiment", Experiment, data_folder)
        self._metrics = metrics
        self._stored_ramps = PersistentHash(RAMPS, data_folder)
        self._units: Mapping[str, Mapping[str, int]] = {}
        self._ramps = _ramps_of(self._stored_ramps.fields)
        self._counted: dict[tuple[str, str], None] = {}
        self.totals = ExperimentTotals()
        redis.on_poll(self._read_ramps)
        redis.on_poll(self._read_units)
        redis.on_poll(self.totals.flush)

    def check(self, name: str, experiment: Experiment) -> None:
        """Check what an experiment of that name shall be against the others, those of other layers.

        Raises:
            BadParameter: another layer decides the same.
        """
        for other_name, other in self.all().items():
            both = experiment.decides & other.decides
            if other_name != name and other.layer != experiment.layer and both:
                problem = f"experiment {other_name!r} of layer {other.layer!r} decides the {min(both)} too"
                raise BadParameter("layer", problem, f"the layer {other.layer!r}")

    def assign(
        self,
        *,
        user_id: str | None,
        session_id: str | None,
        profiles: Collection[str] | None = None,
        bundles: Collection[str] | None = None,
    ) -> Assigned:
        """The arms a search belongs to, one at most of each layer.

        Args:
            profiles, bundles: those that can serve; None for any. An arm whose profile or bundle is gone serves nobody:
                its missing units raise the sample-ratio alarm.
        """
        chosen: dict[str, Assignment] = {}
        for name, experiment in self._by_name.items():
            unit_id = user_id if experiment.unit == "user" else session_id
            if unit_id is None or experiment.layer in chosen:
                continue
            low, high = experiment.slots
            if not low <= place("layer", experiment.layer, unit_id) < high:
                continue
            arm = arm_of(name, unit_id, experiment.shares, exposure=self.exposure(name, experiment))
            if arm is not None:
                chosen[experiment.layer] = Assignment.to(
                    name,
                    experiment,
                    arm,
                    unit_id,
                    totals_key=totals_key(name, experiment, arm),
                    units_key=units_key(name, experiment, arm),
                )
        return Assigned.to(
            tuple(
                one
                for one in chosen.values()
                if (profiles is None or one.profile is None or one.profile in profiles)
                and (bundles is None or one.bundle is None or one.bundle in bundles)
            )
        )

    def exposure(self, name: str, experiment: Experiment) -> float:
        """Share of the units that take part now."""
        ramp = experiment.ramp
        return experiment.exposure if ramp is None else exposure_of(ramp, self.ramp_state(name, experiment))

    def ramp_state(self, name: str, experiment: Experiment) -> RampState:
        """The state of its ramp, as last read; one that has not begun begins now."""
        return self.known_ramp_state(name, experiment) or RampState(since=time())

    def known_ramp_state(self, name: str, experiment: Experiment) -> RampState | None:
        """The state of its ramp, as last read; None for one that has not begun."""
        return self._ramps.get(ramp_field(name, experiment))

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
            self.totals.add(one.totals_key, one.unit_id, decision_id, slow=seconds * 1e3 > slow_ms, empty=is_empty)

    def failed(self, assigned: Assigned) -> None:
        """Count a search that failed."""
        for one in assigned.arms:
            self.totals.add(one.totals_key, one.unit_id, None, errors=True)

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
        self._ramps = _ramps_of(self._stored_ramps.read(redis))
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
                pipeline.scard(units_key(name, experiment, arm))
            counts = pipeline.execute(raise_on_error=False)
            units[name] = {arm: n if isinstance(n, int) else 0 for arm, n in zip(experiment.arms, counts, strict=True)}
            self._metrics.sample_ratio_p_value.labels(name).set(experiment.sample_ratio_p_value(units[name]))
        for gone in self._units.keys() - units.keys():
            self._metrics.sample_ratio_p_value.labels(gone).set(1.0)
        self._units = units


def _ramps_of(stored: Mapping[str, str]) -> dict[str, RampState]:
    """The states that can be read."""
    ramps = {}
    for field, text in stored.items():
        try:
            ramps[field] = RampState.model_validate_json(text)
        except ValidationError:
            _log.warning("the state of a ramp cannot be read and is left out", ramp=field)
    return ramps


def _add_unit(key: str, unit_id: str, pipeline: Pipeline) -> None:
    pipeline.sadd(key, unit_digest(unit_id))
    pipeline.expire(key, COUNTED_SECONDS)
