"""Bundles being checked and loaded on request: a job each, whose state every worker knows.

A check takes seconds to minutes, longer than a connection should have to stay open for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import structlog
from pydantic import BaseModel, Field, ValidationError

from trimtab.core.errors import NotFound, TrimtabError, Unavailable
from trimtab.service.bundles.serving import LOAD_SECONDS
from trimtab.service.redis.gateway import RedisGateway

JOBS = "trimtab:bundle_loads"
Stage = Literal["waiting", "checking", "loading"]

_log = structlog.get_logger()


class CheckReport(BaseModel):
    """A bundle that is fit to serve, against the one that served when it was checked."""

    bundle_id: str
    against: str
    load_seconds: float
    n_queries: int
    overlap: float = Field(description="Mean share of the first page (10) that both show.")
    least_overlap: float
    kendall_tau: float | None = Field(description="Of the order of what both have among their first 100.")
    receipts: dict[str, float | None] = Field(description="By objective: promised by the candidate / running - 1.")
    running_ms: float
    candidate_ms: float
    changed_most: dict[str, float] = Field(description="Query -> overlap.")


class LoadJob(BaseModel):
    """The last request to load a bundle, and what became of it."""

    name: str
    state: Literal["running", "loaded", "refused"]
    stage: Stage | None = Field(
        default="waiting",
        description="While it runs: `waiting` for another one, `checking` in a process of its own, `loading` in each "
        "worker.",
    )
    requested: datetime
    problem: str | None = Field(default=None, description="Why it is refused.")
    report: CheckReport | None = Field(default=None, description="Once it is loaded.")


class LoadJobs:
    """Starts them, and knows the last one of each bundle, also those of other workers."""

    def __init__(
        self,
        redis: RedisGateway,
        load: Callable[[str, Callable[[Stage], Awaitable[object]]], Awaitable[dict[str, Any]]],
        *,
        check_seconds: float,
    ) -> None:
        """
        Args:
            load: checks and loads a bundle, and calls what it is given before each stage; returns the report of its
                check.
            check_seconds: the longest time of a check.
        """
        self._redis = redis
        self._load = load
        self._longest = timedelta(seconds=check_seconds + LOAD_SECONDS)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        """Those of this worker, by bundle."""

    async def start(self, name: str) -> LoadJob:
        """Load a bundle beside the requests; one that is being loaded already is not loaded twice.

        Raises:
            Unavailable: Redis is lost.
        """
        last = await self._last(name)
        if last is not None and last.state == "running":
            return last
        job = LoadJob(name=name, state="running", requested=datetime.now(UTC))
        if not await self._keep(job):
            raise Unavailable("bundles cannot be changed while Redis does not answer")
        self._tasks[name] = asyncio.create_task(self._run(job))
        return job

    async def last(self, name: str) -> LoadJob:
        """The last job of a bundle.

        Raises:
            NotFound: nobody has asked for one.
        """
        job = await self._last(name)
        if job is None:
            raise NotFound(f"nobody has asked to load bundle {name!r}")
        return job

    async def _last(self, name: str) -> LoadJob | None:
        stored = await self._redis.run_aside(lambda redis: redis.hget(JOBS, name))
        try:
            job = LoadJob.model_validate_json(stored) if isinstance(stored, bytes) else None
        except ValidationError:
            return None
        if job is None or job.state != "running" or name in self._tasks:
            return job
        if datetime.now(UTC) - job.requested > self._longest:
            return job.model_copy(
                update={"state": "refused", "stage": None, "problem": "the worker that loaded it has ended"}
            )
        return job

    async def _run(self, job: LoadJob) -> None:
        async def reached(stage: Stage) -> None:
            await self._keep(job.model_copy(update={"stage": stage}))

        try:
            report = CheckReport.model_validate(await self._load(job.name, reached))
            done = job.model_copy(update={"state": "loaded", "report": report})
        except asyncio.CancelledError:
            await self._keep(job.model_copy(update={"state": "refused", "problem": "the service was stopped"}))
            raise
        except Exception as error:  # noqa: BLE001  # whatever is wrong with it, who asked learns that it is not loaded
            if not isinstance(error, TrimtabError):
                _log.exception("a bundle cannot be loaded", bundle=job.name)
            problem = str(error) if isinstance(error, TrimtabError) else type(error).__name__
            done = job.model_copy(update={"state": "refused", "problem": problem})
        await self._keep(done)
        del self._tasks[job.name]

    async def _keep(self, job: LoadJob) -> bool:
        if job.state != "running":
            job = job.model_copy(update={"stage": None})
        written = job.model_dump_json()
        return await self._redis.run_aside(lambda redis: redis.hset(JOBS, job.name, written)) is not None
