"""What was shown, by decision, so that the answer to an event says whether it belongs to something that was.

The newest decisions of this process are in memory. Others are looked for in the log of this folder: all that are asked
for meanwhile in one go, in a process of its own, which rests for longer than it works. What another machine has shown
is unknown here; its events are kept all the same (`trimtab.engine.log.interactions`).
"""

from __future__ import annotations

import asyncio
import time
from array import array
from asyncio import Future, Task
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Literal, Self

import structlog
from pydantic import BaseModel, Field

from trimtab.core.errors import TrimtabError
from trimtab.core.log import Impression
from trimtab.core.work.processes import IDLE_SECONDS, KeptWorker
from trimtab.engine.log.interactions import IN_TIME
from trimtab.service.logs.event_log import Event
from trimtab.service.logs.slates_of_log import LoggedSlate, slates_of_log
from trimtab.service.search.records import SearchCompleted

MAX_REMEMBERED = 20_000
MAX_ITEMS = 2_000_000
"""Items of all the slates that are remembered, 8 bytes each: 100 a slate, where some have thousands with variants."""
PAUSE_RATIO = 4.0
"""How many times as long as a look at the files took the next one waits."""

_log = structlog.get_logger()


class Unmatched(BaseModel):
    """An event that belongs to nothing that was shown."""

    event_id: str
    reason: Literal["query_id", "item_id", "timestamp"] = Field(
        description="`query_id`: no slate of it is in this service's log of the last day; `item_id`: the item was not "
        "in that slate; `timestamp`: it was done more than a day after the slate was shown."
    )


@dataclass(frozen=True, slots=True)
class ShownSlate:
    """A slate as far as an event asks for it.

    Attributes:
        items: hashes of the ids that were shown, variants that an item stood for among them; 8 bytes each.
        price_list, store: by which prices.
    """

    items: array[int]
    shown_at: datetime
    price_list: str | None
    store: str | None

    def __contains__(self, item_id: str) -> bool:
        return hash(item_id) in self.items

    @classmethod
    def of(cls, item_ids: Iterable[str], shown: Impression | LoggedSlate, shown_at: datetime) -> Self:
        """What was shown then, by the prices that are logged."""
        return cls(array("q", map(hash, item_ids)), shown_at, shown.price_list, shown.store)

    def counts_at(self, moment: datetime) -> bool:
        """Whether what is done then is an outcome of the slate; before it was shown nothing is, but for a clock."""
        return moment - self.shown_at <= IN_TIME


class ShownSlates:
    """Subscribe `on_search`; `of` says what was shown."""

    def __init__(self, data_folder: Path, *, max_remembered: int = MAX_REMEMBERED) -> None:
        self._max_remembered = max_remembered
        self._known: OrderedDict[str, ShownSlate] = OrderedDict()
        self._n_items = 0
        self._asked: dict[str, Future[ShownSlate | None]] = {}
        self._looking: Task[None] | None = None
        self._log = KeptWorker(slates_of_log, data_folder)

    def stop(self) -> None:
        """End the process that reads the log."""
        self._log.stop()

    def on_search(self, completed: SearchCompleted) -> None:
        """Remember a slate that is being shown."""
        impression = completed.impression
        variants = () if completed.slate.variants is None else completed.slate.variants
        item_ids = chain(impression.item_ids, chain.from_iterable(variants))
        self._remember(impression.decision_id, ShownSlate.of(item_ids, impression, impression.timestamp))

    async def of(self, decision_ids: Collection[str]) -> dict[str, ShownSlate]:
        """Those of these decisions that are known here."""
        missing = {one for one in decision_ids if one not in self._known}
        for one in missing - self._asked.keys():
            self._asked[one] = asyncio.get_running_loop().create_future()
        waited = {one: self._asked[one] for one in missing}
        if waited and (self._looking is None or self._looking.done()):
            self._looking = asyncio.create_task(self._look())
        found = {one: await asyncio.shield(future) for one, future in waited.items()}
        found |= {one: self._known.get(one) for one in decision_ids if one not in missing}
        return {one: slate for one, slate in found.items() if slate is not None}

    def remembered(self, decision_ids: Collection[str]) -> dict[str, ShownSlate]:
        """Those of these decisions that are in this process's memory; costs next to nothing."""
        return {one: self._known[one] for one in decision_ids if one in self._known}

    def _remember(self, decision_id: str, slate: ShownSlate) -> None:
        if decision_id in self._known:
            return
        self._known[decision_id] = slate
        self._n_items += len(slate.items)
        while len(self._known) > self._max_remembered or self._n_items > MAX_ITEMS:
            self._n_items -= len(self._known.popitem(last=False)[1].items)

    async def _look(self) -> None:
        while self._asked:
            asked, self._asked = self._asked, {}
            start = time.monotonic()
            found = await asyncio.to_thread(self._in_log, list(asked))
            for decision_id, future in asked.items():
                slate = found.get(decision_id)
                if slate is not None:
                    self._remember(decision_id, slate)
                future.set_result(slate)
            await asyncio.sleep(PAUSE_RATIO * (time.monotonic() - start))
        asyncio.get_running_loop().call_later(IDLE_SECONDS + 1, self._rest)

    def _rest(self) -> None:
        """End the process that reads the log, where nobody has asked for a while."""
        if self._looking is None or self._looking.done():
            self._log.rest()

    def _in_log(self, decision_ids: Sequence[str]) -> dict[str, ShownSlate]:
        try:
            found: list[LoggedSlate] = self._log.computed(decision_ids)
        except (TrimtabError, OSError) as error:  # whatever is wrong with the log, events are taken
            _log.error("slates cannot be looked up for events", problem=str(error))
            return {}
        return {one.decision_id: ShownSlate.of(one.item_ids, one, one.shown_at) for one in found}


def unmatched(
    events: Iterable[Event],
    shown: Mapping[str, ShownSlate],
    variants_of: Mapping[str, str],
    received: datetime,
    *,
    has_all: bool,
) -> Iterator[Unmatched]:
    """Those events that belong to nothing that was shown, and why.

    Args:
        variants_of: see `trimtab.service.logs.event_log.Known`.
        has_all: a slate that is not among those `shown` is in no log.
    """
    for event in events:
        slate = shown.get(event.query_id)
        if slate is None:
            if has_all:
                yield Unmatched(event_id=event.event_id, reason="query_id")
        elif event.item_id not in slate and variants_of.get(event.item_id, event.item_id) not in slate:
            yield Unmatched(event_id=event.event_id, reason="item_id")
        elif not slate.counts_at(event.happened(received)):
            yield Unmatched(event_id=event.event_id, reason="timestamp")
