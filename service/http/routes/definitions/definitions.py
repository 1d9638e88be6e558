"""Profiles, rules, experiments: named definitions that admins change and every worker follows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from types import GenericAlias
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from trimtab.service.http.auditing import audit
from trimtab.service.http.auth import caller_of
from trimtab.service.http.bodies import documented_body, read_object, reference, validated
from trimtab.service.http.problem_documents import documented
from trimtab.service.redis.named_definitions import Definition, NamedDefinitions
from trimtab.service.workbench.changes import Changes, plain

Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="letters, digits, `_`, `.`, `-`")]


def definitions_router(
    definitions: NamedDefinitions[Definition],
    changes: Changes,
    *,
    check: Callable[[str, Definition], object],
    reader: Callable[[Request], Awaitable[None]],
    admin: Callable[[Request], Awaitable[None]],
    max_body_bytes: int,
) -> APIRouter:
    """`/<kind>s`.

    Args:
        check: raises BadInput where a definition of that name does not fit the bundle that serves.
        reader, admin: dependencies that let only those through who may read, who may change.
    """
    kind, model = definitions.kind, definitions.model
    router = APIRouter(tags=[f"{kind}s"])

    @router.get(
        f"/{kind}s",
        responses=documented(401, 403, 429),
        dependencies=[Depends(reader)],
        response_model=GenericAlias(dict, (str, model)),
        summary=f"All {kind}s",
    )
    async def all_of_them() -> dict[str, Definition]:
        return dict(definitions.all())

    @router.put(
        f"/{kind}s/{{name}}",
        responses=documented(401, 403, 409, 413, 422, 429, 503),
        dependencies=[Depends(admin)],
        openapi_extra=documented_body(reference(model)),
        response_model=model,
        summary=f"Define a {kind}",
    )
    async def put(name: Name, request: Request) -> Definition:
        """Every worker has it within a second."""
        definition = validated(model, await read_object(request, max_bytes=max_body_bytes))
        check(name, definition)
        audit(request, partial(_defined, definitions, name))
        before = definitions.all().get(name)
        await definitions.put(name, definition)
        await changes.record(kind, name, caller_of(request), before=before, after=definition)
        return definition

    @router.delete(
        f"/{kind}s/{{name}}",
        responses=documented(401, 403, 404, 422, 429, 503),
        dependencies=[Depends(admin)],
        status_code=204,
        summary=f"Forget a {kind}",
    )
    async def delete(name: Name, request: Request) -> None:
        audit(request, partial(_defined, definitions, name))
        before = definitions.all().get(name)
        await definitions.delete(name)
        await changes.record(kind, name, caller_of(request), before=before, after=None)

    return router


def _defined(definitions: NamedDefinitions[Definition], name: str) -> object:
    return plain(definitions.all().get(name))
