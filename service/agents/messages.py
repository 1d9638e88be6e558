"""The message in the body of a request, looked at before the protocol's SDK does, so that a wrong one is refused in one
sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mcp_types as types
import orjson
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.types import Message, Receive

from trimtab.service.http.bodies import JSON
from trimtab.service.http.problem_documents import field_problem


async def received(receive: Receive, *, max_bytes: int) -> tuple[bytes, Receive]:
    """A body, up to about a limit, and what gives it once more."""
    parts: list[Message] = []
    body = bytearray()
    is_more = True
    while is_more and len(body) <= max_bytes:
        part = await receive()
        parts.append(part)
        body += part.get("body", b"")
        is_more = part["type"] == "http.request" and part.get("more_body", False)

    async def again() -> Message:
        return parts.pop(0) if parts else await receive()

    return bytes(body), again


def refusal_of(body: bytes) -> Response | None:
    """The answer to what is not a message of JSON-RPC; None where it is one."""
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _refusal(types.PARSE_ERROR, "the body is not JSON")
    try:
        types.jsonrpc_message_adapter.validate_python(message, by_name=False)
    except ValidationError as error:
        return _refusal(types.INVALID_REQUEST, f"the body is not a message of JSON-RPC 2.0: {_problem(error)}")
    return None


def _problem(error: ValidationError) -> str:
    """What is wrong with it as a request, the first of the kinds of messages that there are."""
    first: Mapping[str, Any] = error.errors(include_url=False)[0]
    wrong = field_problem({**first, "loc": first["loc"][1:]})
    return f"{wrong.parameter}: {wrong.problem}; allowed: {wrong.allowed}"


def _refusal(code: int, sentence: str) -> Response:
    answer = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": sentence}}
    return Response(orjson.dumps(answer), 400, media_type=JSON)
