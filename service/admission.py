"""Who is searched for next in one worker, and who is told at once to come back later.

A search computes for a few milliseconds on the event loop's thread, one at a time. Those that arrive meanwhile wait in
a line whose length is bounded, because each place in it is a wait of one search more: without a bound an overload makes
every answer late, with it those that are let in stay quick. Shoppers go before batch callers, who may take only half of
the places, so that they are the first to be turned away.

Who is a batch caller says its API key (`priority`), or the request itself with RFC 9218's header: `Priority: u=7` is
background work, anything above the default urgency of 3 counts as batch.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable
from typing import Literal, Protocol

from fastapi import Request

from core.errors import Unavailable
from service.telemetry import Telemetry

Priority = Literal["shopper", "batch"]
RETRY_SECONDS: dict[Priority, float] = {"shopper": 1.0, "batch": 10.0}
BATCH_SHARE = 0.5
"""Of the places in the line."""
DEFAULT_URGENCY = 3
_URGENCY = re.compile(r"(?:^|,)\s*u=([0-7])\s*(?:[,;]|$)")


class Admission:
    """`async with admission.turn(priority) as turn:` around one search."""

    def __init__(
        self,
        telemetry: Telemetry,
        *,
        waiting: int,
        at_once: int = 1,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """
        Args:
            waiting: places in the line.
            at_once: how many are not made to wait; one of what computes on the event loop's thread.
        """
        self._telemetry = telemetry
        self._n_places: dict[Priority, int] = {"shopper": waiting, "batch": int(waiting * BATCH_SHARE)}
        self._at_once = at_once
        self._n_inside = 0
        self._line: dict[Priority, deque[asyncio.Future[None]]] = {"shopper": deque(), "batch": deque()}
        self.clock = clock

    def turn(self, priority: Priority = "shopper") -> Turn:
        """A request that arrives now."""
        return Turn(self, priority)

    async def enter(self, priority: Priority) -> None:
        """
        Raises:
            Unavailable: there is no place left to wait.
        """
        if self._n_inside < self._at_once:
            self._n_inside += 1
            try:
                # Those that have arrived meanwhile come in and are counted before this one is computed.
                await asyncio.sleep(0)
            except BaseException:
                self.leave()
                raise
            return
        if self._n_waiting >= self._n_places[priority]:
            self._telemetry.searches_refused.labels(priority).inc()
            raise Unavailable("too many searches at once", retry_after_seconds=RETRY_SECONDS[priority])
        place = asyncio.get_running_loop().create_future()
        self._line[priority].append(place)
        try:
            await place
        except BaseException:
            if place.done() and not place.cancelled():
                self.leave()  # its turn had come just then
            raise

    def leave(self) -> None:
        """The next one's turn: the first of the shoppers, else the first of the others."""
        for line in self._line.values():
            while line:
                place = line.popleft()
                if not place.done():  # else its client has gone
                    place.set_result(None)
                    return
        self._n_inside -= 1

    @property
    def _n_waiting(self) -> int:
        return sum(not place.done() for line in self._line.values() for place in line)


class Turn:
    """One request's way through the line.

    Attributes:
        start: of the admission's clock, when it arrived.
    """

    def __init__(self, admission: Admission, priority: Priority) -> None:
        self._admission = admission
        self._priority = priority
        self.start = admission.clock()

    async def __aenter__(self) -> Turn:
        """
        Raises:
            Unavailable: the line is as long as it may be.
        """
        await self._admission.enter(self._priority)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._admission.leave()


class HasPriority(Protocol):
    """What a key grants."""

    @property
    def priority(self) -> Priority: ...


def priority_of(request: Request, key: HasPriority | None) -> Priority:
    """Batch where the key or the header says so; a header that cannot be read says nothing."""
    if key is not None and key.priority == "batch":
        return "batch"
    header = request.headers.get("priority")
    found = _URGENCY.search(header) if header else None
    return "batch" if found and int(found[1]) > DEFAULT_URGENCY else "shopper"
