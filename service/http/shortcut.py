"""Answers some routes before the framework looks for them.

An endpoint that reads the request and makes the response itself has nothing from the framework's layers between; they
cost a search a fifth of a millisecond. The routes stay registered: for the documentation, and for other methods.
"""

from __future__ import annotations

from collections.abc import Iterable

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from trimtab.service.http.problem_documents import problem_of


class Shortcut:
    """Wraps the app; inside of what counts requests and adds headers."""

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        """
        Args:
            routes: whose endpoints take the request, return the response, and have no parameters in their paths.
        """
        self._app = app
        self._routes = {
            (method, route.path): route
            for route in routes
            if isinstance(route, APIRoute)
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._routes.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if route is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        try:
            response = await route.endpoint(Request(scope, receive))
        except Exception as error:
            found = problem_of(error)
            if found is None:
                raise
            response = found
        await response(scope, receive, send)
