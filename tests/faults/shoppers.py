"""Shoppers who search again and again while something breaks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.support.waiting import PATIENCE_SECONDS, eventually

QUERIES = ("soup", "ice cream", "yogurt", "coffee", "pasta", "cheddar cheese")
PAUSE_SECONDS = 0.01
"""Between two searches of a shopper, so that what is broken and started again gets some of the processor, too."""


@dataclass
class Seen:
    """What came back, in order: a status, and which parts the search went without; -1 for no answer. And how long."""

    answers: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def after(self, n: int) -> list[tuple[int, tuple[str, ...]]]:
        """The next answers, once there are some."""
        eventually(lambda: len(self.answers) >= n + 10)
        return self.answers[n:]

    @property
    def failures(self) -> list[int]:
        return [status for status, _ in self.answers if status != 200]


@contextmanager
def shopping(base_url: httpx.URL, *, n_shoppers: int = 2, keep_alive: bool = True) -> Iterator[Seen]:
    """Search until the block ends, each shopper on one connection or with a new one for each search."""
    seen = Seen()
    closing = threading.Event()
    threads = [threading.Thread(target=_shop, args=(base_url, seen, closing, keep_alive)) for _ in range(n_shoppers)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        closing.set()
        for thread in threads:
            thread.join()


def _shop(base_url: httpx.URL, seen: Seen, closing: threading.Event, keep_alive: bool) -> None:
    n_asked = 0
    limits = httpx.Limits(max_keepalive_connections=None if keep_alive else 0)
    with httpx.Client(base_url=base_url, timeout=PATIENCE_SECONDS, limits=limits) as client:
        while not closing.wait(PAUSE_SECONDS):
            n_asked += 1
            start = time.perf_counter()
            try:
                answer = client.get("/search", params={"q": QUERIES[n_asked % len(QUERIES)], "k": 5})
                seen.seconds.append(time.perf_counter() - start)
                seen.answers.append((answer.status_code, tuple(answer.json()["degraded"])))
            except (httpx.TransportError, KeyError):
                seen.answers.append((-1, ()))
