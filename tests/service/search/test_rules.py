"""Merchandising rules over HTTP: from what an admin says to what a shopper sees and the log keeps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.support.redis_servers import RedisProcess
from tests.support.services import beside, serving
from tests.support.waiting import eventually
from trimtab.core.records import Constraints
from trimtab.engine import Engine
from trimtab.engine.log.impressions import read_log
from trimtab.engine.log.rows import rows_of
from trimtab.retrieval.understanding.rewriting import place_of
from trimtab.service.redis import persistent_hash
from trimtab.service.search.rules import Rule, RuleBook
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
    assert whole[198] == before[2], "the last of the candidates, behind which comes what was not ranked"
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


def assert_reproduced(service: httpx.Client, decision_id: str) -> None:
    path = f"/decisions/{decision_id}"
    eventually(lambda: service.get(path, headers=KEY).status_code == 200)
    again = service.get(path, headers=KEY).json()
    assert again["reproduced"], again["differences"]


def understood(service: httpx.Client, **parameters: object) -> dict[str, object]:
    answer = service.get("/search", params={**WEIGHTS, **parameters})
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()["understood"]
    return found


def test_a_request_says_which_language_its_words_are_in(ruled: httpx.Client) -> None:
    answer = ruled.get("/search", params={"q": "yogurt sans sugar", "language": "fr-CA", **WEIGHTS}).json()
    assert answer["understood"]["excluded"] == ["sugar"]
    assert_reproduced(ruled, answer["decision_id"])
    refused = ruled.get("/search", params={"q": "yogurt", "language": "xx"})
    assert refused.status_code == 422
    assert "language" in refused.text


def test_words_are_put_in_place_of_others(ruled: httpx.Client) -> None:
    define(ruled, "all", action="rewrite", query="breakfast pots", rewrite="yogurt")
    define(ruled, "part", action="rewrite", query="laït", matches="contains", rewrite="milk")
    define(ruled, "first", action="rewrite", query="cheap", matches="starts_with", rewrite="store brand")
    assert shown(ruled, q="Breakfast  Pots") == shown(ruled)
    assert understood(ruled, q="breakfast pots")["rewritten"] == "yogurt"
    assert understood(ruled, q="breakfast pots", exact=True)["rewritten"] is None
    assert understood(ruled, q="low fat Lait, please")["rewritten"] == "low fat milk, please"
    assert understood(ruled, q="cheap yogurt")["rewritten"] == "store brand yogurt"
    assert understood(ruled, q="not cheap yogurt")["rewritten"] is None


def test_a_rule_says_where_to_go_what_to_show_and_what_to_find(ruled: httpx.Client, engine: Engine) -> None:
    brand = engine.store.display(engine.store.row_of(shown(ruled, k=1)[0]))["brand"]
    define(ruled, "go", action="redirect", query="returns", matches="contains", url="https://shop.example/returns")
    define(ruled, "show", action="banner", query="yogurt", matches="contains", banner="Two for one")
    define(ruled, "only", action="filter", query="yogurt", filters=[f"brand:{brand}"])
    assert understood(ruled, q="how do returns work")["redirect"] == "https://shop.example/returns"
    assert understood(ruled, q="greek yogurt")["banner"] == "Two for one"
    assert understood(ruled, q="yoghurt")["banner"] in ("Two for one", None)  # also where a misspelt word was meant
    answer = ruled.get("/search", params={"q": "yogurt", **WEIGHTS}).json()
    assert {hit["brand"] for hit in answer["hits"]} == {brand}
    assert_reproduced(ruled, answer["decision_id"])


def test_synonyms_are_defined_while_it_runs_and_decisions_outlive_them(ruled: httpx.Client) -> None:
    before = set(shown(ruled, q="qzzsour milk", k=200))
    answer = ruled.put("/synonyms/sour", json={"words": ["qzzsour milk"], "also_find": ["yogurt"]}, headers=KEY)
    assert answer.status_code == 200, answer.text
    try:
        answer = ruled.get("/search", params={"q": "qzzsour milk", "k": 200, **WEIGHTS}).json()
        found = {hit["item_id"] for hit in answer["hits"]}
        assert answer["understood"]["synonyms"] == [{"from": "qzzsour milk", "to": "yogurt"}]
        added = [hit["title"] for hit in answer["hits"] if hit["item_id"] not in before]
        assert all("yogurt" in title.lower() for title in added)
        assert len(found) > len(before)
        assert understood(ruled, q="qzzsour milk", synonyms=False)["synonyms"] == []
    finally:
        ruled.delete("/synonyms/sour", headers=KEY)
    assert understood(ruled, q="qzzsour milk")["synonyms"] == []
    assert_reproduced(ruled, answer["decision_id"])
    assert ruled.put("/synonyms/one", json={"words": ["alone"]}, headers=KEY).status_code == 422


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
        ({"action": "pin"}, "item_ids"),
        ({"action": "redirect", "query": "x", "url": "javascript:alert(1)"}, "url"),
        ({"action": "redirect", "query": "x", "url": "//elsewhere.example"}, "url"),
        ({"action": "redirect", "query": "x"}, "body"),
        ({"action": "banner", "banner": "x", "item_ids": ["x"]}, "item_ids"),
        ({"action": "rewrite", "rewrite": "x"}, "body"),
        ({"action": "filter", "query": "x", "filters": ["no-such-field:x"]}, "filter"),
        ({"action": "hide", "item_ids": ["x"], "matches": "contains"}, "body"),
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


def test_of_very_many_rules_only_those_of_the_words_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def rule(query: str, matches: str = "contains", **more: object) -> Rule:
        return Rule.model_validate({"action": "hide", "query": query, "matches": matches, "item_ids": [query], **more})

    others = {f"r{n:05}": rule(f"word{n} soup") for n in range(6000)}
    wanted = {"z": rule("yellow soup"), "b": rule("Soup"), "c": rule("big yellow", "starts_with"), "d": rule("!?")}
    book = RuleBook(dict(sorted((others | wanted).items())))
    looked = list[object]()
    monkeypatch.setattr(
        "trimtab.service.search.rules.place_of", lambda *asked: looked.append(asked) or place_of(*asked)
    )
    _, found = book.obeyed(["a big yellow soup"], (), datetime.now(UTC), budgets=Constraints())
    assert found.exclusions == {"yellow soup", "Soup", "!?"}
    assert len(looked) == 4
    _, found = book.obeyed(["big yellow"], (), datetime.now(UTC), budgets=Constraints())
    assert "big yellow" in found.exclusions


def test_rules_do_not_fill_the_memory_of_who_reads_them(ruled: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    define(ruled, "small", action="banner", query="yogurt", banner="New")
    monkeypatch.setattr(persistent_hash, "MAX_CHARACTERS", 1000)
    refused = ruled.put("/rules/large", json={"action": "banner", "query": "yogurt", "banner": "x" * 1500}, headers=KEY)
    assert (refused.status_code, "delete some first" in refused.text) == (409, True)
    define(ruled, "small", action="banner", query="yogurt", banner="Newer")
    assert list(ruled.get("/rules").json()) == ["small"]
