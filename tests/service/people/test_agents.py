"""Agents: the protocol's own client against the real service."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import httpx2
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from ucp_sdk.models.schemas.common.types.error_response import ErrorResponse
from ucp_sdk.models.schemas.shopping.catalog_lookup import (
    GetProductRequest,
    GetProductResponse,
    LookupRequest,
    LookupResponse,
)
from ucp_sdk.models.schemas.shopping.catalog_search import SearchRequest, SearchResponse
from ucp_sdk.models.schemas.shopping.types.product import Product

from tests.support.redis_servers import RedisProcess
from tests.support.services import serving, settings_of
from trimtab.abtest.ope.replay import replay
from trimtab.core.errors import BadLog
from trimtab.engine import Engine
from trimtab.engine.log.impressions import ImpressionReader, find_impression
from trimtab.library import build
from trimtab.service.agents.products import Products, best_variant, options_of
from trimtab.service.agents.tools import LOOKUP, SEARCH, VERSION
from trimtab.service.settings import Settings

PROFILE = "https://agent.example/profile.json"
META = {"ucp-agent": {"profile": PROFILE}}
ADMIN = {"Authorization": "Bearer sesame"}

Tools = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


@pytest.fixture
def settings(small_bundle: Path, tmp_path: Path, redis_server: RedisProcess) -> Settings:
    return settings_of(small_bundle, tmp_path / "data", redis_server, admin_key="sesame")


def as_agent(service: httpx.Client, work: Callable[[Client], Awaitable[Any]], key: str | None = None) -> Any:
    """What an agent does, by the protocol's own client."""

    async def run() -> Any:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        async with httpx2.AsyncClient(headers=headers, timeout=120) as http:
            transport = streamable_http_client(str(service.base_url.join("/mcp")), http_client=http)
            async with Client(transport) as client:
                return await work(client)

    return asyncio.run(run())


async def call(client: Client, tool: str, catalog: dict[str, Any]) -> dict[str, Any]:
    result = await client.call_tool(tool, {"meta": META, "catalog": catalog})
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return result.structured_content


def test_an_agent_searches_steers_and_looks_up(service: httpx.Client) -> None:
    async def shop(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"search_catalog", "lookup_catalog", "get_product"}
        assert "steering" in str(tools["search_catalog"].input_schema)

        plain = await call(client, "search_catalog", {"query": "soup", "pagination": {"limit": 5}})
        product = plain["products"][0]
        assert {"id", "title", "description", "price_range", "variants"} <= product.keys()
        assert product["price_range"]["min"]["amount"] == product["variants"][0]["price"]["amount"] > 0
        steering = {"objectives": {"relevance": 0.2, "revenue": 0.8}, "max_losses": {"relevance": 0.05}}
        steered = await call(client, "search_catalog", {"query": "soup", "steering": steering})
        receipt = steered["steering"]["receipt"]
        assert -0.05 <= receipt["relevance"]["change"] <= 0
        assert receipt["revenue"]["change"] >= plain["steering"]["receipt"]["revenue"]["change"]

        cursor = plain["pagination"]["cursor"]
        more = await call(client, "search_catalog", {"query": "soup", "pagination": {"limit": 5, "cursor": cursor}})
        first, second = ({one["id"] for one in page["products"]} for page in (plain, more))
        assert len(first) == len(second) == 5
        assert not first & second

        amount = product["price_range"]["min"]["amount"]
        filters = {"price": {"max": amount}, "brand": [product["brand"]], "availability": ["in_stock"]}
        found = await call(client, "search_catalog", {"query": "soup", "filters": filters})
        assert product["id"] in {one["id"] for one in found["products"]}
        assert all(one["price_range"]["max"]["amount"] <= amount for one in found["products"])

        looked_up = await call(client, "lookup_catalog", {"ids": [product["id"], "no such item"]})
        assert [one["id"] for one in looked_up["products"]] == [product["id"]]
        assert looked_up["products"][0]["variants"][0]["inputs"] == [{"id": product["id"], "match": "exact"}]
        assert looked_up["messages"] == [{"type": "info", "code": "not_found", "content": "no such item"}]
        whole = await call(client, "get_product", {"id": product["id"]})
        assert whole["product"]["title"] == product["title"]
        nothing = await call(client, "get_product", {"id": "no such item"})
        assert (nothing["ucp"]["status"], nothing["messages"][0]["code"]) == ("error", "not_found")

    as_agent(service, shop)


