"""One of several workers is killed while shoppers search, and all are replaced one after the other."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.faults.shoppers import shopping
from tests.support.processes import is_ready, process
from tests.support.redis_servers import running_redis
from tests.support.waiting import eventually

Service = tuple[subprocess.Popen[str], httpx.Client]


@pytest.fixture(scope="module")
def two_workers(small_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that has two workers again after each test."""
    with (
        running_redis(tmp_path_factory.mktemp("redis")) as redis,
        process(small_bundle, tmp_path_factory.mktemp("data"), redis_url=redis.url, workers=2) as (running, client),
    ):
        eventually(lambda: is_ready(client) and len(workers_of(running.pid)) == 2)
        yield running, client


def children_of(pid: int) -> set[int]:
    """The processes that a process has started; none where it has ended."""
    try:
        return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    except (FileNotFoundError, ProcessLookupError):
        return set()


def workers_of(pid: int) -> set[int]:
    """The workers of a service: its processes that are forked, so the children of a child."""
    return {worker for child in children_of(pid) for worker in children_of(child)}


def test_a_worker_that_is_killed_is_replaced_while_the_other_serves(two_workers: Service) -> None:
    running, client = two_workers
    before = workers_of(running.pid)
    with shopping(client.base_url) as seen:
        seen.after(0)
        os.kill(min(before), signal.SIGKILL)
        eventually(lambda: len(workers_of(running.pid) - before) == 1)
        assert seen.after(len(seen.answers))[-1][0] == 200
    # A shopper whose connection ended with the worker asks once more; nobody is refused by those who live.
    assert len(seen.failures) <= 2
    assert set(seen.failures) <= {-1}


def test_a_rolling_restart_drops_no_request(two_workers: Service) -> None:
    running, client = two_workers
    eventually(lambda: len(workers_of(running.pid)) == 2)
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
