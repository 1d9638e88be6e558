"""The ASGI layer that has the audit log say what admins did and who was refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trimtab.service.logs.audit_log import AuditLog

REFUSED = (401, 403)
READING = ("GET", "HEAD", "OPTIONS")


def audit(request: Request, look: Callable[[], object] = lambda: None) -> None:
    """Have the audit log name this request, with what `look` returns before and after it."""
    request.state.look = look
    request.state.before = look()


class Auditing:
    """Writes a line for each request that `audit` was called for, or that was refused, before it is answered."""

    def __init__(self, app: ASGIApp, log: AuditLog) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._note(scope, message["status"])
            await send(message)

        await self._app(scope, receive, noted if scope["type"] == "http" else send)

    async def _note(self, scope: Scope, status: int) -> None:
        state, did = scope.get("state", {}), f"{scope['method']} {_path(scope)}"
        who, look = state.get("caller"), state.get("look")
        if status in REFUSED:
            await asyncio.to_thread(self._log.refuse, who, did, status)
        elif look is not None:
            before, after = state["before"], look() if status < 400 else state["before"]
            await asyncio.to_thread(self._log.record, who, did, status, before=before, after=after)


def _path(scope: Scope) -> str:
    """The path, without the id of a user."""
    template = str(getattr(scope.get("route"), "path", ""))
    return template if "{user_id" in template else str(scope["path"])
