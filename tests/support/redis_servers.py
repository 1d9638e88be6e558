"""A real redis-server that a test may kill."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from tests.support.waiting import eventually
from trimtab.service.redis.server import find_redis_server

PATIENT_REDIS_SECONDS = 2.0
"""The service's timeout in tests that want Redis up on a machine that may be busy."""


class RedisProcess:
    """A redis-server on a unix socket, for a test to stop and start."""

    def __init__(self, folder: Path, *options: str) -> None:
        """
        Args:
            options: of the server, which take precedence.
        """
        self._folder, self._options = folder, options
        self.url = f"unix://{folder}/redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [find_redis_server(), "--port", "0", "--unixsocket", f"{self._folder}/redis.sock"]
        options = ["--dir", self._folder, "--appendonly", "yes", "--save", "", "--logfile", f"{self._folder}/log"]
        self._process = subprocess.Popen([*command, *options, *self._options])
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
def running_redis(folder: Path, *options: str) -> Iterator[RedisProcess]:
    """A server for as long as the context lasts; frozen or not, it is gone afterwards."""
    server = RedisProcess(folder, *options)
    server.start()
    try:
        yield server
    finally:
        server.kill()
