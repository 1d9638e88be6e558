"""The worker that moves the ramps, one for all: whichever holds a lease in Redis, about once a second.

It writes a state only over the one it decided from, so that two that both take themselves for the leader cannot both
decide. It also keeps the history of every experiment: the sums when it begins, and once a minute.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from uuid import uuid4

import orjson
from pydantic import ValidationError
from redis import Redis

from trimtab.core.experiments.sample_ratio import ALARM_BELOW
from trimtab.service.experiments.definition import Experiment, ramp_field, totals_key
from trimtab.service.experiments.ramp import ArmTotals, RampState, decide
from trimtab.service.experiments.running import RAMPS, Experiments
from trimtab.service.experiments.totals import read_totals
from trimtab.service.redis.compare_and_set import compare_and_set
from trimtab.service.redis.gateway import CHANGES
from trimtab.service.redis.lease import RENEW

LEADER = "trimtab:ramp_leader"
LEASE_MS = 5_000
TURN_SECONDS = 1.0
SNAPSHOT_SECONDS = 60.0
MAX_SNAPSHOTS = 1440


class RampController:
    """One worker's part: it leads, or waits until no worker does."""

    def __init__(self, experiments: Experiments, *, clock: Callable[[], float] = time.time) -> None:
        self._experiments = experiments
        self._clock = clock
        self._worker = uuid4().hex
        self._turn = float("-inf")
        self._kept_at: dict[str, float] = {}

    def turn(self, redis: Redis) -> bool:
        """Decide on every ramp if it is time and this worker leads; returns whether it did."""
        now = self._clock()
        if now - self._turn < TURN_SECONDS or not self._leads(redis):
            return False
        self._turn = now
        for name, experiment in self._experiments.all().items():
            if experiment.ramp is not None:
                self._move(redis, name, experiment, now)
            if now - self._kept_at.get(name, float("-inf")) >= SNAPSHOT_SECONDS:
                self._kept_at[name] = now
                self._keep(redis, name, experiment, now)
        return True

    def _leads(self, redis: Redis) -> bool:
        taken = redis.set(LEADER, self._worker, nx=True, px=LEASE_MS)
        return bool(taken or redis.eval(RENEW, 1, LEADER, self._worker, LEASE_MS))

    def _move(self, redis: Redis, name: str, experiment: Experiment, now: float) -> None:
        assert experiment.ramp is not None
        field = ramp_field(name, experiment)
        found = redis.hget(RAMPS, field)
        stored = found if isinstance(found, bytes) else None
        known = self._experiments.known_ramp_state(name, experiment)
        # What Redis has lost, or cannot be read there, is as it was last read: a ramp that ended does not begin again.
        before = _parsed(stored) or known or RampState(since=now)
        after = decide(
            experiment.ramp,
            before,
            totals_of(redis, name, experiment),
            shares=experiment.shares,
            now=now,
            sample_ratio_alarm=experiment.sample_ratio_p_value(self._experiments.units(name)) < ALARM_BELOW,
        )
        if stored is None or after != before:
            compare_and_set(redis, RAMPS, field, expected=stored, new=after.model_dump_json())
            redis.publish(CHANGES, b"")

    def _keep(self, redis: Redis, name: str, experiment: Experiment, now: float) -> None:
        key = history_key(name, experiment)
        arms = {arm: asdict(one) for arm, one in totals_of(redis, name, experiment).items()}
        units = dict(self._experiments.units(name))
        redis.rpush(key, orjson.dumps({"at": now, "arms": arms, "units": units}))
        redis.ltrim(key, -MAX_SNAPSHOTS, -1)


def _parsed(stored: bytes | None) -> RampState | None:
    try:
        return None if stored is None else RampState.model_validate_json(stored)
    except ValidationError:
        return None


def totals_of(redis: Redis, name: str, experiment: Experiment) -> dict[str, ArmTotals]:
    """What happened so far, by arm."""
    return read_totals(redis, {arm: totals_key(name, experiment, arm) for arm in experiment.shares})


def history_key(name: str, experiment: Experiment) -> str:
    """The key of the snapshots, the oldest first."""
    return f"trimtab:history:{ramp_field(name, experiment)}"


def read_history(redis: Redis, name: str, experiment: Experiment) -> tuple[dict[str, ArmTotals], list[dict[str, Any]]]:
    """What happened so far by arm, and the snapshots, the oldest first."""
    snapshots = redis.lrange(history_key(name, experiment), 0, -1)
    return totals_of(redis, name, experiment), [orjson.loads(one) for one in snapshots]
