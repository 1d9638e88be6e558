"""A server to put under load: one that runs already, or one of our own for as long as it is needed."""

from __future__ import annotations

import ctypes
import ipaddress
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

START_SECONDS = 120
STOP_SECONDS = 30
_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of <linux/prctl.h>."""


class CannotRun(Exception):
    """The load could not be put on; says why."""


@dataclass(frozen=True, slots=True)
class AnsweringServer:
    """A server that answers; `pid` where it is our own."""

    address: str
    pid: int | None


def is_loopback(host: str) -> bool:
    """Whether a URL names this machine by its loopback address: load on anything else is not ours to give."""
    name = urlsplit(host).hostname or ""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


@contextmanager
def server(host: str | None, bundle: Path, workers: int, scratch: Path, **more: object) -> Iterator[AnsweringServer]:
    """The given server, or one that serves the bundle.

    Args:
        more: settings of our own one.

    Raises:
        CannotRun: it is not on this machine, or does not answer.
    """
    if host is not None:
        if not is_loopback(host):
            raise CannotRun(f"--host {host}: only this machine is put under load, for example http://127.0.0.1:8000")
        _wait_until_ready(host, None)
        yield AnsweringServer(host.rstrip("/"), None)
        return
    port = free_port()
    settings = {
        "BUNDLE": bundle,
        "HOST": "127.0.0.1",
        "PORT": port,
        "WORKERS": workers,
        "DATA_FOLDER": scratch / "data",
        **more,
    }
    environment = os.environ | {f"TRIMTAB_{name}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-P", "-m", "trimtab.service.server"]
    process = subprocess.Popen(command, env=environment, preexec_fn=end_with_parent)  # noqa: PLW1509  one thread
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_until_ready(address, process)
        yield AnsweringServer(address, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def end_with_parent() -> None:
    """Have this process ended when its parent is, however that ends: `preexec_fn` of one that nobody else would stop.

    The parent is the thread that starts it. Elsewhere than on Linux nothing is done.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM)


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(address: str, process: subprocess.Popen[bytes] | None) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise CannotRun("the server does not start; its log above says why")
        try:
            with urlopen(f"{address}/readyz", timeout=5):  # noqa: S310  (always http to loopback)
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise CannotRun(f"{address} is not ready after {START_SECONDS} s")
