"""What happened to the searches of each arm, added up in Redis over all workers.

A search adds to sums of this process, which go to Redis at the next poll; a click or purchase is added to the arm of
the search it came from, which is remembered by its `decision_id` for a day. What a lost Redis does not take waits.
Units that were hit (by a failure, a slow or an empty search) or bought are remembered, so that many hits of one unit
are known as such.
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
from trimtab.service.experiments.definition import COUNTED_SECONDS, unit_digest
from trimtab.service.experiments.ramp import ArmTotals
from trimtab.service.redis.clients import LOST, is_refusal, refuses_writes

Waiting = TypeVar("Waiting")

ARM_OF = "trimtab:arm_of:"
HITS_OF = "trimtab:hits_of:"
"""By key of an arm: metric and unit -> hits."""
SPENT_BY = "trimtab:spent_by:"
"""By key of an arm: unit -> revenue."""
REMEMBERED_SECONDS = 24 * 3600
MAX_WAITING = 50_000
AT_ONCE = 2_000
TRIES = 20
"""Polls until a purchase whose search is in no experiment is given up: another worker's sums may come later."""
TRIES_OF_CLICKS = 4
FIELDS = tuple(field.name for field in fields(ArmTotals))


class ExperimentTotals:
    """Sums by key; a key names an experiment, its split and an arm."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: Counter[tuple[str, str]] = Counter()
        self._hits: Counter[tuple[str, str, str]] = Counter()
        self._decisions: deque[tuple[str, str, str]] = deque(maxlen=MAX_WAITING)
        self._purchases: deque[tuple[str, float, int]] = deque(maxlen=MAX_WAITING)
        self._clicks: deque[tuple[str, int]] = deque(maxlen=MAX_WAITING)

    def add(self, key: str, unit_id: str, decision_id: str | None, **counts: bool) -> None:
        """Count one search; without a `decision_id` there is nothing to buy from."""
        unit = unit_digest(unit_id).hex()
        with self._lock:
            self._sums[key, "searches"] += 1
            for name, happened in counts.items():
                self._sums[key, name] += happened
                if happened:
                    self._hits[key, name, unit] += 1
        if decision_id is not None:
            self._decisions.append((decision_id, key, unit))

    def follow(self, interactions: Sequence[Interaction]) -> None:
        """Clicks and purchases among events that are new."""
        for one in interactions:
            if one.action == "purchase" and one.value > 0:
                self._purchases.append((one.decision_id, one.value, TRIES))
            elif one.action == "click":
                self._clicks.append((one.decision_id, TRIES_OF_CLICKS))

    def flush(self, redis: Redis) -> None:
        """Send what waits; what is not taken waits on. On the state's thread."""
        with self._lock:
            sums, self._sums = self._sums, Counter()
            hits, self._hits = self._hits, Counter()
        decisions = _taken(self._decisions)
        try:
            sums.update(self._squares(redis, hits))
            hits.clear()
            pipeline = redis.pipeline(transaction=False)
            for (key, name), count in sums.items():
                pipeline.hincrbyfloat(key, name, count)
            for decision_id, key, unit in decisions:
                pipeline.hset(ARM_OF + decision_id, mapping={"key": key, "unit": unit})
                pipeline.expire(ARM_OF + decision_id, REMEMBERED_SECONDS)
            answers = pipeline.execute(raise_on_error=False)
        except LOST:
            with self._lock:
                self._sums.update(sums)
                self._hits.update(hits)
            self._decisions.extendleft(reversed(decisions))
            raise
        self._keep_refused(sums, decisions, [refuses_writes(answer) for answer in answers])
        self._add_revenue(redis)
        self._add_clicks(redis)

    def _squares(self, redis: Redis, hits: Counter[tuple[str, str, str]]) -> dict[tuple[str, str], int]:
        """Add hits to those of their units; returns what that adds to the sums of squares. Refused ones wait."""
        added: Counter[tuple[str, str]] = Counter()
        if not hits:
            return added
        pipeline = redis.pipeline(transaction=False)
        for (key, name, unit), count in hits.items():
            pipeline.hincrby(HITS_OF + key, f"{name}:{unit}", count)
        for key in {key for key, _, _ in hits}:
            pipeline.expire(HITS_OF + key, COUNTED_SECONDS)
        for ((key, name, unit), count), after in zip(
            hits.items(), pipeline.execute(raise_on_error=False), strict=False
        ):
            if isinstance(after, int):
                added[key, f"{name}_squares"] += after**2 - (after - count) ** 2
            elif refuses_writes(after):
                with self._lock:
                    self._hits[key, name, unit] += count
        return added

    def _keep_refused(
        self, sums: Counter[tuple[str, str]], decisions: Sequence[tuple[str, str, str]], refused: Sequence[bool]
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
            pipeline.hmget(ARM_OF + decision_id, "key", "unit")
        try:
            for found in pipeline.execute(raise_on_error=False):
                decision_id, value, tries = waiting.popleft()
                key, unit = (None, None) if isinstance(found, Exception) else found
                # A search that an earlier version remembered stands for its unit.
                is_added = isinstance(key, bytes) and _is_added(redis, key, unit or decision_id, value)
                if not is_added and tries > 1:
                    self._purchases.append((decision_id, value, tries - 1))
        except LOST:
            self._purchases.extendleft(reversed(waiting))
            raise

    def _add_clicks(self, redis: Redis) -> None:
        """Count searches that were clicked, each once; those that a lost Redis does not take are given up, because
        nothing is decided by them."""
        waiting = _taken(self._clicks)
        if not waiting:
            return
        pipeline = redis.pipeline(transaction=False)
        for decision_id, _ in waiting:
            pipeline.hget(ARM_OF + decision_id, "key")
        for (decision_id, tries), key in zip(waiting, pipeline.execute(raise_on_error=False), strict=True):
            if isinstance(key, bytes):
                if redis.hsetnx(ARM_OF + decision_id, "clicked", 1):
                    redis.hincrby(key.decode(errors="replace"), "clicked", 1)
            elif tries > 1:
                self._clicks.append((decision_id, tries - 1))


def _is_added(redis: Redis, key: bytes, unit: bytes | str, value: float) -> bool:
    """Add one purchase, unless it is refused."""
    try:
        _add(redis, key.decode(errors="replace"), unit, value)
    except LOST as error:
        if not is_refusal(error):
            raise
        return False
    return True


def _add(redis: Redis, key: str, unit: bytes | str, value: float) -> None:
    """Add one purchase: squares are of the revenue of a unit, which may have several."""
    after = float(redis.hincrbyfloat(SPENT_BY + key, unit, value))
    redis.hincrbyfloat(key, "revenue", value)
    redis.hincrby(key, "orders", 1)
    redis.hincrbyfloat(key, "revenue_squares", after**2 - (after - value) ** 2)
    if after == value:
        redis.hincrby(key, "buyers", 1)
        redis.expire(SPENT_BY + key, COUNTED_SECONDS)


def read_totals(redis: Redis, keys: Mapping[str, str]) -> dict[str, ArmTotals]:
    """The totals of each arm, over all workers.

    Args:
        keys: arm -> key.
    """
    pipeline = redis.pipeline(transaction=False)
    for key in keys.values():
        pipeline.hmget(key, FIELDS)
    rows: Iterable[object] = pipeline.execute(raise_on_error=False)
    return {arm: _totals(row) for arm, row in zip(keys, rows, strict=True)}


def _totals(row: object) -> ArmTotals:
    """The sums of one arm; nothing where what is stored there are not sums."""
    try:
        return ArmTotals(*(float(cell or 0) for cell in row)) if isinstance(row, list) else ArmTotals()
    except ValueError:
        return ArmTotals()


def _taken(waiting: deque[Waiting]) -> list[Waiting]:
    return [waiting.popleft() for _ in islice(range(len(waiting)), AT_ONCE)]
