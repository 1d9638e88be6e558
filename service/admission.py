"""A bounded crowd of searches in one worker: who would wait too long is told so at once, and to come back.

A search computes for a millisecond or two on the event loop's thread, so a crowd of n is a wait of n times that.
Without a bound an overload makes every answer late; with it those that are let in stay quick.
"""

from __future__ import annotations

import asyncio

from core.errors import Unavailable
from service.telemetry import Telemetry

RETRY_SECONDS = 1.0


class Admission:
    """`async with admission:` around one search."""

    def __init__(self, telemetry: Telemetry, *, most: int) -> None:
        self._telemetry = telemetry
        self._most = most
        self._n_inside = 0

    async def __aenter__(self) -> None:
        """
        Raises:
            Unavailable: the crowd is as large as it may be.
        """
        if self._n_inside >= self._most:
            self._telemetry.searches_refused.inc()
            raise Unavailable("too many searches at once", retry_after_seconds=RETRY_SECONDS)
        self._n_inside += 1
        try:
            # Those that have arrived meanwhile come in and are counted before this one is computed.
            await asyncio.sleep(0)
        except BaseException:
            self._n_inside -= 1
            raise

    async def __aexit__(self, *_: object) -> None:
        self._n_inside -= 1
