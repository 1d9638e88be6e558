"""kill -9 while the catalogue changes: what was acknowledged is there afterwards."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import httpx

from tests.faults.test_kills import N_ROUNDS
from tests.support.processes import is_ready, process
from tests.support.redis_servers import RedisProcess
from tests.support.waiting import eventually

KEY = {"Authorization": "Bearer sesame"}


def send(base_url: httpx.URL, acknowledged: dict[str, float]) -> None:
    """New items and prices one after the other, until nobody answers."""
    with httpx.Client(base_url=base_url, timeout=30, headers=KEY) as client:
        while True:
            number = len(acknowledged)
            item = {"item_id": f"quince-{number // 2}", "title": f"Quince sorbet {number // 2}", "price": 1.0 + number}
            try:
                client.put("/items", json=item).raise_for_status()
            except httpx.TransportError:
                return
            acknowledged[item["item_id"] + str(number % 2)] = 1.0 + number


def test_no_acknowledged_change_is_lost(small_bundle: Path, tmp_path: Path, redis_server: RedisProcess) -> None:
    acknowledged: dict[str, float] = {}
    settings = {"redis_url": redis_server.url, "admin_key": "sesame"}
    for _ in range(N_ROUNDS):
        with process(small_bundle, tmp_path, **settings) as (running, client):
            eventually(lambda client=client: is_ready(client))
            before = len(acknowledged)
            sending = threading.Thread(target=send, args=(client.base_url, acknowledged))
            sending.start()
            eventually(lambda before=before: len(acknowledged) >= before + 10)
            running.send_signal(signal.SIGKILL)
            sending.join()
    with process(small_bundle, tmp_path, **settings) as (_, client):
        eventually(lambda: is_ready(client))
        newest = {name[:-1]: price for name, price in acknowledged.items()}
        for item_id, price in newest.items():
            # The last one sent was on its way when the service was killed: it may be there, unacknowledged.
            assert client.get(f"/items/{item_id}").json()["price"] in {price, price + 1}
        hits = client.get("/search", params={"q": "quince sorbet", "k": 200}).json()["hits"]
        assert newest.keys() <= {hit["item_id"] for hit in hits}
