"""kill -9 of the whole service while events come in and items change: what was acknowledged is there afterwards."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import polars as pl
import pytest

from tests.support.processes import is_ready, process
from tests.support.redis_servers import running_redis
from tests.support.services import serving
from tests.support.waiting import PATIENCE_SECONDS, eventually
from trimtab.engine.log.interactions import read_interactions
from trimtab.service.settings import Settings

N_ITEMS = 90
"""As many as one page shows."""

KEY = {"Authorization": "Bearer sesame"}


@dataclass
class Sender:
    """Sends events, new items and prices until nobody answers; an event that is not acknowledged is sent once more."""

    events: list[str] = field(default_factory=list)
    """Ids that were acknowledged, as are the prices."""
    prices: dict[str, float] = field(default_factory=dict)
    n_changes: int = 0

    def send_events(self, base_url: httpx.URL) -> None:
        with httpx.Client(base_url=base_url, timeout=PATIENCE_SECONDS) as client:
            while True:
                event_id = f"event-{len(self.events)}"
                event = {"event_id": event_id, "action_name": "click", "query_id": "d", "item_id": "i"}
                try:
                    client.post("/events", json=event).raise_for_status()
                except httpx.TransportError:
                    return
                self.events.append(event_id)

    def send_changes(self, base_url: httpx.URL) -> None:
        """Each item twice, with a higher price the second time; then the first ones again."""
        with httpx.Client(base_url=base_url, timeout=PATIENCE_SECONDS, headers=KEY) as client:
            while True:
                number = self.n_changes // 2 % N_ITEMS
                price = 1.0 + self.n_changes
                item = {"item_id": f"quince-{number}", "title": f"Quince sorbet {number}", "price": price}
                try:
                    client.put("/items", json=item).raise_for_status()
                except httpx.TransportError:
                    return
                self.prices[f"quince-{number}"] = price
                self.n_changes += 1


@dataclass(frozen=True)
class Kills:
    """What is left of a service that was killed several times."""

    sent: Sender
    settings: Settings


@pytest.fixture(scope="module", params=[1, pytest.param(20, marks=pytest.mark.slow)])
def kills(
    request: pytest.FixtureRequest, small_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kills]:
    sent, data_folder = Sender(), tmp_path_factory.mktemp("data")
    with running_redis(tmp_path_factory.mktemp("redis")) as redis:
        for _ in range(request.param):
            with process(small_bundle, data_folder, redis_url=redis.url, admin_key="sesame") as (running, client):
                eventually(lambda client=client: is_ready(client))
                n_events, n_changes = len(sent.events) + 20, sent.n_changes + 10
                sending = [
                    threading.Thread(target=send, args=(client.base_url,))
                    for send in (sent.send_events, sent.send_changes)
                ]
                for thread in sending:
                    thread.start()
                eventually(lambda n=n_events: len(sent.events) >= n)
                eventually(lambda n=n_changes: sent.n_changes >= n)
                running.send_signal(signal.SIGKILL)
                for thread in sending:
                    thread.join()
        yield Kills(sent, Settings(bundle=small_bundle, data_folder=data_folder, redis_url=redis.url))


def test_no_acknowledged_event_is_lost_or_doubled(kills: Kills) -> None:
    # Whatever was compacted on the way: as many rows as ids says that none is written twice.
    kept = read_interactions(kills.settings.data_folder)["event_id"]
    assert set(kills.sent.events) <= set(kept)
    assert rows_written(kills.settings.data_folder) == len(kept)


def rows_written(data_folder: Path) -> int:
    spooled = [path.read_bytes() for path in (data_folder / "spool" / "interactions").glob("*.jsonl")]
    parts = [path for kind in ("interactions", "unmatched") for path in (data_folder / kind).rglob("*.parquet")]
    return sum(lines.count(b"\n") for lines in spooled) + sum(len(pl.read_parquet(part)) for part in parts)


def test_no_acknowledged_change_is_lost(kills: Kills) -> None:
    with serving(kills.settings) as client:
        for item_id, price in kills.sent.prices.items():
            # The last one sent was on its way when the service was killed: it may be there, unacknowledged.
            assert client.get(f"/items/{item_id}").json()["price"] in {price, 1.0 + kills.sent.n_changes}
        hits = client.get("/search", params={"q": "quince sorbet", "k": 200}).json()["hits"]
        assert kills.sent.prices.keys() <= {hit["item_id"] for hit in hits}
