"""API keys: made here, shown once, kept in Redis and in a copy on the disk as a digest with what they allow.

A key is 256 random bits, so that its SHA-256 can be neither guessed nor searched for; slow hashes are for passwords.
A key is revoked in every case, also while Redis is lost or takes no writes; to issue one it must take it.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from redis import Redis

from trimtab.core.errors import NotFound, Unavailable
from trimtab.service.http.admission import Priority
from trimtab.service.http.rates import Rates
from trimtab.service.http.revoked_keys import RevokedKeys
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.redis.named_definitions import NamedDefinitions

Scope = Literal["search", "ingest", "metrics", "analytics", "read", "merchandise", "admin"]

MARK = "trimtab_"
"""The beginning of every key, by which scanners of repositories find one that got there."""


class Grant(BaseModel):
    """What a key allows."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"scopes": ["search", "ingest"], "per_minute": 6000}}
    )

    scopes: tuple[Scope, ...] = Field(
        min_length=1,
        max_length=7,
        description="`search`; `ingest` for events and items, in batches that may cost a hundred searches; `metrics`; "
        "`analytics`; `read` for profiles, rules, synonyms, experiments and reports; `merchandise` to change rules and "
        "synonyms and to judge; `admin` for everything.",
    )
    per_minute: int | None = Field(None, ge=1, description="Requests a minute, by all workers together.")
    priority: Priority = Field("shopper", description="Searches of `batch` callers wait behind shoppers'.")
    browser: bool = Field(
        False,
        description="It is in the source of a page: it names users by `user_token` alone, has no other scopes than "
        "`search` and `ingest`, changes no items and sends up to 50 events a request.",
    )

    @model_validator(mode="after")
    def _is_harmless_in_a_page(self) -> Self:
        if self.browser and not set(self.scopes) <= {"search", "ingest"}:
            raise PydanticCustomError(
                "browser", "the scopes search and ingest", {"problem": "a browser's key cannot have these scopes"}
            )
        return self


class Key(Grant):
    """A key as it is kept."""

    digest: str = Field(pattern="^[0-9a-f]{64}$")


class Keys(NamedDefinitions[Key]):
    """The keys that are valid, by their digests."""

    def __init__(self, redis: RedisGateway, data_folder: Path | None = None, *, workers: int = 1) -> None:
        """
        Args:
            workers: how many share the limits where Redis does not count.
        """
        self._rates = Rates(redis, workers=workers)
        self._by_digest: Mapping[str, tuple[str, Key]] = {}
        self._by_name: Mapping[str, Key] = {}
        self._revoked = RevokedKeys(redis, data_folder, self._leave_out_revoked)
        super().__init__(redis, "key", Key, data_folder)
        redis.on_poll(self._forget_revoked)

    async def issue(self, name: str, grant: Grant) -> str:
        """A new key under this name; the one that had it is no longer valid. The key is returned and not kept.

        Raises:
            Unavailable: Redis is lost or does not take it.
        """
        before = await self._known(name)
        key = MARK + secrets.token_urlsafe(32)
        await self.put(name, Key(**grant.model_dump(), digest=digest_of(key)))
        if before is not None:
            await asyncio.to_thread(self._revoked.add, [before.digest])
        return key

    async def delete(self, name: str) -> None:
        """Revoke a key, here at once and in every other worker at its next poll.

        Raises:
            NotFound: there is none of that name.
            Unavailable: neither the disk nor Redis takes it; it is revoked in this process alone.
        """
        key = await self._known(name)
        if key is None:
            raise NotFound.unknown("key", name, self.all())
        is_written = await asyncio.to_thread(self._revoked.add, [key.digest])
        is_forgotten = await self._redis.run_aside(lambda redis: redis.hdel(self._key, name)) is not None
        if not is_written and not is_forgotten:
            raise Unavailable(f"key {name!r} is revoked until this worker ends: neither disk nor Redis takes it")
        await self._redis.announce()
        await self._redis.run_aside(self._refresh)

    def find(self, key: str) -> tuple[str, Key] | None:
        """Name and grant of a key that is valid."""
        digest = digest_of(key)
        return None if digest in self._revoked else self._by_digest.get(digest)

    def count_request(self, name: str, grant: Grant) -> None:
        """Count a request of a key that has a limit.

        Raises:
            TooMany: it was one too many in this minute.
        """
        if grant.per_minute is not None:
            self._rates.count(name, grant.per_minute, what="this key may ask")

    def _read(self, by_name: Mapping[str, Key]) -> None:
        valid = {name: key for name, key in by_name.items() if key.digest not in self._revoked}
        self._by_digest = {key.digest: (name, key) for name, key in valid.items()}
        super()._read(valid)

    def _leave_out_revoked(self) -> None:
        self._read(self._by_name)

    async def _known(self, name: str) -> Key | None:
        """The valid key of that name, as Redis has it, or as it was last read."""
        stored = await self._redis.run_aside(lambda redis: redis.hget(self._key, name) or b"")
        key = self._by_name.get(name) if stored is None else _parsed(stored)
        return None if key is None or key.digest in self._revoked else key

    def _forget_revoked(self, redis: Redis) -> None:
        """Take out of Redis what was revoked while it did not answer, or came back from an earlier copy."""
        for name in self._stored.keys() - self._by_name.keys():
            key = _parsed(redis.hget(self._key, name))
            if key is not None and key.digest in self._revoked:
                redis.hdel(self._key, name)


def _parsed(stored: object) -> Key | None:
    """A stored key; None where there is none, or it cannot be read."""
    try:
        return Key.model_validate_json(stored) if isinstance(stored, bytes) and stored else None
    except ValidationError:
        return None


def digest_of(key: str) -> str:
    """The SHA-256 of a key, 64 hex digits."""
    return hashlib.sha256(key.encode()).hexdigest()
