"""kill -9, of the whole service while events come in and of one worker while shoppers search; and a restart that is no
kill, of one worker after the other."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import httpx
import polars as pl

from tests.faults.shoppers import shopping
from tests.support.processes import is_ready, process
from tests.support.redis_servers import RedisProcess
from tests.support.waiting import eventually
from trimtab.engine.log.interactions import read_interactions

N_ROUNDS = int(os.environ.get("FAULT_ROUNDS", "2"))
"""Of kills; `make faults` makes it 20."""


class Sender:
    """Sends events one after the other until nobody answers; what is not acknowledged is sent again next time."""

    def __init__(self) -> None:
        self.acknowledged: list[str] = []
        self._n_sent = 0

    def send(self, base_url: httpx.URL) -> None:
        with httpx.Client(base_url=base_url, timeout=30) as client:
            while True:
                event_id = f"event-{self._n_sent}"
                event = {"event_id": event_id, "action_name": "click", "query_id": "d", "item_id": "i"}
                try:
                    client.post("/events", json=event).raise_for_status()
                except httpx.TransportError:
                    return
                self.acknowledged.append(event_id)
                self._n_sent += 1


def test_no_acknowledged_event_is_lost_or_doubled(
    small_bundle: Path, tmp_path: Path, redis_server: RedisProcess
) -> None:
    sender = Sender()
    for _ in range(N_ROUNDS):
        with process(small_bundle, tmp_path, redis_url=redis_server.url) as (running, client):
            eventually(lambda client=client: is_ready(client))
            before = len(sender.acknowledged)
            sending = threading.Thread(target=sender.send, args=(client.base_url,))
            sending.start()
            eventually(lambda before=before: len(sender.acknowledged) >= before + 20)
            running.send_signal(signal.SIGKILL)
            sending.join()
    # Whatever was compacted on the way: as many rows as ids says that none is written twice.
    kept = read_interactions(tmp_path)["event_id"]
    assert set(sender.acknowledged) <= set(kept)
    assert rows_written(tmp_path) == len(kept)


def rows_written(data_folder: Path) -> int:
    spooled = [path.read_bytes() for path in (data_folder / "spool" / "interactions").glob("*.jsonl")]
    parts = [path for kind in ("interactions", "unmatched") for path in (data_folder / kind).rglob("*.parquet")]
    return sum(lines.count(b"\n") for lines in spooled) + sum(len(pl.read_parquet(part)) for part in parts)


def command_of(pid: str) -> bytes:
    """Of a process that may have ended since it was listed."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def workers_of(pid: int) -> set[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(child) for child in children if b"spawn_main" in command_of(child)}


def test_a_worker_that_is_killed_is_replaced_while_the_other_serves(
    small_bundle: Path, tmp_path: Path, redis_server: RedisProcess
) -> None:
    with process(small_bundle, tmp_path, redis_url=redis_server.url, workers=2) as (running, client):
        eventually(lambda: is_ready(client) and len(workers_of(running.pid)) == 2)
        before = workers_of(running.pid)
        with shopping(client.base_url) as seen:
            seen.after(0)
            os.kill(min(before), signal.SIGKILL)
            eventually(lambda: len(workers_of(running.pid) - before) == 1)
            assert seen.after(len(seen.answers))[-1][0] == 200
        # A shopper whose connection ended with the worker asks once more; nobody is refused by those who live.
        assert len(seen.failures) <= 2
        assert set(seen.failures) <= {-1}


def test_a_rolling_restart_drops_no_request(small_bundle: Path, tmp_path: Path, redis_server: RedisProcess) -> None:
    with process(small_bundle, tmp_path, redis_url=redis_server.url, workers=2) as (running, client):
        eventually(lambda: is_ready(client) and len(workers_of(running.pid)) == 2)
        before = workers_of(running.pid)
        with (
            shopping(client.base_url, n_shoppers=1) as staying,
            shopping(client.base_url, n_shoppers=1, keep_alive=False) as coming,
        ):
            staying.after(0)
            running.send_signal(signal.SIGHUP)
            # Two workers load, one after the other, while shoppers keep the machine busy.
            eventually(lambda: len(now := workers_of(running.pid)) == 2 and not now & before, seconds=240)
            staying.after(len(staying.answers))
            coming.after(len(coming.answers))
        assert staying.failures == []
        assert coming.failures == []
