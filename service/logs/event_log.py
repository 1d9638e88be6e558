"""The log of events: validated, on the disk before they are acknowledged, and once however often they are sent.

An event is known by its `event_id`. Ids are remembered in this process (those on the disk are read at the start) and in
Redis for the other workers, marked only after the event is on the disk: a crash in between may write an event twice,
never lose one. `trimtab.engine.log.interactions` reads what is written and keeps the first row of an `event_id`;
`service.logs.event_compactor` turns it into Parquet. The stream in Redis is a feed for programs that follow along; what
it misses while Redis is lost is on the disk.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Literal

import orjson
from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from redis import Redis
from redis.client import Pipeline

from trimtab.core.errors import Unavailable
from trimtab.core.records import Interaction
from trimtab.engine.log.interactions import INTERACTIONS, SPOOL, newest_event_ids
from trimtab.service.logs.journal import Journal, Observe
from trimtab.service.moments import Moment
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.settings import Settings

STREAM = "trimtab:events"
STREAM_LENGTH = 100_000
SEEN_KEY = "trimtab:event:"
SEEN_SECONDS = 24 * 3600
MAX_REMEMBERED = 200_000
MAX_BATCH = 1000
LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z

Identifier = Annotated[str, Field(min_length=1, max_length=128)]


class Event(BaseModel):
    """One interaction. Names follow the User Behavior Insights schema; its `query_id` is our `decision_id`."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "example": {
                "event_id": "6f1c9a52-1",
                "action_name": "purchase",
                "query_id": "0123456789abcdef-0123456789abcdef",
                "item_id": "1029743",
                "position": 0,
                "quantity": 2,
                "value": 7.98,
                "timestamp": "2025-03-01T12:00:00Z",
            }
        },
    )

    event_id: Identifier = Field(description="A name you choose; sending it again counts once.")
    action_name: Literal["click", "cart", "purchase"]
    query_id: Identifier = Field(
        validation_alias=AliasChoices("query_id", "decision_id"),
        description="The `decision_id` of the search answered.",
    )
    item_id: Identifier
    user_id: Identifier | None = Field(None, description="Who; the next searches of this `user_id` know of the event.")
    position: int | None = Field(None, ge=0, le=10_000, description="Position in the slate, the first is 0.")
    quantity: float = Field(1.0, gt=0, le=1e6)
    value: float = Field(0.0, ge=0, le=1e9, description="What was paid, in the catalogue's currency.")
    timestamp: Moment | None = Field(None, description="When, with its offset from UTC; left out, now.")

    def interaction(self, received: datetime) -> Interaction:
        return Interaction(
            event_id=self.event_id,
            decision_id=self.query_id,
            timestamp=(self.timestamp or received).astimezone(UTC),
            action=self.action_name,
            item_id=self.item_id,
            user_id=self.user_id,
            position=self.position,
            quantity=self.quantity,
            value=self.value,
        )


class EventLog:
    """Keeps new events, and acknowledges them once they are on the disk."""

    def __init__(
        self,
        settings: Settings,
        redis: RedisGateway,
        observe: Observe,
        *,
        followers: Sequence[Callable[[Sequence[Interaction]], None]] = (),
    ) -> None:
        """
        Args:
            followers: called with the events that are new, once they are on the disk.
        """
        self._redis = redis
        self._followers = followers
        self._data_folder = settings.data_folder
        self._journal = Journal(
            settings.data_folder / SPOOL / INTERACTIONS,
            settings,
            observe=observe,
        )
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._in_flight: dict[str, asyncio.Future[None]] = {}

    def start(self) -> None:
        for event_id in newest_event_ids(self._data_folder, MAX_REMEMBERED):
            self._remember(event_id)
        self._journal.start()

    def close(self) -> None:
        self._journal.close()

    async def add(self, events: Sequence[Event]) -> int:
        """Keep the events that are new; returns how many, once all of them are on the disk.

        Raises:
            Unavailable: the disk refuses them; sending them again is safe.
        """
        pending = {self._in_flight[event.event_id] for event in events if event.event_id in self._in_flight}
        distinct = {event.event_id: event for event in events if not self._is_known(event.event_id)}
        elsewhere = await self._seen_elsewhere(list(distinct))
        # Asked again after the wait: the same event may have come in twice at once.
        new = [event for name, event in distinct.items() if name not in elsewhere and not self._is_known(name)]
        received = datetime.now(UTC)
        interactions = [event.interaction(received) for event in new]
        rows = [asdict(one) for one in interactions]
        write = asyncio.wrap_future(self._journal.append([orjson.dumps(row, option=LINE) for row in rows]))
        self._in_flight.update({event.event_id: write for event in new})
        try:
            await asyncio.shield(asyncio.gather(write, *pending))
        except OSError:
            raise Unavailable(
                "events cannot be written to the disk now; send them again", retry_after_seconds=5
            ) from None
        finally:
            for event in new:
                del self._in_flight[event.event_id]
        for event in new:
            self._remember(event.event_id)
        if rows:
            self._redis.write_later(lambda pipeline: _publish(pipeline, rows))
        for follow in self._followers:
            follow(interactions)
        return len(new)

    def _is_known(self, event_id: str) -> bool:
        return event_id in self._seen or event_id in self._in_flight

    async def _seen_elsewhere(self, event_ids: Sequence[str]) -> set[str]:
        if not event_ids:
            return set()
        marks = await self._redis.run_aside(lambda redis: _marks(redis, event_ids))
        return {event_id for event_id, mark in zip(event_ids, marks or (), strict=False) if mark is not None}

    def _remember(self, event_id: str) -> None:
        self._seen[event_id] = None
        if len(self._seen) > MAX_REMEMBERED:
            self._seen.popitem(last=False)


def _publish(pipeline: Pipeline, rows: Sequence[dict[str, object]]) -> None:
    for row in rows:
        pipeline.set(f"{SEEN_KEY}{row['event_id']}", b"1", ex=SEEN_SECONDS)
        pipeline.xadd(STREAM, {b"event": orjson.dumps(row, option=orjson.OPT_UTC_Z)}, maxlen=STREAM_LENGTH)


def _marks(redis: Redis, event_ids: Sequence[str]) -> list[object]:
    """The mark of each id, read one by one: in a Cluster they are on several servers."""
    pipeline = redis.pipeline(transaction=False)
    for event_id in event_ids:
        pipeline.get(SEEN_KEY + event_id)
    return pipeline.execute()
