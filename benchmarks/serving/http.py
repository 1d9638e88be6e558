"""One worker over HTTP with everything on, against the bare engine, in turns in one run."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import numpy as np

from benchmarks.figures import Figure
from benchmarks.serving.latency import DIVERSE, queries
from loadtests.serving import server
from trimtab.core.records import Query
from trimtab.engine import Engine

N_ROUNDS = 11
N_CONNECTIONS = 2
WEIGHTS = "&".join([*(f"w_{name}={weight}" for name, weight in DIVERSE.items()), "group=false"])


def measure(bundle: Path, engine: Engine, *, n_queries: int = 200) -> Iterator[Figure]:
    """Throughput of both on the same distinct queries (no answer comes from the cache), and the process's memory."""
    texts = queries(engine, n_queries * (N_ROUNDS + 1))
    rounds = [texts[n_queries * r : n_queries * (r + 1)] for r in range(N_ROUNDS + 1)]
    with serving(bundle) as (port, pid):
        seconds_over_http(port, rounds[-1])
        ratios, rates = [], []
        for batch in rounds[:-1]:
            bare = _engine_seconds(engine, batch[::2])
            over_http = seconds_over_http(port, batch)
            bare += _engine_seconds(engine, batch[1::2])  # half before and half after: the machine's speed drifts
            ratios.append(bare / over_http)
            rates.append(len(batch) / over_http)
        repeated = min(seconds_over_http(port, [batch[0]] * len(batch)) for batch in rounds[:2])
        memory = _resident_bytes(pid)
    yield Figure("HTTP over bare engine, throughput of one worker", float(np.median(ratios)), "ratio", 0.7)
    yield Figure("HTTP, two connections: searches a second", float(np.median(rates)), "1/s")
    cached = n_queries / repeated / float(np.median(rates))
    yield Figure("HTTP, cached candidates over fresh ones", cached, "ratio", 2.0)
    yield Figure("resident memory of the service", memory / 2**20, "MiB", 1536, "less")


@contextmanager
def serving(bundle: Path) -> Iterator[tuple[int, int]]:
    """Port and process of one worker that answers."""
    with TemporaryDirectory() as scratch, server(None, bundle.resolve(), 1, Path(scratch)) as served:
        assert served.pid is not None  # our own
        yield int(served.address.rpartition(":")[2]), served.pid


def _engine_seconds(engine: Engine, texts: Sequence[str]) -> float:
    start = time.perf_counter()
    for text in texts:
        engine.slate(Query(text, weights=DIVERSE, group=False))
    return time.perf_counter() - start


def seconds_over_http(port: int, texts: Sequence[str]) -> float:
    """Time for all answers over `N_CONNECTIONS` kept-alive connections, so that the worker need never wait."""
    start = time.perf_counter()
    with ThreadPoolExecutor(N_CONNECTIONS) as connections:
        shares = [texts[first::N_CONNECTIONS] for first in range(N_CONNECTIONS)]
        list(connections.map(lambda share: _ask(port, share), shares))
    return time.perf_counter() - start


def _ask(port: int, texts: Sequence[str]) -> None:
    """One connection; the next question goes out as an answer arrives."""
    requests = [f"GET /search?q={quote(text)}&{WEIGHTS} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() for text in texts]
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for request in requests:
            connection.sendall(request)
            _read_answer(connection)


def _read_answer(connection: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"the service answered {head.splitlines()[0]!r}: {json.loads(body)}")
    length = int(next(line for line in head.lower().splitlines() if line.startswith(b"content-length")).split(b":")[1])
    while len(body) < length:
        body += connection.recv(65536)


def _resident_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024
