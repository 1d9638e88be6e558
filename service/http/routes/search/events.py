"""POST /events: what shoppers did with what they were shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, FailFast, Field

from trimtab.core.errors import BadParameter
from trimtab.service.http.auth import AccessControl
from trimtab.service.http.bodies import documented_body, read_object, reference, validated
from trimtab.service.http.problem_documents import documented
from trimtab.service.http.user_tokens import UserTokens
from trimtab.service.logs.event_intake import Acknowledgement, EventIntake
from trimtab.service.logs.event_log import MAX_BATCH, Event
from trimtab.service.observability.metrics import Metrics
from trimtab.service.search.pseudonyms import Pseudonyms

COLONS_PER_EVENT = 32
"""Those that follow the names of its fields, and those in its ids and its time."""
BROWSER_BATCH = 50
"""Events of a request by a key that is in a page's source."""


class Batch(BaseModel):
    """Several events at once; one that is wrong refuses all."""

    model_config = ConfigDict(extra="forbid")

    events: Annotated[list[Event], FailFast()] = Field(min_length=1, max_length=MAX_BATCH)


def events_router(
    intake: EventIntake,
    pseudonyms: Pseudonyms,
    metrics: Metrics,
    access: AccessControl,
    tokens: UserTokens,
    *,
    max_body_bytes: int,
) -> APIRouter:
    router = APIRouter(tags=["events"])

    @router.post(
        "/events",
        response_model_exclude_defaults=True,
        responses=documented(401, 403, 413, 422, 429, 503),
        openapi_extra=documented_body({"anyOf": [reference(Event), reference(Batch)]}),
        summary="Log clicks, carts and purchases",
    )
    async def log_events(request: Request) -> Acknowledgement:
        """One event, or `{"events": [...]}`. Answered when they are on the disk; sending one again is safe.

        What belongs to no slate of this service is kept too, and named in `unmatched`.
        """
        key = access.check(request, "ingest")
        values = await read_object(request, max_bytes=max_body_bytes, max_colons=COLONS_PER_EVENT * MAX_BATCH)
        is_browser = key is not None and key.browser
        if is_browser:
            _require_few(values)
        sent = validated(Batch, values).events if "events" in values else [validated(Event, values)]
        source = getattr(request.state, "caller", None)
        named = [pseudonyms.event(tokens.named(event, key)) for event in sent]
        answer = await intake.take(named, source=source, in_log=not is_browser)
        received = datetime.now(UTC)
        metrics.events_ahead.inc(sum(event.is_ahead(received) for event in sent))
        metrics.events.labels("accepted").inc(answer.accepted)
        metrics.events.labels("duplicate").inc(answer.duplicates)
        return answer

    return router


def _require_few(values: Mapping[str, Any]) -> None:
    """Refuse a browser's batch that would cost more than a few searches: anybody has its key."""
    events = values.get("events")
    if isinstance(events, list) and len(events) > BROWSER_BATCH:
        raise BadParameter("events", f"has {len(events)} events", f"up to {BROWSER_BATCH} by a browser's key")
