"""The one place where the service is put together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from pydantic.json_schema import models_json_schema
from starlette.types import Lifespan

from trimtab.core.errors import BadParameter, NotFound
from trimtab.core.weights import normalise
from trimtab.engine import Engine
from trimtab.service.bundles.folder import BundleFolder
from trimtab.service.bundles.serving import Bundles
from trimtab.service.bundles.shadow import Shadow
from trimtab.service.catalogue.bundle_rebuilder import BundleRebuilder
from trimtab.service.catalogue.live_catalogue import LiveCatalogue
from trimtab.service.experiments.ramp_controller import RampController
from trimtab.service.experiments.running import Experiment, Experiments
from trimtab.service.http import problem_documents as problems
from trimtab.service.http.admission import Admission
from trimtab.service.http.auth import AccessControl
from trimtab.service.http.bodies import REFERENCE
from trimtab.service.http.keys import Grant, Keys
from trimtab.service.http.routes.bundles import TrafficShare, bundles_router
from trimtab.service.http.routes.decisions import decisions_router
from trimtab.service.http.routes.definitions import definitions_router
from trimtab.service.http.routes.events import Batch, events_router
from trimtab.service.http.routes.experiments import experiments_router
from trimtab.service.http.routes.frontier import frontier_router
from trimtab.service.http.routes.health import health_router
from trimtab.service.http.routes.items import Ids, items_router
from trimtab.service.http.routes.keys import keys_router
from trimtab.service.http.routes.pages import PageBody, VisitBody, pages_router
from trimtab.service.http.routes.playground import playground_router
from trimtab.service.http.routes.replays import replays_router
from trimtab.service.http.routes.search import search_router
from trimtab.service.http.routes.views import views_router
from trimtab.service.http.security_headers import SecurityHeaders
from trimtab.service.http.shortcut import Shortcut
from trimtab.service.logs.event_compactor import EventCompactor
from trimtab.service.logs.event_log import Event, EventLog
from trimtab.service.logs.impression_log import ImpressionLog
from trimtab.service.observability.metrics import Metrics
from trimtab.service.observability.quality import Watching
from trimtab.service.observability.request_metrics import Accounting
from trimtab.service.observability.tracing import tracing
from trimtab.service.pages.page_ingest import PageIngest
from trimtab.service.pages.page_worker import PageWorker
from trimtab.service.pages.tracked_pages import TrackedPages
from trimtab.service.playground.replay_reports import ReplayReports
from trimtab.service.playground.templates import ASSETS, FOLDER
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.search.candidate_cache import CandidateCache
from trimtab.service.search.profiles import Profile, Profiles
from trimtab.service.search.pseudonyms import Pseudonyms
from trimtab.service.search.recent_events import RecentEvents
from trimtab.service.search.rules import Rule, Rules
from trimtab.service.search.searching import Searching
from trimtab.service.settings import Settings

PATIENCE = 0.5
"""Share of the time to answer that a search may wait for its turn: the rest is for the search."""
FRONTIERS_AT_ONCE = 2
"""They are computed in threads of their own; more would take the searches' time."""
INTERFACE_VERSION = "1"
"""Of the HTTP interface, not of the package."""


