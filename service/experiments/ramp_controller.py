"""Who moves the ramps: one worker for all, whoever holds a lease in Redis, about once a second.

It writes a state only over the one it decided from, so that two who think they lead cannot both decide. It also keeps
the history of every experiment: the sums when it begins, and once a minute.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from uuid import uuid4

import orjson
from redis import Redis

from trimtab.service.experiments.ramp import RampState, Totals, decide
from trimtab.service.experiments.running import (
    ALARM_BELOW,
    RAMPS,
    Experiment,
    Experiments,
    ramp_field,
    sample_ratio_p_value,
    totals_key,
)
from trimtab.service.experiments.totals import read_totals
from trimtab.service.redis.gateway import CHANGES

LEADER = "trimtab:ramp_leader"
LEASE_MS = 5_000
TURN_SECONDS = 1.0
SNAPSHOT_SECONDS = 60.0
MAX_SNAPSHOTS = 1440
COMPARE_AND_SET = """
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""


class RampController:
    """One worker's part: it leads, or waits until nobody does."""

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
        if redis.set(LEADER, self._worker, nx=True, px=LEASE_MS):
            return True
        if redis.get(LEADER) != self._worker.encode():
            return False
        redis.pexpire(LEADER, LEASE_MS)
        return True

    def _move(self, redis: Redis, name: str, experiment: Experiment, now: float) -> None:
        assert experiment.ramp is not None
        field = ramp_field(name, experiment)
        stored = redis.hget(RAMPS, field)
        before = RampState.model_validate_json(stored) if isinstance(stored, bytes) else RampState(since=now)
        after = decide(
            experiment.ramp,
            before,
            totals_of(redis, name, experiment),
            now=now,
            sample_ratio_alarm=sample_ratio_p_value(self._experiments.units(name), experiment) < ALARM_BELOW,
        )
        if stored is None or after != before:
            redis.eval(COMPARE_AND_SET, 1, RAMPS, field, stored or b"", after.model_dump_json())
            redis.publish(CHANGES, b"")

    def _keep(self, redis: Redis, name: str, experiment: Experiment, now: float) -> None:
        key = history_key(name, experiment)
        arms = {arm: asdict(one) for arm, one in totals_of(redis, name, experiment).items()}
        units = dict(self._experiments.units(name))
        redis.rpush(key, orjson.dumps({"at": now, "arms": arms, "units": units}))
        redis.ltrim(key, -MAX_SNAPSHOTS, -1)


def totals_of(redis: Redis, name: str, experiment: Experiment) -> dict[str, Totals]:
    """What happened so far, by arm."""
    return read_totals(redis, {arm: totals_key(name, experiment, arm) for arm in experiment.shares})


def history_key(name: str, experiment: Experiment) -> str:
    """Of the snapshots, the oldest first."""
    return f"trimtab:history:{ramp_field(name, experiment)}"


def read_history(redis: Redis, name: str, experiment: Experiment) -> tuple[dict[str, Totals], list[dict[str, Any]]]:
    """What happened so far by arm, and the snapshots, the oldest first."""
    snapshots = redis.lrange(history_key(name, experiment), 0, -1)
    return totals_of(redis, name, experiment), [orjson.loads(one) for one in snapshots]
