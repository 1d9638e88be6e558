"""What happened to the searches of each arm, added up in Redis over all workers.

A search adds to sums of this process, which go to Redis at the next poll; a purchase is added to the arm of the search
it came from, which is remembered by its `decision_id` for a day. What a lost Redis does not take waits.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from itertools import compress, islice
from typing import TypeVar

from redis import Redis

from trimtab.core.records import Interaction
from trimtab.service.experiments.ramp import Totals
from trimtab.service.redis.clients import LOST, is_refusal, refuses_writes

Waiting = TypeVar("Waiting")

ARM_OF = "trimtab:arm_of:"
REMEMBERED_SECONDS = 24 * 3600
MAX_WAITING = 50_000
AT_ONCE = 2_000
TRIES = 20
"""Polls until a purchase whose search is in no experiment is given up: another worker's sums may come later."""
FIELDS = tuple(field.name for field in fields(Totals))


class ExperimentTotals:
    """Sums by key; a key names an experiment, its split and an arm."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: Counter[tuple[str, str]] = Counter()
        self._decisions: deque[tuple[str, str]] = deque(maxlen=MAX_WAITING)
        self._purchases: deque[tuple[str, float, int]] = deque(maxlen=MAX_WAITING)

    def add(self, key: str, decision_id: str | None, **counts: bool) -> None:
        """One search; without a `decision_id` there is nothing to buy from."""
        with self._lock:
            self._sums[key, "searches"] += 1
            for name, happened in counts.items():
                self._sums[key, name] += happened
        if decision_id is not None:
            self._decisions.append((decision_id, key))

    def follow(self, interactions: Sequence[Interaction]) -> None:
        """Purchases among events that are new."""
        for one in interactions:
            if one.action == "purchase" and one.value > 0:
                self._purchases.append((one.decision_id, one.value, TRIES))

    def flush(self, redis: Redis) -> None:
        """Send what waits; what is not taken waits on. On the state's thread."""
        with self._lock:
            sums, self._sums = self._sums, Counter()
        decisions = _taken(self._decisions)
        try:
            pipeline = redis.pipeline(transaction=False)
            for (key, name), count in sums.items():
                pipeline.hincrbyfloat(key, name, count)
            for decision_id, key in decisions:
                pipeline.hset(ARM_OF + decision_id, "key", key)
                pipeline.expire(ARM_OF + decision_id, REMEMBERED_SECONDS)
            answers = pipeline.execute(raise_on_error=False)
        except LOST:
            with self._lock:
                self._sums.update(sums)
            self._decisions.extendleft(reversed(decisions))
            raise
        self._keep_refused(sums, decisions, [refuses_writes(answer) for answer in answers])
        self._add_revenue(redis)

    def _keep_refused(
        self, sums: Counter[tuple[str, str]], decisions: Sequence[tuple[str, str]], refused: Sequence[bool]
    ) -> None:
        """Keep what a Redis without memory or disk did not take; what meets a value of another type is lost."""
        if not any(refused):
            return
        n_sums = len(sums)
        with self._lock:
            self._sums.update(dict(compress(sums.items(), refused[:n_sums])))
        self._decisions.extendleft(reversed(list(compress(decisions, refused[n_sums::2]))))

    def _add_revenue(self, redis: Redis) -> None:
        """Purchases that a lost Redis has not begun to take wait; the one under way is not added twice."""
        waiting = deque(_taken(self._purchases))
        if not waiting:
            return
        pipeline = redis.pipeline(transaction=False)
        for decision_id, _, _ in waiting:
            pipeline.hget(ARM_OF + decision_id, "key")
        try:
            for key in pipeline.execute(raise_on_error=False):
                decision_id, value, tries = waiting.popleft()
                is_added = isinstance(key, bytes) and _is_added(redis, ARM_OF + decision_id, key, value)
                if not is_added and tries > 1:
                    self._purchases.append((decision_id, value, tries - 1))
        except LOST:
            self._purchases.extendleft(reversed(waiting))
            raise


def _is_added(redis: Redis, search: str, key: bytes, value: float) -> bool:
    """Add one purchase, unless it is refused."""
    try:
        _add(redis, search, key.decode(errors="replace"), value)
    except LOST as error:
        if not is_refusal(error):
            raise
        return False
    return True


def _add(redis: Redis, search: str, key: str, value: float) -> None:
    """One purchase: squares are of the revenue of a search, which may have several."""
    after = float(redis.hincrbyfloat(search, "revenue", value))
    redis.hincrbyfloat(key, "revenue", value)
    redis.hincrbyfloat(key, "revenue_squares", after**2 - (after - value) ** 2)


def read_totals(redis: Redis, keys: Mapping[str, str]) -> dict[str, Totals]:
    """The totals of each arm, over all workers.

    Args:
        keys: arm -> key.
    """
    pipeline = redis.pipeline(transaction=False)
    for key in keys.values():
        pipeline.hmget(key, FIELDS)
    rows: Iterable[object] = pipeline.execute(raise_on_error=False)
    return {arm: _totals(row) for arm, row in zip(keys, rows, strict=True)}


def _totals(row: object) -> Totals:
    """The sums of one arm; nothing where what is stored there are not sums."""
    try:
        return Totals(*(float(cell or 0) for cell in row)) if isinstance(row, list) else Totals()
    except ValueError:
        return Totals()


def _taken(waiting: deque[Waiting]) -> list[Waiting]:
    return [waiting.popleft() for _ in islice(range(len(waiting)), AT_ONCE)]
