"""What was changed in definitions, by whom and from what, so that it can be read and undone.

The last `KEPT` changes are in Redis, for all machines together; the audit log of each machine has all of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trimtab.core.errors import Unavailable
from trimtab.service.redis.gateway import RedisGateway

KEY = "trimtab:changes"
KEPT = 500


class Change(BaseModel):
    """One change of one definition."""

    model_config = ConfigDict(frozen=True)

    kind: str = Field(description="profile, rule, synonym, experiment.")
    name: str
    author: str = Field(description="The name of a key, `@` and that of an account, or `admin key`.")
    at: datetime
    before: dict[str, Any] | None = Field(description="Null where there was none.")
    after: dict[str, Any] | None = Field(description="Null where there is none any more.")


class Changes:
    """The history of definitions."""

    def __init__(self, redis: RedisGateway) -> None:
        self._redis = redis

    async def record(
        self, kind: str, name: str, author: str, *, before: BaseModel | None, after: BaseModel | None
    ) -> None:
        """Write down a change that was made; nothing where it changed nothing. What Redis does not take is in the audit
        log alone."""
        if before == after:
            return
        change = Change(
            kind=kind, name=name, author=author, at=datetime.now(UTC), before=plain(before), after=plain(after)
        )
        await self._redis.run_aside(
            lambda redis: (
                redis.lpush(KEY, change.model_dump_json()),
                redis.ltrim(KEY, 0, KEPT - 1),
            )
        )

    async def last(self, *, kind: str | None, name: str | None, limit: int) -> list[Change]:
        """The last changes, the newest first.

        Raises:
            Unavailable: Redis is lost.
        """
        stored = await self._redis.run_aside(lambda redis: redis.lrange(KEY, 0, KEPT - 1))
        if not isinstance(stored, list):
            raise Unavailable("what was changed cannot be read while Redis does not answer")
        found = (change for text in stored if (change := _read(text)) is not None)
        wanted = (one for one in found if kind in (None, one.kind) and name in (None, one.name))
        return [one for one, _ in zip(wanted, range(limit), strict=False)]


def plain(definition: BaseModel | None) -> dict[str, Any] | None:
    """A definition as JSON values."""
    return None if definition is None else definition.model_dump(mode="json")


def _read(text: bytes | str) -> Change | None:
    try:
        return Change.model_validate(orjson.loads(text))
    except (ValueError, ValidationError):
        return None
