"""A `milvus-lite server` that a test may kill: it speaks Milvus' protocol, and keeps its data in one folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import free_port
from tests.support.waiting import eventually
from trimtab.core.errors import Unavailable
from trimtab.retrieval.milvus.connection import Connection

ELSEWHERE = "TRIMTAB_TEST_MILVUS"
"""The variable with HOST:PORT of a Milvus to ask instead, a distributed one: see `.github/workflows/milvus.yml`."""

PATIENT_SECONDS = 60.0


class MilvusServer:
    """A server on a port of this machine alone, for a test to stop and start; or the one that `ELSEWHERE` names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._where = os.environ.get(ELSEWHERE) or f"127.0.0.1:{free_port()}"
        self._process: subprocess.Popen[bytes] | None = None
        self.connection = Connection(f"http://{self._where}", seconds=PATIENT_SECONDS)

    def address(self, name: str) -> str:
        return f"milvus://{self._where}/{name}"

    def start(self) -> None:
        host, _, port = self._where.partition(":")
        # By itself it listens on all interfaces.
        where = ["--host", host, "--port", port, "--data-dir", str(self._folder)]
        command = [sys.executable, "-m", "milvus_lite", "server", *where]
        with (self._folder.parent / f"{self._folder.name}.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        eventually(self._answers)

    def signal(self, number: int) -> None:
        if self._process is None:
            pytest.skip(f"the server of {ELSEWHERE} is not ours to stop")
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def ask(self, ask: Any) -> Any:
        return self.connection.ask(ask, seconds=PATIENT_SECONDS)

    def collections(self) -> list[str]:
        return sorted(self.ask(lambda client, seconds: client.list_collections(timeout=seconds)))

    def alias(self, name: str) -> str:
        found = self.ask(lambda client, seconds: client.describe_alias(name, timeout=seconds))
        return str(found["collection_name"])

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "the server has ended"
        try:
            self.collections()
        except Unavailable:
            return False
        return True


@contextmanager
def running_milvus(folder: Path) -> Iterator[MilvusServer]:
    folder.mkdir(parents=True, exist_ok=True)
    server = MilvusServer(folder)
    if os.environ.get(ELSEWHERE):
        yield server
        return
    server.start()
    try:
        yield server
    finally:
        server.kill()
