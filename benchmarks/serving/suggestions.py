"""What is typed, letter by letter, completed beside searches."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from benchmarks.figures import Figure
from benchmarks.serving.arrivals import Answer, arrive, quantile
from benchmarks.serving.http import WEIGHTS, serving
from loadtests.queries import sample_queries

SEARCHES_A_SECOND = 25.0
SUGGESTIONS_A_SECOND = 50.0
SECONDS = 30.0
TYPED = (2, 3, 4, 6, 8)
"""Letters after which somebody who types looks at what is suggested."""


def measure(bundle: Path) -> Iterator[Figure]:
    """Times of suggestions alone, and beside searches of one worker."""
    texts = sample_queries(bundle, 3000, seed=1)
    typed = list(dict.fromkeys(text[:n].strip() for text in texts for n in TYPED))
    searches = [_request(f"/search?q={quote(text)}&{WEIGHTS}") for text in texts]
    suggestions = [_request(f"/suggest?q={quote(text)}&k=8") for text in typed]
    with serving(bundle) as (port, _):
        asyncio.run(_both(port, searches, suggestions[::-1], SECONDS / 3))
        alone = asyncio.run(arrive(port, suggestions, SUGGESTIONS_A_SECOND, SECONDS))
        beside = asyncio.run(_both(port, searches, suggestions, SECONDS))
    for where, answers in (("alone", alone), (f"beside {SEARCHES_A_SECOND:.0f} searches a second", beside)):
        yield Figure(f"suggestions {where}, p50", quantile(answers, 0.5), "ms")
        target = 5 if answers is beside else None
        yield Figure(f"suggestions {where}, p99", quantile(answers, 0.99), "ms", target, "less")
    yield Figure("suggestions that failed", sum(answer.is_failed for answer in alone + beside), "", 0, "less")


def _request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


async def _both(port: int, searches: Sequence[bytes], suggestions: Sequence[bytes], seconds: float) -> list[Answer]:
    """The answers to the suggestions."""
    _, answers = await asyncio.gather(
        arrive(port, searches, SEARCHES_A_SECOND, seconds), arrive(port, suggestions, SUGGESTIONS_A_SECOND, seconds)
    )
    return answers
