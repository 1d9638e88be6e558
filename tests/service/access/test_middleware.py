"""The layers around the framework: which routes may be answered directly."""

from __future__ import annotations

import errno

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import PlainTextResponse, Response
from fastapi.testclient import TestClient
from starlette.routing import Router

from trimtab.service.http import problem_documents
from trimtab.service.http.middleware import direct_table


def check_key() -> None:
    pass


def test_searches_are_answered_directly(service: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def finds_nothing(*_: object) -> None:
        raise RuntimeError("the framework was asked for the route")

    monkeypatch.setattr(Router, "__call__", finds_nothing)
    monkeypatch.setattr(Router, "app", finds_nothing)
    assert service.get("/search", params={"q": "soup"}).status_code == 200
    assert service.post("/search", json={"q": "soup"}).status_code == 200


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RuntimeError("can't start new thread"), 503),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"), 503),
        (OSError(errno.EMFILE, "Too many open files"), 503),
        (MemoryError(), 503),
        (RuntimeError("anything else"), 500),
        (OSError(errno.ENOENT, "No such file"), 500),
    ],
)
def test_what_the_system_has_no_more_of_is_asked_for_later(error: Exception, status: int) -> None:
    app = FastAPI()
    problem_documents.install(app, missing=PlainTextResponse)

    @app.get("/")
    async def fails() -> None:
        raise error

    answer = TestClient(app, raise_server_exceptions=False).get("/")
    assert answer.status_code == status
    assert ("retry-after" in answer.headers) == (status == 503)


def test_there_must_be_a_route() -> None:
    with pytest.raises(ValueError, match="no route"):
        direct_table([APIRouter()], "/search")


def test_a_route_with_a_dependency_is_refused() -> None:
    of_route, of_router = APIRouter(), APIRouter(dependencies=[Depends(check_key)])

    @of_route.get("/search", dependencies=[Depends(check_key)])
    @of_router.get("/search")
    async def search(request: Request) -> Response:
        return Response(request.url.path)

    for router in (of_route, of_router):
        with pytest.raises(ValueError, match="dependencies"):
            direct_table([router], "/search")


def test_a_route_with_parameters_is_refused() -> None:
    router = APIRouter()

    @router.get("/search")
    async def search(q: str) -> str:
        return q

    @router.get("/items/{item_id}")
    async def item(request: Request, item_id: str) -> Response:
        return Response(request.url.path + item_id)

    for path in ("/search", "/items/{item_id}"):
        with pytest.raises(ValueError, match="parameters"):
            direct_table([router], path)
