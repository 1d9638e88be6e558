"""One worker that is asked three times as much as it can answer, by shoppers and by batch callers.

Arrivals are open: they come when they are due, whether or not the ones before them were answered, and a request's time
runs from when it was due.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
import orjson

from benchmarks.figures import Figure
from benchmarks.serving.http import WEIGHTS, seconds_over_http, serving
from benchmarks.serving.latency import queries
from trimtab.engine import Engine
from trimtab.service.settings import Settings

TIMES_CAPACITY = 3
SECONDS = 20.0
BATCH_EVERY = 4
"""Every how many-th request is a batch caller's."""
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
HEADERS = {"shopper": "", "batch": "Priority: u=7\r\n"}


@dataclass(frozen=True, slots=True)
class Answer:
    priority: str
    status: int
    milliseconds: float
    is_degraded: bool


def measure(bundle: Path, engine: Engine, *, n_warm: int = 400) -> Iterator[Figure]:
    """What becomes of those that are let in, and who is turned away."""
    texts = queries(engine, 8000)
    with serving(bundle) as (port, _):
        seconds_over_http(port, texts[:n_warm])
        capacity = n_warm / seconds_over_http(port, texts[n_warm : 2 * n_warm])
        rate = TIMES_CAPACITY * capacity
        answers = asyncio.run(_arrivals(port, texts[2 * n_warm :], rate))
    served = [answer for answer in answers if answer.status == 200]
    yield Figure("capacity of one worker", capacity, "searches a second")
    yield Figure("asked for", rate, "searches a second, three of four by shoppers")
    yield Figure("answered", len(served) / SECONDS, "searches a second")
    timeout = Settings.model_fields["timeout_ms"].default
    yield Figure("p50 of what was answered", _quantile(served, 0.5), "ms")
    yield Figure("p99 of what was answered", _quantile(served, 0.99), "ms", timeout, "less")
    for priority in HEADERS:
        shares = [answer.status == 200 for answer in answers if answer.priority == priority]
        yield Figure(f"answered, {priority}", float(np.mean(shares)), "of those that asked")
    yield Figure("answered at a degradation level", float(np.mean([one.is_degraded for one in served])), "of answered")
    failed = sum(answer.status not in (200, 503) for answer in answers)
    yield Figure("neither answered nor asked to come back", failed, f"of {len(answers)}", 0, "less")


def _quantile(answers: Sequence[Answer], share: float) -> float:
    return float(np.quantile([answer.milliseconds for answer in answers], share))


async def _arrivals(port: int, texts: Sequence[str], rate: float) -> list[Answer]:
    idle: list[Connection] = []
    start = time.perf_counter()
    tasks = []
    for number in range(int(rate * SECONDS)):
        due = start + number / rate
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        priority = "batch" if number % BATCH_EVERY == 0 else "shopper"
        tasks.append(asyncio.create_task(_ask(port, idle, texts[number % len(texts)], priority, due)))
    answers = list(await asyncio.gather(*tasks))
    for _, writer in idle:
        writer.close()
    return answers


async def _ask(port: int, idle: list[Connection], text: str, priority: str, due: float) -> Answer:
    """One request on a connection that is idle, or on a new one."""
    request = f"GET /search?q={quote(text)}&{WEIGHTS} HTTP/1.1\r\nHost: x\r\n{HEADERS[priority]}\r\n".encode()
    while True:
        is_old = bool(idle)
        connection = idle.pop() if is_old else await asyncio.open_connection("127.0.0.1", port)
        try:
            status, body = await exchange(connection, request)
        except (asyncio.IncompleteReadError, ConnectionError):
            if not is_old:
                raise
            continue  # the service closes what is idle for some seconds
        idle.append(connection)
        milliseconds = 1e3 * (time.perf_counter() - due)
        return Answer(priority, status, milliseconds, status == 200 and bool(orjson.loads(body)["degraded"]))


async def exchange(connection: Connection, request: bytes) -> tuple[int, bytes]:
    """Status and body."""
    reader, writer = connection
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
    return int(head.split(b" ", 2)[1]), await reader.readexactly(int(next(lengths).split(b":")[1]))
