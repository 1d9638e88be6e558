"""GET /items/{id}/similar and /items/{id}/together: searches beside an item, without words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from trimtab.catalog.schema import MAX_ID_BYTES
from trimtab.core.records import SIMILAR, TOGETHER, Related
from trimtab.service.http.admission import Admission, priority_of
from trimtab.service.http.auth import AccessControl
from trimtab.service.http.path_ids import ITEM
from trimtab.service.http.problem_documents import documented
from trimtab.service.http.routes.search.search import answered
from trimtab.service.http.user_tokens import UserTokens
from trimtab.service.search.request import OF_WORDS, beside_an_item, documented_parameters
from trimtab.service.search.response import SearchResponse
from trimtab.service.search.search_service import SearchService

ItemId = Annotated[str, Path(min_length=1, max_length=MAX_ID_BYTES)]
KINDS = {
    SIMILAR: ("Items similar to one", "By what their texts mean and by the attributes that they share."),
    TOGETHER: (
        "Items had together with one",
        "By the baskets that the catalogue came with, or the visits of the log that the bundle was built with.",
    ),
}


def related_router(service: SearchService, gate: AccessControl, tokens: UserTokens, admission: Admission) -> APIRouter:
    router = APIRouter(tags=["search"])
    known_weights = service.known_weights
    parameters = [one for one in documented_parameters(known_weights) if one["name"] not in OF_WORDS]

    def route_of(kind: str) -> Callable[[ItemId, Request], Awaitable[Response]]:
        async def related(item_id: ItemId, request: Request) -> Response:
            key = gate.check(request, "search")
            async with admission.turn(priority_of(request, key)) as turn:
                asked = beside_an_item(request.scope["query_string"], Related(kind, item_id), known_weights)
                return answered(service, request, tokens.named(asked, key), key, arrived=turn.start)

        return related

    for kind, (summary, description) in KINDS.items():
        router.add_api_route(
            f"{ITEM}/{kind}",
            route_of(kind),
            name=kind,
            response_model=SearchResponse,
            responses=documented(401, 403, 404, 422, 429, 503),
            openapi_extra={"parameters": parameters},
            summary=summary,
            description=f"{description} Weights, filters, facets, receipts and the log are those of a search.",
        )
    return router
