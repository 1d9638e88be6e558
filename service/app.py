"""The service over HTTP: routes, middleware and documentation around the parts of `service.bootstrap`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from pydantic.json_schema import models_json_schema
from starlette.routing import Route
from starlette.types import Lifespan

from trimtab.service.bootstrap import Background, Foundations, Parts, background, build_parts
from trimtab.service.http import documentation
from trimtab.service.http import problem_documents as problems
from trimtab.service.http.admission import Admission
from trimtab.service.http.auditing import Auditing
from trimtab.service.http.bodies import REFERENCE, referred
from trimtab.service.http.middleware import (
    AllowedHosts,
    DirectRoutes,
    RequestMetrics,
    SecurityHeaders,
    ShopOrigins,
    direct_table,
)
from trimtab.service.http.routes.access.accounts import accounts_router, sessions_router
from trimtab.service.http.routes.access.keys import keys_router
from trimtab.service.http.routes.access.users import users_router
from trimtab.service.http.routes.analysis.analytics import analytics_router
from trimtab.service.http.routes.analysis.comparisons import comparisons_router
from trimtab.service.http.routes.analysis.query_sets import queries_of_log, query_sets_router
from trimtab.service.http.routes.analysis.replays import replays_router
from trimtab.service.http.routes.catalogue.bundles import bundles_router
from trimtab.service.http.routes.catalogue.feeds import feeds_router
from trimtab.service.http.routes.catalogue.items import items_router
from trimtab.service.http.routes.catalogue.pages import pages_router
from trimtab.service.http.routes.definitions.definitions import definitions_router
from trimtab.service.http.routes.definitions.drafts import drafts_router
from trimtab.service.http.routes.definitions.experiments import experiments_router
from trimtab.service.http.routes.health import health_router
from trimtab.service.http.routes.playground import playground_router
from trimtab.service.http.routes.search.decisions import decisions_router
from trimtab.service.http.routes.search.events import events_router
from trimtab.service.http.routes.search.frontier import frontier_router
from trimtab.service.http.routes.search.related import related_router
from trimtab.service.http.routes.search.search import search_router
from trimtab.service.http.routes.search.suggest import suggest_router
from trimtab.service.http.routes.views import missing_page, views_router
from trimtab.service.http.sessions import COOKIE
from trimtab.service.logs.audit_log import AuditLog
from trimtab.service.playground.replay_reports import ReplayReports
from trimtab.service.playground.templates import ASSETS, FOLDER
from trimtab.service.settings import Settings
from trimtab.service.workbench.comparing import Comparer
from trimtab.service.workbench.fitting import Fitting

if TYPE_CHECKING:  # the extra `mcp`
    from trimtab.service.agents.door import AgentsDoor

Dependency = Callable[[Request], Awaitable[None]]
PATIENCE_RATIO = 0.5
"""Share of the time to answer that a search may wait for its turn: the rest is for the search."""
FRONTIERS_AT_ONCE = 2
"""They are computed in threads of their own; more would take the searches' time."""
NO_TELEMETRY = {"tracing": False, "metrics": False, "logs": False}
"""Searches are traced by `observability.tracing`; the framework would look at each request whether it is to do so."""
INTERFACE_VERSION = "1"
"""The version of the HTTP interface, not of the package."""


def create_app(settings: Settings) -> FastAPI:
    """The service over HTTP. Threads start and stop with the app's lifespan.

    Without `settings.redis_url` the app serves as if Redis were lost; `service.server` starts a private one first.

    Raises:
        BundleDamaged, BundleMismatch: the bundle cannot serve.
    """
    parts = build_parts(settings)
    searches = _admission(parts)
    agents = _agents(parts, searches)
    app = FastAPIOffline(
        title="trimtab",
        summary="Product search steered per request by objective weights.",
        version=INTERFACE_VERSION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan(background(parts), agents),
        telemetry=NO_TELEMETRY,
    )
    routers = _routers(parts, searches)
    for router in routers:  # as they are: including a router makes each of its routes a second time
        app.router.routes.extend(router.routes)
    if agents is not None:
        app.router.routes.append(Route(agents.path, agents, include_in_schema=False))
    documentation.install(app)
    app.mount(ASSETS, StaticFiles(directory=FOLDER / "assets"))
    problems.install(app, missing_page())
    _add_middleware(app, routers, parts.foundations)
    app.openapi = partial(_openapi, app)  # type: ignore[method-assign]  # the framework's own way to extend it
    return app


