"""A search is answered in the time it is given, with less where it must be, and says so."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.services import metric
from tests.support.waiting import eventually
from trimtab.engine.plan.degradation import LEVELS

KEY = {"Authorization": "Bearer sesame"}
WIDE = {"q": "ice cream", "k": 200, "w_relevance": 0.5, "w_diversity": 0.5}
"""Takes some milliseconds on any machine."""


def decision(service: httpx.Client, decision_id: str) -> dict[str, Any]:
    path = f"/decisions/{decision_id}"
    eventually(lambda: service.get(path, headers=KEY).status_code == 200)
    again: dict[str, Any] = service.get(path, headers=KEY).json()
    return again


def test_a_search_without_time_is_answered_and_says_what_it_went_without(service: httpx.Client) -> None:
    assert service.get("/search", params={**WIDE, "q": "vanilla ice cream"}).json()["degraded"] == []
    hurried = service.get("/search", params={**WIDE, "timeout_ms": 1}).json()
    assert hurried["hits"]
    levels = [level for level in LEVELS if level in hurried["degraded"]]
    assert levels == hurried["degraded"]
    assert "diversity" in levels
    assert "live_features" not in levels, "there is no user whose features could be missed"
    assert hurried["weights"]["diversity"] == 0
    for level in levels:
        assert metric(service, "trimtab_searches_degraded_total", reason=level) >= 1
    again = decision(service, hurried["decision_id"])
    assert again["reproduced"], again["differences"]
    assert again["degraded"] == levels
    assert [hit["item_id"] for hit in again["hits"]] == [hit["item_id"] for hit in hurried["hits"]]


def test_who_is_late_is_answered_and_counted(service: httpx.Client) -> None:
    before = metric(service, "trimtab_searches_late_total")
    # Two hundred hits with their features are not put into words in a millisecond, whatever was left out before.
    eventually(
        lambda: (
            service.get("/search", params={**WIDE, "timeout_ms": 1, "explain": True}).status_code == 200
            and metric(service, "trimtab_searches_late_total") > before
        )
    )


def test_a_degraded_answer_is_not_kept_for_others(service: httpx.Client) -> None:
    asked = {**WIDE, "q": "chocolate ice cream"}
    assert service.get("/search", params={**asked, "timeout_ms": 1}).json()["degraded"]
    whole = service.get("/search", params=asked).json()
    assert whole["degraded"] == []
    assert whole["receipt"]["relevance"]["expected"] > 0


@pytest.mark.parametrize("timeout", ["0", "-5", "10001", "soon", "nan"])
def test_a_time_that_cannot_be_is_refused_by_name(service: httpx.Client, timeout: str) -> None:
    answer = service.get("/search", params={"q": "soup", "timeout_ms": timeout})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == "timeout_ms"
