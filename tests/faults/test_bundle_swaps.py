"""Bundles change while shoppers search: each is checked, loaded, activated, and the one before it unloaded."""

from __future__ import annotations

from itertools import cycle, islice
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.faults.shoppers import Seen, shopping
from tests.support.processes import is_ready, process
from tests.support.redis_servers import RedisProcess
from tests.support.services import load_bundle
from tests.support.waiting import eventually

SETTLED = 10
"""Swaps until memory is compared: the allocator has seen three bundles come and go by then."""
GROWTH = 1.1
KEY = {"Authorization": "Bearer sesame"}


def memory_mb(pid: int) -> float:
    """What the process holds for itself: mapped files are the page cache's."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0]) / 1024


def step(client: httpx.Client, name: str, what: str) -> dict:
    response = client.post(f"/bundles/{name}/{what}", headers=KEY, timeout=300)
    assert response.status_code == 200, response.text
    answer: dict = response.json()
    return answer


def p99_ms(seen: Seen, start: int, end: int | None = None) -> float:
    return float(np.quantile(seen.seconds[start:end], 0.99) * 1e3)


@pytest.mark.parametrize("n_swaps", [1, pytest.param(100, marks=pytest.mark.slow)])
def test_bundles_are_swapped_under_load(
    bundle_folder: Path, tmp_path: Path, redis_server: RedisProcess, n_swaps: int
) -> None:
    golden = tmp_path / "golden.txt"
    golden.write_text("soup\n")
    settings = {"redis_url": redis_server.url, "admin_key": "sesame", "golden_queries": golden}
    memory: list[float] = []
    with process(bundle_folder / "small", tmp_path / "data", **settings) as (running, client):
        eventually(lambda: is_ready(client))
        with shopping(client.base_url, n_shoppers=1) as seen:
            eventually(lambda: len(seen.answers) >= 5 * n_swaps)
            calm = len(seen.answers)
            active = "small"
            for name in islice(cycle(["rules", "same-rules", "small"]), n_swaps):
                bundle_id = load_bundle(client, name, KEY)["report"]["bundle_id"]
                step(client, name, "activate")
                assert client.get("/readyz").json()["bundle"] == bundle_id
                step(client, active, "unload")
                active = name
                memory.append(memory_mb(running.pid))
    assert seen.failures == []
    if len(memory) > SETTLED:
        assert max(memory[-SETTLED:]) <= GROWTH * max(memory[:SETTLED])
    # For docs/failure-modes.md; `pytest -s` shows it. The check's process shares the processors with the service here.
    print(  # noqa: T201  # figures
        f"{n_swaps} swaps, {len(seen.answers)} searches, {len(seen.failures)} failed; "
        f"p99 {p99_ms(seen, 0, calm):.1f} ms before, {p99_ms(seen, calm):.1f} ms while; "
        f"memory {memory[0]:.0f} MB after the first swap, {memory[-1]:.0f} MB after the last, {max(memory):.0f} at most"
    )
