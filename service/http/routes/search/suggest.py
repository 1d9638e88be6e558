"""GET /suggest."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from trimtab.retrieval.suggestions.entries import Kind
from trimtab.service.http.auth import AccessControl
from trimtab.service.http.bodies import JSON
from trimtab.service.http.problem_documents import documented
from trimtab.service.http.user_tokens import UserTokens
from trimtab.service.identifiers import Identity, UserToken
from trimtab.service.search.search_service import SearchService
from trimtab.service.search.suggesting import Suggestions

MAX_K = 50


class SuggestionModel(BaseModel):
    """One line under a search box."""

    model_config = ConfigDict(extra="forbid", title="Suggestion")

    kind: Kind
    text: str
    highlights: list[tuple[int, int]] = Field(description="Where the words that were typed stand in `text`.")
    filter: str | None = Field(description="Of a name, the condition that it is, as in `filter=` of a search.")
    item_id: str | None
    url: str | None
    count: int | None = Field(description="Items with the name; of a query the number of searches.")


class SuggestResponse(BaseModel):
    """What a query may become, best first."""

    model_config = ConfigDict(extra="forbid")

    query: str
    suggestions: list[SuggestionModel]


def suggest_router(
    service: SearchService, suggestions: Suggestions, gate: AccessControl, tokens: UserTokens
) -> APIRouter:
    router = APIRouter(tags=["search"])

    @router.get(
        "/suggest",
        response_model=SuggestResponse,
        responses=documented(401, 403, 422, 429),
        summary="Complete the beginning of a query",
    )
    async def suggest(
        request: Request,
        q: Annotated[str, Query(max_length=512, description="What is typed so far.")] = "",
        k: Annotated[int, Query(ge=1, le=MAX_K, description="How many at most.")] = 8,
        user_id: Annotated[Identity, Query(description="What this user has bought comes first.")] = None,
        user_token: Annotated[UserToken, Query(description="The same, from a browser.")] = None,
    ) -> Response:
        """Queries that found and sold something, categories, brands, values of attributes and items."""
        key = gate.check(request, "search")
        user_id = tokens.user_of(key, user_id=user_id, user_token=user_token)
        engine = service.engine
        found = suggestions.of(engine).suggest(q, k, suggestions.liked(engine, user_id))
        answer = {"query": q, "suggestions": [suggestion.as_dict() for suggestion in found]}
        return Response(orjson.dumps(answer), headers={"Cache-Control": "no-store"}, media_type=JSON)

    return router
