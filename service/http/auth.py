"""Access control: `Authorization: Bearer <key>`, an API key or the admin key the service was started with, or the
session of somebody who logged in.

Where keys are not required (the default on loopback), searching and ingesting are open to all; changes never are.
Loopback is trusted as far as it is this machine that asks: a request that a proxy forwarded, or that a page of another
site made the browser send, needs a key as it would from a network.
With an admin port, what admins may do is found there and nowhere else.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable

from fastapi import Request
from pydantic import SecretStr
from starlette.exceptions import HTTPException

from trimtab.core.errors import Forbidden, Unauthorised
from trimtab.service.http.auditing import READING, audit
from trimtab.service.http.keys import Grant, Keys, Scope
from trimtab.service.http.sessions import Sessions

FORWARDED = frozenset(
    {b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-port"}
    | {b"x-forwarded-server", b"x-real-ip", b"x-client-ip", b"x-cluster-client-ip", b"true-client-ip"}
    | {b"cf-connecting-ip", b"fastly-client-ip", b"x-envoy-external-address"}
)
"""Headers that a proxy adds to what it forwards."""
CROSS_SITE = (b"sec-fetch-site", b"cross-site")
"""The header with which a browser says that a page of another site asks."""
ADMIN_KEY = "admin key"
"""What `request.state.caller` is for who shows the admin key; otherwise it is the name of a key, which has no space, or
`@` and that of an account."""
OF_OPERATORS: frozenset[Scope] = frozenset({"read", "merchandise", "admin", "metrics", "analytics"})
"""Scopes of what is found on the admin port alone, where there is one."""
CHANGING: frozenset[Scope] = frozenset({"merchandise", "admin"})
"""Scopes whose changes the audit log has."""


class AccessControl:
    """Decides whether a request may do what it asks."""

    def __init__(
        self,
        keys: Keys,
        sessions: Sessions,
        *,
        admin_key: SecretStr | None,
        is_required: bool,
        is_required_from_elsewhere: bool = False,
        admin_port: int | None = None,
    ) -> None:
        """
        Args:
            is_required: every request needs a key.
            is_required_from_elsewhere: one that was forwarded, or that another site's page sends, does.
        """
        self._keys = keys
        self._sessions = sessions
        self._admin_port = admin_port
        self._admin_key = None if admin_key is None else _digest(admin_key.get_secret_value())
        self._is_required = is_required
        self._is_required_from_elsewhere = is_required_from_elsewhere

    def check(self, request: Request, scope: Scope, *, always: bool = False) -> Grant | None:
        """Let a request through or raise; for a handler that cannot afford a dependency.

        Args:
            always: even where keys are not required.

        Returns:
            what the key allows; None where no key is asked for, or the admin's was shown.

        Raises:
            HTTPException: 404, as for an unknown path: the route is for admins, who have a port of their own.
            Unauthorised: no key is sent, or none that is valid.
            Forbidden: the key does not allow this, or nobody may.
            TooMany: the key was used too often.
        """
        if scope in OF_OPERATORS:
            self.require_admin_port(request)
        if scope in CHANGING and request.method not in READING:
            audit(request)
        if scope == "metrics" and self._admin_port is not None:
            return None
        if not (always or self._is_required or (self._is_required_from_elsewhere and _is_from_elsewhere(request))):
            return None
        sent = _bearer(request)
        if self._admin_key is not None and secrets.compare_digest(_digest(sent), self._admin_key):
            request.state.caller = ADMIN_KEY
            return None
        caller, grant = self._known(request, sent, scope)
        request.state.caller = caller
        if scope not in grant.scopes and "admin" not in grant.scopes:
            raise Forbidden(f"{caller!r} has the scopes {', '.join(grant.scopes)}; this needs {scope}")
        self._keys.count_request(caller, grant)
        return grant

    def check_feeding(self, request: Request) -> None:
        """Let through who may change the catalogue: a key with the scope `ingest` that is not a browser's.

        Raises:
            HTTPException, Unauthorised, Forbidden, TooMany: see `check`.
        """
        grant = self.check(request, "ingest", always=True)
        if grant is not None and grant.browser:
            raise Forbidden("a browser's key is everybody's: it sends events and changes no items")

    def _known(self, request: Request, sent: str, scope: Scope) -> tuple[str, Grant]:
        """The name of who asks, and what they may do, by the key that is sent or else by the session.

        Raises:
            Unauthorised, Forbidden, Unavailable: see `check` and `Sessions.of`.
        """
        found = self._keys.find(sent)
        if found is not None:
            return found
        session = None if sent else self._sessions.of(request)
        if session is not None:
            return session.caller, session.account.grant
        if self._admin_key is None and not self._keys.all():
            raise Forbidden("there are no keys yet: start the service with TRIMTAB_ADMIN_KEY to make some")
        raise Unauthorised(f"this needs the header Authorization: Bearer <key>, a key with the scope {scope}")

    def require_admin_port(self, request: Request) -> None:
        """Let through what came in by the admin port, or anything where there is none.

        Raises:
            HTTPException: 404, as for an unknown path: it came in by the shoppers' port.
        """
        if self._admin_port is not None and request.scope["server"][1] != self._admin_port:
            raise HTTPException(404)

    def dependency(self, scope: Scope, *, always: bool) -> Callable[[Request], Awaitable[None]]:
        """`check` as a dependency of a route."""

        async def check(request: Request) -> None:
            self.check(request, scope, always=always)

        return check


def _bearer(request: Request) -> str:
    """The key that a request sends; empty where it sends none."""
    scheme, _, sent = request.headers.get("authorization", "").partition(" ")
    return sent if scheme.lower() == "bearer" else ""


def caller_of(request: Request) -> str:
    """Who asked, for what is written down as theirs; `check` has let them through."""
    return str(getattr(request.state, "caller", "") or "nobody")


def may_see_users(key: Grant | None) -> bool:
    """Whether who shows this key, or needs none, may see what users bought."""
    return key is None or "admin" in key.scopes


_LOOKING_INTO: frozenset[Scope] = frozenset({"admin", "merchandise", "analytics", "read"})


def may_see_values(key: Grant | None) -> bool:
    """Whether who shows this key, or needs none, may see values of objectives that read what no shopper is shown."""
    return key is None or not _LOOKING_INTO.isdisjoint(key.scopes)


def _is_from_elsewhere(request: Request) -> bool:
    return any(name in FORWARDED or (name, value) == CROSS_SITE for name, value in request.scope["headers"])


def _digest(secret: str) -> bytes:
    """A digest of one length for every secret, so that the time of a comparison does not give the length away."""
    return hashlib.sha256(secret.encode()).digest()
