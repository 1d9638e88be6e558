"""Merchandising rules over HTTP: from what an admin says to what a shopper sees and the log keeps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.support.redis_servers import RedisProcess
from tests.support.services import beside, serving
from tests.support.waiting import eventually
from trimtab.engine import Engine
from trimtab.engine.log.impressions import read_log
from trimtab.engine.log.rows import rows_of
from trimtab.service.settings import Settings

KEY = {"Authorization": "Bearer sesame"}
WEIGHTS = {"w_relevance": 0.6, "w_revenue": 0.4}


@pytest.fixture
def ruled(service: httpx.Client) -> Iterator[httpx.Client]:
    """The service; it forgets the rules of a test afterwards."""
    yield service
    for name in service.get("/rules").json():
        service.delete(f"/rules/{name}", headers=KEY)


def define(service: httpx.Client, name: str, **rule: object) -> None:
    response = service.put(f"/rules/{name}", json=rule, headers=KEY)
    assert response.status_code == 200, response.text


def shown(service: httpx.Client, **parameters: object) -> list[str]:
    response = service.get("/search", params={"q": "yogurt", **WEIGHTS, **parameters})
    assert response.status_code == 200, response.text
    return [hit["item_id"] for hit in response.json()["hits"]]


def test_a_merchandiser_arranges_a_slate(ruled: httpx.Client) -> None:
    before = shown(ruled, k=10)
    define(ruled, "front", action="pin", query="Yogurt", item_ids=[before[7], before[8]], position=1)
    define(ruled, "gone", action="hide", query="yogurt", item_ids=[before[0]])
    define(ruled, "last", action="bury", query=" yogurt ", item_ids=[before[2]])
    define(ruled, "up", action="boost", query="yogurt", item_ids=[before[6]], boost=10)
    assert shown(ruled, k=5) == [before[6], before[7], before[8], before[1], before[3]]
    whole = shown(ruled, k=200)
    assert before[0] not in whole
    assert whole[-1] == before[2]
    assert shown(ruled, q="low fat yogurt", k=3) == shown(ruled, q="LOW fat  yogurt", k=3)
    assert ruled.get("/rules").json()["last"]["action"] == "bury"

    pages = [item for offset in (0, 4, 8) for item in shown(ruled, k=4, offset=offset)]
    assert pages == whole[:12]


def test_a_pin_shows_what_the_words_do_not_find_but_not_against_a_filter(ruled: httpx.Client, engine: Engine) -> None:
    coffee = shown(ruled, q="coffee", k=1)[0]
    define(ruled, "odd", action="pin", item_ids=[coffee])
    assert shown(ruled)[0] == coffee
    brand = next(
        name for name in engine.store.brands if name != engine.store.display(engine.store.row_of(coffee))["brand"]
    )
    assert coffee not in shown(ruled, filter=f"brand:{brand}")


def test_rules_have_their_time_and_their_category(ruled: httpx.Client, engine: Engine) -> None:
    before = shown(ruled)
    now = datetime.now(UTC)
    day = timedelta(days=1)
    over = {"starts": (now - 2 * day).isoformat(), "ends": (now - day).isoformat()}
    define(ruled, "over", action="hide", item_ids=[before[0]], **over)
    define(ruled, "to-come", action="hide", item_ids=[before[1]], starts=(now + day).isoformat())
    assert shown(ruled) == before
    category = engine.store.display(engine.store.row_of(before[0]))["category"]
    define(ruled, "aisle", action="hide", item_ids=[before[0]], category=category.upper(), ends=(now + day).isoformat())
    assert shown(ruled) == before
    assert before[0] not in shown(ruled, filter=f"category:{category}")


def test_two_rules_for_one_position_find_room(ruled: httpx.Client) -> None:
    before = shown(ruled)
    define(ruled, "b", action="pin", query="yogurt", item_ids=[before[5], before[9]])
    define(ruled, "a", action="pin", query="yogurt", item_ids=[before[9]])
    assert shown(ruled)[:2] == [before[9], before[5]]


def test_draws_know_of_rules_and_the_receipt_does_not_flatter(ruled: httpx.Client) -> None:
    before = shown(ruled)
    define(ruled, "up", action="boost", query="yogurt", item_ids=[before[-1]], boost=10)
    define(ruled, "last", action="bury", query="yogurt", item_ids=[before[0]])
    steered = {"q": "yogurt", "w_relevance": 1, "session_id": "s", "explore": True, "k": 200}
    drawn = ruled.get("/search", params=steered).json()
    chances = {hit["item_id"]: hit["propensity"] for hit in drawn["hits"]}
    assert drawn["hits"][0]["item_id"] == before[-1]
    assert drawn["hits"][-1]["item_id"] == before[0]
    assert chances[before[-1]] > 0.9
    assert all(chance > 0 for chance in chances.values())
    sorted_slate = ruled.get("/search", params={"q": "yogurt", "w_relevance": 1}).json()
    assert sorted_slate["receipt"]["relevance"]["change"] < 0


def test_a_rule_outlives_its_item(ruled: httpx.Client, module_redis: RedisProcess) -> None:
    before = shown(ruled)
    with module_redis.client() as redis:
        for action in ("pin", "hide", "boost", "bury"):
            redis.hset("trimtab:rules", action, f'{{"action": "{action}", "item_ids": ["gone", "{before[3]}"]}}')
    eventually(lambda: len(ruled.get("/rules").json()) == 4)
    assert shown(ruled) == [item for item in shown(ruled, k=21) if item != before[3]][:20]


@pytest.mark.parametrize(
    ("rule", "parameter"),
    [
        ({"action": "promote", "item_ids": ["x"]}, "action"),
        ({"action": "pin", "item_ids": []}, "item_ids"),
        ({"action": "pin", "item_ids": ["no-such-item"]}, "item_ids"),
        ({"action": "hide", "item_ids": ["x"], "position": 1}, "body"),
        ({"action": "pin", "item_ids": ["x"], "boost": 1}, "body"),
        ({"action": "pin", "item_ids": ["x"], "starts": "2026-01-02T00:00Z", "ends": "2026-01-01T00:00Z"}, "body"),
        ({"action": "pin", "item_ids": ["x"], "starts": "2026-01-02T00:00"}, "starts"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(service: httpx.Client, rule: dict, parameter: str) -> None:
    response = service.put("/rules/wrong", json=rule, headers=KEY)
    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"] == parameter
    assert "wrong" not in service.get("/rules").json()


def test_the_log_has_what_the_slate_obeyed(shared: Settings) -> None:
    with serving(shared) as one, serving(beside(shared)) as two:
        before = shown(one, k=4)
        define(one, "pin", action="pin", item_ids=[before[3]])
        define(one, "hide", action="hide", item_ids=[before[0]])
        define(one, "bury", action="bury", item_ids=[before[1]])
        eventually(lambda: "pin" in two.get("/rules").json() and shown(two, k=4)[0] == before[3])
        shown(one, k=3)
    rows = [row for frame in read_log(shared.data_folder / "impressions") for row in rows_of(frame)]
    assert (rows[0]["pins"], rows[0]["exclusions"], rows[0]["boosts"]) == ({}, [], {})
    assert rows[-1]["pins"] == {"0": before[3]}
    assert rows[-1]["exclusions"] == [before[0]]
    assert rows[-1]["boosts"] == {before[1]: -100.0}
    assert rows[-1]["k"] == 3
