"""GET /analytics: what this service's own log says of its searches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from trimtab.core.errors import BadParameter
from trimtab.engine import Engine
from trimtab.engine.analytics.measures import Every
from trimtab.engine.analytics.report import Of
from trimtab.service.http.bodies import JSON
from trimtab.service.http.problem_documents import documented
from trimtab.service.logs.question import Question, Report
from trimtab.service.logs.questions import LogQuestions
from trimtab.service.moments import Moment, SpokenMoment

Limit = Annotated[int, Query(ge=1, le=1000, description="The most rows.")]


@dataclass(frozen=True)
class Window:
    """Which searches are looked at."""

    since: Annotated[SpokenMoment | None, Query(description="From when; left out, all that is kept.")] = None
    until: Annotated[SpokenMoment | None, Query(description="Before when; left out, now.")] = None
    channel: Annotated[Literal["agent"] | None, Query(description="Whose; left out, shoppers'.")] = None


Searches = Annotated[Window, Depends()]


class Rows(BaseModel):
    """Rows, and which searches they are of."""

    model_config = ConfigDict(extra="allow")

    since: Moment | None
    until: Moment | None
    channel: str | None
    currency: str | None = Field(description="Of revenue; null where the catalogue names none.")
    rows: list[dict[str, Any]]


def analytics_router(
    questions: LogQuestions,
    serving: Callable[[], Engine],
    *,
    changes: Path,
    reader: Callable[[Request], Awaitable[None]],
    min_users: int,
) -> APIRouter:
    """
    Args:
        serving: the bundle that answers, whose items have categories and whose prices a currency.
        changes: the log of changes to them.
        min_users: who did something, at least, for it to be a row of its own.
    """
    router = APIRouter(
        tags=["analytics"],
        dependencies=[Depends(reader)],
        responses={**documented(401, 403, 422, 429, 503), 200: {"model": Rows}},
        prefix="/analytics",
    )

    async def answer(report: Report, window: Window, **more: Any) -> Response:
        rows = await questions.ask(Question(report=report, min_users=min_users, **asdict(window), **more))
        currency = serving().shop.catalogue.currency
        said = orjson.dumps({**asdict(window), "currency": currency, "rows": orjson.Fragment(rows)})
        return Response(said, headers={"Cache-Control": "no-store"}, media_type=JSON)

    @router.get("/overview", summary="All searches together")
    async def overview(window: Searches) -> Response:
        """Searches, users, rates of clicks, carts and purchases, revenue, and how many found nothing: one row."""
        return await answer("overview", window)

    @router.get("/queries", summary="Queries, with what can be done about them")
    async def queries(
        window: Searches,
        of: Annotated[Of, Query(description="Which queries, and by what they are sorted.")] = "top",
        limit: Limit = 20,
    ) -> Response:
        """Those of several users alone. `playground` is where to look at one, `next` what can be done about it."""
        return await answer("queries", window, of=of, limit=limit)

    @router.get("/categories", summary="Categories by their searches")
    async def categories(window: Searches, limit: Limit = 20) -> Response:
        """The category of a search is that of the first item it showed."""
        return await answer("categories", window, limit=limit, bundle=serving().folder, changes=changes)

    @router.get("/times", summary="Searches over time")
    async def times(
        window: Searches, every: Annotated[Every, Query(description="How time is divided, in UTC.")] = "day"
    ) -> Response:
        """Each hour, day or week that has searches."""
        return await answer("times", window, every=every)

    @router.get("/ranks", summary="What is chosen by rank")
    async def ranks(window: Searches) -> Response:
        """How often what stood at a rank was clicked and bought: by where it stood and by what stood there."""
        return await answer("ranks", window)

    @router.get("/change", summary="Before and after a moment")
    async def change(window: Searches, at: Annotated[SpokenMoment, Query(description="The moment.")]) -> Response:
        """Two rows. What differs need not come of what was changed then: an experiment says that."""
        if (window.since is not None and at < window.since) or (window.until is not None and at > window.until):
            raise BadParameter("at", "is outside of what is looked at", "a moment between since and until")
        return await answer("change", window, at=at)

    return router
