"""/users: what is kept of a user, exported or erased. For admins."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from pydantic import Field

from trimtab.service.http.auditing import audit
from trimtab.service.http.path_ids import USER
from trimtab.service.http.problem_documents import documented
from trimtab.service.logs.erased_users import digest_of
from trimtab.service.logs.erasures import Erasure, Erasures
from trimtab.service.logs.user_data import UserData
from trimtab.service.search.pseudonyms import Pseudonyms

UserId = Annotated[str, Path(min_length=1, max_length=512)]


class ErasureState(Erasure):
    """A user who is being erased, and what is left."""

    within_seconds: float = Field(description="Rows that were being written are left out within this time.")
    bundles: list[str] = Field(description="Loaded bundles whose history has the user: build them without.")


def users_router(
    users: UserData,
    erasures: Erasures,
    pseudonyms: Pseudonyms,
    *,
    admin: Callable[[Request], Awaitable[None]],
    within_seconds: float,
) -> APIRouter:
    router = APIRouter(tags=["users"], dependencies=[Depends(admin)], responses=documented(401, 403, 422, 429))

    def state(erasure: Erasure, user_id: str) -> ErasureState:
        bundles = users.bundles_with(user_id)
        return ErasureState(
            **erasure.model_dump(include=set(Erasure.model_fields)), within_seconds=within_seconds, bundles=bundles
        )

    @router.get(f"{USER}/export", summary="All that is kept of a user")
    async def export(user_id: UserId, request: Request) -> dict[str, Any]:
        """Rows of logs with this `user_id`, what the user did lately, and which bundles have a history of the user."""
        _audit(request, user_id)
        found = await asyncio.to_thread(users.export, pseudonyms.of(user_id))
        return Response(orjson.dumps(found, default=str), media_type="application/json")  # type: ignore[return-value]  # the documented shape

    @router.delete(USER, status_code=202, responses=documented(503), summary="Have a user erased")
    async def erase(user_id: UserId, request: Request, response: Response) -> ErasureState:
        """From the logs of this machine, what was done lately, the feed and caches. Answered when it is sure to be
        done, also where the service ends before; `GET` of the `Location` says when. Erasing again is safe."""
        _audit(request, user_id)
        known = pseudonyms.of(user_id)
        response.headers["Location"] = f"/users/{quote(user_id, safe='')}/erasure"
        return state(await asyncio.to_thread(erasures.ask, known), known)

    @router.get(f"{USER}/erasure", responses=documented(404), summary="Whether a user is erased")
    def erasure(user_id: UserId) -> ErasureState:
        known = pseudonyms.of(user_id)
        return state(erasures.of(known), known)

    return router


def _audit(request: Request, user_id: str) -> None:
    audit(request, lambda: {"user": digest_of(user_id)[:16]})
