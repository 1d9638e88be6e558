"""The log of events: validated, on the disk before they are acknowledged, and once however often they are sent.

An event is known by its `event_id` and the key that sent it. Those that are known are remembered in this process (what
is on the disk is read at the start), and in Redis for the other workers: see `service.logs.event_marks`. An event is
acknowledged when it is on a disk, this worker's or that of the one that wrote it. What a crash leaves without a mark
may be written twice and is never lost: `trimtab.engine.log.interactions` keeps the first row of an event.
`service.logs.event_compactor` makes Parquet of what is written. The stream in Redis is a feed for programs that follow
along, bounded by bytes; what it misses while Redis is lost is on the disk.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple

import orjson
from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from redis.client import Pipeline

from trimtab.catalog.schema import MAX_ID_BYTES
from trimtab.core.courtesy import politely
from trimtab.core.errors import Unavailable
from trimtab.core.records import Interaction
from trimtab.engine.log.interactions import INTERACTIONS, SPOOL, newest_events
from trimtab.service.identifiers import Identifier, Identity, UserToken
from trimtab.service.logs.event_marks import CLAIM_SECONDS, EventMarks
from trimtab.service.logs.journal import Journal, Observe
from trimtab.service.logs.recent_names import RecentNames
from trimtab.service.moments import Moment
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.redis.scripts import evaluate
from trimtab.service.settings import Settings

STREAM = "trimtab:events"
STREAM_LENGTH = 100_000
STREAM_BYTES = 16_000_000
"""The entries kept are as many as would fit if all had the size of the one that is added."""
PUBLISH = """
for place = 3, #ARGV do
  local length = math.max(1, math.min(tonumber(ARGV[1]), math.floor(ARGV[2] / #ARGV[place])))
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', length, '*', 'event', ARGV[place])
end
"""
LOOK_SECONDS = 0.02
"""Between two looks whether another worker has written an event."""
MAX_REMEMBERED = 200_000
"""Events on the disk that are known again after a start."""
MAX_BATCH = 1000
LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z


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
    item_id: Annotated[str, Field(min_length=1, max_length=MAX_ID_BYTES)]
    user_id: Identity = Field(
        None, description="Who; the next searches of this `user_id` know of the event. Blank is nobody."
    )
    user_token: UserToken = Field(
        None, description="Who, signed by the shop's server: what a browser sends in place of `user_id`."
    )
    position: int | None = Field(None, ge=0, le=10_000, description="Position in the slate, the first is 0.")
    quantity: float = Field(1.0, gt=0, le=1e6)
    value: float | None = Field(
        None,
        ge=0,
        le=1e9,
        description="What was paid, in the catalogue's currency. Of a purchase that leaves it out, the item's price "
        "times `quantity`.",
    )
    timestamp: Moment | None = Field(
        None, description="When, with its offset from UTC; left out or in the future, now."
    )

    def is_ahead(self, received: datetime) -> bool:
        """Whether its clock is ahead: it is stamped later than it was received."""
        return self.timestamp is not None and self.timestamp > received

    def happened(self, received: datetime) -> datetime:
        """When it was done, which is not after it was received."""
        return min((self.timestamp or received).astimezone(UTC), received)

    def interaction(self, received: datetime, known: Known) -> Interaction:
        return Interaction(
            event_id=self.event_id,
            decision_id=self.query_id,
            timestamp=self.happened(received),
            action=self.action_name,
            item_id=self.item_id,
            user_id=self.user_id,
            position=self.position,
            quantity=self.quantity,
            value=self.value or 0.0,
            source=known.source,
            variant_of=known.variants_of.get(self.item_id),
        )


class Known(NamedTuple):
    """What is known of events beside what they say.

    Attributes:
        source: who sent them; the same ids from somebody else are other events.
        variants_of: by item, the variant that a page knows it by where it does not list it.
    """

    source: str | None = None
    variants_of: Mapping[str, str] = MappingProxyType({})


NOTHING_KNOWN = Known()


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
        self._marks = EventMarks(redis)
        self._followers = followers
        self._data_folder = settings.data_folder
        self._journal = Journal(
            settings.data_folder / SPOOL / INTERACTIONS,
            settings,
            observe=observe,
        )
        self._seen = RecentNames()
        self._in_flight: dict[bytes, asyncio.Future[int]] = {}

    def start(self) -> None:
        self._remember(
            name_of(source, event_id) for source, event_id in newest_events(self._data_folder, MAX_REMEMBERED)
        )
        self._journal.start()

    def close(self) -> None:
        self._journal.close()

    async def add(self, events: Sequence[Event], known: Known = NOTHING_KNOWN) -> int:
        """Keep the events that are new; returns how many, once all of them are on the disk.

        Raises:
            Unavailable: the disk refuses them; sending them again is safe.
        """
        distinct = {name_of(known.source, event.event_id): event for event in events}
        pending = {self._in_flight[name] for name in distinct if name in self._in_flight}
        new = {name: event for name, event in distinct.items() if not self._is_known(name)}
        # A task of its own: what has begun ends, even where the sender hangs up.
        keeping = asyncio.ensure_future(self._keep(new, known))
        self._in_flight.update(dict.fromkeys(new, keeping))
        keeping.add_done_callback(lambda ended: self._forget_in_flight(new, ended))
        n_new = await asyncio.shield(keeping)
        await asyncio.shield(asyncio.gather(*pending))
        return n_new

    async def _keep(self, new: Mapping[bytes, Event], known: Known) -> int:
        """Write what no worker has written; returns how many those are, when others have written the rest."""
        n_new, deadline = 0, time.monotonic() + 3 * CLAIM_SECONDS
        while new:
            claims = await self._marks.claim(new.keys())
            ours = {name: event for name, event in new.items() if name in claims.ours}
            if ours:
                await self._write(ours, known)
                n_new += len(ours)
            self._remember(claims.written)
            # Another worker is about to write these, or was killed: then they are ours when its claim has ended.
            new = {name: event for name, event in new.items() if name not in claims.ours | claims.written}
            if new and time.monotonic() > deadline:
                raise Unavailable("another worker is writing these events; send them again")
            if new:
                await asyncio.sleep(LOOK_SECONDS)
        return n_new

    async def _write(self, events: Mapping[bytes, Event], known: Known) -> None:
        # Not on the loop's thread: a thousand events would hold searches up for as long as three of them take.
        interactions, lines = await asyncio.to_thread(_encoded, [*events.values()], datetime.now(UTC), known)
        try:
            await asyncio.wrap_future(self._journal.append(lines))
        except OSError:
            await self._marks.release(events)
            raise Unavailable(
                "events cannot be written to the disk now; send them again", retry_after_seconds=5
            ) from None
        self._remember(events)
        await self._marks.confirm(events)
        self._redis.write_later(lambda pipeline: _publish(pipeline, lines), n_bytes=sum(map(len, lines)))
        for follow in self._followers:
            follow(interactions)

    def _is_known(self, name: bytes) -> bool:
        return name in self._in_flight or bytes.fromhex(name.decode()) in self._seen

    def _forget_in_flight(self, names: Iterable[bytes], ended: asyncio.Future[int]) -> None:
        for name in names:
            del self._in_flight[name]
        ended.exception()  # who waits has it; where all have hung up nobody is left to notify

    def _remember(self, names: Iterable[bytes]) -> None:
        for name in names:
            self._seen.add(bytes.fromhex(name.decode()))


def name_of(source: str | None, event_id: str) -> bytes:
    """A name for an event that is as short for every id, of 32 hex digits."""
    return hashlib.blake2b(orjson.dumps([source, event_id]), digest_size=16).hexdigest().encode()


def _encoded(events: Sequence[Event], received: datetime, known: Known) -> tuple[list[Interaction], list[bytes]]:
    """The rows of events, and their lines in the log."""
    interactions = [event.interaction(received, known) for event in politely(events)]
    return interactions, [orjson.dumps(one, option=LINE) for one in politely(interactions)]


def _publish(pipeline: Pipeline, lines: Sequence[bytes]) -> None:
    evaluate(pipeline, PUBLISH, [STREAM], STREAM_LENGTH, STREAM_BYTES, *(line.rstrip() for line in lines))
