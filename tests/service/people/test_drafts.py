"""Definitions before they are live: drafted, looked at on real queries, published, undone."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.support.redis_servers import RedisProcess
from tests.support.waiting import eventually

KEY = {"Authorization": "Bearer sesame"}
SOUR = {"words": ["qzzdraft milk"], "also_find": ["yogurt"]}


def ids(side: dict[str, Any]) -> list[str]:
    return [hit["item_id"] for hit in side["hits"]]


def compare(service: httpx.Client, **asked: object) -> list[dict[str, Any]]:
    answer = service.post("/comparisons", json=asked)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows


def changes(service: httpx.Client, **asked: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.get("/changes", params=asked).raise_for_status().json()
    return found


def test_a_synonym_is_drafted_looked_at_published_and_undone(service: httpx.Client) -> None:
    drafted = service.put("/drafts/synonyms/sour", json={"definition": SOUR, "note": "asked for"}, headers=KEY)
    assert drafted.status_code == 200, drafted.text
    assert drafted.json()["author"] == "admin key"
    assert "sour" not in service.get("/synonyms").json(), "nobody sees it yet"
    [row] = compare(service, queries=["qzzdraft milk"], after={"drafts": ["synonyms/sour"]})
    assert row["changed"]
    assert row["before"]["understood"]["synonyms"] == []
    assert row["after"]["understood"]["synonyms"] == [{"from": "qzzdraft milk", "to": "yogurt"}]
    live = service.get("/search", params={"q": "qzzdraft milk", "k": 10}).json()
    assert [hit["item_id"] for hit in live["hits"]] == ids(row["before"])

    assert service.post("/drafts/synonyms/sour/publish", headers=KEY).status_code == 204
    assert service.get("/drafts").json() == []
    live = service.get("/search", params={"q": "qzzdraft milk", "k": 10}).json()
    assert [hit["item_id"] for hit in live["hits"]] == ids(row["after"])
    [change] = changes(service, kind="synonym", name="sour")
    assert (change["author"], change["before"], change["after"]["words"]) == ("admin key", None, ["qzzdraft milk"])
    assert service.get("/synonyms").json()["sour"]["note"] == "asked for", "why is kept with what is live"

    service.put("/drafts/synonyms/sour", json={"definition": None}, headers=KEY).raise_for_status()
    [row] = compare(service, queries=["qzzdraft milk"], after={"drafts": ["synonyms/sour"]})
    assert row["after"]["understood"]["synonyms"] == []
    service.post("/drafts/synonyms/sour/publish", headers=KEY).raise_for_status()
    assert "sour" not in service.get("/synonyms").json()
    assert changes(service, kind="synonym", name="sour")[0]["after"] is None


def test_a_rule_is_looked_at_when_it_would_hold(service: httpx.Client) -> None:
    [row] = compare(service, queries=["soup"])
    assert not row["changed"]
    assert row["overlap"] == 1
    first = ids(row["before"])[0]
    rule = {"action": "hide", "item_ids": [first], "query": "soup", "starts": "2090-01-01T00:00:00Z"}
    service.put("/drafts/rules/later", json={"definition": rule}, headers=KEY).raise_for_status()
    try:
        later = {"drafts": ["rules/later"], "at": "2090-06-01T00:00:00Z"}
        now, then = (
            compare(service, queries=["soup"], after=after)[0] for after in ({"drafts": ["rules/later"]}, later)
        )
        assert not now["changed"]
        assert then["changed"]
        assert first not in ids(then["after"])
        assert 0 < then["overlap"] < 1
    finally:
        service.delete("/drafts/rules/later", headers=KEY).raise_for_status()
    assert service.delete("/drafts/rules/later", headers=KEY).status_code == 404
    assert service.post("/drafts/rules/later/publish", headers=KEY).status_code == 404


def test_a_profile_is_looked_at_by_its_name_before_there_is_one(service: httpx.Client) -> None:
    bold = {"weights": {"revenue": 1}, "max_relevance_loss": 1}
    service.put("/drafts/profiles/bold", json={"definition": bold}, headers=KEY).raise_for_status()
    try:
        [row] = compare(service, queries=["soup"], after={"profile": "bold", "drafts": ["profiles/bold"]})
        assert row["changed"]
        asked = {"q": "soup", "k": 10, "w_revenue": 1, "max_relevance_loss": 1}
        sorted_by_revenue = service.get("/playground/search", params=asked).json()["hits"]
        assert ids(row["after"]) == [hit["item_id"] for hit in sorted_by_revenue]
        [row] = compare(service, queries=["soup"], after={"profile": "bold"})
        assert "bold" in row["problem"]
    finally:
        service.delete("/drafts/profiles/bold", headers=KEY).raise_for_status()


def test_an_experiment_is_drafted_before_it_runs_and_its_end_before_it_stops(service: httpx.Client) -> None:
    halves = {"arms": {"control": {"share": 0.5}, "treatment": {"share": 0.5}}, "ramp": {"control": "control"}}
    service.put("/drafts/experiments/bolder", json={"definition": halves}, headers=KEY).raise_for_status()
    assert "bolder" not in service.get("/experiments").json(), "it splits nobody yet"
    [row] = compare(service, queries=["soup"], after={"drafts": ["experiments/bolder"]})
    assert not row["changed"], "an experiment changes no answer by itself"
    selling = service.put("/keys/seller", json={"scopes": ["merchandise"]}, headers=KEY).json()["key"]
    theirs = {"Authorization": f"Bearer {selling}"}
    assert service.post("/drafts/experiments/bolder/publish", headers=theirs).status_code == 403
    service.post("/drafts/experiments/bolder/publish", headers=KEY).raise_for_status()
    assert service.get("/experiments").json()["bolder"]["ramp"]["control"] == "control"
    service.put("/drafts/experiments/bolder", json={"definition": None}, headers=KEY).raise_for_status()
    service.post("/drafts/experiments/bolder/publish", headers=KEY).raise_for_status()
    assert "bolder" not in service.get("/experiments").json()
    assert [change["after"] is None for change in changes(service, kind="experiment", name="bolder")] == [True, False]


def test_what_was_changed_meanwhile_is_not_overwritten(service: httpx.Client) -> None:
    service.put("/drafts/synonyms/both", json={"definition": SOUR}, headers=KEY).raise_for_status()
    other = {"words": ["sofa", "couch"]}
    service.put("/synonyms/both", json=other, headers=KEY).raise_for_status()
    try:
        [state] = service.get("/drafts").json()
        assert not state["is_current"]
        assert state["live"]["words"] == ["sofa", "couch"]
        assert service.post("/drafts/synonyms/both/publish", headers=KEY).status_code == 409
        assert service.get("/synonyms").json()["both"]["words"] == ["sofa", "couch"]
    finally:
        service.delete("/drafts/synonyms/both", headers=KEY).raise_for_status()
        service.delete("/synonyms/both", headers=KEY).raise_for_status()


def test_a_synonym_may_hold_for_a_while(service: httpx.Client) -> None:
    summer = SOUR | {"starts": "2090-06-01T00:00:00+02:00", "ends": "2090-09-01T00:00:00+02:00"}
    service.put("/drafts/synonyms/summer", json={"definition": summer}, headers=KEY).raise_for_status()
    try:
        for at, holds in (
            ("2090-05-31T21:59:59Z", False),
            ("2090-05-31T22:00:00Z", True),
            ("2090-09-02T00:00:00Z", False),
        ):
            after = {"drafts": ["synonyms/summer"], "at": at}
            [row] = compare(service, queries=["qzzdraft milk"], before={"at": at}, after=after)
            assert (row["after"]["understood"]["synonyms"] != []) == holds
    finally:
        service.delete("/drafts/synonyms/summer", headers=KEY).raise_for_status()
    backwards = SOUR | {"starts": summer["ends"], "ends": summer["starts"]}
    assert service.put("/synonyms/summer", json=backwards, headers=KEY).status_code == 422


@pytest.mark.parametrize(
    ("path", "definition", "named"),
    [
        ("rules/x", {"action": "pin"}, "item_ids"),
        ("rules/x", {"action": "pin", "item_ids": ["nothing here"]}, "item_ids"),
        ("synonyms/x", {"words": ["alone"]}, "one word alone"),
        ("synonyms/x", {"action": "pin"}, "words"),
        ("profiles/x", {"weights": {"fame": 1}}, "fame"),
        ("profiles/x", {"weights": {"relevance": 1}, "max_fame_loss": 0.1}, "max_fame_loss"),
        ("experiments/x", {"arms": {"a": {"share": 0.5}, "b": {"share": 0.4}}}, "shares sum to 0.9"),
        ("experiments/x", {"arms": {"a": {"share": 0.5}, "b": {"share": 0.5, "profile": "none"}}}, "none"),
        ("keys/x", {}, "kind"),
    ],
)
def test_a_draft_is_checked_as_what_it_would_be(
    service: httpx.Client, path: str, definition: dict[str, Any], named: str
) -> None:
    refused = service.put(f"/drafts/{path}", json={"definition": definition}, headers=KEY)
    assert refused.status_code == 422
    assert named in refused.text


def test_what_cannot_be_compared_is_named(service: httpx.Client) -> None:
    rows = compare(service, queries=["soup", "?!", "soup"])
    assert [row["query"] for row in rows] == ["soup", "?!"], "each once"
    assert rows[0]["problem"] is None
    assert "letter or digit" in rows[1]["problem"]
    for wrong in (
        {"queries": []},
        {"queries": ["soup"] * 26},
        {"queries": ["soup"], "after": {"drafts": ["rules/none"]}},
    ):
        assert service.post("/comparisons", json=wrong).status_code == 422
    for view in ({"bundle": "none"}, {"profile": "none"}):
        [row] = compare(service, queries=["soup"], after=view)
        assert "none" in row["problem"]


def test_drafts_are_for_who_may_change_and_each_change_is_written_down(service: httpx.Client) -> None:
    for method, path in (
        ("PUT", "/drafts/rules/x"),
        ("DELETE", "/drafts/rules/x"),
        ("POST", "/drafts/rules/x/publish"),
    ):
        assert service.request(method, path, json={"definition": None}).status_code == 401
    reading = service.put("/keys/reading", json={"scopes": ["read"]}, headers=KEY).json()["key"]
    headers = {"Authorization": f"Bearer {reading}"}
    assert service.put("/drafts/rules/x", json={"definition": None}, headers=headers).status_code == 403
    selling = service.put("/keys/selling", json={"scopes": ["merchandise"]}, headers=KEY).json()["key"]
    headers = {"Authorization": f"Bearer {selling}"}
    profile = {"definition": {"weights": {"relevance": 1}}}
    assert service.put("/drafts/profiles/x", json=profile, headers=headers).status_code == 403, "profiles are admins'"
    service.put("/profiles/written", json={"weights": {"relevance": 1}}, headers=KEY).raise_for_status()
    service.put("/profiles/written", json={"weights": {"relevance": 1}}, headers=KEY).raise_for_status()
    service.delete("/profiles/written", headers=KEY).raise_for_status()
    written = changes(service, kind="profile", name="written")
    assert [json.dumps(one["after"]) == "null" for one in written] == [True, False], (
        "what changed nothing is not written down"
    )


def test_a_draft_that_no_longer_reads_as_a_definition_is_left_out(
    service: httpx.Client, module_redis: RedisProcess
) -> None:
    service.put("/drafts/synonyms/sour", json={"definition": SOUR}, headers=KEY).raise_for_status()
    with module_redis.client() as redis:
        kept = json.loads(redis.hget("trimtab:drafts", "synonyms/sour") or b"")
        redis.hset("trimtab:drafts", "synonyms/sour", json.dumps({**kept, "definition": {"words": 5}}))
    eventually(lambda: service.get("/drafts").json() == [])
    asked = {"queries": ["soup"], "after": {"drafts": ["synonyms/sour"]}}
    assert service.post("/comparisons", json=asked).status_code == 422
    assert service.post("/drafts/synonyms/sour/publish", headers=KEY).status_code == 404
    service.put("/drafts/synonyms/sour", json={"definition": SOUR}, headers=KEY).raise_for_status()
    assert service.delete("/drafts/synonyms/sour", headers=KEY).status_code == 204
