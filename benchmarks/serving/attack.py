"""Shoppers at a constant rate beside everything of `benchmarks.serving.attacks`, against the same shoppers alone.

    python -m benchmarks.serving.attack --bundle bundles/grocery --seconds 600

One worker that requires keys. Shoppers arrive when they are due, whether or not those before them were answered, and
a search's time runs from then. The attacker has a key with every scope but `admin`, and a quarter of one core; while
it is quiet it is there and sends nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import quote
from urllib.request import Request, urlopen

import numpy as np

from benchmarks.figures import Figure
from benchmarks.serving.arrivals import Answer, arrive, quantile
from benchmarks.serving.attacks import ATTACKS, Sender
from benchmarks.serving.http import WEIGHTS
from loadtests.queries import sample_queries
from loadtests.serving import end_with_parent, server
from loadtests.soak import own_bytes, trend

RATE = 50.0
"""Searches a second."""
QUIET_SHARE = 0.25
"""Share of the measured time in which the shoppers are alone; first comes half of that to fill caches."""
N_NORMAL = 100
"""Different searches, the median of which is a normal one."""
ADMIN_KEY = "attack-benchmark"
MAX_P99_RATIO = 3
MAX_GROWTH_RATIO = 0.02
MIB = 1 << 20


class Searched(NamedTuple):
    """What became of the searches of a while."""

    answers: list[Answer]
    memory: list[tuple[float, float]]

    def p99(self) -> float:
        return quantile(self.answers, 0.99)

    def failed(self) -> list[Answer]:
        return [one for one in self.answers if one.is_failed]


def measure(bundle: Path, *, seconds: float = 600) -> Iterator[Figure]:
    """Failed searches, times and memory, alone and under attack."""
    texts = sample_queries(bundle, 5000, seed=0)
    with TemporaryDirectory(prefix="trimtab-attack-") as scratch:
        data = Path(scratch, "data")
        settings = {"ADMIN_KEY": ADMIN_KEY, "REQUIRE_KEYS": "true", "REBUILD_AFTER_ITEMS": 0}
        with server(None, bundle.resolve(), 1, Path(scratch), **settings) as served:
            assert served.pid is not None
            port = int(served.address.rpartition(":")[2])
            shop, attacker = (_issue(served.address, name, scopes) for name, scopes in _KEYS.items())
            yield from _costs(Sender(port, attacker, data), texts[-N_NORMAL:], served.pid)
            searches = Searches(port, shop, texts, served.pid)
            asyncio.run(searches.arrive(seconds * QUIET_SHARE / 2))
            quiet = asyncio.run(searches.arrive(seconds * QUIET_SHARE))
            command = [sys.executable, "-m", "benchmarks.serving.attacks", f"--port={port}", f"--data={data}"]
            given = [f"--key={attacker}", f"--seconds={seconds}"]
            with subprocess.Popen(  # noqa: S603  (our own module)
                [*command, *given],
                stdout=subprocess.PIPE,
                text=True,
                preexec_fn=end_with_parent,  # noqa: PLW1509  one thread
            ) as attacks:
                attacked = asyncio.run(searches.arrive(seconds))
                report = json.loads(attacks.communicate()[0])
        on_disk = sum(path.stat().st_size for path in data.rglob("*") if path.is_file()) / MIB
    yield from _figures(quiet, attacked)
    yield Figure("processor of the attacker", report["processor_seconds"] / seconds, "cores")
    yield from _answered(report["answered"])
    yield Figure("data folder after it", on_disk, "MiB")


_KEYS = {"shop": ["search"], "attacker": ["search", "ingest"]}


def _issue(address: str, name: str, scopes: Sequence[str]) -> str:
    headers = {"Authorization": f"Bearer {ADMIN_KEY}", "Content-Type": "application/json"}
    body = json.dumps({"scopes": scopes}).encode()
    with urlopen(Request(f"{address}/keys/{name}", body, headers, method="PUT"), timeout=10) as answer:  # noqa: S310  # our own address
        key: str = json.load(answer)["key"]
    return key


class Searches:
    """Shoppers of one service."""

    def __init__(self, port: int, key: str, texts: Sequence[str], pid: int) -> None:
        self._port = port
        self._pid = pid
        head = f"HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n\r\n"
        self._requests = [f"GET /search?q={quote(text)}&{WEIGHTS} {head}".encode() for text in texts]

    async def arrive(self, seconds: float) -> Searched:
        """Ask at `RATE` for a while."""
        memory: list[tuple[float, float]] = []
        start = time.perf_counter()

        def remember() -> None:
            memory.append((time.perf_counter() - start, own_bytes(self._pid) / MIB))

        return Searched(await arrive(self._port, self._requests, RATE, seconds, each_second=remember), memory)


def _costs(sender: Sender, texts: Sequence[str], pid: int) -> Iterator[Figure]:
    """Processor time of the service for the most expensive request of each attack, one after the other."""
    searches = [sender.request("GET", f"/search?q={quote(text)}&{WEIGHTS}") for text in texts]
    normal = float(np.median([_cost(sender, search, pid) for search in searches]))
    yield Figure("a normal search", normal, "ms of the service")
    for attack in ATTACKS:
        requests = list(attack(sender))
        costs = [_cost(sender, request, pid) for request in requests]
        n = int(np.argmax(costs))
        line = requests[n].split(b" HTTP", 1)[0].decode()[:60]
        yield Figure(f"{attack.__name__}: {line}", costs[n] / normal, "times a normal search")


def _cost(sender: Sender, request: bytes, pid: int) -> float:
    """Milliseconds of processor time that a process takes for a request, all its threads together."""
    before = _processor_ms(pid)
    sender.answer(request)
    return _processor_ms(pid) - before


def _processor_ms(pid: int) -> float:
    return sum(int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e6


def _figures(quiet: Searched, attacked: Searched) -> Iterator[Figure]:
    failed, n = attacked.failed(), len(attacked.answers)
    how = ", ".join(f"{count} x {name}" for name, count in Counter(one.outcome for one in failed).items())
    when = f": {how}, from second {failed[0].due:.0f} to {failed[-1].due:.0f}" if failed else ""
    yield Figure(f"failed searches of {n} under attack{when}", len(failed), "", 0, "less")
    yield Figure("failed searches, quiet", len(quiet.failed()), f"of {len(quiet.answers)}")
    slowest = max(attacked.answers, key=lambda one: one.milliseconds)
    yield Figure(f"slowest search under attack, in second {slowest.due:.0f}", slowest.milliseconds, "ms")
    yield Figure("p99 quiet", quiet.p99(), "ms")
    yield Figure("p99 under attack", attacked.p99(), "ms")
    yield Figure("p99 under attack over quiet", attacked.p99() / quiet.p99(), "ratio", MAX_P99_RATIO, "less")
    slope, level, growth = trend(attacked.memory)
    yield Figure("memory quiet", quiet.memory[-1][1], "MiB")
    yield Figure("memory under attack, after the first third", level, "MiB")
    yield Figure("largest memory under attack", max(mib for _, mib in attacked.memory), "MiB")
    yield Figure(f"growth of memory ({slope:+.2f} MiB a minute)", growth, "ratio", MAX_GROWTH_RATIO, "less")


def _answered(report: dict[str, dict[str, Any]]) -> Iterator[Figure]:
    for name, one in report.items():
        statuses: dict[str, int] = one["statuses"]
        said = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
        errors = sum(count for status, count in statuses.items() if status.startswith("5") and status != "503")
        yield Figure(f"{name}: {said}; 5xx but 503", errors, "", 0, "less")
        yield Figure(f"{name}: longest wait for an answer", one["longest"], "s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, default=Path("bundles/grocery"))
    parser.add_argument("--seconds", type=float, default=600)
    arguments = parser.parse_args()
    for one in measure(arguments.bundle, seconds=arguments.seconds):
        target = "" if one.target is None else f"   to reach: {one.target:g}"
        print(f"{one.name}: {one.value:.3f} {one.unit}{target}", flush=True)


if __name__ == "__main__":
    main()
