"""A service that gets no more memory, by a limit of its address space as by a cgroup that is full."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import is_ready, process
from tests.support.waiting import eventually
from trimtab.core.work.children import start_module
from trimtab.core.work.memory_room import MOUNT

KEY = {"Authorization": "Bearer sesame"}
ROOM = 64_000_000
FILES = (("memory.limit_in_bytes", "memory.max"), ("memory.usage_in_bytes", "memory.current"))


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


@pytest.fixture
def control_group() -> Iterator[Path]:
    """A memory control group of its own, as a container has one."""
    mounts = (MOUNT / "memory", MOUNT)
    group = (
        next((mount for mount in mounts if (mount / "memory.stat").is_file()), MOUNT) / f"trimtab-test-{os.getpid()}"
    )
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no control group of memory can be made: {error}")
    yield group
    group.rmdir()


@pytest.mark.slow
def test_a_service_in_a_full_container_is_not_ended_by_the_kernel(
    small_bundle: Path, tmp_path: Path, control_group: Path
) -> None:
    limit, usage = (next(path for path in map(control_group.joinpath, names) if path.exists()) for names in FILES)
    items = [{"item_id": f"i{n}", "title": "quince", "description": f"{n} " * 150} for n in range(1000)]
    with process(small_bundle, tmp_path / "data", admin_key="sesame") as (running, client):
        (control_group / "cgroup.procs").write_text(str(running.pid))
        client.headers.update(KEY)
        eventually(lambda: is_ready(client))
        for _ in range(20):
            client.get("/search", params={"q": "soup"}).raise_for_status()
        limit.write_text(str(int(usage.read_text()) + ROOM))
        assert client.put("/items", json={"items": items}).status_code == 503
        assert client.get("/analytics/queries").status_code == 503, "it needs a process more"
        for _ in range(20):
            assert client.get("/search", params={"q": "soup"}).json()["hits"]
        limit.write_text("-1" if limit.name == "memory.limit_in_bytes" else "max")
        assert client.put("/items", json={"items": items}).status_code == 200
        assert running.poll() is None


def test_children_are_ended_before_who_serves() -> None:
    with start_module("timeit", "-n1", "-r1", "import time; time.sleep(60)", stdout=subprocess.PIPE) as child:
        own, theirs = (int(Path(f"/proc/{pid}/oom_score_adj").read_text()) for pid in ("self", child.pid))
        child.kill()
    assert theirs > own
