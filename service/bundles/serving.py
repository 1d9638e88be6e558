"""The bundles of this process: which one answers whom. They are replaced while searches go on.

Every worker follows the plan in Redis (`service.bundles.plan`). A bundle is checked once in a process of its own
(`engine.bundle.check`), then loaded by a background thread of each worker, and only then does one assignment make it
answer: a search that has begun ends with what it began with. What fails to load leaves everything as it was.

The thread has the priority of all others: one that computes at a low priority holds the interpreter's lock for longer.

A plan belongs to the bundle the service was started with, so it survives a restart, and starting with another bundle
starts a plan of its own. While Redis is lost or has no plan, that bundle answers.
"""

from __future__ import annotations

import asyncio
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import orjson
import structlog
from pydantic import ValidationError
from redis import Redis

from trimtab.core.assignment import place
from trimtab.core.errors import BadParameter, Conflict, NotFound, TrimtabError, Unavailable
from trimtab.engine import Engine
from trimtab.service.bundles.folder import BundleFolder
from trimtab.service.bundles.plan import Plan
from trimtab.service.bundles.shadow import Shadow
from trimtab.service.children import run_module
from trimtab.service.observability.metrics import Metrics
from trimtab.service.redis.gateway import RedisGateway

PLANS = "trimtab:bundle_plans"
REPORTS = "trimtab:bundle_reports"
WORKERS = "trimtab:bundle_workers:"
COMPARE_AND_SET = """
local stored = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if stored ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""
HEARTBEAT_SECONDS = 2.0
ALIVE_SECONDS = 10.0
LOAD_SECONDS = 60.0
"""How long a request to load waits for this worker."""

Role = Literal["active", "canary", "arm"]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ServingBundle:
    """Who answers one request."""

    engine: Engine
    role: Role
    name: str


@dataclass(frozen=True, slots=True)
class _Cast:
    """The loaded engines in their roles; replaced whole."""

    active: ServingBundle
    canary: ServingBundle | None = None
    canary_share: float = 0.0
    engines: Mapping[str, Engine] = field(default_factory=dict)


class Bundles:
    """Follows the plan."""

    def __init__(
        self,
        folder: BundleFolder,
        *,
        redis: RedisGateway,
        shadow: Shadow,
        metrics: Metrics,
        golden_queries: Path | None = None,
        check_seconds: float = 120.0,
        load: Callable[[Path], Engine],
        forget: Callable[[str], None],
    ) -> None:
        """Load what the plan says, or else the bundle that the service was started with.

        Args:
            golden_queries: a file of them, one a line, for the check.
            check_seconds: how long a check may take.
            load: loads a bundle, verified and warm.
            forget: told the id of a bundle that is no longer loaded.

        Raises:
            BundleDamaged, BundleMismatch: not even that one can serve.
        """
        self.folder = folder
        self._redis = redis
        self._shadow = shadow
        self._metrics = metrics
        self._golden_queries = golden_queries
        self._check_seconds = check_seconds
        self._load = load
        self._forget = forget
        self._worker = uuid4().hex[:12]
        self._start_id: str = folder.manifest(folder.start)["bundle_id"]
        self._plan = Plan(loaded={folder.start: self._start_id}, active=folder.start)
        self._problems: dict[str, str] = {}
        self._said: tuple[float, bytes] = (0.0, b"")
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._checking = asyncio.Lock()
        self._casting = threading.Lock()
        self._following = threading.Lock()
        redis.ask(self._read_plan)
        name, engine = self._first()
        self._cast = _Cast(ServingBundle(engine, "active", name), engines={name: engine})
        self._metrics.bundle_info.labels(engine.bundle_id).set(1)
        redis.on_poll(self._follow)

    @property
    def serving(self) -> Engine:
        """The engine that answers; whatever answers a request reads it once and keeps to it."""
        return self._cast.active.engine

    @property
    def plan(self) -> Plan:
        """As last read."""
        return self._plan

    @property
    def problems(self) -> Mapping[str, str]:
        """Why a bundle of the plan is not loaded here, by name."""
        return self._problems

    @property
    def loaded(self) -> Mapping[str, Engine]:
        """The engines in memory, by name."""
        return self._cast.engines

    def choose(self, unit_id: str | None) -> ServingBundle:
        """Who answers a unit (a user, a session): always the same as long as the plan is."""
        cast = self._cast
        if cast.canary is None or unit_id is None:
            return cast.active
        return cast.canary if place("canary", cast.canary.name, unit_id) < cast.canary_share else cast.active

    def arm(self, name: str) -> ServingBundle | None:
        """The loaded bundle of an experiment's arm; None where it is not loaded here."""
        engine = self._cast.engines.get(name)
        return None if engine is None else ServingBundle(engine, "arm", name)

    def find(self, bundle_id: str) -> Engine:
        """The loaded engine of that bundle.

        Raises:
            NotFound: it is not loaded.
        """
        for engine in self._cast.engines.values():
            if engine.bundle_id == bundle_id:
                return engine
        loaded = ", ".join(engine.bundle_id for engine in self._cast.engines.values())
        raise NotFound(f"bundle {bundle_id} is not loaded here; loaded: {loaded}")

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="trimtab-bundles", daemon=True)
        self._thread.start()
        self._apply()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        self._shadow.stop()

    async def load(self, name: str) -> dict[str, Any]:
        """Check a bundle aside and load it into every worker; returns the report when this one has it.

        Raises:
            NotFound: there is none of that name.
            BadParameter: it is not fit to serve.
            Conflict: the plan has no room for it.
            Unavailable: Redis is lost, or the bundle takes too long.
        """
        path = self.folder.path_of(name)
        async with self._checking:
            report = await self._check(name, path)
            bundle_id = report["bundle_id"]
            written = orjson.dumps(report)
            await self._redis.run_aside(lambda redis: redis.hset(REPORTS, bundle_id, written))
            self._problems.pop(name, None)
            await self.change(lambda plan: plan.load(name, bundle_id))
            await self._until_loaded(name, bundle_id)
        return report

    async def change(self, step: Callable[[Plan], Plan]) -> Plan:
        """Take one step of the plan; this worker follows before the answer, the others within a second.

        Raises:
            Conflict: the step cannot be taken from here, or somebody else took one at the same moment.
            Unavailable: Redis is lost.
        """

        def take(redis: Redis) -> Plan:
            stored = redis.hget(PLANS, self._start_id)
            changed = step(self._parsed(stored))
            written = changed.model_dump_json()
            if not redis.eval(COMPARE_AND_SET, 1, PLANS, self._start_id, stored or b"", written):
                raise Conflict("the plan was changed by somebody else at the same moment; look and try again")
            return changed

        changed = await self._redis.run_aside(take)
        if changed is None:
            raise Unavailable("bundles cannot be changed while Redis does not answer")
        _log.info("bundle plan", **changed.model_dump())
        await self._redis.announce()
        await self._redis.run_aside(self._follow)
        return changed

    async def report(self, bundle_id: str) -> dict[str, Any] | None:
        """Of the last check of a bundle."""
        stored = await self._redis.run_aside(lambda redis: redis.hget(REPORTS, bundle_id))
        return orjson.loads(stored) if isinstance(stored, bytes) else None

    async def workers(self) -> list[dict[str, Any]]:
        """What each living worker says that it serves and has loaded."""
        said = await self._redis.run_aside(lambda redis: redis.hgetall(WORKERS + self._start_id))
        all_of_them = [orjson.loads(one) for one in (said or {}).values()]
        return [one for one in all_of_them if time.time() - one["at"] < ALIVE_SECONDS]

    def _first(self) -> tuple[str, Engine]:
        """The engine that answers from the start."""
        name = self._plan.active
        if name != self.folder.start:
            try:
                return name, self._loaded(name)
            except TrimtabError as error:
                _log.error("the active bundle cannot be loaded, the one of the start serves", problem=str(error))
                self._problems[name] = str(error)
        return self.folder.start, self._load(self.folder.path_of(self.folder.start))

    def _loaded(self, name: str) -> Engine:
        engine = self._load(self.folder.path_of(name))
        expected = self._plan.loaded[name]
        if engine.bundle_id != expected:
            raise Conflict(f"bundle {name!r} was {expected} when it was checked and is {engine.bundle_id} now")
        return engine

    def _parsed(self, stored: object) -> Plan:
        """The plan in Redis; as last read where there is none (an emptied Redis changes nothing) or it is no plan."""
        if not isinstance(stored, bytes):
            return self._plan
        try:
            return Plan.model_validate_json(stored)
        except ValidationError:
            _log.warning("the bundle plan cannot be read and is left as it was")
            return self._plan

    def _read_plan(self, redis: Redis) -> bool:
        """Whether the plan is another one now."""
        before = self._plan
        self._plan = self._parsed(redis.hget(PLANS, self._start_id))
        return self._plan != before

    def _follow(self, redis: Redis) -> None:
        """Never loads. Who comes second waits: the plan is in force when either returns."""
        with self._following:
            if self._read_plan(redis):
                self._apply()
                self._wake.set()
            self._tell(redis)

    def _tell(self, redis: Redis) -> None:
        """Say what this worker does."""
        cast = self._cast
        said = {
            "worker": self._worker,
            "serving": cast.active.name,
            "loaded": {name: engine.bundle_id for name, engine in cast.engines.items()},
            "problems": self._problems,
        }
        words, now = orjson.dumps(said), time.time()
        if words != self._said[1] or now - self._said[0] > HEARTBEAT_SECONDS:
            redis.hset(WORKERS + self._start_id, self._worker, orjson.dumps({**said, "at": now}))
            redis.expire(WORKERS + self._start_id, 3600)
            self._said = (now, words)

    def _run(self) -> None:
        """The thread that loads."""
        while not self._stopping:
            plan = self._plan
            for name, bundle_id in plan.loaded.items():
                there = self._cast.engines.get(name)
                if (there is None or there.bundle_id != bundle_id) and not self._stopping:
                    self._load_one(name)
            self._apply()
            self._wake.wait()
            self._wake.clear()

    def _load_one(self, name: str) -> None:
        if name in self._problems:
            return  # it is tried again when somebody asks for it again
        try:
            engine = self._loaded(name)
        except Exception as error:  # noqa: BLE001
            # Whatever is wrong with it, what answers goes on.
            _log.error("a bundle cannot be loaded", bundle=name, problem=str(error))
            self._problems[name] = str(error) if isinstance(error, TrimtabError) else type(error).__name__
            self._metrics.bundle_loads.labels("failed").inc()
            return
        self._metrics.bundle_loads.labels("loaded").inc()
        with self._casting:
            self._cast = replace(self._cast, engines={**self._cast.engines, name: engine})

    def _apply(self) -> None:
        """Put the engines that are there into the roles of the plan; forget those that it does not have."""
        plan = self._plan
        with self._casting:
            before = self._cast
            engines = {name: one for name, one in before.engines.items() if plan.loaded.get(name) == one.bundle_id}
            active = before.active
            if plan.active in engines:
                active = ServingBundle(engines[plan.active], "active", plan.active)
            engines.setdefault(active.name, active.engine)
            self._cast = _Cast(active, engines=engines)
            if plan.canary is not None and plan.canary.bundle in engines:
                canary = ServingBundle(engines[plan.canary.bundle], "canary", plan.canary.bundle)
                self._cast = replace(self._cast, canary=canary, canary_share=plan.canary.share)
        for gone in _ids(before.engines) - _ids(engines):
            self._forget(gone)
        for name in self._problems.keys() - plan.loaded.keys():
            del self._problems[name]
        self._metrics.bundle_info.labels(before.active.engine.bundle_id).set(0)
        self._metrics.bundle_info.labels(active.engine.bundle_id).set(1)
        self._metrics.bundle_followed.set(active.name == plan.active and not self._problems)
        if plan.shadow is None:
            self._shadow.follow(None, share=0.0)
        else:
            self._shadow.follow(self.folder.path_of(plan.shadow.bundle), share=plan.shadow.share)

    async def _until_loaded(self, name: str, bundle_id: str) -> None:
        deadline = time.monotonic() + LOAD_SECONDS
        while (there := self._cast.engines.get(name)) is None or there.bundle_id != bundle_id:
            if name in self._problems:
                raise BadParameter("bundle", self._problems[name], "a bundle that can be loaded")
            if time.monotonic() > deadline:
                raise Unavailable(f"bundle {name!r} is still being loaded; look at GET /bundles")
            await asyncio.sleep(0.02)

    async def _check(self, name: str, path: Path) -> dict[str, Any]:
        running = self.folder.path_of(self._cast.active.name)
        golden = [] if self._golden_queries is None else [self._golden_queries]
        arguments = (path, running, *golden)
        try:
            done = await asyncio.to_thread(
                run_module, "trimtab.engine.bundle.check", *arguments, timeout_seconds=self._check_seconds
            )
        except subprocess.TimeoutExpired:
            raise BadParameter(
                "bundle", f"{name!r} takes too long to load and search", f"{self._check_seconds:g} seconds"
            ) from None
        try:
            answer: dict[str, Any] = orjson.loads(done.stdout)
        except orjson.JSONDecodeError:
            _log.error("bundle check", bundle=name, exit=done.returncode, stderr=done.stderr.decode()[-2000:])
            raise BadParameter("bundle", f"the check of {name!r} ended early", "a bundle that passes it") from None
        if "problem" in answer:
            raise BadParameter("bundle", answer["problem"], "a bundle that passes its check")
        report: dict[str, Any] = answer["report"]
        return report


def _ids(engines: Mapping[str, Engine]) -> set[str]:
    return {engine.bundle_id for engine in engines.values()}
