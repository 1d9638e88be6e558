"""The one place where the service is put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi_offline import FastAPIOffline
from pydantic.json_schema import models_json_schema

from engine import Engine
from service import problems
from service.accounting import Accounting
from service.auth import admin
from service.bodies import REFERENCE
from service.candidate_cache import CandidateCache
from service.event_log import Event, EventLog
from service.impression_log import ImpressionLog
from service.profiles import Profile, Profiles
from service.routes.events import Batch, events_router
from service.routes.health import health_router
from service.routes.profiles import profiles_router
from service.routes.search import search_router
from service.searching import Searching
from service.settings import Settings
from service.state import State
from service.telemetry import Telemetry

INTERFACE_VERSION = "1"
"""Of the HTTP interface, not of the package."""


def create_app(settings: Settings) -> FastAPI:
    """Load the bundle and wire the service around it. Threads start and stop with the app's lifespan.

    Without `settings.redis_url` the app serves as if Redis were lost; `service.server` starts a private one first.

    Raises:
        BundleDamaged, BundleMismatch: the bundle cannot serve.
    """
    engine = Engine.load(settings.bundle)
    telemetry = Telemetry()
    telemetry.bundle_info.labels(engine.bundle_id).set(1)
    state = State(
        settings.redis_url,
        timeout_seconds=settings.redis_timeout_seconds,
        poll_seconds=settings.redis_poll_seconds,
    )
    profiles = Profiles(state)
    impressions = ImpressionLog(settings, telemetry.log_observer("impressions"))
    events = EventLog(settings, state, telemetry.log_observer("interactions"))
    cache = CandidateCache(
        state,
        telemetry,
        bundle_id=engine.bundle_id,
        entries=settings.cache_entries,
        seconds=settings.cache_seconds,
    )
    searching = Searching(
        engine,
        state=state,
        cache=cache,
        profiles=profiles,
        impressions=impressions,
        telemetry=telemetry,
        exploration_share=settings.exploration_share,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        state.start()
        impressions.start()
        events.start()
        yield
        events.close()
        impressions.close()
        state.stop()

    app = FastAPIOffline(
        title="trimtab",
        summary="Product search steered per request by objective weights.",
        version=INTERFACE_VERSION,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    limit = settings.max_body_bytes
    app.include_router(search_router(searching, max_body_bytes=limit))
    app.include_router(events_router(events, telemetry, max_body_bytes=limit))
    app.include_router(
        profiles_router(
            profiles, known_weights=engine.known_weights, admin=admin(settings.admin_key), max_body_bytes=limit
        )
    )
    app.include_router(health_router(bundle_id=engine.bundle_id, state=state, telemetry=telemetry))
    problems.install(app)
    app.add_middleware(Accounting, telemetry=telemetry)
    app.openapi = partial(_openapi, app)  # type: ignore[method-assign]  # the framework's own way to extend it
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The document at /openapi.json: the routes, and the models that bodies and problems refer to by name."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        _, definitions = models_json_schema(
            [(model, "validation") for model in (problems.Problem, Event, Batch, Profile)], ref_template=REFERENCE
        )
        document["components"]["schemas"].update(definitions["$defs"])
        app.openapi_schema = document
    return app.openapi_schema
