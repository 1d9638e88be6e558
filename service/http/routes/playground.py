"""The playground at `/`, and the request that only it makes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from trimtab.catalog.store import ItemStore
from trimtab.core.errors import Forbidden, Unauthorised, Unavailable
from trimtab.engine import Engine
from trimtab.service.http.admission import Admission
from trimtab.service.http.auth import AccessControl, may_see_users, may_see_values
from trimtab.service.http.bodies import JSON
from trimtab.service.http.routes.search.search import ANSWER_HEADERS
from trimtab.service.http.user_tokens import UserTokens
from trimtab.service.playground.templates import HEADERS, templates
from trimtab.service.search.profiles import Profiles
from trimtab.service.search.request import from_query_string
from trimtab.service.search.search_service import SearchService
from trimtab.service.search.suggesting import Suggestions

N_EXAMPLES = 6
N_FACETS = 10


def playground_router(
    service: SearchService,
    profiles: Profiles,
    suggestions: Suggestions,
    gate: AccessControl,
    tokens: UserTokens,
    admission: Admission,
) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    page = templates().get_template("playground.html")

    @router.api_route("/", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def playground(request: Request) -> HTMLResponse:
        engine = service.engine
        examples = suggestions.of(engine).examples(N_EXAMPLES)
        shown = profiles.all() if _may_read(gate, request) else {}
        presets: dict[str, Any] = {name: profile.model_dump() for name, profile in shown.items()}
        html = page.render(bundle=_bundle(engine, examples), profiles=presets)
        return HTMLResponse(html, headers=HEADERS)

    @router.get("/playground/search")
    async def preview(request: Request) -> Response:
        """`GET /search` for who tunes weights: the same slate, which is not logged because no shopper sees it."""
        key = gate.check(request, "search")
        async with admission.turn():
            asked = from_query_string(request.scope["query_string"], service.known_weights)
            asked = tokens.named(asked, key)
            answer = service.preview(asked, may_see_users=may_see_users(key), may_see_values=may_see_values(key))
        return Response(answer, headers=ANSWER_HEADERS, media_type=JSON)

    return router


def _bundle(engine: Engine, examples: Sequence[str]) -> dict[str, Any]:
    """What the page says of the bundle that serves."""
    return {
        "id": engine.bundle_id,
        "source": PurePath(engine.manifest["source"]).name,
        "n_items": len(engine.store),
        "has_prices": engine.store.has_prices,
        "objectives": list(engine.known_weights),
        "ranges": {one["name"]: one["range"] for one in engine.manifest["objectives"]},
        "default_weights": dict(engine.default_weights),
        "default_loss": engine.default_max_relevance_loss,
        "facets": _facets(engine.store),
        "examples": list(examples),
    }


def _facets(store: ItemStore) -> list[str]:
    """The attributes that the page counts by: what any shop has, then the shop's own that most items have."""
    own = [column for column in store.own_attributes.values() if column.attribute.facet and len(column.rows)]
    own.sort(key=lambda column: -int(column.known.sum()))
    general = [name for name in ("category", "brand") if store.attributes[name].known.any()]
    return list(dict.fromkeys([*general, *(column.attribute.name for column in own)]))[:N_FACETS]


def _may_read(gate: AccessControl, request: Request) -> bool:
    """Whether who asks may see the profiles; a browser sends no key with the address of a page, and shoppers' port has
    none of what admins do."""
    try:
        gate.check(request, "read")
    except (Unauthorised, Forbidden, Unavailable, HTTPException):
        return False
    return True
