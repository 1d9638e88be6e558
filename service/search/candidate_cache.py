"""Scored candidates by what they depend on, which `CandidateCache.key` names.

Never a chosen slate: weights, constraints and draws are settled on each request anew, because a cached draw would make
the logged propensities wrong.
In front a least-recently-used map of this process, behind it Redis, shared by all workers. An entry goes to Redis when
it is used a second time: the many words that are asked once would cost a write each and push out those that come back.
A stream in Redis lists what is stored there, and every worker follows it in the background, so that no search asks for
what is not there: asking cost a search a tenth of its time.
Arrays are stored as safetensors (no pickle); an entry that cannot be read, or cannot be of this catalogue, is a miss.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from typing import Any

import orjson
from redis import Redis
from redis.client import Pipeline
from safetensors import SafetensorError
from safetensors.numpy import load, save

from trimtab.core.records import Query, ScoredCandidates
from trimtab.service.observability.metrics import Metrics
from trimtab.service.redis.gateway import RedisGateway

KEY = b"trimtab:candidates:1:"
"""Prefix of the keys; the number is that of the format."""
STORED = b"trimtab:stored-candidates:1"
"""The stream of what was stored."""
EPOCH = "trimtab:candidates-epoch"
"""How often all entries were cleared."""
KNOWN = 50_000
"""How many of the latest stored entries a worker knows of."""
LEARNT_AT_ONCE = 1000
USUAL_BYTES = 150_000
"""The size of an entry as they usually are: of larger ones, for deep pages, there may be fewer."""


class CandidateCache:
    """Call `get`, and on a miss score and `put`."""

    def __init__(self, redis: RedisGateway, metrics: Metrics, *, entries: int, seconds: int) -> None:
        self._redis = redis
        self._count = cache(metrics.candidate_cache.labels)
        self._entries = entries
        self._seconds = seconds
        self._local: OrderedDict[bytes, ScoredCandidates] = OrderedDict()
        self._n_bytes = 0
        self._unshared: set[bytes] = set()
        self._stored: OrderedDict[bytes, None] = OrderedDict()
        self._last_read = b"0"
        self._epoch: object = None
        if seconds > 0:
            redis.on_poll(self._learn)

    def key(self, state: str, query: Query) -> bytes:
        """As `trimtab.engine.plan.search_plan.CandidateCache`."""
        parts = [
            state,
            query.text,
            str(query.related),
            query.wording.to_log(),
            [[one.field, one.values, one.negated] for one in query.filters],
            query.user_id,
            query.recent,
            sorted(query.constraints.pins.values()),
            query.moment,
            [query.group, sorted(query.constraints.exclusions)] if query.group else query.group,
        ]
        return KEY + hashlib.blake2b(orjson.dumps(parts), digest_size=16).digest()

    def get(self, key: bytes, fits: Callable[[ScoredCandidates], bool]) -> ScoredCandidates | None:
        """The entry, from this process or else from Redis if it fits."""
        if self._seconds == 0:
            return None
        scored = self._local.get(key)
        if scored is not None:
            self._local.move_to_end(key)
            self._share(key, scored)
            self._count("local").inc()
            return scored
        stored = self._redis.run(lambda redis: redis.get(key)) if key in self._stored else None
        scored = _decode(stored) if isinstance(stored, bytes) else None
        if scored is not None and not fits(scored):
            scored = None
        self._count("miss" if scored is None else "redis").inc()
        if scored is not None:
            self._keep(key, scored)
        return scored

    def put(self, key: bytes, scored: ScoredCandidates) -> None:
        """Keep an entry."""
        if self._seconds == 0:
            return
        self._keep(key, scored)
        self._unshared.add(key)

    def clear(self) -> None:
        """Forget all entries, here and in Redis now, in the other workers at their next poll."""
        stored = list(self._stored)
        self._forget()
        self._redis.run_patiently(lambda redis: [redis.delete(key) for key in stored])
        self._redis.run_patiently(lambda redis: redis.incr(EPOCH))

    def _forget(self) -> None:
        self._local.clear()
        self._n_bytes = 0
        self._unshared.clear()
        self._stored.clear()

    def _share(self, key: bytes, scored: ScoredCandidates) -> None:
        if key in self._unshared:
            self._unshared.discard(key)
            self._redis.write_later(lambda pipeline: self._store(pipeline, key, scored), n_bytes=_size(scored))

    def _store(self, pipeline: Pipeline, key: bytes, scored: ScoredCandidates) -> None:
        pipeline.set(key, _encode(scored), ex=self._seconds)
        pipeline.xadd(STORED, {b"key": key}, maxlen=KNOWN)
        pipeline.expire(STORED, self._seconds)

    def _learn(self, redis: Redis) -> None:
        """Follow what any worker stored, and that one cleared all."""
        epoch = redis.get(EPOCH)
        if epoch != self._epoch:
            self._epoch = epoch
            self._forget()
        while answer := redis.xread({STORED: self._last_read}, count=LEARNT_AT_ONCE):
            entries: Any = answer[0][1]  # type: ignore[index]  # as RESP2 has it
            self._stored.update((entry[b"key"], None) for _, entry in entries if b"key" in entry)
            self._last_read = entries[-1][0]
        while len(self._stored) > KNOWN:
            self._stored.popitem(last=False)

    def _keep(self, key: bytes, scored: ScoredCandidates) -> None:
        before = self._local.pop(key, None)
        self._n_bytes += _size(scored) - (0 if before is None else _size(before))
        self._local[key] = scored
        while len(self._local) > self._entries or self._n_bytes > self._entries * USUAL_BYTES:
            oldest, its = self._local.popitem(last=False)
            self._n_bytes -= _size(its)
            self._unshared.discard(oldest)


def _size(scored: ScoredCandidates) -> int:
    """Bytes of the arrays."""
    return sum(array.nbytes for array in (scored.rows, scored.features, scored.gains, scored.aspects))


def _encode(scored: ScoredCandidates) -> bytes:
    arrays: dict[str, Any] = {
        "rows": scored.rows,
        "features": scored.features,
        "gains": scored.gains,
        "aspects": scored.aspects,
    }
    return bytes(save(arrays))


def _decode(stored: bytes) -> ScoredCandidates | None:
    try:
        arrays = load(stored)
        return ScoredCandidates(arrays["rows"], arrays["features"], arrays["gains"], arrays["aspects"])
    except (SafetensorError, KeyError):
        return None
