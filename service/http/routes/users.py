"""/users: what is kept of a user, exported or erased. For admins."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from trimtab.core.errors import Unavailable
from trimtab.service.http.auditing import audit
from trimtab.service.http.problem_documents import documented
from trimtab.service.logs.erased_users import digest_of
from trimtab.service.logs.user_data import UserData
from trimtab.service.search.pseudonyms import Pseudonyms

UserId = Annotated[str, Path(min_length=1, max_length=512)]


class Erasure(BaseModel):
    """What was erased, and what is left."""

    erased: dict[str, int] = Field(description="Rows and entries by where they were.")
    within_seconds: float = Field(description="Rows that are being written now are left out within this time.")
    bundles: list[str] = Field(description="Loaded bundles whose history has the user: build them without.")


def users_router(
    users: UserData, pseudonyms: Pseudonyms, *, admin: Callable[[Request], Awaitable[None]], within_seconds: float
) -> APIRouter:
    router = APIRouter(tags=["users"], dependencies=[Depends(admin)], responses=documented(401, 403, 422, 429))

    @router.get("/users/{user_id}/export", summary="All that is kept of a user")
    async def export(user_id: UserId, request: Request) -> dict[str, Any]:
        """Rows of logs with this `user_id`, what the user did lately, and which bundles have a history of the user."""
        _audit(request, user_id)
        found = await asyncio.to_thread(users.export, pseudonyms.of(user_id))
        return Response(orjson.dumps(found, default=str), media_type="application/json")  # type: ignore[return-value]  # the documented shape

    @router.delete("/users/{user_id}", responses=documented(503), summary="Erase a user")
    async def erase(user_id: UserId, request: Request) -> Erasure:
        """From the logs of this machine, what was done lately, the feed and caches. Erasing again is safe."""
        _audit(request, user_id)
        known = pseudonyms.of(user_id)
        try:
            erased = await asyncio.to_thread(users.erase, known)
        except OSError:
            raise Unavailable("the disk refuses to be written to; erase again", retry_after_seconds=5) from None
        return Erasure(erased=erased, within_seconds=within_seconds, bundles=users.bundles_with(known))

    return router


def _audit(request: Request, user_id: str) -> None:
    audit(request, lambda: {"user": digest_of(user_id)[:16]})
