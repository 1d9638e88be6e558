"""POST /pages and /tracked: web pages of shops, into the catalogue and over time."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from trimtab.service.bundles.serving import Bundles
from trimtab.service.http.auth import AccessControl
from trimtab.service.http.bodies import documented_body, read_object, reference, validated
from trimtab.service.http.problem_documents import documented
from trimtab.service.pages.page_ingest import PageIngest
from trimtab.service.pages.tracked_pages import TrackedPages
from trimtab.webpages.history import Visit


def _web_address(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.netloc or not url.isprintable():
        raise PydanticCustomError("url", "an address such as https://shop.example/p/1")
    return url


Url = Annotated[str, Field(max_length=2048), AfterValidator(_web_address)]


class PageBody(BaseModel):
    """A page as a browser got it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"html": "<html>...</html>", "url": "https://shop.example/p/1"}},
    )

    html: str = Field(min_length=1)
    url: Url | None = Field(None, description="Its address; left out, the page's own canonical one.")
    keep: bool = Field(True, description="Whether a product page becomes an item; false only says what is on it.")
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = Field(
        None, description="The catalogue's; a price in another one is left unknown rather than mixed in."
    )


class VisitBody(BaseModel):
    """One visit of a page."""

    model_config = ConfigDict(extra="forbid")

    html: str = Field(min_length=1)
    url: Url


class TakenPage(BaseModel):
    """What a page says, and what became of it."""

    page: dict[str, Any] = Field(description="As `trimtab pages analyze --json` has it.")
    item: dict[str, Any] | None = Field(description="The item it made or changed; null where it made none.")
    provenance: dict[str, Any] | None = Field(description="Where each value was read, how surely, by what evidence.")
    version: int | None = Field(description="Of the catalogue after the change.")
    left_out: str | None = Field(description="Why it made no item.")


class Followed(BaseModel):
    """A followed page as it was at its last visit."""

    url: str
    price: str | None
    currency: str | None
    status: str
    pending: str | None = Field(description="A price seen once and not yet believed.")
    n_visits: int
    last_visit: str


def pages_router(
    pages: PageIngest, tracked: TrackedPages, bundles: Bundles, access: AccessControl, *, max_page_bytes: int
) -> APIRouter:
    router = APIRouter(tags=["pages"])

    @router.post(
        "/pages",
        responses=documented(401, 403, 413, 422, 429, 503),
        openapi_extra=documented_body(reference(PageBody)),
        response_model=TakenPage,
        summary="A product page into the catalogue",
    )
    async def take(request: Request) -> dict[str, Any]:
        """A page that is not a product page makes no item, and `left_out` says so. The same product again is the same
        item: by GTIN, else by SKU and host, else by address. Answered when searches find it."""
        access.check_feeding(request)
        sent = validated(PageBody, await read_object(request, max_bytes=max_page_bytes))
        return await pages.add(bundles.serving, sent.html, sent.url, currency=sent.currency, keep=sent.keep)

    @router.get(
        "/tracked",
        responses=documented(401, 403, 429, 503),
        response_model=list[Followed],
        summary="Pages whose price is followed",
    )
    async def followed(request: Request) -> list[dict[str, Any]]:
        access.check(request, "ingest")
        return await tracked.all()

    @router.post(
        "/tracked",
        responses=documented(401, 403, 413, 422, 429, 503),
        openapi_extra=documented_body(reference(VisitBody)),
        response_model=Visit,
        summary="Visit a page",
    )
    async def visit(request: Request) -> dict[str, Any]:
        """The first visit of a page with a price makes it followed. Answered when the visit is on the disk."""
        access.check_feeding(request)
        sent = validated(VisitBody, await read_object(request, max_bytes=max_page_bytes))
        return await tracked.visit(sent.html, sent.url)

    @router.get(
        "/tracked/history",
        responses=documented(401, 403, 404, 422, 429, 503),
        response_model=list[Visit],
        summary="The visits of a page",
    )
    async def history(request: Request, url: Annotated[str, Query(max_length=2048)]) -> list[dict[str, Any]]:
        """The oldest first, the last thousand."""
        access.check(request, "ingest")
        return await tracked.history(url)

    @router.delete(
        "/tracked",
        responses=documented(401, 403, 404, 422, 429, 503),
        status_code=204,
        summary="Stop following a page",
    )
    async def forget(request: Request, url: Annotated[str, Query(max_length=2048)]) -> None:
        access.check_feeding(request)
        await tracked.forget(url)

    return router
