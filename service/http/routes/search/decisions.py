"""GET /decisions/{id}: why a slate was as it was, and whether the same would be shown again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from trimtab.engine.log.decisions import replay_decision
from trimtab.engine.log.impressions import find_impression
from trimtab.service.bundles.serving import Bundles
from trimtab.service.catalogue.live_catalogue import LiveCatalogue
from trimtab.service.http.problem_documents import documented
from trimtab.service.logs.impression_log import ImpressionLog
from trimtab.service.search.response import Hit, SearchResponse

Id = Annotated[str, Path(pattern=r"^[0-9a-f]{16}-[0-9a-f]{16}$", description="The `decision_id` of a search answered.")]


class ExplainedHit(Hit):
    contributions: dict[str, dict[str, float]] = Field(
        description="By objective and feature: the part of the gain that goes when the feature is that of the average "
        "candidate, largest first. Parts need not add up."
    )


class Disagreement(BaseModel):
    """One value that the log and the same bundle now disagree on."""

    what: str
    logged: Any
    replayed: Any


class Decision(SearchResponse):
    """A decision made again from its log row."""

    model_config = ConfigDict(json_schema_extra={})

    hits: list[ExplainedHit]  # type: ignore[assignment]  # hits with more to say
    took_ms: dict[str, float] = Field({}, exclude=True)
    timestamp: datetime
    reproduced: bool = Field(description="The same slate, propensities and weights, to the bit.")
    differences: list[Disagreement]


def decisions_router(
    bundles: Bundles,
    catalogue: LiveCatalogue,
    impressions: ImpressionLog,
    *,
    admin: Callable[[Request], Awaitable[None]],
) -> APIRouter:
    router = APIRouter(tags=["decisions"])

    @router.get(
        "/decisions/{decision_id}",
        responses=documented(401, 403, 404, 422, 429),
        dependencies=[Depends(admin)],
        summary="Replay a decision",
    )
    async def decision(decision_id: Id) -> Decision:
        """Found in this machine's log a moment after it was answered; made again by the bundle that made it, over the
        catalogue as it was."""
        row = await asyncio.to_thread(find_impression, decision_id, impressions.folders)
        engine = await asyncio.to_thread(catalogue.at, bundles.find(row["bundle"]), row["catalogue"] or 0)
        return Decision.model_validate(replay_decision(engine, row))

    return router