@pytest.mark.parametrize(
    ("catalog", "said"),
    [
        ({}, "query"),
        ({"query": "soup", "steering": {"objectives": {"margin": 1}}}, "catalog.steering.objectives.margin"),
        ({"query": "soup", "steering": {"max_losses": {"relevance": 2}}}, "relevance"),
        ({"query": "soup", "filters": {"availability": ["backorder"]}}, "in_stock"),
        ({"query": "soup", "purpose": "swap"}, "search"),
        ({"query": "soup", "pagination": {"cursor": "../etc"}}, "cursor"),
    ],
)
def test_what_cannot_be_asked_is_said(service: httpx.Client, catalog: dict[str, Any], said: str) -> None:
    async def ask(client: Client) -> None:
        with pytest.raises(MCPError, match=said) as raised:
            await client.call_tool("search_catalog", {"meta": META, "catalog": catalog})
        assert raised.value.code == -32602

    as_agent(service, ask)


def test_keys_and_rates_are_those_of_searches(settings: Settings) -> None:
    with serving(settings.model_copy(update={"require_keys": True})) as service:
        issue = {"scopes": ["search"], "per_minute": 4}
        key = service.put("/keys/agent", json=issue, headers=ADMIN).json()["key"]
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        sent = {"Accept": "application/json, text/event-stream"}
        assert service.post("/mcp", json=body, headers=sent).status_code == 401
        assert service.get("/mcp", headers=sent).status_code == 405
        theirs = {**sent, "Authorization": f"Bearer {key}"}
        answers = [service.post("/mcp", json=body, headers=theirs).status_code for _ in range(5)]
    assert answers == [200, 200, 200, 200, 429]


def test_agents_are_logged_apart(settings: Settings, engine: Engine) -> None:
    with serving(settings.model_copy(update={"exploration_ratio": 1.0})) as service:
        asked = as_agent(service, lambda client: call(client, "search_catalog", {"query": "soup"}))
        shopper = service.get("/search", params={"q": "soup", "session_id": "visit"}).json()
        decision_id, bought = asked["steering"]["decision_id"], asked["products"][0]
        event = {"event_id": "1", "action_name": "purchase", "query_id": decision_id, "item_id": bought["id"]}
        said = service.post("/events", json=event).json()
        assert said == {"accepted": 1, "duplicates": 0}
    folder = settings.data_folder
    row = find_impression(decision_id, [folder])
    assert (row["channel"], row["agent"]) == ("agent", PROFILE)

    ours, theirs = ImpressionReader(folder), ImpressionReader(folder, channel="agent")
    assert pl.concat(ours)["decision_id"].to_list() == [shopper["decision_id"]]
    (frame,) = theirs
    assert frame["decision_id"].to_list() == [decision_id]
    assert frame["revenue"].list.sum().item() == bought["price_range"]["min"]["amount"] / 100
    assert (ours.event_counts()["matched"], theirs.event_counts()["matched"]) == (0, 1)
    policies = {"money": {"revenue": 1.0}}
    assert replay(folder, engine, policies, channel="agent")["log"]["n_replayed"] == 1
    assert replay(folder, engine, policies)["log"]["n_replayed"] == 1
    with pytest.raises(BadLog, match="robot"):
        ImpressionReader(folder, channel="robot")


MODELS = {
    "search_catalog": (SearchRequest, SearchResponse, SEARCH),
    "lookup_catalog": (LookupRequest, LookupResponse, LOOKUP),
    "get_product": (GetProductRequest, GetProductResponse, LOOKUP),
}
"""The request and the answer of each tool as the protocol's own SDK reads them, and the capability."""


