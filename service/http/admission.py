"""Admission control: which search is next in one worker, and which are refused at once.

A search computes for a few milliseconds on the event loop's thread, one at a time. Those that arrive meanwhile wait in
a queue that is bounded in places and in time, by how quickly it moved lately: without a bound an overload makes every
answer late, with it those that are admitted stay quick. Shoppers go before batch callers, who may take only half of the
queue, and no place while shoppers are refused.

A batch caller is known by its API key (`priority`) or by the request's header of RFC 9218: `Priority: u=7` is
background work, anything above the default urgency of 3 counts as batch.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable
from math import inf
from statistics import median
from typing import Literal, NoReturn, Protocol

from fastapi import Request

from trimtab.core.errors import Unavailable
from trimtab.service.observability.metrics import Metrics

Priority = Literal["shopper", "batch"]
RETRY_SECONDS: dict[Priority, float] = {"shopper": 1.0, "batch": 10.0}
SHARE_OF_QUEUE: dict[Priority, float] = {"shopper": 1.0, "batch": 0.5}
LATELY = 15
"""Moves of the queue whose median says how quickly it moves: one that was held up says nothing of those behind it."""
DEFAULT_URGENCY = 3
_URGENCY = re.compile(r"(?:^|,)\s*u=([0-7])\s*(?:[,;]|$)")


class Admission:
    """`async with admission.turn(priority) as turn:` around one search."""

    def __init__(
        self,
        metrics: Metrics,
        *,
        waiting: int,
        patience_seconds: float = inf,
        at_once: int = 1,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """
        Args:
            waiting: places in the queue.
            patience_seconds: longest expected wait with which a request is admitted; the first place is always free.
            at_once: how many may run at once; 1 for what computes on the event loop's thread.
        """
        self._metrics = metrics
        self._n_places = waiting
        self._patience_seconds = patience_seconds
        self._at_once = at_once
        self._n_inside = 0
        self._seconds_a_move: deque[float] = deque(maxlen=LATELY)
        self._last_left = 0.0
        self._moves = False
        self._shopper_refused = -inf
        self._queue: dict[Priority, deque[asyncio.Future[None]]] = {"shopper": deque(), "batch": deque()}
        self.clock = clock

    def turn(self, priority: Priority = "shopper") -> Turn:
        """A request that arrives now."""
        return Turn(self, priority)

    async def enter(self, priority: Priority) -> None:
        """
        Raises:
            Unavailable: the queue is full.
        """
        if priority == "batch" and self.clock() - self._shopper_refused < RETRY_SECONDS["shopper"]:
            self._refuse(priority)
        if self._n_inside < self._at_once:
            self._n_inside += 1
            try:
                # Those that have arrived meanwhile come in and are counted before this one is computed.
                await asyncio.sleep(0)
            except BaseException:
                self.leave()
                raise
            return
        if self._is_full(SHARE_OF_QUEUE[priority]):
            self._refuse(priority)
        place = asyncio.get_running_loop().create_future()
        self._queue[priority].append(place)
        try:
            await place
        except BaseException:
            if place.done() and not place.cancelled():
                self.leave()  # its turn had come just then
            raise

    def _refuse(self, priority: Priority) -> NoReturn:
        if priority == "shopper":
            self._shopper_refused = self.clock()
        self._metrics.searches_refused.labels(priority).inc()
        raise Unavailable("too many searches at once", retry_after_seconds=RETRY_SECONDS[priority])

    def leave(self) -> None:
        """The next one's turn: the first of the shoppers, else the first of the others."""
        now = self.clock()
        if self._moves:
            self._seconds_a_move.append(now - self._last_left)
        self._last_left = now
        self._moves = True
        for queue in self._queue.values():
            while queue:
                place = queue.popleft()
                if not place.done():  # else its client has gone
                    place.set_result(None)
                    return
        self._moves = False
        self._n_inside -= 1

    def _is_full(self, share: float) -> bool:
        """Whether the share of the queue that a caller may take is taken."""
        n_waiting = sum(not place.done() for queue in self._queue.values() for place in queue)
        if n_waiting >= int(share * self._n_places):
            return True
        if n_waiting == 0 or not self._seconds_a_move:
            return False
        return (n_waiting + 1) * median(self._seconds_a_move) > share * self._patience_seconds


class Turn:
    """One request's turn: its place in the queue, then its time to run.

    Attributes:
        start: time of the admission's clock at which it arrived.
    """

    def __init__(self, admission: Admission, priority: Priority) -> None:
        self._admission = admission
        self._priority = priority
        self.start = admission.clock()

    async def __aenter__(self) -> Turn:
        """
        Raises:
            Unavailable: the queue is full.
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
