"""An arm that draws two others into one slate: shown, logged by side, made again, credited."""

from __future__ import annotations

import json

import polars as pl
import pytest

from tests.support.services import serving
from tests.support.waiting import eventually
from trimtab.abtest.statistics.interleaving import credited
from trimtab.engine.log.impressions import read_log
from trimtab.service.settings import Settings

KEY = {"Authorization": "Bearer sesame"}
MIXED = {
    "arms": {
        "control": {"share": 0},
        "margin": {"share": 0, "profile": "margin"},
        "mixed": {"share": 1, "interleave": ["control", "margin"]},
    }
}


def test_clicks_compare_two_rankings_of_one_search(shared: Settings) -> None:
    with serving(shared) as shop:
        shop.put("/profiles/margin", json={"weights": {"revenue": 1}}, headers=KEY).raise_for_status()

        def search(**parameters: object) -> dict:
            response = shop.get("/search", params={"q": "yogurt", "k": 12, "max_relevance_loss": 1, **parameters})
            assert response.status_code == 200, response.text
            answer: dict = response.json()
            return answer

        def items(**parameters: object) -> list[str]:
            return [hit["item_id"] for hit in search(**parameters)["hits"]]

        rankings = [items(), items(profile="margin")]
        assert rankings[0] != rankings[1]
        shop.put("/experiments/taste", json=MIXED, headers=KEY).raise_for_status()
        answer = search(session_id="visit-1")
        assert answer["arm"] == "taste/mixed"
        shown = [hit["item_id"] for hit in answer["hits"]]
        assert len(set(shown)) == 12
        assert items(session_id="visit-1") == shown, "a visit sees one draft"
        assert [item for offset in (0, 4, 8) for item in items(session_id="visit-1", k=4, offset=offset)] == shown
        assert any(items(session_id=f"visit-{number}") != shown for number in range(2, 9)), "another visit another"
        assert set(shown[:2]) & set(rankings[0][:2])
        assert set(shown[:2]) & set(rankings[1][:2])
        assert search(session_id="visit-1", explore=True)["hits"][0]["propensity"] < 1, "who asks for a draw has one"

        decision = f"/decisions/{answer['decision_id']}"
        eventually(lambda: shop.get(decision, headers=KEY).status_code == 200)
        again = shop.get(decision, headers=KEY).json()
        assert again["reproduced"], again["differences"]
        assert again["receipt"] == answer["receipt"]
        bought = {"event_id": "e", "action_name": "purchase", "query_id": answer["decision_id"], "value": 3.0}
        shop.post("/events", json={**bought, "item_id": shown[0], "position": 0}).raise_for_status()

        shop.put("/rules/pin", json={"action": "pin", "item_ids": [rankings[0][9]], "position": 3}, headers=KEY)
        pinned = search(session_id="visit-1")
        assert pinned["hits"][3]["item_id"] == rankings[0][9], "a pin stays, and the first side is shown"

    frame = pl.concat(read_log(shared.data_folder))
    row = frame.row(by_predicate=pl.col("decision_id") == answer["decision_id"], named=True)
    logged = json.loads(row["interleaving"])
    assert logged["sides"].keys() == {"control", "margin"}
    for item, team in zip(shown, logged["teams"], strict=True):
        assert item in rankings[("control", "margin").index(team)] or item not in rankings[0] + rankings[1]
    assert abs(logged["teams"].count("control") - 6) <= 1
    earned = credited(frame)
    assert earned.filter(pl.col("purchases") > 0).select("side", "revenue").rows() == [(logged["teams"][0], 3.0)]
    assert frame.row(by_predicate=pl.col("decision_id") == pinned["decision_id"], named=True)["interleaving"] is None


@pytest.mark.parametrize(
    "mixed",
    [
        {"share": 1, "interleave": ["control", "nobody"]},
        {"share": 1, "interleave": ["control", "control"]},
        {"share": 1, "interleave": ["control", "mixed"]},
        {"share": 1, "interleave": ["control", "margin"], "profile": "margin"},
    ],
)
def test_what_cannot_be_interleaved(shared: Settings, mixed: dict) -> None:
    with serving(shared) as shop:
        refused = shop.put("/experiments/taste", json={"arms": {**MIXED["arms"], "mixed": mixed}}, headers=KEY)
        assert refused.status_code == 422
        assert "interleave" in refused.json()["detail"]
