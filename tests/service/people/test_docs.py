"""The documentation that the service serves: complete, and without the network."""

from __future__ import annotations

import re
from typing import Any

import httpx

from tests.support.services import taken

PATHS = {
    "/analytics/overview",
    "/analytics/queries",
    "/analytics/categories",
    "/analytics/times",
    "/analytics/ranks",
    "/analytics/change",
    "/replays",
    "/replays/{name}",
    "/search",
    "/frontier",
    "/events",
    "/decisions/{decision_id}",
    "/profiles",
    "/profiles/{name}",
    "/rules",
    "/rules/{name}",
    "/suggest",
    "/synonyms",
    "/synonyms/{name}",
    "/experiments",
    "/experiments/{name}",
    "/experiments/{name}/results",
    "/bundles",
    "/bundles/rollback",
    "/bundles/{name}",
    "/bundles/{name}/activate",
    "/bundles/{name}/canary",
    "/bundles/{name}/load",
    "/bundles/{name}/shadow",
    "/bundles/{name}/shop.toml",
    "/bundles/{name}/unload",
    "/accounts",
    "/accounts/{name}",
    "/session",
    "/session/password",
    "/drafts",
    "/drafts/{kind}/{name}",
    "/drafts/{kind}/{name}/publish",
    "/changes",
    "/comparisons",
    "/comparisons/difference",
    "/query-sets",
    "/query-sets/{name}",
    "/query-sets/{name}/sample",
    "/query-sets/{name}/judgments",
    "/query-sets/{name}/judgments/mine",
    "/query-sets/{name}/judgments.csv",
    "/keys",
    "/keys/{name}",
    "/users/{user_id}",
    "/users/{user_id}/erasure",
    "/users/{user_id}/export",
    "/pages",
    "/tracked",
    "/tracked/history",
    "/feeds",
    "/feeds/{job_id}",
    "/items",
    "/items/delete",
    "/items/{item_id}",
    "/items/{item_id}/similar",
    "/items/{item_id}/together",
    "/healthz",
    "/readyz",
    "/metrics",
}


def test_the_page_needs_nothing_from_elsewhere(service: httpx.Client) -> None:
    page = service.get("/docs").text
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(assets) >= 3
    for asset in assets:
        assert asset.startswith("/"), f"{asset} is somewhere else"
        assert service.get(asset).status_code == 200


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in references(value)]
    if isinstance(node, list):
        return [found for value in node for found in references(value)]
    return []


def test_the_document_is_whole(service: httpx.Client) -> None:
    document = service.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    found = references(document)
    assert found
    assert {reference.removeprefix("#/components/schemas/") for reference in found} <= schemas.keys()
    assert set(document["paths"]) == PATHS


def test_parameters_are_those_of_the_bundle(service: httpx.Client) -> None:
    paths = service.get("/openapi.json").json()["paths"]
    by_get = {parameter["name"]: parameter for parameter in paths["/search"]["get"]["parameters"]}
    by_post = paths["/search"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert by_get.keys() == by_post["properties"].keys()
    assert {"q", "k", "w_relevance", "w_revenue", "w_diversity"} <= by_get.keys()
    assert not any(parameter["required"] for parameter in by_get.values()), "a category page has no words"
    assert "required" not in by_post


def test_the_examples_work(service: httpx.Client) -> None:
    document = service.get("/openapi.json").json()
    body = document["paths"]["/search"]["post"]["requestBody"]["content"]["application/json"]["schema"]["example"]
    assert service.post("/search", json=body).status_code == 200
    event = document["components"]["schemas"]["Event"]["example"]
    assert taken(service.post("/events", json=event)) == (1, 0)
