"""GET /frontier: the trade-offs one query allows."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from trimtab.core.errors import BadParameter
from trimtab.core.understood import STEPS
from trimtab.core.weights import PREFIX, loss_parameter
from trimtab.service.http.admission import Admission
from trimtab.service.http.auth import AccessControl, may_see_values
from trimtab.service.http.bodies import JSON
from trimtab.service.http.problem_documents import documented
from trimtab.service.http.user_tokens import UserTokens
from trimtab.service.search.request import GATHERED, SearchRequest, documented_parameters, from_query_string
from trimtab.service.search.search_service import SearchService

PARAMETERS = ("q", "k", "filter", "user_id", "user_token", "language", "exact", *STEPS)
"""Those of a search on which its trade-offs depend."""


class Point(BaseModel):
    """One weighting, and what its slate is expected to bring."""

    weights: dict[str, float]
    expected: dict[str, float] = Field(description="By objective, in the units of a receipt.")
    on_front: bool = Field(description="No other point is as good in everything and better in something.")
    knee: bool = Field(description="Beyond it a little more of one objective costs most of the others.")


class FrontierResponse(BaseModel):
    """About 200 weightings of one candidate set; fewer where `k` is above 40."""

    query: str
    n_candidates: int
    points: list[Point] = Field(description="Empty where nothing matches.")
    baseline: dict[str, float] = Field(
        description="By objective, what the most relevant slate without pins and boosts brings: losses count from it."
    )
    bundle: str
    took_ms: dict[str, float] = Field(description="Milliseconds by stage.")


def frontier_router(service: SearchService, gate: AccessControl, tokens: UserTokens, admission: Admission) -> APIRouter:
    router = APIRouter(tags=["search"])

    @router.get(
        "/frontier",
        response_model=FrontierResponse,
        responses=documented(401, 403, 422, 429, 503),
        openapi_extra={"parameters": [one for one in documented_parameters(()) if one["name"] in PARAMETERS]},
        summary="What the weights can trade for this query",
    )
    async def frontier(request: Request) -> Response:
        """The first `k` hits under every weighting of an even grid: which are Pareto-optimal, and the knee."""
        key = gate.check(request, "search")
        asked = tokens.named(_without_steering(from_query_string(request.scope["query_string"], ())), key)
        async with admission.turn():
            answer = await service.frontier(asked, may_see_values=may_see_values(key))
        return Response(answer, headers={"Cache-Control": "no-store"}, media_type=JSON)

    return router


def _without_steering(asked: SearchRequest) -> SearchRequest:
    """Every weighting is tried, so what chooses one has no place here."""
    given: set[str] = asked.model_fields_set - set(GATHERED)
    given |= {PREFIX + name for name in asked.weights} | {loss_parameter(name) for name in asked.max_losses}
    for name in sorted(given - set(PARAMETERS)):
        raise BadParameter(name, "the frontier has no such parameter", ", ".join(PARAMETERS))
    return asked