def test_requests_and_answers_are_the_protocols(service: httpx.Client) -> None:
    """By the models that the protocol's own SDK has for its version 2026-08-25."""

    async def ask(client: Client) -> None:
        for tool in (await client.list_tools()).tools:
            assert sorted(tool.input_schema["required"]) == ["catalog", "meta"], tool.name

        async def checked(tool: str, catalog: dict[str, Any]) -> Any:
            request, response, capability = MODELS[tool]
            sent = request.model_validate(catalog).model_dump(mode="json", exclude_none=True)
            answer = await call(client, tool, sent)
            assert answer["ucp"]["version"] == VERSION
            assert {"version": VERSION} in answer["ucp"]["capabilities"][capability]
            return response.model_validate(answer)

        context = {"address_country": "US", "currency": "USD", "language": "en-US", "intent": "dinner"}
        search = {"context": context, "signals": {"dev.ucp.buyer_ip": "::1"}, "attribution": {"utm_source": "x"}}
        found = await checked("search_catalog", {"query": "soup", **search})
        assert len(found.products) == 10, "a page where no limit is said"
        assert found.pagination.has_next_page
        page = {"limit": 3, "cursor": found.pagination.cursor}
        assert len((await checked("search_catalog", {"query": "soup", "pagination": page})).products) == 3
        categories = [found.products[0].categories[0].value]
        filters = {"categories": categories, "price": {"min": 0, "max": 2**53 - 1}}
        browsed = await checked("search_catalog", {"filters": filters, "context": {"currency": "USD"}})
        assert {one.categories[0].value for one in browsed.products} == set(categories)
        abroad = {"query": "soup", "filters": {"price": {"max": 0}}, "context": {"currency": "jpy"}}
        ignored = await checked("search_catalog", abroad)
        assert ignored.products, "what is not converted is not held against a product"
        assert [one.code for one in ignored.messages] == ["price_filter_ignored"]

        ids = [one.id for one in found.products]
        assert len((await checked("lookup_catalog", {"ids": [*ids, "no such item"], **search})).products) == 10
        assert (await checked("get_product", {"id": ids[0], **search})).product.selected is not None
        ErrorResponse.model_validate(await call(client, "get_product", {"id": "no such item"}))
        with pytest.raises(MCPError) as raised:
            await call(client, "lookup_catalog", {"ids": [str(number) for number in range(101)]})
        assert raised.value.code == -32602
        with pytest.raises(MCPError, match="ucp-agent"):
            await client.call_tool("get_product", {"meta": {}, "catalog": {"id": ids[0]}})

    as_agent(service, ask)


SHIRTS = """item_id,title,brand,group_id,colour,size,price,in_stock
rm,Linen shirt,Lino,shirt,red,M,20,true
rl,Linen shirt,Lino,shirt,red,L,20,false
bm,Linen shirt,Lino,shirt,blue,M,25,true
hat,Straw hat,Lino,,,,15,true
"""


def test_an_agent_narrows_a_product_to_a_variant(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "shop.csv").write_text(SHIRTS)
    (tmp_path / "shop.toml").write_text('[variants]\ngroup_by = "group_id"\n')
    build(tmp_path / "shop.csv", tmp_path / "bundle", shop=tmp_path / "shop.toml")

    async def choose(client: Client) -> None:
        found = await call(client, "lookup_catalog", {"ids": ["rl", "hat", "rm", "rl"]})
        shirt, hat = found["products"]
        assert [one["id"] for one in shirt["variants"]] == ["rl", "rm"], "a product once, with what was asked for"
        assert [one["inputs"] for one in shirt["variants"]] == [[{"id": id_, "match": "exact"}] for id_ in ("rl", "rm")]
        assert (shirt["price_range"]["max"]["amount"], len(hat["variants"])) == (2500, 1)
        cheap = await call(client, "lookup_catalog", {"ids": ["rm", "bm"], "filters": {"price": {"max": 2000}}})
        assert [one["id"] for product in cheap["products"] for one in product["variants"]] == ["rm"]

        whole = (await call(client, "get_product", {"id": "bm"}))["product"]
        assert {one["id"] for one in whole["variants"]} == {"bm", "rm", "rl"}
        assert whole["variants"][0]["id"] == "bm"
        assert {one["name"]: one["label"] for one in whole["selected"]} == {"colour": "blue", "size": "M"}
        colours, sizes = (
            {value["label"]: (value["available"], value["exists"]) for value in option["values"]}
            for option in sorted(whole["options"], key=lambda option: str(option["name"]))
        )
        assert colours == {"blue": (True, True), "red": (True, True)}
        assert sizes == {"M": (True, True), "L": (False, False)}, "there is no blue one in L"

        asked = {"id": "bm", "selected": [{"name": "colour", "label": "Red"}]}
        red = (await call(client, "get_product", asked))["product"]
        assert [one["id"] for one in red["variants"]] == ["rm", "rl"], "one that is there comes first"
        assert red["selected"] == [{"name": "colour", "label": "Red"}]
        large = {"name": "size", "label": "L"}
        blue = {"name": "colour", "label": "blue"}
        given_up = {"id": "bm", "selected": [large, blue], "preferences": ["colour", "size"]}
        assert (await call(client, "get_product", given_up))["product"]["selected"] == [blue]
        gone = await call(client, "get_product", {"id": "rl", "filters": {"price": {"min": 9000}}})
        assert gone["ucp"]["status"] == "error"

    with serving(settings.model_copy(update={"bundle": tmp_path / "bundle"})) as service:
        as_agent(service, choose)


