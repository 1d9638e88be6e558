"""POST /events: what shoppers did with what they were shown."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from service.event_log import MAX_BATCH, Event, EventLog
from service.problems import documented
from service.telemetry import Telemetry


class Batch(BaseModel):
    """Several events at once; one that is wrong refuses all."""

    events: list[Event] = Field(min_length=1, max_length=MAX_BATCH)


class Receipt(BaseModel):
    """What became of the events: all of them are on the disk."""

    accepted: int = Field(description="New ones.")
    duplicates: int = Field(description="Those whose `event_id` was there already.")


def events_router(events: EventLog, telemetry: Telemetry, *, max_body_bytes: int) -> APIRouter:
    router = APIRouter(tags=["events"])

    @router.post(
        "/events",
        responses=documented(413, 422, 503),
        max_body_size=max_body_bytes,
        summary="Log clicks, carts and purchases",
    )
    async def log_events(body: Annotated[Event | Batch, Body()]) -> Receipt:
        """One event, or `{"events": [...]}`. Answered when they are on the disk; sending one again is safe."""
        sent = body.events if isinstance(body, Batch) else [body]
        accepted = await events.add(sent)
        telemetry.events.labels("accepted").inc(accepted)
        telemetry.events.labels("duplicate").inc(len(sent) - accepted)
        return Receipt(accepted=accepted, duplicates=len(sent) - accepted)

    return router
