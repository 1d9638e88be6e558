"""The service as a process of its own, for tests that kill it or send it signals."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import F_SETPIPE_SZ, fcntl
from pathlib import Path

import httpx

from loadtests.serving import end_with_parent
from tests.support.waiting import PATIENCE_SECONDS

PIPE_BYTES = 1 << 20
"""Room for what a service writes while nobody reads it: one whose pipe is full waits, in the middle of whatever."""
ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(
    bundle: Path, data_folder: Path, *, folder: Path = ROOT, **settings: object
) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """The service started in a folder, and a client of it."""
    port = free_port()
    given = {"bundle": bundle, "data_folder": data_folder, "port": port, **settings}
    environment = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    environment |= {f"TRIMTAB_{name.upper()}": str(value) for name, value in given.items()}
    command = [sys.executable, "-m", "trimtab.service.server"]
    running = subprocess.Popen(
        command,
        env=environment,
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=end_with_parent,  # noqa: PLW1509  one call of the C library
    )
    assert running.stderr is not None
    fcntl(running.stderr, F_SETPIPE_SZ, PIPE_BYTES)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_SECONDS) as client:
            yield running, client
    finally:  # the client has closed its connections: nothing is left to be drained
        if running.poll() is None:
            running.terminate()
        running.communicate()


def is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False
