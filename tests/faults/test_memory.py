"""A service that gets no more memory, by a limit of its address space as by a cgroup that is full."""

from __future__ import annotations

import resource
import subprocess
from pathlib import Path

import pytest

from tests.support.processes import is_ready, process
from tests.support.waiting import eventually
from trimtab.core.work.children import start_module

KEY = {"Authorization": "Bearer sesame"}
ROOM = 64_000_000


def size_of(pid: int) -> int:
    """Bytes of address space that a process has taken."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()


@pytest.mark.slow
def test_without_more_memory_searches_are_answered_and_what_needs_more_is_refused(
    small_bundle: Path, tmp_path: Path
) -> None:
    items = [{"item_id": f"i{n}", "title": "quince", "description": f"{n} " * 300} for n in range(1000)]
    with process(small_bundle, tmp_path / "data", admin_key="sesame", max_body_bytes=100_000_000) as (running, client):
        client.headers.update(KEY)
        eventually(lambda: is_ready(client))
        for _ in range(20):
            client.get("/search", params={"q": "soup"}).raise_for_status()
        resource.prlimit(running.pid, resource.RLIMIT_AS, (size_of(running.pid) + ROOM, -1))
        bodies = [{"items": items}, {"items": [{"item_id": "x", "title": "x" * 90_000_000}]}]
        statuses = {client.put("/items", json=body).status_code for body in bodies}
        assert statuses <= {200, 422, 503}, "whichever part of it gets no more memory"
        for _ in range(20):
            assert client.get("/search", params={"q": "soup"}).json()["hits"]
        assert running.poll() is None
        resource.prlimit(running.pid, resource.RLIMIT_AS, (-1, -1))
        assert client.put("/items", json={"items": items}).status_code == 200


def test_children_are_ended_before_who_serves() -> None:
    with start_module("timeit", "-n1", "-r1", "import time; time.sleep(60)", stdout=subprocess.PIPE) as child:
        own, theirs = (int(Path(f"/proc/{pid}/oom_score_adj").read_text()) for pid in ("self", child.pid))
        child.kill()
    assert theirs > own
