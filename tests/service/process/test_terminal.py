"""What `trimtab serve` writes for a person on a terminal; that it writes JSON elsewhere is in `test_server`."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import free_port
from tests.support.waiting import PATIENCE_SECONDS


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_terminal_gets_what_is_loaded_and_then_the_addresses(
    small_bundle: Path, tmp_path: Path, workers: int
) -> None:
    port = free_port()
    settings = {"bundle": small_bundle, "data_folder": tmp_path, "port": port, "workers": workers}
    environment = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    environment |= {f"TRIMTAB_{name.upper()}": str(value) for name, value in settings.items()}
    ours, theirs = pty.openpty()
    command = [sys.executable, "-P", "-m", "trimtab.service.server"]
    running = subprocess.Popen(command, env=environment, stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL)
    os.close(theirs)
    shown = b""
    try:
        while b"would change that" not in shown and (piece := os.read(ours, 4096)):
            shown += piece
        running.send_signal(signal.SIGTERM)
        running.wait(PATIENCE_SECONDS)
    finally:
        running.kill()
        running.wait()
        os.close(ours)
    address = f"http://127.0.0.1:{port}"
    assert shown.decode().splitlines() == [
        f"trimtab: loading the bundle {small_bundle}, a moment please",
        f"trimtab: serving {small_bundle}, stop with Ctrl-C",
        f"  playground  {address}/",
        f"  API         {address}/docs",
        f"  metrics     {address}/metrics",
        "  log         no search explores: `trimtab replay` is never sure of this log; --explore 1% would change that",
    ]
