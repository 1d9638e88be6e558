"""The process: it starts, serves, stops and cleans up; and refuses to start on a damaged bundle."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from redis import Redis

from tests.support.processes import free_port, is_ready, process
from tests.support.services import metric
from tests.support.waiting import PATIENCE_SECONDS, eventually
from trimtab.core.errors import BadParameter
from trimtab.engine.log.impressions import read_log
from trimtab.service.redis.server import PrivateRedis
from trimtab.service.settings import read_settings

PRIVATE = {"q": "tomato soup", "user_id": "user-of-the-test", "session_id": "session-of-the-test"}


def test_workers_serve_together_and_leave_nothing_behind(small_bundle: Path, tmp_path: Path) -> None:
    port = free_port()
    with (
        process(small_bundle, tmp_path, workers=2, admin_port=port) as (running, client),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_SECONDS) as admins,
    ):
        eventually(lambda: is_ready(client) and is_ready(admins))
        assert client.get("/readyz").json()["redis"] == "up"
        for _ in range(8):
            # A connection of its own each time, so that both workers get some.
            assert httpx.get(f"{client.base_url}/search", params=PRIVATE).status_code == 200
        assert httpx.get(f"{client.base_url}/search", params={**PRIVATE, "k": "many"}).status_code == 422
        assert client.get("/metrics").status_code == 404
        assert metric(admins, "trimtab_searches_total", outcome="hits") == 8
        with Redis.from_url(PrivateRedis(tmp_path / "redis").url) as redis:
            redis_pid = redis.info("server")["process_id"]
        running.send_signal(signal.SIGTERM)
        _, written = running.communicate(timeout=PATIENCE_SECONDS)
        assert running.returncode == 0
    assert "redis answers" in [json.loads(line)["event"] for line in written.splitlines()], "no line is for a person"
    assert [private for private in PRIVATE.values() if private in written] == []
    with pytest.raises(ProcessLookupError):
        os.kill(redis_pid, 0)
    assert sum(len(frame) for frame in read_log(tmp_path / "impressions")) == 8


def printed(program: str, *arguments: object) -> str:
    """What a program prints that is run where nothing says how many threads polars may have."""
    others = {name: value for name, value in os.environ.items() if name != "POLARS_MAX_THREADS"}
    environment = {**others, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.check_output(command, env=environment, text=True).strip()


def test_the_server_has_one_thread_for_tables(tmp_path: Path) -> None:
    """As for vectors and networks: more would take turns with searches."""
    program = """
import sys
from trimtab.core.errors import BundleError
from trimtab.service.server import serve
try:
    serve(bundle=sys.argv[1], data_folder=sys.argv[2])
except BundleError:
    import polars
    print(polars.thread_pool_size())
"""
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "manifest.json").write_text("{}")
    assert printed(program, bundle, tmp_path / "data") == "1"


def test_a_bundle_that_is_not_there_is_named_before_anything_is_started(small_bundle: Path, tmp_path: Path) -> None:
    shutil.copytree(small_bundle, tmp_path / "grocery")
    with process(tmp_path / "grocerry", tmp_path / "data") as (running, _):
        _, errors = running.communicate(timeout=PATIENCE_SECONDS)
        assert running.returncode == 1
    assert errors.splitlines()[-1].startswith(f"trimtab: bundle file {tmp_path}/grocerry/manifest.json: is missing")
    assert "did you mean 'grocery'?" in errors
    assert not (tmp_path / "data").exists()


def test_commands_that_do_not_serve_have_all_threads_for_tables() -> None:
    program = """
import os
import trimtab.cli.commands, trimtab.cli.logs, trimtab.service.settings
print(os.environ.get("POLARS_MAX_THREADS"))
"""
    assert printed(program) == "None"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_damaged_bundle_is_refused_by_name(small_bundle: Path, tmp_path: Path, workers: int) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(small_bundle, damaged)
    with (damaged / "items.arrow").open("r+b") as file:
        file.seek(1000)
        file.write(b"damage")
    with process(damaged, tmp_path / "data", workers=workers) as (running, _):
        _, errors = running.communicate(timeout=PATIENCE_SECONDS)
        assert running.returncode == 1
    last = errors.strip().splitlines()[-1]
    assert last.startswith("trimtab: ")
    assert "items.arrow" in last
    assert "sha256" in last
    assert "Traceback" not in errors


def test_a_setting_that_cannot_be_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_PORT", "eighty")
    with pytest.raises(BadParameter, match="TRIMTAB_PORT: cannot use 'eighty'"):
        read_settings()
    with pytest.raises(BadParameter, match="TRIMTAB_WORKERS: cannot use 0"):
        read_settings(port=80, workers=0)
    with pytest.raises(BadParameter, match="REDIS_URL: cannot use"):
        read_settings(port=80, redis_url="localhost:6379")


def test_redis_url_has_its_usual_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://shared:6379/3")
    assert read_settings().redis_url == "redis://shared:6379/3"