def _lifespan(background: Sequence[Background], agents: AgentsDoor | None) -> Lifespan[FastAPI]:
    """Start what runs beside the requests in this order, and stop it in the opposite one."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        for start, _stop in background:
            if start is not None:
                start()
        async with nullcontext() if agents is None else agents.running():
            yield
        for _start, stop in reversed(background):
            stop()

    return lifespan


def _add_middleware(app: FastAPI, routers: Iterable[APIRouter], foundations: Foundations) -> None:
    """What is added last is the outermost: every request is counted, every answer has the headers."""
    app.add_middleware(DirectRoutes, table=direct_table(routers, "/search"))
    app.add_middleware(Auditing, log=AuditLog(foundations.settings.data_folder))
    if foundations.settings.origins:
        app.add_middleware(ShopOrigins, origins=foundations.settings.origins)
    app.add_middleware(AllowedHosts, is_allowed=foundations.settings.answers_to)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestMetrics, metrics=foundations.metrics)


def _admission(parts: Parts) -> Admission:
    """The queue of searches, of shoppers and agents alike."""
    settings = parts.foundations.settings
    patience = PATIENCE_RATIO * settings.timeout_ms / 1e3
    return Admission(parts.foundations.metrics, waiting=settings.max_waiting_searches, patience_seconds=patience)


def _agents(parts: Parts, searches: Admission) -> AgentsDoor | None:
    """`POST /mcp`; None where the extra `mcp` is not installed."""
    if find_spec("mcp") is None:
        return None
    from trimtab.service.agents.door import AgentsDoor  # noqa: PLC0415  # the extra `mcp`

    return AgentsDoor(parts.search, parts.definitions.people.access, searches, version=INTERFACE_VERSION)


def _routers(parts: Parts, searches: Admission) -> tuple[APIRouter, ...]:
    """All routes. Where two match a path the first one answers; so far none do."""
    access, metrics = parts.definitions.people.access, parts.foundations.metrics
    reader, admin = access.dependency("read", always=False), access.dependency("admin", always=True)
    return (
        *_search_routers(parts, searches),
        *_definition_routers(parts, searches, reader=reader, admin=admin),
        *_bundle_routers(parts, reader=reader, admin=admin),
        *_record_routers(parts, reader=reader, admin=admin),
        analytics_router(
            parts.questions,
            lambda: parts.serving.bundles.serving,
            changes=parts.serving.catalogue.folder,
            reader=access.dependency("analytics", always=False),
            min_users=parts.foundations.settings.analytics_min_users,
        ),
        health_router(parts.serving.bundles, access, redis=parts.foundations.redis, metrics=metrics),
    )


def _search_routers(parts: Parts, searches: Admission) -> tuple[APIRouter, ...]:
    settings, metrics, access = parts.foundations.settings, parts.foundations.metrics, parts.definitions.people.access
    tokens = parts.foundations.tokens
    frontiers = Admission(metrics, waiting=settings.max_waiting_searches, at_once=FRONTIERS_AT_ONCE)
    return (
        search_router(parts.search, access, tokens, searches, max_body_bytes=settings.max_body_bytes),
        related_router(parts.search, access, tokens, searches),
        frontier_router(parts.search, access, tokens, frontiers),
        playground_router(parts.search, parts.definitions.profiles, parts.suggestions, access, tokens, searches),
        suggest_router(parts.search, parts.suggestions, access, tokens),
    )


def _definition_routers(
    parts: Parts, searches: Admission, *, reader: Dependency, admin: Dependency
) -> tuple[APIRouter, ...]:
    definitions = parts.definitions
    limit = parts.foundations.settings.max_body_bytes
    people = definitions.people
    fits = Fitting(parts.search, definitions.experiments, definitions.profiles, parts.serving.bundles).require
    merchandiser = people.access.dependency("merchandise", always=True)
    define = partial(definitions_router, changes=definitions.changes, reader=reader, max_body_bytes=limit)
    return (
        define(definitions.profiles, check=fits, admin=admin),
        define(definitions.rules, check=fits, admin=merchandiser),
        define(definitions.synonyms, check=fits, admin=merchandiser),
        define(definitions.experiments, check=fits, admin=admin),
        drafts_router(
            definitions.drafts,
            definitions.changes,
            check=fits,
            reader=reader,
            merchandiser=merchandiser,
            admin=admin,
            max_body_bytes=limit,
        ),
        comparisons_router(
            Comparer(parts.search, definitions.drafts),
            searches,
            grades_of=definitions.query_sets.consensus,
            reader=reader,
            max_body_bytes=limit,
        ),
        query_sets_router(
            definitions.query_sets,
            queries_of_log(parts.questions, min_users=parts.foundations.settings.analytics_min_users),
            reader=reader,
            merchandiser=merchandiser,
            max_body_bytes=limit,
        ),
        experiments_router(definitions.experiments, parts.foundations.redis, reader=reader),
        keys_router(people.keys, admin=admin, max_body_bytes=limit),
        accounts_router(people.accounts, admin=admin),
        sessions_router(people.sessions, people.accounts, people.access),
    )


def _bundle_routers(parts: Parts, *, reader: Dependency, admin: Dependency) -> tuple[APIRouter, ...]:
    settings, serving, access = parts.foundations.settings, parts.serving, parts.definitions.people.access
    limit = settings.max_body_bytes
    return (
        bundles_router(
            serving.bundles,
            serving.loads,
            parts.definitions.experiments,
            reader=access.dependency("read", always=True),
            admin=admin,
            max_body_bytes=limit,
        ),
        items_router(serving.catalogue, serving.bundles, access, max_body_bytes=limit),
        feeds_router(serving.feeds, serving.bundles, access),
        pages_router(
            parts.pages.ingest, parts.pages.tracked, serving.bundles, access, max_page_bytes=settings.max_page_bytes
        ),
        views_router(serving.bundles, parts.records.quality, reader=reader),
    )


def _record_routers(parts: Parts, *, reader: Dependency, admin: Dependency) -> tuple[APIRouter, ...]:
    foundations, serving, records = parts.foundations, parts.serving, parts.records
    settings = foundations.settings
    replays = ReplayReports(settings.report_folder or settings.data_folder / "reports")
    return (
        events_router(
            parts.intake,
            foundations.pseudonyms,
            foundations.metrics,
            parts.definitions.people.access,
            foundations.tokens,
            max_body_bytes=settings.max_body_bytes,
        ),
        decisions_router(serving.bundles, serving.catalogue, records.impressions, admin=admin),
        replays_router(replays, reader=reader),
        users_router(
            parts.users,
            parts.erasures,
            foundations.pseudonyms,
            admin=admin,
            within_seconds=settings.log_segment_seconds + settings.log_compact_seconds,
        ),
    )


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The document at /openapi.json: the routes, and the models that bodies and problems refer to by name."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        _, definitions = models_json_schema([(model, "validation") for model in referred()], ref_template=REFERENCE)
        document["components"]["schemas"].update(definitions["$defs"])
        document["components"]["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
        }
        document["security"] = [{}, {"key": []}, {"session": []}]
        app.openapi_schema = document
    return app.openapi_schema
