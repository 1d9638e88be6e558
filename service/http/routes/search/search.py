"""GET and POST /search."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import Response

from trimtab.service.http.admission import Admission, priority_of
from trimtab.service.http.auth import AccessControl, may_see_users, may_see_values
from trimtab.service.http.bodies import JSON, documented_body, read_object
from trimtab.service.http.keys import Grant
from trimtab.service.http.problem_documents import documented
from trimtab.service.http.user_tokens import UserTokens
from trimtab.service.search.request import (
    SearchRequest,
    documented_parameters,
    documented_schema,
    from_object,
    from_query_string,
)
from trimtab.service.search.response import SearchResponse
from trimtab.service.search.search_service import SearchService

ANSWER_HEADERS = {"Cache-Control": "no-store"}
"""An answer kept by a proxy would be shown without being logged, and a draw shown twice has another propensity."""
MAX_BYTES = 65_536
"""The largest body of a search: what it may say takes less, and reading what it may not say takes time."""

LINKS = {
    "decision": {
        "operationId": "decision_decisions__decision_id__get",
        "parameters": {"decision_id": "$response.body#/decision_id"},
        "description": "Why this slate.",
    },
    "click": {
        "operationId": "log_events_events_post",
        "requestBody": {
            "event_id": "{$response.body#/decision_id}-click",
            "action_name": "click",
            "query_id": "$response.body#/decision_id",
            "item_id": "$response.body#/hits/0/item_id",
        },
        "description": "What was done with it.",
    },
}
"""What can be asked next, for the documentation and for who tests against it."""


def answered(
    service: SearchService, request: Request, asked: SearchRequest, key: Grant | None, *, arrived: float
) -> Response:
    """The answer to a search, whatever route it came by."""
    answer = service.answer(
        asked,
        arrived=arrived,
        traceparent=request.headers.get("traceparent"),
        may_see_users=may_see_users(key),
        may_see_values=may_see_values(key),
    )
    return Response(answer, headers=ANSWER_HEADERS, media_type=JSON)


def search_router(
    service: SearchService, gate: AccessControl, tokens: UserTokens, admission: Admission, *, max_body_bytes: int
) -> APIRouter:
    router = APIRouter(tags=["search"])
    known_weights = service.known_weights
    answer_to = partial(answered, service)

    @router.get(
        "/search",
        response_model=SearchResponse,
        responses={**documented(401, 403, 422, 429, 503), 200: {"links": LINKS}},
        openapi_extra={"parameters": documented_parameters(known_weights)},
        summary="Search, steered by weights",
    )
    async def search(request: Request) -> Response:
        """The slate for these words at these weights, and the receipt of what the weights bought."""
        key = gate.check(request, "search")
        async with admission.turn(priority_of(request, key)) as turn:
            asked = from_query_string(request.scope["query_string"], known_weights)
            return answer_to(request, tokens.named(asked, key), key, arrived=turn.start)

    @router.post(
        "/search",
        response_model=SearchResponse,
        responses={**documented(401, 403, 413, 422, 429, 503), 200: {"links": LINKS}},
        openapi_extra=documented_body(documented_schema(known_weights)),
        summary="Search, with a JSON body",
    )
    async def search_by_body(request: Request) -> Response:
        """The same parameters in a JSON object; `filter` and `facets` are a text or a list of texts."""
        key = gate.check(request, "search")
        turn = admission.turn(priority_of(request, key))
        values = await read_object(request, max_bytes=min(max_body_bytes, MAX_BYTES))
        async with turn:
            asked = from_object(values, known_weights)
            return answer_to(request, tokens.named(asked, key), key, arrived=turn.start)

    return router
