"""The zone of the machine, which may change while the service runs, is in nothing that it writes or decides."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.services import serving, taken
from trimtab.engine.log.impressions import read_log
from trimtab.engine.log.interactions import read_interactions
from trimtab.service.settings import Settings

EARLIEST, LATEST = "Etc/GMT+12", "Pacific/Kiritimati"
"""26 hours apart: it is another day in one of them at any time."""


@pytest.fixture
def zones() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch
    time.tzset()


def test_a_zone_that_changes_while_it_serves_changes_nothing(shared: Settings, zones: pytest.MonkeyPatch) -> None:
    before, decisions = datetime.now(UTC), []
    with serving(shared) as client:
        for number, zone in enumerate((EARLIEST, LATEST, EARLIEST)):
            zones.setenv("TZ", zone)
            time.tzset()
            answer = client.get("/search", params={"q": "soup"}).raise_for_status().json()
            event = {"event_id": f"e{number}", "action_name": "click", "query_id": answer["decision_id"]}
            said = client.post("/events", json={**event, "item_id": answer["hits"][0]["item_id"]})
            assert taken(said) == (1, 0)
            assert "unmatched" not in said.json()
            decisions.append(answer["decision_id"])
            rule = {"action": "hide", "item_ids": [answer["hits"][0]["item_id"]], "query": "soup"}
            ended = {**rule, "ends": (datetime.now(UTC) - timedelta(seconds=1)).isoformat()}
            client.put("/rules/over", json=ended, headers={"Authorization": "Bearer sesame"}).raise_for_status()
            again = client.get("/search", params={"q": "soup"}).raise_for_status().json()
            assert again["hits"] == answer["hits"], "what has ended in UTC has ended"
    after = datetime.now(UTC)
    frames = list(read_log(shared.data_folder))
    rows = [row for frame in frames for row in frame.select("decision_id", "timestamp").iter_rows()]
    assert {*decisions} <= {decision for decision, _ in rows}
    assert all(before <= at <= after for _, at in rows)
    days = {before.date().isoformat(), after.date().isoformat()}
    assert {path.name.removeprefix("date=") for path in (shared.data_folder / "impressions").iterdir()} <= days
    assert all(before <= at <= after for at in read_interactions(shared.data_folder)["timestamp"])
