"""The plan in Redis, the reports of checks, and what each worker says of itself.

A plan belongs to the bundle the service was started with, so it survives a restart, and starting with another bundle
starts a plan of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import orjson
import structlog
from pydantic import ValidationError
from redis import Redis

from trimtab.core.errors import Conflict, Unavailable
from trimtab.service.bundles.plan import Plan
from trimtab.service.redis.clients import LOST, is_refusal
from trimtab.service.redis.compare_and_set import compare_and_set
from trimtab.service.redis.gateway import RedisGateway

PLANS = "trimtab:bundle_plans"
REPORTS = "trimtab:bundle_reports"
WORKERS = "trimtab:bundle_workers:"
WORKERS_KEPT_SECONDS = 3600
HEARTBEAT_SECONDS = 2.0
ALIVE_SECONDS = 10.0

_log = structlog.get_logger()


class PlanStore:
    """The plan as last read, and the way to change it."""

    def __init__(self, redis: RedisGateway, *, start: str, start_id: str) -> None:
        """
        Args:
            start: the name of the bundle that the service was started with.
            start_id: its id.
        """
        self._redis = redis
        self._start_id = start_id
        self._worker = uuid4().hex[:12]
        self._published: tuple[float, bytes] = (0.0, b"")
        self._first = self.plan = Plan(loaded={start: start_id}, active=start)

    def read(self, redis: Redis) -> bool:
        """Read the plan, or put it back where Redis has lost it; returns whether it has changed."""
        before = self.plan
        stored = redis.hget(PLANS, self._start_id)
        if stored is None and before != self._first:
            _put_back(redis, self._start_id, before)
        self.plan = self._parsed(stored)
        return self.plan != before

    async def change(self, step: Callable[[Plan], Plan]) -> Plan:
        """Take one step of the plan.

        Raises:
            Conflict: the step cannot be taken from here, or somebody else took one at the same moment.
            Unavailable: Redis is lost.
        """

        def take(redis: Redis) -> Plan:
            stored = redis.hget(PLANS, self._start_id)
            before = stored if isinstance(stored, bytes) else None
            changed = step(self._parsed(before))
            new = _text(changed)
            if not compare_and_set(redis, PLANS, self._start_id, expected=before, new=new):
                raise Conflict("the plan was changed by somebody else at the same moment; look and try again")
            return changed

        changed = await self._redis.run_aside(take)
        if changed is None:
            raise Unavailable("bundles cannot be changed while Redis does not answer")
        _log.info("bundle plan", **changed.model_dump())
        await self._redis.announce()
        return changed

    async def keep_report(self, report: Mapping[str, Any]) -> None:
        """Keep the report of a bundle's check."""
        bundle_id, written = report["bundle_id"], orjson.dumps(report)
        await self._redis.run_aside(lambda redis: redis.hset(REPORTS, bundle_id, written))

    async def report(self, bundle_id: str) -> dict[str, Any] | None:
        """The report of the last check of a bundle."""
        stored = await self._redis.run_aside(lambda redis: redis.hget(REPORTS, bundle_id))
        return orjson.loads(stored) if isinstance(stored, bytes) else None

    def publish_state(self, redis: Redis, state: Mapping[str, Any]) -> None:
        """Let the other workers know what this one does, where that is news or the last time is long ago."""
        state = {"worker": self._worker, **state}
        written, now = orjson.dumps(state), time.time()
        if written != self._published[1] or now - self._published[0] > HEARTBEAT_SECONDS:
            redis.hset(WORKERS + self._start_id, self._worker, orjson.dumps({**state, "at": now}))
            redis.expire(WORKERS + self._start_id, WORKERS_KEPT_SECONDS)
            self._published = (now, written)

    async def workers(self) -> list[dict[str, Any]]:
        """The last state of each living worker."""
        stored = await self._redis.run_aside(lambda redis: redis.hgetall(WORKERS + self._start_id))
        states = [orjson.loads(one) for one in (stored or {}).values()]
        return [state for state in states if time.time() - state["at"] < ALIVE_SECONDS]

    def _parsed(self, stored: object) -> Plan:
        """The stored plan; the last one read where there is none (an emptied Redis changes nothing) or it is broken."""
        if not isinstance(stored, bytes):
            return self.plan
        try:
            return Plan.model_validate_json(stored)
        except ValidationError:
            _log.warning("the bundle plan cannot be read and is left as it was")
            return self.plan


def _put_back(redis: Redis, start_id: str, plan: Plan) -> None:
    """Write a plan unless there is one."""
    try:
        redis.hsetnx(PLANS, start_id, _text(plan))
    except LOST as error:
        if not is_refusal(error):
            raise  # else it takes no writes: every worker keeps the plan that it knows


def _text(plan: Plan) -> str:
    """The plan as it is stored; workers of an earlier version read it as long as nothing new is used."""
    return plan.model_dump_json(exclude_defaults=True)
