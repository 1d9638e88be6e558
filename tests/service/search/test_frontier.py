"""GET /frontier over HTTP."""

from __future__ import annotations

import httpx
import pytest

from trimtab.service.http.routes.search.frontier import FrontierResponse

KEY = {"Authorization": "Bearer sesame"}


def test_the_frontier_of_a_query(service: httpx.Client) -> None:
    response = service.get("/frontier", params={"q": "ice cream", "k": 10, "filter": "price:1..6"})
    assert response.headers["cache-control"] == "no-store"
    frontier = FrontierResponse.model_validate(response.json(), strict=True)
    assert 100 < len(frontier.points) <= 200
    (knee,) = (point for point in frontier.points if point.knee)
    assert knee.on_front
    weights = {f"w_{name}": weight for name, weight in knee.weights.items()}
    answer = service.get("/search", params={"q": "ice cream", "k": 10, "filter": "price:1..6", **weights}).json()
    for name, line in answer["receipt"].items():
        assert line["expected"] == pytest.approx(knee.expected[name], rel=1e-5)


def test_losses_count_from_the_most_relevant_slate_whatever_is_pinned(service: httpx.Client) -> None:
    def pure(frontier: FrontierResponse) -> dict[str, float]:
        return next(point.expected for point in frontier.points if point.weights["relevance"] == 1)

    def frontier() -> FrontierResponse:
        return FrontierResponse.model_validate(service.get("/frontier", params={"q": "ice cream", "k": 10}).json())

    before = frontier()
    assert before.baseline == pytest.approx(pure(before))
    last = service.get("/search", params={"q": "ice cream", "k": 10, "w_relevance": 1}).json()["hits"][-1]["item_id"]
    rule = {"action": "pin", "item_ids": [last], "query": "ice cream"}
    service.put("/rules/last-first", json=rule, headers=KEY).raise_for_status()
    try:
        pinned = frontier()
        assert pinned.baseline == pytest.approx(before.baseline)
        assert pure(pinned)["relevance"] < pinned.baseline["relevance"]
    finally:
        service.delete("/rules/last-first", headers=KEY).raise_for_status()


def test_no_match_has_no_points(service: httpx.Client) -> None:
    assert service.get("/frontier", params={"q": "zzzzqqqq"}).json()["points"] == []


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({}, "q"),
        ({"q": "!!"}, "q"),
        ({"q": "soup", "k": 0}, "k"),
        ({"q": "soup", "w_revenue": 1}, "w_revenue"),
        ({"q": "soup", "max_relevance_loss": 0.1}, "max_relevance_loss"),
        ({"q": "soup", "filter": "colour:red"}, "filter"),
        ({"q": "soup", "points": 7}, "points"),
    ],
)
def test_what_it_does_not_take_is_named(service: httpx.Client, parameters: dict[str, object], named: str) -> None:
    response = service.get("/frontier", params=parameters)
    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"] == named
