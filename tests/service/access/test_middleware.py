"""The layers around the framework: which routes may be answered directly."""

from __future__ import annotations

import httpx
import pytest
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.routing import Router

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
