"""`POST /mcp`: the Model Context Protocol over streamable HTTP, by the official SDK.

Each request stands alone: there are no sessions to keep, so that any worker answers any request.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import mcp_types as types
import orjson
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from trimtab.core.errors import BadInput, TooLarge, TrimtabError
from trimtab.service.agents.arguments import LookupArguments, ProductArguments, SearchArguments, problem_of
from trimtab.service.agents.messages import received, refusal_of
from trimtab.service.agents.tools import CatalogueTools
from trimtab.service.http.admission import Admission, priority_of
from trimtab.service.http.auth import AccessControl
from trimtab.service.http.keys import Grant
from trimtab.service.http.problem_documents import as_requested, field_problem
from trimtab.service.search.search_service import SearchService

PATH = "/mcp"
MAX_BODY_BYTES = 65_536


@dataclass(frozen=True)
class Tool:
    """A tool: what it is for, what it takes, what answers."""

    description: str
    arguments: type[BaseModel]
    answer: Callable[[Any, float], dict[str, Any]]


class AgentsDoor:
    """An ASGI application for one path. Requests are answered while `running`."""

    path = PATH

    def __init__(self, service: SearchService, access: AccessControl, admission: Admission, *, version: str) -> None:
        tools = CatalogueTools(service)
        self._access, self._admission = access, admission
        self._tools = {
            "search_catalog": Tool(
                "Search the shop's products by words and conditions. `steering` says what the order is to serve "
                "(relevance, revenue, diversity ...) and what that may cost; the answer has the receipt.",
                SearchArguments,
                lambda asked, arrived: tools.search_catalog(asked, arrived=arrived),
            ),
            "lookup_catalog": Tool(
                "Products or variants by their ids.", LookupArguments, lambda asked, _: tools.lookup_catalog(asked)
            ),
            "get_product": Tool(
                "One product with its variants and the options in which they differ.",
                ProductArguments,
                lambda asked, _: tools.get_product(asked),
            ),
        }
        self._listed = _listed(self._tools)  # once: schemas take as long as several searches
        server: Server[Any] = Server(
            "trimtab",
            version=version,
            instructions="The catalogue of a shop, by the Universal Commerce Protocol.",
            on_list_tools=self._list,
            on_call_tool=self._call,
        )
        self._manager = StreamableHTTPSessionManager(
            server, stateless=True, json_response=True, max_request_body_size=MAX_BODY_BYTES
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Around the time in which requests come; once."""
        async with self._manager.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = self  # what is counted by path
        if scope["method"] != "POST":
            raise HTTPException(405, headers={"Allow": "POST"})
        scope.setdefault("state", {})["grant"] = self._access.check(Request(scope, receive), "search")
        body, again = await received(receive, max_bytes=MAX_BODY_BYTES)
        if len(body) > MAX_BODY_BYTES:
            raise TooLarge(f"the body is larger than {MAX_BODY_BYTES} bytes")
        refusal = refusal_of(body)
        if refusal is not None:
            await refusal(scope, receive, send)
        else:
            await self._manager.handle_request(scope, again, send)

    async def _list(
        self, _: ServerRequestContext[Any], __: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return self._listed

    async def _call(
        self, context: ServerRequestContext[Any, Request], called: types.CallToolRequestParams
    ) -> types.CallToolResult:
        tool = self._tools.get(called.name)
        if tool is None:
            raise MCPError(
                types.INVALID_PARAMS, f"there is no tool {called.name!r}: there are {', '.join(self._tools)}"
            )
        try:
            asked = tool.arguments.model_validate(called.arguments or {})
        except ValidationError as error:
            raise MCPError(types.INVALID_PARAMS, problem_of(error)) from None
        assert context.request is not None
        key: Grant | None = context.request.scope["state"]["grant"]
        try:
            async with self._admission.turn(priority_of(context.request, key)) as turn:
                answer = tool.answer(asked, turn.start)
        except RequestValidationError as error:
            wrong = field_problem(error.errors()[0])
            name = "catalog.query" if wrong.parameter == "q" else wrong.parameter
            raise MCPError(types.INVALID_PARAMS, f"{name}: {wrong.problem}; allowed: {wrong.allowed}") from None
        except TrimtabError as error:
            code = types.INVALID_PARAMS if isinstance(error, BadInput) else types.INTERNAL_ERROR
            raise MCPError(code, str(as_requested(error))) from None
        text = types.TextContent(type="text", text=orjson.dumps(answer).decode())
        return types.CallToolResult(content=[text], structured_content=answer)


def _listed(tools: Mapping[str, Tool]) -> types.ListToolsResult:
    return types.ListToolsResult(
        tools=[
            types.Tool(
                name=name,
                description=tool.description,
                input_schema=tool.arguments.model_json_schema(by_alias=True),
                annotations=types.ToolAnnotations(read_only_hint=True),
            )
            for name, tool in tools.items()
        ]
    )
