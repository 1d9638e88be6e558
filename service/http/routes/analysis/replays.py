"""GET /replays: what other weights would have done, as `trimtab replay` found."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from trimtab.core.errors import NotFound
from trimtab.service.http.bodies import JSON
from trimtab.service.http.problem_documents import documented
from trimtab.service.playground.replay_reports import ReplayReports

Name = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", description="A folder in the service's report folder.")
]


class ReplaySummary(BaseModel):
    """One report; without the rest where it cannot be read."""

    written: datetime
    bundle: str | None = None
    policies: list[str] = []
    n_replayed: int | None = Field(default=None, description="Logged impressions it stands on.")
    verdicts: list[str] = []
    n_warnings: int = 0
    problem: str | None = None


def replays_router(replays: ReplayReports, *, reader: Callable[[Request], Awaitable[None]]) -> APIRouter:
    router = APIRouter(tags=["replays"], dependencies=[Depends(reader)], responses=documented(401, 403, 429))
    known: dict[tuple[str, datetime], ReplaySummary] = {}

    def listed() -> dict[str, ReplaySummary]:
        """Each report is read when it is first listed, and when it was written anew."""
        summaries = {key: known.get(key) or _summary(replays, *key) for key in replays.newest()}
        known.clear()
        known.update(summaries)
        return {name: summary for (name, _), summary in summaries.items()}

    @router.get("/replays", summary="Reports of replays")
    async def all_of_them() -> dict[str, ReplaySummary]:
        """The last written first."""
        return await to_thread(listed)

    @router.get("/replays/{name}", response_model=dict[str, Any], responses=documented(404, 422), summary="One report")
    async def one(name: Name) -> Response:
        """The report as `trimtab replay --json` printed it."""
        return Response(orjson.dumps(await to_thread(replays.read, name)), media_type=JSON)

    return router


def _summary(replays: ReplayReports, name: str, written: datetime) -> ReplaySummary:
    try:
        report = replays.read(name)
    except NotFound as error:
        return ReplaySummary(written=written, problem=str(error))
    return ReplaySummary(
        written=written,
        bundle=report.get("bundle"),
        policies=list(report["policies"]),
        n_replayed=report["log"].get("n_replayed"),
        verdicts=report.get("verdicts", []),
        n_warnings=len(report.get("warnings", [])),
    )
