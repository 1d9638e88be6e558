"""Takes events in: gives a purchase without a value its price, keeps all, and says which belong to nothing shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from pydantic import BaseModel, Field

from trimtab.core.errors import BadParameter, NotFound
from trimtab.core.records import Query
from trimtab.engine import Engine
from trimtab.engine.stages.shown_page import listed_variant
from trimtab.service.logs.event_log import Event, EventLog, Known
from trimtab.service.logs.shown_slates import ShownSlate, ShownSlates, Unmatched, unmatched


class Acknowledgement(BaseModel):
    """What became of the events: all of them are on the disk."""

    accepted: int = Field(description="New ones.")
    duplicates: int = Field(description="Those whose `event_id` had come by this key already.")
    unmatched: list[Unmatched] = Field(
        default=[],
        description="Those that belong to nothing that this service's log has; absent where there are none. They are "
        "kept: a replay that reads the log of another machine beside this one may find their slates there. For a "
        "browser's key, only what this worker has shown lately is looked at.",
    )


class EventIntake:
    """Keeps events as `EventLog` does, and explains them."""

    def __init__(self, events: EventLog, shown: ShownSlates, engine: Callable[[], Engine]) -> None:
        """
        Args:
            engine: the one that answers, whose catalogue has the prices.
        """
        self._events = events
        self._shown = shown
        self._engine = engine

    async def take(self, events: Sequence[Event], *, source: str | None, in_log: bool = True) -> Acknowledgement:
        """Keep events; once all of them are on the disk, says what became of them.

        Args:
            in_log: slates that this process does not remember are looked for in the log, which takes its time.

        Raises:
            Unavailable: the disk refuses them; sending them again is safe.
        """
        asked = {event.query_id for event in events}
        shown = await self._shown.of(asked) if in_log else self._shown.remembered(asked)
        engine = self._engine()
        listed = {event.item_id: listed_variant(event.item_id, engine.pipeline) for event in events}
        variants_of = {item_id: variant for item_id, variant in listed.items() if variant is not None}
        n_new = await self._events.add(
            [with_value(event, shown.get(event.query_id), engine) for event in events], Known(source, variants_of)
        )
        without = unmatched(events, shown, variants_of, datetime.now(UTC), has_all=in_log)
        return Acknowledgement(accepted=n_new, duplicates=len(events) - n_new, unmatched=list(without))


def with_value(event: Event, slate: ShownSlate | None, engine: Engine) -> Event:
    """The event; a purchase that does not say what was paid has the item's price times its quantity.

    Args:
        slate: where the item was shown, whose price list and store count; None where that is unknown.
    """
    if event.action_name != "purchase" or event.value is not None:
        return event
    price_list, store = (None, None) if slate is None else (slate.price_list, slate.store)
    moment = None if event.timestamp is None else event.timestamp.timestamp()
    try:
        there = engine.in_market(Query("", price_list=price_list, store=store, moment=moment)).store
        price: float | None = there.display(there.row_of(event.item_id))["price"]
    except (BadParameter, NotFound):  # no such item, price list or store any more
        return event
    return event if price is None else event.model_copy(update={"value": price * event.quantity})
