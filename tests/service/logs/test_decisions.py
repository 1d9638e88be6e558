"""A decision is made again from its log row, or the difference is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.services import serving
from tests.support.waiting import eventually
from trimtab.core.errors import NotFound
from trimtab.engine import Engine
from trimtab.engine.log.decisions import replay_decision
from trimtab.engine.log.impressions import find_impression, read_log
from trimtab.engine.log.rows import json_line, rows_of
from trimtab.service.settings import Settings

KEY = {"Authorization": "Bearer sesame"}
SEARCHES: list[dict[str, Any]] = [
    {"q": "ice cream"},
    {"q": "yogurt", "w_relevance": 0.7, "w_revenue": 0.2, "w_diversity": 0.1},
    {"q": "soup", "w_relevance": 1, "w_revenue": 3, "w_diversity": 3, "explore": True, "session_id": "visit"},
    {"q": "coffee", "w_revenue": 1, "max_relevance_loss": 0.02, "k": 7, "offset": 190},
    {"q": "coffee", "w_relevance": 1, "max_revenue_loss": 0.1, "max_relevance_loss": 0.2},
    {"q": "cheese", "filter": ["price:1..4.5", "in_stock:true"], "k": 5, "user_id": "1"},
    {"q": "pasta", "mode": "attainment", "w_revenue": 0.5, "w_diversity": 0.2},
    {"q": "zzzzqqqq"},
    {"q": "ice creem without nuts -chocolate under $5 xqzvkjw", "k": 5},
    {"q": "ice creem without nuts", "exact": True, "k": 5},
]


def decision_of(service: httpx.Client, decision_id: str) -> httpx.Response:
    """It is in the log a moment after it was answered."""
    path = f"/decisions/{decision_id}"
    eventually(lambda: service.get(path, headers=KEY).status_code == 200)
    return service.get(path, headers=KEY)


@pytest.mark.parametrize("parameters", SEARCHES, ids=lambda parameters: parameters["q"])
def test_it_is_reproduced_to_the_bit(service: httpx.Client, parameters: dict[str, Any]) -> None:
    answer = service.get("/search", params=parameters).json()
    again = decision_of(service, answer["decision_id"]).json()
    assert again["reproduced"], again["differences"]
    assert [{name: hit[name] for name in answer["hits"][0]} for hit in again["hits"]] == answer["hits"]
    for name in ("decision_id", "weights", "receipt", "infeasible", "n_candidates", "bundle", "arm", "variant"):
        assert again[name] == answer[name]


def test_rules_of_then_are_obeyed_now(service: httpx.Client) -> None:
    items = [hit["item_id"] for hit in service.get("/search", params={"q": "pasta"}).json()["hits"]]
    rules = {
        "pin": {"action": "pin", "item_ids": items[3:5]},
        "hide": {"action": "hide", "item_ids": items[:1]},
        "bury": {"action": "bury", "item_ids": items[1:2]},
    }
    for name, rule in rules.items():
        service.put(f"/rules/{name}", json=rule, headers=KEY).raise_for_status()
    params = {"q": "pasta", "explore": True, "session_id": "s"}
    answer = service.get("/search", params=params).json()
    for name in rules:
        service.delete(f"/rules/{name}", headers=KEY).raise_for_status()
    again = decision_of(service, answer["decision_id"]).json()
    assert again["reproduced"], again["differences"]
    assert again["hits"][0]["item_id"] == items[3]


def test_contributions_say_what_an_item_would_lose(service: httpx.Client) -> None:
    answer = service.get("/search", params={"q": "yogurt", "k": 2}).json()
    hit = decision_of(service, answer["decision_id"]).json()["hits"][0]
    assert hit["contributions"].keys() == hit["objectives"].keys()
    for by_feature in hit["contributions"].values():
        sizes = [abs(value) for value in by_feature.values()]
        assert sizes == sorted(sizes, reverse=True)
        assert by_feature.keys() <= hit["features"].keys()
    assert hit["contributions"]["relevance"]


def test_skew_is_named(small_bundle: Path, tmp_path: Path, engine: Engine) -> None:
    with serving(Settings(bundle=small_bundle, data_folder=tmp_path)) as client:
        decision_id = client.get("/search", params={"q": "soup", "explore": True, "session_id": "s"}).json()[
            "decision_id"
        ]
    row = find_impression(decision_id, [tmp_path / "impressions"])
    assert [row] == [one for frame in read_log(tmp_path / "impressions") for one in rows_of(frame)]
    assert replay_decision(engine, row)["reproduced"]
    spool = tmp_path / "spool.jsonl"
    spool.write_bytes(json_line(row))
    for part in (decision_id[:8], row["item_ids"][0], "soup"):  # text of its line, and not its name
        with pytest.raises(NotFound, match="there is no decision"):
            find_impression(part, [tmp_path / "impressions", spool])

    skewed = {**row, "item_ids": row["item_ids"][::-1], "query": "tomato soup"}
    differences = {one["what"]: one for one in replay_decision(engine, skewed)["differences"]}
    assert {"item_ids", "candidates"} <= differences.keys()
    assert differences["item_ids"]["logged"] == row["item_ids"][::-1]
    with pytest.raises(NotFound, match="made by bundle other"):
        replay_decision(engine, {**row, "bundle": "other"})


@pytest.mark.parametrize(("decision_id", "status"), [("0" * 16 + "-" + "0" * 16, 404), ("../../etc", 404), ("x", 422)])
def test_what_is_no_decision(service: httpx.Client, decision_id: str, status: int) -> None:
    assert service.get(f"/decisions/{decision_id}", headers=KEY).status_code == status
    assert service.get(f"/decisions/{decision_id}").status_code in {401, status}
