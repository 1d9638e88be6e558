"""/openapi.json and /docs: the documentation of the routes, without the network, in the colours that the reader's
system has."""

from __future__ import annotations

import threading

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from trimtab.service.playground.templates import ASSETS

STATIC = "/static-offline-docs"
"""Where `fastapi_offline` serves the scripts of the page."""


class _Document:
    """What /openapi.json says: made when it is first asked for, on a thread of its own, as it takes half a second."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._mutex = threading.Lock()
        self._body = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = self._body or await run_in_threadpool(self._made)
        await Response(body, media_type="application/json")(scope, receive, send)

    def _made(self) -> bytes:
        with self._mutex:  # who waits finds it made
            self._body = self._body or bytes(JSONResponse(self._app.openapi()).body)
            return self._body


def install(app: FastAPI) -> None:
    """Serve both."""
    url = str(app.openapi_url)
    routes = app.router.routes
    framework = next(place for place, route in enumerate(routes) if isinstance(route, Route) and route.path == url)
    routes[framework] = Route(url, _Document(app), include_in_schema=False)

    @app.get("/docs", include_in_schema=False)
    async def documentation() -> HTMLResponse:
        page = get_swagger_ui_html(
            openapi_url=url,
            title=f"{app.title}, HTTP interface",
            swagger_js_url=f"{STATIC}/swagger-ui-bundle.js",
            swagger_css_url=f"{STATIC}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS}/mark.svg",
        )
        own = f'<link rel="stylesheet" href="{ASSETS}/docs.css"><script src="{ASSETS}/docs.js"></script></head>'
        markup = bytes(page.body).decode().replace("</head>", own, 1)
        return HTMLResponse(markup.replace("<html>", '<html lang="en">', 1))
