"""`make load`: put searches on a server at a constant rate and say whether it meets its objectives.

    python -m loadtests.run --bundle bundles/grocery --rate 100 --seconds 30

Starts a server of its own unless `--host` names one; only ever speaks to this machine. Exit 0 when every objective is
met, 1 when one is missed, 2 when the run could not be made.
"""

from __future__ import annotations

import ipaddress
import json
import math
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import typer
from rich.console import Console
from rich.table import Table

from loadtests.objectives import BadObjectives, Verdict, judge, read_objectives
from loadtests.queries import sample_queries

HERE = Path(__file__).parent
START_SECONDS = 120
STOP_SECONDS = 30


def main(  # noqa: PLR0917  (Typer fills them by name)
    bundle: Annotated[Path, typer.Option(help="bundle folder: what is served, and where queries come from")],
    rate: Annotated[float, typer.Option(min=0.1, max=5000, help="arrivals a second")] = 50,
    seconds: Annotated[float, typer.Option(min=1, max=3600)] = 30,
    host: Annotated[str | None, typer.Option(help="http://127.0.0.1:PORT of a server that runs already")] = None,
    workers: Annotated[int, typer.Option(min=1)] = 1,
    queries: Annotated[Path | None, typer.Option(help="file with a query a line, instead of the titles' words")] = None,
    n_queries: Annotated[int, typer.Option(min=1, help="how many different ones")] = 5000,
    slo: Annotated[Path, typer.Option(help="objectives")] = HERE / "slo.toml",
    seed: Annotated[int, typer.Option()] = 0,
) -> None:
    """Load a server and judge it."""
    console = Console()
    try:
        objectives = read_objectives(slo)
        with tempfile.TemporaryDirectory(prefix="trimtab-load-") as scratch:
            words = Path(scratch) / "queries.txt"
            words.write_text("\n".join(sample_queries(queries or bundle, n_queries, seed=seed)))
            with _server(host, bundle, workers, Path(scratch)) as address:
                report = _locust(address, words, Path(scratch) / "report.json", rate=rate, seconds=seconds, seed=seed)
    except (BadObjectives, CannotRun, OSError) as error:
        Console(stderr=True).print(f"loadtests: {error}", style="red", markup=False)
        raise typer.Exit(2) from None
    verdicts = judge(objectives, report)
    console.print(table(verdicts, title=f"{rate:g} searches a second for {seconds:g} s"))
    raise typer.Exit(0 if all(verdict.is_met for verdict in verdicts) else 1)


class CannotRun(Exception):
    """The load could not be put on; says why."""


def table(verdicts: list[Verdict], *, title: str) -> Table:
    """A row an objective."""
    result = Table("objective", "measure", "wanted", "measured", "verdict", title=title)
    for verdict in verdicts:
        measured = "nothing" if math.isnan(verdict.measured) else f"{verdict.measured:.4g}"
        judged = "[green]met[/]" if verdict.is_met else "[red]missed[/]"
        objective = verdict.objective
        result.add_row(objective.name, objective.measure, str(objective), measured, judged)
    return result


def is_loopback(host: str) -> bool:
    """Whether a URL names this machine by its loopback address: load on anything else is not ours to give."""
    name = urlsplit(host).hostname or ""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


@contextmanager
def _server(host: str | None, bundle: Path, workers: int, scratch: Path) -> Iterator[str]:
    """The address of a server that answers: the given one, or one for as long as the context lasts."""
    if host is not None:
        if not is_loopback(host):
            raise CannotRun(f"--host {host}: only this machine is put under load, for example http://127.0.0.1:8000")
        _wait_until_ready(host, None)
        yield host.rstrip("/")
        return
    port = _free_port()
    settings = {
        "BUNDLE": bundle,
        "HOST": "127.0.0.1",
        "PORT": port,
        "WORKERS": workers,
        "DATA_FOLDER": scratch / "data",
    }
    environment = os.environ | {f"TRIMTAB_{name}": str(value) for name, value in settings.items()}
    server = subprocess.Popen([sys.executable, "-m", "service.server"], env=environment)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_until_ready(address, server)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(address: str, server: subprocess.Popen[bytes] | None) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server is not None and server.poll() is not None:
            raise CannotRun("the server does not start; its log above says why")
        try:
            with urlopen(f"{address}/readyz", timeout=5):  # noqa: S310  (always http to loopback)
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise CannotRun(f"{address} is not ready after {START_SECONDS} s")


def _locust(address: str, queries: Path, report: Path, *, rate: float, seconds: float, seed: int) -> dict[str, float]:
    """Run locust in a process of its own: importing it patches the sockets of the process that does."""
    options = {
        "-f": HERE / "locustfile.py",
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
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0 or not report.exists():
        raise CannotRun(f"locust failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    measures: dict[str, float] = json.loads(report.read_text())
    return measures


if __name__ == "__main__":
    typer.run(main)
