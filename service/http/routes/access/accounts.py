"""Accounts of people, for admins, and the session of who logs in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from trimtab.core.errors import NotFound
from trimtab.service.http.accounts import MARK, Accounts, ChosenPassword, NewAccount, Password, Role
from trimtab.service.http.auditing import audit
from trimtab.service.http.auth import AccessControl
from trimtab.service.http.bodies import documented_body, read_object, reference, validated
from trimtab.service.http.keys import Scope
from trimtab.service.http.problem_documents import documented
from trimtab.service.http.routes.definitions.definitions import Name
from trimtab.service.http.sessions import Session, Sessions

MAX_BODY_BYTES = 10_000


class AccountState(BaseModel):
    """An account without what its password is checked by."""

    role: Role


class Login(BaseModel):
    """Who logs in."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"name": "anna", "password": "correct horse battery"}}
    )

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    password: Password


class NewPassword(BaseModel):
    """One's own password, and the one that takes its place."""

    model_config = ConfigDict(extra="forbid")

    password: Password
    new: ChosenPassword


class SessionState(BaseModel):
    """Who is logged in, and what they may do."""

    name: str
    role: Role
    scopes: list[Scope]
    csrf: str = Field(description="For the header `X-Trimtab-CSRF` of what changes something.")


def accounts_router(accounts: Accounts, *, admin: Callable[[Request], Awaitable[None]]) -> APIRouter:
    router = APIRouter(tags=["accounts"], dependencies=[Depends(admin)], responses=documented(401, 403, 429))

    @router.get("/accounts", summary="All accounts")
    async def all_accounts() -> dict[str, AccountState]:
        return {name: AccountState(role=account.role) for name, account in accounts.all().items()}

    @router.put(
        "/accounts/{name}",
        responses=documented(409, 413, 422, 503),
        openapi_extra=documented_body(reference(NewAccount)),
        summary="Make an account, or give it another role and password",
    )
    async def define(name: Name, request: Request) -> AccountState:
        """Its sessions end."""
        account = validated(NewAccount, await read_object(request, max_bytes=MAX_BODY_BYTES))
        audit(request, partial(_state, accounts, name))
        await accounts.define(name, account.role, account.password.get_secret_value())
        return AccountState(role=account.role)

    @router.delete("/accounts/{name}", responses=documented(404, 422, 503), status_code=204, summary="End an account")
    async def delete(name: Name, request: Request) -> None:
        """Its sessions end."""
        audit(request, partial(_state, accounts, name))
        if name not in accounts.all():
            raise NotFound.unknown("account", name, accounts.all())
        await accounts.delete(name)

    return router


def sessions_router(sessions: Sessions, accounts: Accounts, access: AccessControl) -> APIRouter:
    """`/session`: found where admins' routes are."""

    async def at_the_admin_port(request: Request) -> None:
        access.require_admin_port(request)

    router = APIRouter(
        tags=["accounts"],
        dependencies=[Depends(at_the_admin_port)],
        responses=documented(401, 403, 429, 503),
        prefix="/session",
    )

    @router.get("", summary="Who is logged in")
    async def current(request: Request, response: Response) -> SessionState | None:
        """Null where nobody is."""
        response.headers["Cache-Control"] = "no-store"
        session = sessions.of(request)
        return None if session is None else _of(session)

    @router.post("", responses=documented(413, 422), openapi_extra=documented_body(reference(Login)), summary="Log in")
    async def log_in(request: Request, response: Response) -> SessionState:
        """The session is a cookie of 12 hours."""
        sent = validated(Login, await read_object(request, max_bytes=MAX_BODY_BYTES))
        place = await sessions.place(request, sent.name)
        account = await accounts.verified(sent.name, sent.password.get_secret_value(), place)
        session = await sessions.begin(request, response, sent.name, account)
        request.state.caller = MARK + sent.name
        audit(request)
        response.headers["Cache-Control"] = "no-store"
        return _of(session)

    @router.delete("", status_code=204, summary="Log out")
    async def log_out(request: Request, response: Response) -> None:
        request.state.caller = sessions.required(request).caller
        audit(request)
        await sessions.end(request, response)

    @router.put(
        "/password",
        responses=documented(413, 422),
        openapi_extra=documented_body(reference(NewPassword)),
        summary="Change one's own password",
    )
    async def change_password(request: Request, response: Response) -> SessionState:
        """All other sessions of the account end."""
        session = sessions.required(request)
        request.state.caller = session.caller
        sent = validated(NewPassword, await read_object(request, max_bytes=MAX_BODY_BYTES))
        audit(request)
        place = await sessions.place(request, session.name)
        account = await accounts.change_password(
            session.name, sent.password.get_secret_value(), sent.new.get_secret_value(), place
        )
        return _of(await sessions.begin(request, response, session.name, account))

    return router


def _of(session: Session) -> SessionState:
    return SessionState(
        name=session.name,
        role=session.account.role,
        scopes=list(session.account.grant.scopes),
        csrf=session.csrf,
    )


def _state(accounts: Accounts, name: str) -> dict[str, Any] | None:
    account = accounts.all().get(name)
    return None if account is None else {"role": account.role}
