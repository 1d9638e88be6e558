"""One worker that is asked three times as much as it can answer, by shoppers and by batch callers.

Arrivals are open: they come when they are due, whether or not the ones before them were answered, and a request's time
runs from when it was due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import orjson

from benchmarks.figures import Figure
from benchmarks.serving.arrivals import arrive, quantile
from benchmarks.serving.http import WEIGHTS, seconds_over_http, serving
from benchmarks.serving.latency import queries
from trimtab.engine import Engine
from trimtab.service.settings import Settings

TIMES_CAPACITY = 3
SECONDS = 20.0
BATCH_EVERY = 4
"""Every how many-th request is a batch caller's."""
HEADERS = {"shopper": "", "batch": "Priority: u=7\r\n"}


def measure(bundle: Path, engine: Engine, *, n_warm: int = 400) -> Iterator[Figure]:
    """What becomes of those that are let in, and who is turned away."""
    texts = queries(engine, 8000)
    with serving(bundle) as (port, _):
        seconds_over_http(port, texts[:n_warm])
        capacity = n_warm / seconds_over_http(port, texts[n_warm : 2 * n_warm])
        rate = TIMES_CAPACITY * capacity
        requests = [_request(text, _priority(number)) for number, text in enumerate(texts[2 * n_warm :])]
        answers = asyncio.run(arrive(port, requests, rate, SECONDS))
    served = [answer for answer in answers if not answer.is_failed]
    yield Figure("capacity of one worker", capacity, "searches a second")
    yield Figure("asked for", rate, "searches a second, three of four by shoppers")
    yield Figure("answered", len(served) / SECONDS, "searches a second")
    timeout = Settings.model_fields["timeout_ms"].default
    yield Figure("p50 of what was answered", quantile(served, 0.5), "ms")
    yield Figure("p99 of what was answered", quantile(served, 0.99), "ms", timeout, "less")
    for priority in HEADERS:
        asked = [answer for number, answer in enumerate(answers) if _priority(number % len(requests)) == priority]
        share = float(np.mean([not answer.is_failed for answer in asked]))
        yield Figure(f"answered, {priority}", share, "of those that asked")
    degraded = float(np.mean([bool(orjson.loads(answer.body)["degraded"]) for answer in served]))
    yield Figure("answered at a degradation level", degraded, "of answered")
    failed = sum(answer.outcome not in ("200", "503") for answer in answers)
    yield Figure("neither answered nor asked to come back", failed, f"of {len(answers)}", 0, "less")


def _priority(number: int) -> str:
    return "batch" if number % BATCH_EVERY == 0 else "shopper"


def _request(text: str, priority: str) -> bytes:
    return f"GET /search?q={quote(text)}&{WEIGHTS} HTTP/1.1\r\nHost: localhost\r\n{HEADERS[priority]}\r\n".encode()