def item(item_id: str, price: float | None, **attributes: object) -> dict[str, Any]:
    plain = {"title": f"Shirt {item_id}", "brand": "", "category": "", "image": "", "url": "", "in_stock": True}
    return {**plain, "item_id": item_id, "price": price, "attributes": attributes}


def test_variants_are_options_and_the_selected_one_comes_first() -> None:
    shirts = [item("a", 10, colour="red", size="M"), item("b", 12.5, colour="blue", size="M"), item("c", None)]
    product = Products("EUR", 2).product(shirts[:2])
    assert product["price_range"] == {
        "min": {"amount": 1000, "currency": "EUR"},
        "max": {"amount": 1250, "currency": "EUR"},
    }
    assert product["options"] == [{"name": "colour", "values": [{"label": "red"}, {"label": "blue"}]}]
    assert product["variants"][1]["options"] == [{"name": "colour", "label": "blue"}]
    weighed = [item("a", 1, colour="red", weight_g=80), item("b", 1, colour="blue", weight_g=81)]
    assert list(options_of(weighed)) == ["colour"], "a weight follows from what is chosen"
    sized = [item("a", 1, colour="red", size=42, weight_g=80), item("b", 1, colour="red", size=43, weight_g=81)]
    assert options_of(sized) == {"size": ["42", "43"]}
    assert best_variant(shirts, {"colour": "Blue", "size": "XL"}, ["colour", "size"]) == 1
    assert best_variant(shirts, {}, []) == 0
    assert Products("JPY", 0).variant(shirts[0])["price"] == {"amount": 10, "currency": "JPY"}
    described = Products("EUR", 2).variant({**shirts[0], "description": "Worn by all."})
    assert described["description"] == {"plain": "Worn by all."}
    assert product["description"] == {"plain": "Shirt a. Colour: red. Size: M"}
    without = Products(None, 2).product([shirts[2]])
    assert without["price_range"]["min"] == {"amount": 0, "currency": "XXX"}
    assert not without["variants"][0]["availability"]["available"]


texts = st.text(max_size=20)
shown = st.fixed_dictionaries(
    {
        "item_id": st.text(min_size=1, max_size=20),
        "title": texts, "brand": texts, "category": texts,
        "price": st.none() | st.floats(0, 1e18),
        "image": texts | st.sampled_from(["/a.jpg", "https://shop.example/a b.jpg", "//shop.example/a.jpg"]),
        "url": texts | st.sampled_from(["shop.example/a", "HTTPS://shop.example/ü", "javascript:alert(1)"]),
        "in_stock": st.booleans(),
        "attributes": st.dictionaries(texts, texts | st.integers() | st.lists(texts, max_size=3), max_size=3),
    }
)  # fmt: skip


@given(st.lists(shown, min_size=1, max_size=3), st.sampled_from([("EUR", 2), ("JPY", 0), ("KWD", 3), (None, 2)]))
def test_whatever_an_item_is_its_product_is_one_of_the_protocols(
    items: list[dict[str, Any]], money: tuple[str | None, int]
) -> None:
    product = Product.model_validate(Products(*money).product(items))
    assert [one.id for one in product.variants] == [item["item_id"] for item in items]
    assert product.price_range.min.amount <= product.price_range.max.amount