def create_app(settings: Settings) -> FastAPI:
    """Load the bundle and wire the service around it. Threads start and stop with the app's lifespan.

    Without `settings.redis_url` the app serves as if Redis were lost; `service.server` starts a private one first.

    Raises:
        BundleDamaged, BundleMismatch: the bundle cannot serve.
    """
    metrics = Metrics()
    pseudonyms = Pseudonyms(settings.id_salt)
    catalogue = LiveCatalogue(settings.data_folder, metrics, load=lambda path: pseudonyms.engine(Engine.load(path)))
    redis = RedisGateway(
        settings.redis_url,
        timeout_seconds=settings.redis_timeout_seconds,
        poll_seconds=settings.redis_poll_seconds,
    )
    shadow = Shadow(settings.data_folder, metrics)
    bundles = Bundles(
        BundleFolder(settings.bundle_folder or settings.bundle.parent, settings.bundle),
        redis=redis,
        shadow=shadow,
        metrics=metrics,
        golden_queries=settings.golden_queries,
        check_seconds=settings.bundle_check_seconds,
        load=catalogue.load,
        forget=catalogue.forget,
    )
    profiles = Profiles(redis)
    rules = Rules(redis)
    experiments = Experiments(redis, metrics)
    RampController(experiments, redis)
    keys = Keys(redis)
    gate = AccessControl(
        keys,
        admin_key=settings.admin_key,
        is_required=settings.keys_are_required,
        admin_port=settings.admin_port,
    )
    impressions = ImpressionLog(settings, metrics.log_observer("impressions"))
    recent_events = RecentEvents(redis)
    watching = Watching(metrics)
    traces = tracing(settings.traces_url, share=settings.traces_sample_ratio)
    followers = (recent_events.follow, experiments.totals.follow)
    events = EventLog(settings, redis, metrics.log_observer("interactions"), followers=followers)
    compactor = EventCompactor(
        settings.data_folder,
        lambda result, n: metrics.events_compacted.labels(result).inc(n),
        every_seconds=settings.log_compact_seconds,
        follow=watching.realised,
    )
    compaction = BundleRebuilder(bundles, catalogue, metrics, items=settings.rebuild_after_items)
    analyst = PageWorker(seconds=settings.page_seconds)
    pages = PageIngest(settings, analyst, catalogue, metrics, metrics.log_observer("pages"))
    tracked = TrackedPages(settings, redis, analyst, metrics.log_observer("tracked"))
    cache = CandidateCache(
        redis,
        metrics,
        entries=settings.cache_entries,
        seconds=settings.cache_seconds,
    )
    searching = Searching(
        bundles,
        catalogue,
        shadow=shadow,
        redis=redis,
        cache=cache,
        profiles=profiles,
        rules=rules,
        experiments=experiments,
        recent_events=recent_events,
        impressions=impressions,
        metrics=metrics,
        watching=watching,
        tracing=traces,
        pseudonyms=pseudonyms,
        exploration_share=settings.exploration_ratio,
        timeout_ms=settings.timeout_ms,
    )

    app = FastAPIOffline(
        title="trimtab",
        summary="Product search steered per request by objective weights.",
        version=INTERFACE_VERSION,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan(
            (lambda: None, traces.close),
            (watching.start, watching.stop),
            (redis.start, redis.stop),
            (catalogue.start, catalogue.stop),
            (compaction.start, compaction.stop),
            (bundles.start, bundles.stop),
            (compactor.start, compactor.close),
            (impressions.start, impressions.close),
            (events.start, events.close),
            (analyst.start, analyst.stop),
            (pages.start, pages.stop),
            (tracked.start, tracked.stop),
        ),
    )
    limit = settings.max_body_bytes
    patience = PATIENCE * settings.timeout_ms / 1e3
    admission = Admission(metrics, waiting=settings.max_waiting_searches, patience_seconds=patience)
    frontiers = Admission(metrics, waiting=settings.max_waiting_searches, at_once=FRONTIERS_AT_ONCE)
    reader, admin = gate.dependency("admin", always=False), gate.dependency("admin", always=True)
    define = partial(definitions_router, reader=reader, admin=admin, max_body_bytes=limit)
    replays = ReplayReports(settings.report_folder or settings.data_folder / "reports")
    searches = search_router(searching, gate, admission, max_body_bytes=limit)
    routers = (
        searches,
        frontier_router(searching, gate, frontiers),
        events_router(events, pseudonyms, metrics, gate, max_body_bytes=limit),
        define(profiles, check=lambda profile: normalise(profile.weights, searching.known_weights)),
        bundles_router(bundles, experiments, admin=admin, max_body_bytes=limit),
        define(rules, check=lambda rule: _require_items(catalogue.newest(bundles.serving), rule)),
        define(
            experiments,
            check=partial(_require_arms, profiles, bundles, experiments),
        ),
        experiments_router(experiments, redis, reader=reader),
        pages_router(pages, tracked, bundles, gate, max_page_bytes=settings.max_page_bytes),
        items_router(catalogue, bundles, gate, max_body_bytes=limit),
        keys_router(keys, admin=admin, max_body_bytes=limit),
        decisions_router(bundles, catalogue, impressions, admin=admin),
        health_router(bundles, gate, redis=redis, metrics=metrics),
        playground_router(searching, profiles, gate, admission),
        replays_router(replays, reader=reader),
        views_router(bundles, watching, reader=reader),
    )
    for router in routers:
        app.include_router(router)
    app.mount(ASSETS, StaticFiles(directory=FOLDER / "assets"))
    problems.install(app)
    app.add_middleware(Shortcut, routes=searches.routes)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Accounting, metrics=metrics)
    app.openapi = partial(_openapi, app)  # type: ignore[method-assign]  # the framework's own way to extend it
    return app


def _lifespan(*background: tuple[Callable[[], None], Callable[[], None]]) -> Lifespan[FastAPI]:
    """Start what runs beside the requests in this order, and stop it in the other.

    Args:
        background: how each is started and stopped.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        for start, _stop in background:
            start()
        yield
        for _start, stop in reversed(background):
            stop()

    return lifespan


def _require_arms(profiles: Profiles, bundles: Bundles, experiments: Experiments, experiment: Experiment) -> None:
    experiments.check(experiment)
    for arm in experiment.arms.values():
        profiles.get(arm.profile)
        if arm.bundle not in (None, *bundles.plan.loaded):
            raise BadParameter("bundle", f"{arm.bundle!r} is not loaded", ", ".join(bundles.plan.loaded))


def _require_items(engine: Engine, rule: Rule) -> None:
    for item_id in rule.item_ids:
        try:
            engine.store.row_of(item_id)
        except NotFound:
            raise BadParameter("item_ids", f"there is no item {item_id!r}", "items of the catalogue") from None


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The document at /openapi.json: the routes, and the models that bodies and problems refer to by name."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        models = (
            problems.Problem,
            Event,
            Batch,
            Profile,
            Rule,
            Experiment,
            Grant,
            Ids,
            PageBody,
            TrafficShare,
            VisitBody,
        )
        _, definitions = models_json_schema([(model, "validation") for model in models], ref_template=REFERENCE)
        document["components"]["schemas"].update(definitions["$defs"])
        document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{}, {"key": []}]
        app.openapi_schema = document
    return app.openapi_schema
