"""GET /items/{id}/similar and /together: steered, logged and explained as searches are."""

from __future__ import annotations

import httpx
import pytest

from tests.support.waiting import eventually
from trimtab.service.search.response import SearchResponse

ADMIN = {"Authorization": "Bearer sesame"}


@pytest.fixture(scope="module")
def yogurt(service: httpx.Client) -> str:
    return str(service.get("/search", params={"q": "yogurt", "k": 1}).json()["hits"][0]["item_id"])


@pytest.mark.parametrize("kind", ["similar", "together"])
def test_what_is_related_to_an_item_is_steered_and_logged(service: httpx.Client, yogurt: str, kind: str) -> None:
    response = service.get(f"/items/{yogurt}/{kind}", params={"k": 5, "w_relevance": 0.5, "w_revenue": 0.5})
    assert response.status_code == 200, response.text
    answer = response.json()
    SearchResponse.model_validate(answer, strict=True)
    assert len(answer["hits"]) == 5
    assert yogurt not in [hit["item_id"] for hit in answer["hits"]]
    assert answer["receipt"]["revenue"]["expected"] > 0
    path = f"/decisions/{answer['decision_id']}"
    eventually(lambda: service.get(path, headers=ADMIN).status_code == 200)
    decision = service.get(path, headers=ADMIN).json()
    assert decision["reproduced"], decision["differences"]


def test_what_is_asked_wrongly_is_named(service: httpx.Client, yogurt: str) -> None:
    missing = service.get("/items/none/similar")
    assert missing.status_code == 404
    assert missing.json()["detail"] == "there is no item 'none'"
    words = service.get(f"/items/{yogurt}/together", params={"q": "soup"})
    assert words.status_code == 422
    assert words.json()["detail"].startswith("q: is for words, and an item is looked beside")
    assert service.get(f"/items/{yogurt}/similar", params={"w_colour": 1}).status_code == 422
