"""Named definitions in Redis, of one model each: profiles, merchandising rules, experiments.

Every worker reads them at each poll of the gateway, so that a change is everywhere within a second. A copy is on the
disk: see `PersistentHash`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Generic, TypeVar

import structlog
from pydantic import BaseModel, Field, ValidationError
from redis import Redis

from trimtab.core.errors import NotFound, Unavailable
from trimtab.service.redis.gateway import RedisGateway, Value
from trimtab.service.redis.persistent_hash import PersistentHash, require_room

Definition = TypeVar("Definition", bound=BaseModel)
Note = Annotated[
    str | None,
    Field(max_length=500, description="Why it is as it is, for those who read it later; it changes nothing."),
]

_log = structlog.get_logger()


class NamedDefinitions(Generic[Definition]):
    """The definitions of one kind, as last read; a lost Redis leaves them as they were."""

    def __init__(
        self, redis: RedisGateway, kind: str, model: type[Definition], data_folder: Path | None = None
    ) -> None:
        """
        Args:
            kind: the word for one of them; they are the fields of the hash `trimtab:<kind>s`.
            data_folder: where their copy is; None keeps none.
        """
        self.kind = kind
        self.model = model
        self._redis = redis
        self._key = f"trimtab:{kind}s"
        self._hash = PersistentHash(self._key, data_folder)
        self._by_name: Mapping[str, Definition] = {}
        self._stored: Mapping[str, str] = {}
        self._refreshing = threading.Lock()
        self._take(self._hash.fields)
        redis.on_poll(self._refresh)

    def all(self) -> Mapping[str, Definition]:
        """The definitions by name, in the order of the names."""
        return self._by_name

    async def put(self, name: str, definition: Definition) -> None:
        """Keep a definition; every worker has it at its next poll.

        Raises:
            Conflict: there are too many.
            Unavailable: Redis is lost.
        """
        text = definition.model_dump_json()
        require_room(self._stored, name, text, what=f"all {self.kind}s")
        await self._change(lambda redis: redis.hset(self._key, name, text))

    async def delete(self, name: str) -> None:
        """Forget a definition.

        Raises:
            NotFound: there is none of that name.
            Unavailable: Redis is lost.
        """
        if not await self._change(lambda redis: redis.hdel(self._key, name)):
            raise NotFound.unknown(self.kind, name, self.all())

    def _read(self, by_name: Mapping[str, Definition]) -> None:
        """Take what was read; a kind that looks its definitions up by another key extends this."""
        self._by_name = by_name

    async def _change(self, command: Callable[[Redis], Value]) -> Value:
        answer = await self._redis.run_aside(command)
        if answer is None:
            raise Unavailable(f"{self.kind}s cannot be changed while Redis does not answer")
        await self._redis.announce()
        await self._redis.run_aside(self._refresh)
        return answer

    def _refresh(self, redis: Redis) -> None:
        # One at a time from the question to what it leaves: a poll that asked before a change must not undo it here.
        with self._refreshing:
            self._follow(redis)

    def _follow(self, redis: Redis) -> None:
        self._take(self._hash.read(redis))

    def _take(self, stored: Mapping[str, str]) -> None:
        if stored == self._stored:
            return
        by_name = {}
        for name, text in sorted(stored.items()):
            try:
                by_name[name] = self.model.model_validate_json(text)
            except ValidationError:
                _log.warning("definition cannot be read and is left out", kind=self.kind, name=name)
        self._read(by_name)
        self._stored = stored
