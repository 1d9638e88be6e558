"""Requests that arrive when they are due, whether or not those before them were answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
TIMER_SECONDS = 0.002
"""What a timer of the loop may be late by, which waits for whole milliseconds."""


class Answer(NamedTuple):
    """What became of one request.

    Attributes:
        due: seconds after the first.
        milliseconds: from when it was due.
        outcome: the status; where there was no answer, the error.
    """

    due: float
    milliseconds: float
    outcome: str
    body: bytes

    @property
    def is_failed(self) -> bool:
        return self.outcome != "200"


def quantile(answers: Sequence[Answer], share: float) -> float:
    """Milliseconds within which a share was answered."""
    return float(np.quantile([answer.milliseconds for answer in answers], share))


async def arrive(
    port: int, requests: Sequence[bytes], rate: float, seconds: float, *, each_second: Callable[[], None] | None = None
) -> list[Answer]:
    """Send the requests in turn, as often as it takes, `rate` of them a second; the answers in their order."""
    idle: list[Connection] = []
    start = time.perf_counter()
    tasks = []
    for number in range(int(rate * seconds)):
        due = start + number / rate
        await _until(due)
        tasks.append(asyncio.create_task(_ask(port, idle, requests[number % len(requests)], due)))
        if each_second is not None and number % max(int(rate), 1) == 0:
            each_second()
    answers = await asyncio.gather(*tasks)
    for _, writer in idle:
        writer.close()
    return [answer._replace(due=answer.due - start) for answer in answers]


async def _until(due: float) -> None:
    """Wait, at the end without a timer, so that none of its lateness counts as the service's."""
    await asyncio.sleep(max(due - TIMER_SECONDS - time.perf_counter(), 0))
    while time.perf_counter() < due:
        await asyncio.sleep(0)


async def _ask(port: int, idle: list[Connection], request: bytes, due: float) -> Answer:
    """One request on a connection that is idle, or on a new one."""
    while True:
        is_old = bool(idle)
        try:
            connection = idle.pop() if is_old else await asyncio.open_connection("127.0.0.1", port)
            outcome, body = await _exchange(connection, request)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            if is_old:
                continue  # the service closes what is idle for some seconds
            outcome, body = type(error).__name__, b""
        else:
            idle.append(connection)
        return Answer(due, 1e3 * (time.perf_counter() - due), outcome, body)


async def _exchange(connection: Connection, request: bytes) -> tuple[str, bytes]:
    """Status and body."""
    reader, writer = connection
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
    return head.split(b" ", 2)[1].decode(), await reader.readexactly(int(next(lengths).split(b":")[1]))
