"""GET /analytics: what this service's own log says of its searches."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
import structlog
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from trimtab.core.errors import BadLog, BadParameter, Unavailable
from trimtab.engine import Engine
from trimtab.engine.analytics import report
from trimtab.engine.analytics.items import categories_of
from trimtab.engine.analytics.measures import Every
from trimtab.engine.analytics.reading import Log, open_log
from trimtab.service.http.bodies import JSON
from trimtab.service.http.problem_documents import documented
from trimtab.service.moments import Moment

KEPT_SECONDS = 30.0
"""How long an answer is given again; a large log takes seconds to read."""
MAX_KEPT = 64

_log = structlog.get_logger()

Limit = Annotated[int, Query(ge=1, le=1000, description="The most rows.")]


@dataclass(frozen=True)
class Window:
    """Which searches are looked at."""

    since: Annotated[Moment | None, Query(description="From when; left out, all that is kept.")] = None
    until: Annotated[Moment | None, Query(description="Before when; left out, now.")] = None
    channel: Annotated[Literal["agent"] | None, Query(description="Whose; left out, shoppers'.")] = None


Searches = Annotated[Window, Depends()]


class Rows(BaseModel):
    """Rows, and which searches they are of."""

    model_config = ConfigDict(extra="allow")

    since: Moment | None
    until: Moment | None
    channel: str | None
    rows: list[dict[str, Any]]


class Analytics:
    """Reads the log aside, one question at a time, and gives the answer again for a while."""

    def __init__(self, data_folder: Path) -> None:
        self._folder = data_folder
        self._reading = asyncio.Lock()
        self._known: dict[Hashable, tuple[float, list[dict[str, Any]]]] = {}

    async def answer(self, window: Window, question: Hashable, ask: Callable[[Log], list[dict[str, Any]]]) -> Response:
        """The JSON of `Rows`.

        Args:
            question: equal for equal questions about a window.
        """
        key = (window, question)
        async with self._reading:
            read_at, rows = self._known.get(key, (float("-inf"), []))
            if time.monotonic() - read_at > KEPT_SECONDS:
                rows = await asyncio.to_thread(self._read, window, ask)
                self._known = dict([*self._known.items(), (key, (time.monotonic(), rows))][-MAX_KEPT:])
        said = orjson.dumps({**asdict(window), "rows": rows})
        return Response(said, headers={"Cache-Control": "no-store"}, media_type=JSON)

    def _read(self, window: Window, ask: Callable[[Log], list[dict[str, Any]]]) -> list[dict[str, Any]]:
        try:
            return ask(open_log(self._folder, **asdict(window), is_service=True))
        except BadLog as error:
            _log.error("the log cannot be read", problem=str(error))
            raise Unavailable("the log cannot be read; the service's own log says why") from None


def analytics_router(
    analytics: Analytics,
    engine: Callable[[], Engine],
    *,
    reader: Callable[[Request], Awaitable[None]],
    min_users: int,
) -> APIRouter:
    """
    Args:
        engine: whose catalogue has the items' categories.
        min_users: who did something, at least, for it to be a row of its own.
    """
    router = APIRouter(
        tags=["analytics"],
        dependencies=[Depends(reader)],
        responses={**documented(401, 403, 422, 429, 503), 200: {"model": Rows}},
        prefix="/analytics",
    )

    @router.get("/overview", summary="All searches together")
    async def overview(window: Searches) -> Response:
        """Searches, users, rates of clicks, carts and purchases, revenue, and how many found nothing: one row."""
        return await analytics.answer(window, "overview", report.overview)

    @router.get("/queries", summary="Queries, with what can be done about them")
    async def queries(
        window: Searches,
        of: Annotated[report.Of, Query(description="Which queries, and by what they are sorted.")] = "top",
        limit: Limit = 20,
    ) -> Response:
        """Those of several users alone. `playground` is where to look at one, `next` what can be done about it."""
        shown = report.Shown(min_users=min_users, limit=limit)
        return await analytics.answer(window, ("queries", of, shown), lambda log: report.queries(log, of, shown))

    @router.get("/categories", summary="Categories by their searches")
    async def categories(window: Searches, limit: Limit = 20) -> Response:
        """The category of a search is that of the first item it showed."""
        shown = report.Shown(min_users=min_users, limit=limit)
        items = categories_of(engine().store)
        return await analytics.answer(window, ("categories", shown), lambda log: report.categories(log, items, shown))

    @router.get("/times", summary="Searches over time")
    async def times(
        window: Searches, every: Annotated[Every, Query(description="How time is divided, in UTC.")] = "day"
    ) -> Response:
        """Each hour, day or week that has searches."""
        return await analytics.answer(window, ("times", every), lambda log: report.times(log, every))

    @router.get("/ranks", summary="What is chosen by rank")
    async def ranks(window: Searches) -> Response:
        """How often what stood at a rank was clicked and bought: by where it stood and by what stood there."""
        return await analytics.answer(window, "ranks", report.ranks)

    @router.get("/change", summary="Before and after a moment")
    async def change(window: Searches, at: Annotated[Moment, Query(description="The moment.")]) -> Response:
        """Two rows. What differs need not come of what was changed then: an experiment says that."""
        if (window.since is not None and at < window.since) or (window.until is not None and at > window.until):
            raise BadParameter("at", "is outside of what is looked at", "a moment between since and until")
        return await analytics.answer(window, ("change", at), lambda log: report.change(log, at))

    return router
