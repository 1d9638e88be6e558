"""API keys: made here, shown once, kept in Redis as a digest with what they allow.

A key is 256 random bits, so that its SHA-256 can be neither guessed nor searched for; slow hashes are for passwords.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from redis import Redis

from trimtab.core.errors import TooMany
from trimtab.service.http.admission import Priority
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.redis.named_definitions import NamedDefinitions

Scope = Literal["search", "ingest", "admin"]

MARK = "trimtab_"
"""The beginning of every key, by which scanners of repositories find one that got there."""
WINDOW_SECONDS = 60


class Grant(BaseModel):
    """What a key allows."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"scopes": ["search", "ingest"], "per_minute": 6000}}
    )

    scopes: tuple[Scope, ...] = Field(
        min_length=1, max_length=3, description="`search`; `ingest` for events; `admin` for everything."
    )
    per_minute: int | None = Field(None, ge=1, description="Requests a minute, by all workers together.")
    priority: Priority = Field("shopper", description="Searches of `batch` callers wait behind shoppers'.")


class Key(Grant):
    """A key as it is kept."""

    digest: str = Field(pattern="^[0-9a-f]{64}$")


class Keys(NamedDefinitions[Key]):
    """The keys that are valid, by their digests."""

    def __init__(self, redis: RedisGateway) -> None:
        super().__init__(redis, "key", Key)
        self._by_digest: Mapping[str, tuple[str, Key]] = {}

    async def issue(self, name: str, grant: Grant) -> str:
        """A new key under this name; the one that had it is no longer valid. The key is returned and not kept.

        Raises:
            Unavailable: Redis is lost.
        """
        key = MARK + secrets.token_urlsafe(32)
        await self.put(name, Key(**grant.model_dump(), digest=digest_of(key)))
        return key

    def find(self, key: str) -> tuple[str, Key] | None:
        """Name and grant of a key that is valid."""
        return self._by_digest.get(digest_of(key))

    def count_request(self, name: str, key: Key) -> None:
        """Count a request of a key; while Redis is lost nobody is counted.

        Raises:
            TooMany: it was one too many in this minute.
        """
        if key.per_minute is None:
            return
        window, elapsed = divmod(time.time(), WINDOW_SECONDS)
        counter = f"trimtab:requests:{name}:{int(window)}"
        n_requests = self._redis.run(lambda redis: _counted(redis, counter))
        if isinstance(n_requests, int) and n_requests > key.per_minute:
            raise TooMany(
                f"this key may ask {key.per_minute} times a minute", retry_after_seconds=WINDOW_SECONDS - elapsed
            )

    def _read(self, by_name: Mapping[str, Key]) -> None:
        self._by_digest = {key.digest: (name, key) for name, key in by_name.items()}
        super()._read(by_name)


def _counted(redis: Redis, counter: str) -> int:
    """The counter after one more request; it is made with its time to live, so that none outlives its window."""
    pipeline = redis.pipeline(transaction=True)
    pipeline.set(counter, 0, ex=2 * WINDOW_SECONDS, nx=True)
    pipeline.incr(counter)
    return int(pipeline.execute()[-1])


def digest_of(key: str) -> str:
    """The SHA-256 of a key, 64 hex digits."""
    return hashlib.sha256(key.encode()).hexdigest()
