"""API keys: issued, listed without their secrets, revoked. For admins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from trimtab.service.http.auditing import audit
from trimtab.service.http.bodies import documented_body, read_object, reference, validated
from trimtab.service.http.keys import Grant, Key, Keys
from trimtab.service.http.problem_documents import documented
from trimtab.service.http.routes.definitions.definitions import Name


class IssuedKey(BaseModel):
    key: str = Field(description="Shown this once; only a digest of it is kept.")


def keys_router(keys: Keys, *, admin: Callable[[Request], Awaitable[None]], max_body_bytes: int) -> APIRouter:
    router = APIRouter(tags=["keys"], dependencies=[Depends(admin)], responses=documented(401, 403, 429))

    @router.get("/keys", summary="All keys")
    async def all_keys() -> dict[str, Grant]:
        return {name: _grant(key) for name, key in keys.all().items()}

    @router.put(
        "/keys/{name}",
        responses=documented(409, 413, 422, 503),
        openapi_extra=documented_body(reference(Grant)),
        summary="Issue a key",
    )
    async def issue(name: Name, request: Request) -> IssuedKey:
        """Every worker knows the key within a second. It revokes a key of the same name."""
        grant = validated(Grant, await read_object(request, max_bytes=max_body_bytes))
        audit(request, partial(_granted, keys, name))
        return IssuedKey(key=await keys.issue(name, grant))

    @router.delete("/keys/{name}", responses=documented(404, 422, 503), status_code=204, summary="Revoke a key")
    async def revoke(name: Name, request: Request) -> None:
        audit(request, partial(_granted, keys, name))
        await keys.delete(name)

    return router


def _grant(key: Key) -> Grant:
    return Grant(**key.model_dump(exclude={"digest"}))


def _granted(keys: Keys, name: str) -> object:
    key = keys.all().get(name)
    return None if key is None else _grant(key).model_dump(mode="json")
