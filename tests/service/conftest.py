"""A real redis-server that a test may kill, and the real app over HTTP."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from uvicorn import Config, Server

from trimtab.service.app import create_app
from trimtab.service.http.protocol import BoundedHttp
from trimtab.service.redis.server import find_redis_server
from trimtab.service.settings import Settings

PATIENCE_SECONDS = 120
PATIENT_REDIS_SECONDS = 2.0
"""For tests that want Redis up on a machine that may be busy."""


@pytest.fixture(autouse=True, scope="session")
def no_settings_of_this_machine() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("TRIMTAB_") or name == "REDIS_URL"]:
            patch.delenv(name)
        # A machine that is busy with other tests is no reason to degrade; those that are about deadlines give theirs.
        patch.setenv("TRIMTAB_TIMEOUT_MS", "10000")
        yield


def eventually(condition: Callable[[], object], *, seconds: float = PATIENCE_SECONDS) -> None:
    """Ask again until it holds; for what another thread or process does in its own time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "this did not come true"


class RedisProcess:
    """A redis-server on a unix socket, for a test to stop and start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = f"unix://{folder}/redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [find_redis_server(), "--port", "0", "--unixsocket", f"{self._folder}/redis.sock"]
        options = ["--dir", self._folder, "--appendonly", "yes", "--save", "", "--logfile", f"{self._folder}/log"]
        self._process = subprocess.Popen([*command, *options])
        eventually(self._answers)

    def signal(self, number: int) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def client(self) -> Redis:
        return Redis.from_url(self.url, retry=Retry(NoBackoff(), 0))

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except RedisError:
            return False


@contextmanager
def running_redis(folder: Path) -> Iterator[RedisProcess]:
    server = RedisProcess(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@contextmanager
def serving(settings: Settings, *, port: int = 0) -> Iterator[httpx.Client]:
    """The app over HTTP, in a thread of its own; on leaving it is shut down as by SIGTERM.

    Args:
        port: 0 takes a free one.
    """
    app = create_app(settings)
    server = Server(Config(app, log_config=None, access_log=False, loop="uvloop", http=BoundedHttp, lifespan="on"))
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()  # a request that comes before the app is ready waits for it
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=30) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def module_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def service(
    small_bundle: Path, module_redis: RedisProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """One service for the tests of a module that leave it as it was."""
    data_folder = tmp_path_factory.mktemp("data")
    settings = Settings(
        bundle=small_bundle,
        data_folder=data_folder,
        redis_url=module_redis.url,
        redis_timeout_seconds=PATIENT_REDIS_SECONDS,
        admin_key="sesame",
    )
    with serving(settings) as client:
        yield client


@pytest.fixture
def shared(small_bundle: Path, redis_server: RedisProcess, tmp_path: Path) -> Settings:
    """Of workers that share a Redis and hear of changes soon; `beside` it is another one."""
    return Settings(
        bundle=small_bundle,
        data_folder=tmp_path / "data",
        redis_url=redis_server.url,
        redis_timeout_seconds=PATIENT_REDIS_SECONDS,
        redis_poll_seconds=0.05,
        admin_key="sesame",
    )


def beside(settings: Settings, **others: object) -> Settings:
    """Of a second worker: the same with a data folder of its own, because both write logs."""
    return settings.model_copy(update={"data_folder": settings.data_folder.with_name("beside"), **others})


def metric(client: httpx.Client, name: str, **labels: str) -> float:
    """One sample of /metrics; 0 where it has not been counted yet."""
    wanted = "".join(f'(?=[^}}]*{key}="{value}")' for key, value in labels.items())
    pattern = rf"^{name}(?:\{{{wanted}[^}}]*\}})? (\S+)$"
    found = re.search(pattern, client.get("/metrics").text, re.MULTILINE)
    return float(found[1]) if found else 0.0
