"""ASGI layers around the framework; `_add_middleware` of `trimtab.service.app` has them in their order.

Plain wrappers: a layer of the framework's own kind would cost as much as a stage of the search.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trimtab.service.http.problem_documents import echo, problem_of, problem_response
from trimtab.service.observability.metrics import Metrics

UNKNOWN = "unknown"
"""The path of requests that no route matched; their own paths would be endless label values."""

MOST_KEPT = 256
"""The most names of hosts of which is kept whether they are ours."""

SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"frame-ancestors 'none'; base-uri 'none'; object-src 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class RequestMetrics:
    """Counts and times every request."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        start = time.perf_counter()

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note_status)
        finally:
            path = getattr(scope.get("route"), "path", UNKNOWN)
            self._metrics.on_request(path, status, time.perf_counter() - start)


class AllowedHosts:
    """Refuses requests that are addressed to another name than those of this service.

    A page of another site can have a name of its own lead to this machine (DNS rebinding); its requests then come from
    the same origin as ours, but say that name.
    """

    def __init__(self, app: ASGIApp, is_allowed: Callable[[str], bool]) -> None:
        """
        Args:
            is_allowed: whether a host's name, without its port, is one of ours.
        """
        self._app = app
        self._is_allowed = lru_cache(MOST_KEPT)(is_allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            # Who sends no name is not a browser.
            hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
            names = list(map(_without_port, hosts))
            if not all(map(self._is_allowed, names)):
                detail = (
                    f"The request is addressed to {echo(', '.join(names))}, and this service answers to other names "
                    "only; where that is one of its own, add it to TRIMTAB_ALLOWED_HOSTS."
                )
                await problem_response(421, detail)(scope, receive, send)
                return
        await self._app(scope, receive, send)


SHOP_PATHS = re.compile(r"/(search|suggest|events|items/[^/]+/(similar|together))")
"""What a shop's own pages ask from a browser."""


class ShopOrigins:
    """Lets the pages of some origins call `SHOP_PATHS`. No cookies are used: what a request may do is its key's."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._shared = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=("GET", "POST"),
            allow_headers=("Authorization", "Content-Type"),
            expose_headers=("Retry-After",),
            max_age=3600,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_shared = scope["type"] == "http" and SHOP_PATHS.fullmatch(scope["path"])
        await (self._shared if is_shared else self._app)(scope, receive, send)


class SecurityHeaders:
    """Tells browsers to trust an answer no further than they must; a header that a route set by itself stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in SECURITY_HEADERS if pair[0] not in own)]
            await send(message)

        await self._app(scope, receive, with_headers)


def _without_port(host: str) -> str:
    """The name in a `Host` header; an IPv6 address without its brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


DirectTable = Mapping[tuple[str, str], APIRoute]


class DirectRoutes:
    """Answers some routes before the framework looks for them.

    An endpoint that reads the request and makes the response itself needs nothing of the layers between, which cost a
    search a fifth of a millisecond. The routes stay registered: for the documentation, and for other methods.
    """

    def __init__(self, app: ASGIApp, table: DirectTable) -> None:
        """
        Args:
            table: see `direct_table`.
        """
        self._app = app
        self._table = table

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._table.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if route is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        request = Request(scope, receive)
        try:
            response = await route.endpoint(request)
        except Exception as error:
            found = problem_of(error, request)
            if found is None:
                raise
            response = found
        await response(scope, receive, send)


def direct_table(routers: Iterable[APIRouter], path: str) -> dict[tuple[str, str], APIRoute]:
    """The routes of one path by method and path, to be answered directly.

    Raises:
        ValueError: there is none, or it has dependencies or parameters, which the framework would have resolved.
    """
    routes = [route for router in routers for route in router.routes]
    found = [route for route in routes if isinstance(route, APIRoute) and route.path == path]
    if not found:
        raise ValueError(f"there is no route {path} to be answered directly")
    for route in found:
        needs = route.dependant
        parameters = (needs.path_params, needs.query_params, needs.header_params, needs.cookie_params)
        if route.dependencies or needs.dependencies or any(parameters) or needs.body_params:
            raise ValueError(f"{path} cannot be answered directly: its route has dependencies or parameters")
    return {(method, path): route for route in found for method in route.methods or ()}
