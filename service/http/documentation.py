"""/docs: the interactive documentation, without the network, in the colours that the reader's system has."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse

from trimtab.service.playground.templates import ASSETS

STATIC = "/static-offline-docs"
"""Where `fastapi_offline` serves the scripts of the page."""


def install(app: FastAPI) -> None:
    """Serve the page."""

    @app.get("/docs", include_in_schema=False)
    async def documentation() -> HTMLResponse:
        page = get_swagger_ui_html(
            openapi_url=str(app.openapi_url),
            title=f"{app.title}, HTTP interface",
            swagger_js_url=f"{STATIC}/swagger-ui-bundle.js",
            swagger_css_url=f"{STATIC}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS}/mark.svg",
        )
        own = f'<link rel="stylesheet" href="{ASSETS}/docs.css"><script src="{ASSETS}/docs.js"></script></head>'
        markup = bytes(page.body).decode().replace("</head>", own, 1)
        return HTMLResponse(markup.replace("<html>", '<html lang="en">', 1))
