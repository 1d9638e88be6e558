"""Searches that arrive at a constant rate for a while, and what came of them: runs `locustfile.py`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from loadtests.serving import CannotRun

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
LOOK_SECONDS = 1.0


def arrive(
    address: str,
    queries: Path,
    scratch: Path,
    *,
    rate: float,
    seconds: float,
    seed: int,
    meanwhile: Callable[[], None] | None = None,
) -> dict[str, float]:
    """Put the load on and wait for it. A process of its own: importing locust patches the sockets of who does.

    Args:
        queries: file with a query a line.
        meanwhile: called about every second.

    Returns:
        the measures of `loadtests.objectives`, and of the run: `n_due`, `n_turned_away` (answered 429 or 503) and
        `lag_p99_ms`, how late requests were sent: beyond a few ms it is not the server that is measured.

    Raises:
        CannotRun: locust failed.
    """
    report = scratch / "report.json"
    report.unlink(missing_ok=True)
    options = {
        "-f": LOCUSTFILE,
        "-u": 1,
        "--host": address,
        "--queries": queries,
        "--arrivals-per-second": rate,
        "--seconds": seconds,
        "--report": report,
        "--seed": seed,
        "--loglevel": "WARNING",
        "--exit-code-on-error": 0,
    }
    arguments = [str(part) for option in options.items() for part in option]
    command = [sys.executable, "-m", "locust", "--headless", "--only-summary", *arguments]
    said = scratch / "locust.txt"
    with said.open("w") as file:
        locust = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
        while True:
            try:
                code = locust.wait(LOOK_SECONDS)
                break
            except subprocess.TimeoutExpired:
                if meanwhile is not None:
                    meanwhile()
    if code != 0 or not report.exists():
        raise CannotRun(f"locust failed:\n{said.read_text()[-4000:]}")
    measures: dict[str, float] = json.loads(report.read_text())
    return measures
