"""Pages that report (replays, experiments, the bundle, shops' pages, followed prices), and those of the workbench."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from trimtab.core.errors import NotFound
from trimtab.service.bundles.serving import Bundles
from trimtab.service.http.routes.analysis.replays import Name
from trimtab.service.observability.quality import QualityMonitor
from trimtab.service.playground.templates import HEADERS, PAGE_HEADERS, VIEWS, WORKBENCH, templates

SHOWN = ("bundle_id", "created", "source", "objectives", "default_weights", "catalogue", "retrieval", "training")
"""The parts of a manifest that are shown; its files and libraries are for machines."""


def views_router(
    bundles: Bundles, quality: QualityMonitor, *, reader: Callable[[Request], Awaitable[None]]
) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    page, bench = (templates().get_template(name) for name in ("view.html", "workbench.html"))

    @router.get("/views/{view}", response_class=HTMLResponse)
    async def view(view: str) -> HTMLResponse:
        """The page without its data, which it asks for by itself, with a key where one is needed."""
        if view not in VIEWS:
            raise NotFound(f"there is no view {view!r}; there are {', '.join(VIEWS)}")
        headers = PAGE_HEADERS if view == "pages" else HEADERS
        return HTMLResponse(page.render(view=view, title=VIEWS[view], name=None), headers=headers)

    @router.get("/views/replays/{name}", response_class=HTMLResponse)
    async def replay(name: Name) -> HTMLResponse:
        return HTMLResponse(page.render(view="replays", title=name, name=name), headers=HEADERS)

    @router.get("/workbench", response_class=RedirectResponse)
    @router.get("/workbench/", response_class=RedirectResponse)
    async def first_of_workbench() -> str:
        return f"/workbench/{next(iter(WORKBENCH))}"

    @router.get("/views", response_class=RedirectResponse)
    @router.get("/views/", response_class=RedirectResponse)
    async def first_view() -> str:
        return f"/views/{next(iter(VIEWS))}"

    @router.get("/workbench/{name}", response_class=HTMLResponse)
    async def workbench(name: str) -> HTMLResponse:
        if name not in WORKBENCH:
            raise NotFound(f"there is no page {name!r} of the workbench; there are {', '.join(WORKBENCH)}")
        return HTMLResponse(bench.render(name=name, title=WORKBENCH[name]), headers=HEADERS)

    @router.get("/playground/bundle", dependencies=[Depends(reader)])
    async def bundle() -> dict[str, Any]:
        """What the bundle that serves says of itself, and how far this worker's searches are from its training."""
        manifest = bundles.serving.manifest
        return {**{name: manifest[name] for name in SHOWN}, "drift": quality.drift()}

    return router


def missing_page() -> Callable[[str], Response]:
    """What a person is shown who goes to an address that is not there, given the words for it."""
    page = templates().get_template("missing.html")
    return lambda detail: HTMLResponse(page.render(detail=detail), status_code=HTTPStatus.NOT_FOUND, headers=HEADERS)
