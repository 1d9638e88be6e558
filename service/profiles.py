"""Named profiles in Redis: default weights and constraints of a kind of traffic. `default` serves who names none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from redis import Redis

from core.errors import BadParameter, NotFound, Unavailable
from core.weights import normalise
from service.state import State

DEFAULT = "default"
KEY = "trimtab:profiles"

_log = structlog.get_logger()


class Profile(BaseModel):
    """What a search uses where its request says nothing."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"weights": {"relevance": 0.7, "revenue": 0.3}, "max_relevance_loss": 0.02}},
    )

    weights: Mapping[str, float] = Field(min_length=1)
    max_relevance_loss: float | None = Field(None, ge=0, le=1)


class Profiles:
    """The profiles as last read; a lost Redis leaves them as they were."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._by_name: Mapping[str, Profile] = {}
        self._stored: Mapping[bytes | str, bytes | str] = {}
        state.on_poll(self._refresh)

    def all(self) -> Mapping[str, Profile]:
        return self._by_name

    def get(self, name: str | None) -> Profile | None:
        """The profile of that name; `default`, if there is one, where no name is given.

        Raises:
            BadParameter: there is none of that name.
        """
        if name is None:
            return self._by_name.get(DEFAULT)
        if name not in self._by_name:
            raise BadParameter(
                "profile", f"there is no profile {name!r}", ", ".join(self._by_name) or "none is defined"
            )
        return self._by_name[name]

    async def put(self, name: str, profile: Profile, known_weights: Iterable[str]) -> None:
        """Keep a profile; every worker has it at its next poll.

        Raises:
            BadParameter: weights the bundle does not have, or that are no weights.
            Unavailable: Redis is lost.
        """
        normalise(profile.weights, known_weights)
        await self._change(lambda redis: redis.hset(KEY, name, profile.model_dump_json()))

    async def delete(self, name: str) -> None:
        """Forget a profile.

        Raises:
            NotFound: there is none of that name.
            Unavailable: Redis is lost.
        """
        if name not in self._by_name:
            raise NotFound(f"there is no profile {name!r}")
        await self._change(lambda redis: redis.hdel(KEY, name))

    async def _change(self, command: Callable[[Redis], object]) -> None:
        if await self._state.run_aside(command) is None:
            raise Unavailable("profiles cannot be changed while Redis does not answer")
        await self._state.run_aside(self._refresh)

    def _refresh(self, redis: Redis) -> None:
        stored = redis.hgetall(KEY)
        if stored == self._stored:
            return
        by_name = {}
        for key, text in sorted(stored.items()):
            name = key if isinstance(key, str) else key.decode()
            try:
                by_name[name] = Profile.model_validate_json(text)
            except ValidationError:
                _log.warning("profile cannot be read and is left out", profile=name)
        self._stored, self._by_name = stored, by_name
