"""/drafts and /changes: definitions before they are live, and what became of earlier ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, params
from pydantic import BaseModel, ConfigDict, Field

from trimtab.service.http.auditing import audit
from trimtab.service.http.auth import caller_of
from trimtab.service.http.bodies import documented_body, read_object, reference, validated
from trimtab.service.http.problem_documents import documented
from trimtab.service.http.routes.definitions.definitions import Name
from trimtab.service.workbench.changes import Change, Changes
from trimtab.service.workbench.drafts import MODEL_OF, OF_ADMINS, Draft, Drafted, Drafts, Kind

Check = Callable[[str, Drafted], object]


class NewDraft(BaseModel):
    """What a profile, rule, synonym or experiment shall be."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"definition": {"words": ["sofa", "couch"]}, "note": "asked for"}}
    )

    definition: dict[str, Any] | None = Field(description="As it is defined; null where it shall be no more.")
    note: str = Field("", max_length=500, description="Why.")


class DraftState(Draft):
    """A draft beside what is live."""

    live: dict[str, Any] | None = Field(description="What is live now; null for nothing.")
    is_current: bool = Field(description="What is live is still what it was when the draft was begun.")


def drafts_router(
    drafts: Drafts,
    changes: Changes,
    *,
    check: Check,
    reader: Callable[[Request], Awaitable[None]],
    merchandiser: Callable[[Request], Awaitable[None]],
    admin: Callable[[Request], Awaitable[None]],
    max_body_bytes: int,
) -> APIRouter:
    """
    Args:
        check: raises BadInput where a definition of that name does not fit the bundle that serves.
        reader, merchandiser, admin: dependencies that let only those through who may read, who may change rules and
            synonyms, who may change profiles and experiments.
    """

    async def may_change(kind: Kind, request: Request) -> None:
        await (admin if kind in OF_ADMINS else merchandiser)(request)

    changing = [Depends(may_change)]
    router = APIRouter(tags=["drafts"], responses=documented(401, 403, 429))

    @router.get("/drafts", dependencies=[Depends(reader)], summary="All drafts")
    async def all_of_them() -> list[DraftState]:
        return [_state(drafts, draft) for draft in drafts.all().values()]

    _add_drafting(router, drafts, check, changing=changing, max_body_bytes=max_body_bytes)
    _add_publishing(router, drafts, changes, check, changing=changing)

    @router.get(
        "/changes",
        responses=documented(422, 503),
        dependencies=[Depends(reader)],
        summary="What was changed in definitions, the newest first",
    )
    async def last(
        kind: Annotated[str | None, Query(max_length=64, description="profile, rule, synonym, experiment.")] = None,
        name: Annotated[str | None, Query(max_length=64)] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> list[Change]:
        return await changes.last(kind=kind, name=name, limit=limit)

    return router


def _add_drafting(
    router: APIRouter, drafts: Drafts, check: Check, *, changing: Sequence[params.Depends], max_body_bytes: int
) -> None:
    """The routes that keep a draft and forget it."""

    @router.put(
        "/drafts/{kind}/{name}",
        responses=documented(409, 413, 422, 503),
        dependencies=changing,
        openapi_extra=documented_body(reference(NewDraft)),
        summary="Draft a profile, rule, synonym or experiment",
    )
    async def put(kind: Kind, name: Name, request: Request) -> DraftState:
        """Nothing that shoppers see changes. `POST /comparisons` shows what would."""
        sent = validated(NewDraft, await read_object(request, max_bytes=max_body_bytes))
        definition = None
        if sent.definition is not None:
            proposed = validated(MODEL_OF[kind], sent.definition)
            check(name, proposed)
            definition = proposed.model_dump(mode="json")
        earlier = drafts.all().get(f"{kind}/{name}")
        audit(request, lambda: _plain(drafts, kind, name))
        draft = Draft(
            kind=kind,
            name=name,
            definition=definition,
            before=drafts.live_one(kind, name) if earlier is None else earlier.before,
            author=caller_of(request),
            at=datetime.now(UTC),
            note=sent.note,
        )
        await drafts.keep(draft)
        return _state(drafts, draft)

    @router.delete(
        "/drafts/{kind}/{name}",
        responses=documented(404, 422, 503),
        dependencies=changing,
        status_code=204,
        summary="Discard a draft",
    )
    async def discard(kind: Kind, name: Name, request: Request) -> None:
        audit(request, lambda: _plain(drafts, kind, name))
        await drafts.discard(kind, name)


def _add_publishing(
    router: APIRouter, drafts: Drafts, changes: Changes, check: Check, *, changing: Sequence[params.Depends]
) -> None:
    """The route by which a draft becomes live."""

    @router.post(
        "/drafts/{kind}/{name}/publish",
        responses=documented(404, 409, 422, 503),
        dependencies=changing,
        status_code=204,
        summary="Make a draft live",
    )
    async def publish(kind: Kind, name: Name, request: Request) -> None:
        """Every worker has it within a second. Refused (409) where what is live was changed since the draft was
        begun."""
        draft = drafts.of(kind, name)
        audit(request, lambda: drafts.live_one(kind, name))
        proposed, before = draft.proposed(), drafts.live[kind].all().get(name)
        if proposed is not None:
            check(name, proposed)
        await drafts.publish(draft)
        await changes.record(kind.removesuffix("s"), name, caller_of(request), before=before, after=proposed)


def _state(drafts: Drafts, draft: Draft) -> DraftState:
    live = drafts.live_one(draft.kind, draft.name)
    return DraftState(**draft.model_dump(), live=live, is_current=live == draft.before)


def _plain(drafts: Drafts, kind: Kind, name: str) -> object:
    draft = drafts.all().get(f"{kind}/{name}")
    return None if draft is None else {"definition": draft.definition, "note": draft.note}
