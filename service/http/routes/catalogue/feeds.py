"""/feeds: a shop's whole feed, or what has changed of it, into the catalogue that serves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.requests import ClientDisconnect

from trimtab.core.errors import BadParameter, UnsupportedMedia
from trimtab.engine.live.feeding import MAX_REMOVED_SHARE
from trimtab.service.bundles.serving import Bundles
from trimtab.service.catalogue.feed_jobs import FeedJob, FeedJobs, Mode
from trimtab.service.http.auditing import audit
from trimtab.service.http.auth import AccessControl
from trimtab.service.http.problem_documents import documented

_OF_FORMS = ("", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data")
"""What a web page of another site may send without asking first."""
_BODY = {
    "requestBody": {
        "required": True,
        "description": "The file as it is, packed or not: its content says what it is.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
JobId = Annotated[str, Path(pattern="^[0-9a-f]{12}$")]


def feeds_router(feeds: FeedJobs, bundles: Bundles, access: AccessControl) -> APIRouter:
    router = APIRouter(tags=["items"])

    @router.post(
        "/feeds",
        status_code=202,
        responses=documented(401, 403, 409, 413, 415, 422, 429, 503),
        openapi_extra=_BODY,
        summary="Send a feed",
    )
    async def send(
        request: Request,
        mode: Annotated[
            Mode, Query(description="`full`: what it lacks is removed; `delta`: it has only what is new or differs.")
        ] = "full",
        dry_run: Annotated[bool, Query(description="Say what differs and change nothing.")] = False,
        max_removed_share: Annotated[
            float, Query(ge=0, le=1, description="A full feed that lacks a larger share of the catalogue is refused.")
        ] = MAX_REMOVED_SHARE,
    ) -> FeedJob:
        """Answered when the body is on the disk; it is then read by the rules that the bundle was built with, as
        `trimtab feed` does. `GET` of its id says what became of it. One feed is taken at a time."""
        access.check_feeding(request)
        _require_file(request)
        audit(request)
        return await feeds.take(
            _body(request), bundles.serving, mode=mode, dry_run=dry_run, max_removed_share=max_removed_share
        )

    @router.get("/feeds", responses=documented(401, 403, 429), summary="The last feeds")
    def all_jobs(request: Request) -> list[FeedJob]:
        access.check_feeding(request)
        return feeds.jobs()

    @router.get("/feeds/{job_id}", responses=documented(401, 403, 404, 422, 429), summary="What became of a feed")
    def one_job(job_id: JobId, request: Request) -> FeedJob:
        access.check_feeding(request)
        return feeds.job(job_id)

    return router


def _require_file(request: Request) -> None:
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent in _OF_FORMS:
        raise UnsupportedMedia("a feed needs a header such as Content-Type: application/octet-stream or text/csv")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMedia("send a packed feed as the file it is, without Content-Encoding")


async def _body(request: Request) -> AsyncIterator[bytes]:
    try:
        async for block in request.stream():
            yield block
    except ClientDisconnect:
        raise BadParameter("body", "ended before it was whole", "a feed") from None
