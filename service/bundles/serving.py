"""The bundles of this process and which of them answers whom; they are replaced while searches go on.

Every worker follows the plan in Redis (`service.bundles.plan_store`). A bundle is checked once in a process of its own
(`service.bundles.checking`), then loaded by a background thread of each worker, and only then does one assignment make
it answer: a search that has begun ends with what it began with. What fails to load leaves everything as it was.

The thread has the priority of all others: one that computes at a low priority holds the interpreter's lock for longer.

While Redis is lost or has no plan, the bundle that the service was started with answers.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import structlog
from redis import Redis

from trimtab.core.errors import BadParameter, Conflict, NotFound, TrimtabError, Unavailable
from trimtab.core.experiments.assignment import place
from trimtab.engine import Engine
from trimtab.engine.bundle.manifest import objectives_in, require_same_objectives
from trimtab.service.bundles.checking import check_bundle
from trimtab.service.bundles.folder import BundleFolder
from trimtab.service.bundles.plan import Plan
from trimtab.service.bundles.plan_store import PlanStore
from trimtab.service.bundles.shadow import Shadow
from trimtab.service.observability.metrics import Metrics
from trimtab.service.redis.gateway import RedisGateway

LOAD_SECONDS = 60.0
"""The longest time that a request to load waits for this worker."""
RETRY_SECONDS = 5.0
"""Until what another machine should have, and could not be had, is asked for again."""

Role = Literal["active", "canary", "arm"]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ServingBundle:
    """The bundle that answers one request, and why."""

    engine: Engine
    role: Role
    name: str


@dataclass(frozen=True, slots=True)
class _Roles:
    """The loaded engines in their roles; replaced whole."""

    active: ServingBundle
    canary: ServingBundle | None = None
    canary_share: float = 0.0
    engines: Mapping[str, Engine] = field(default_factory=dict)


async def _unheard(_: str) -> None:
    """Nobody asks how far a load is."""


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
            golden_queries: a file of queries, one a line, for the check.
            check_seconds: the longest time of a check.
            load: loads a bundle, verified and warm.
            forget: is given the id of a bundle that is no longer loaded.

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
        self._store = PlanStore(redis, start=folder.start, start_id=folder.manifest(folder.start)["bundle_id"])
        self._problems: dict[str, str] = {}
        self._unfinished: set[str] = set()
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._checking = asyncio.Lock()
        self._changing_roles = threading.Lock()
        self._following = threading.Lock()
        redis.ask(self._store.read)
        name, engine = self._first()
        self._roles = _Roles(ServingBundle(engine, "active", name), engines={name: engine})
        self._metrics.bundle_info.labels(engine.bundle_id).set(1)
        redis.on_poll(self._follow)

    @property
    def serving(self) -> Engine:
        """The engine that answers; whatever answers a request reads it once and keeps to it."""
        return self._roles.active.engine

    @property
    def serving_name(self) -> str:
        """The name of the bundle that answers here, which is that of the plan once it is loaded."""
        return self._roles.active.name

    @property
    def plan(self) -> Plan:
        """The plan as last read."""
        return self._store.plan

    @property
    def problems(self) -> Mapping[str, str]:
        """Why a bundle of the plan is not loaded here, by name."""
        return self._problems

    @property
    def loaded(self) -> Mapping[str, Engine]:
        """The engines in memory, by name."""
        return self._roles.engines

    def choose(self, unit_id: str | None) -> ServingBundle:
        """The bundle that answers a unit (a user, a session): the same one as long as the plan stays the same."""
        roles = self._roles
        if roles.canary is None or unit_id is None:
            return roles.active
        return roles.canary if place("canary", roles.canary.name, unit_id) < roles.canary_share else roles.active

    def arm(self, name: str) -> ServingBundle | None:
        """The loaded bundle of an experiment's arm; None where it is not loaded here."""
        engine = self._roles.engines.get(name)
        return None if engine is None else ServingBundle(engine, "arm", name)

    def find(self, bundle_id: str) -> Engine:
        """The loaded engine of that bundle.

        Raises:
            NotFound: it is not loaded.
        """
        for engine in self._roles.engines.values():
            if engine.bundle_id == bundle_id:
                return engine
        loaded = ", ".join(engine.bundle_id for engine in self._roles.engines.values())
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

    async def load(
        self, name: str, reached: Callable[[Literal["checking", "loading"]], Awaitable[object]] = _unheard
    ) -> dict[str, Any]:
        """Check a bundle aside and load it into every worker; returns the report when this one has it.

        Args:
            reached: called before each stage.

        Raises:
            NotFound: there is none of that name.
            BundleMismatch: it is not fit to serve.
            Conflict: the plan has no room for it.
            Unavailable: Redis is lost, or the bundle takes too long.
        """
        path = self.folder.path_of(name)
        candidate = objectives_in(await asyncio.to_thread(self.folder.manifest, name))
        require_same_objectives(self._roles.active.engine.objectives, candidate)
        async with self._checking:
            await reached("checking")
            report = await check_bundle(
                name,
                path,
                running=self.folder.path_of(self._roles.active.name),
                golden_queries=self._golden_queries,
                timeout_seconds=self._check_seconds,
            )
            bundle_id = report["bundle_id"]
            await asyncio.to_thread(self.folder.publish, name)
            await self._store.keep_report(report)
            self._problems.pop(name, None)
            await reached("loading")
            await self.change(lambda plan: plan.load(name, bundle_id))
            await self._until_loaded(name, bundle_id)
        return report

    async def change(self, step: Callable[[Plan], Plan]) -> Plan:
        """Take one step of the plan; this worker follows before the answer, the others within a second.

        Raises:
            Conflict: the step cannot be taken from here, or somebody else took one at the same moment.
            Unavailable: Redis is lost.
        """
        changed = await self._store.change(step)
        await self._redis.run_aside(self._follow)
        return changed

    async def report(self, bundle_id: str) -> dict[str, Any] | None:
        """The report of the last check of a bundle."""
        return await self._store.report(bundle_id)

    async def workers(self) -> list[dict[str, Any]]:
        """What each living worker serves and has loaded, by its own account."""
        return await self._store.workers()

    def _first(self) -> tuple[str, Engine]:
        """The engine that answers from the start."""
        name = self._store.plan.active
        if name != self.folder.start:
            try:
                return name, self._loaded(name)
            except TrimtabError as error:
                _log.error("the active bundle cannot be loaded, the one of the start serves", problem=str(error))
                self._problems[name] = str(error)
                if isinstance(error, Unavailable):
                    self._unfinished.add(name)
        return self.folder.start, self._load(self.folder.path_of(self.folder.start))

    def _loaded(self, name: str) -> Engine:
        expected = self._store.plan.loaded[name]
        engine = self._load(self.folder.obtain(name, expected))
        if engine.bundle_id != expected:
            raise Conflict(f"bundle {name!r} was {expected} when it was checked and is {engine.bundle_id} now")
        return engine

    def _follow(self, redis: Redis) -> None:
        """Bring the roles in line with the plan. A second caller waits: the plan is in force when either returns."""
        with self._following:
            if self._store.read(redis):
                self._apply()
                self._wake.set()
            roles = self._roles
            state = {
                "serving": roles.active.name,
                "loaded": {name: engine.bundle_id for name, engine in roles.engines.items()},
                "problems": self._problems,
            }
            self._store.publish_state(redis, state)

    def _run(self) -> None:
        """Load what the plan has and this process has not; the thread runs this."""
        while not self._stopping:
            plan = self._store.plan
            for name, bundle_id in plan.loaded.items():
                there = self._roles.engines.get(name)
                if (there is None or there.bundle_id != bundle_id) and not self._stopping:
                    self._load_one(name)
            self._apply()
            self._wake.wait(RETRY_SECONDS if self._unfinished else None)
            self._wake.clear()
            for name in self._unfinished:
                self._problems.pop(name, None)
            self._unfinished.clear()

    def _load_one(self, name: str) -> None:
        if name in self._problems:
            return  # the next request to load it tries again; see also `_unfinished`
        try:
            engine = self._loaded(name)
        except Exception as error:  # noqa: BLE001  # whatever is wrong with it, what answers goes on
            _log.error("a bundle cannot be loaded", bundle=name, problem=str(error))
            self._problems[name] = str(error) if isinstance(error, TrimtabError) else type(error).__name__
            if isinstance(error, Unavailable):
                self._unfinished.add(name)
            self._metrics.bundle_loads.labels("failed").inc()
            return
        self._metrics.bundle_loads.labels("loaded").inc()
        with self._changing_roles:
            self._roles = replace(self._roles, engines={**self._roles.engines, name: engine})

    def _apply(self) -> None:
        """Put the engines that are there into the roles of the plan; forget those that it does not have."""
        plan = self._store.plan
        with self._changing_roles:
            before = self._roles
            engines = {name: one for name, one in before.engines.items() if plan.loaded.get(name) == one.bundle_id}
            active = before.active
            if plan.active in engines:
                active = ServingBundle(engines[plan.active], "active", plan.active)
            engines.setdefault(active.name, active.engine)
            self._roles = _Roles(active, engines=engines)
            if plan.canary is not None and plan.canary.bundle in engines:
                canary = ServingBundle(engines[plan.canary.bundle], "canary", plan.canary.bundle)
                self._roles = replace(self._roles, canary=canary, canary_share=plan.canary.share)
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
        while (there := self._roles.engines.get(name)) is None or there.bundle_id != bundle_id:
            if name in self._problems:
                raise BadParameter("bundle", self._problems[name], "a bundle that can be loaded")
            if time.monotonic() > deadline:
                raise Unavailable(f"bundle {name!r} is still being loaded; look at GET /bundles")
            await asyncio.sleep(0.02)


def _ids(engines: Mapping[str, Engine]) -> set[str]:
    return {engine.bundle_id for engine in engines.values()}
