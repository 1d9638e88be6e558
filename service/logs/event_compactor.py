"""The compactor of events: finished segments become Parquet parts, apart from events of slates that are unknown here.

A thread of its own: reading back a day of impressions may take a second, and acknowledgements wait for nobody. An event
is matched with the impressions of this folder; one of another machine's shopper is unmatched here, and found again by
whoever reads the folders together (`trimtab.engine.log.interactions`).
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path

import polars as pl
import structlog

from trimtab.engine.log.impressions import shown_lately, write_parquet
from trimtab.engine.log.interactions import (
    INTERACTIONS,
    MATCHED,
    SCHEMA,
    SPOOL,
    UNMATCHED,
    read_spooled,
    split,
)
from trimtab.service.logs.erased_users import Filter, without_erased
from trimtab.service.logs.journal import dated, segments
from trimtab.service.repeating import Repeating

_log = structlog.get_logger()

Observe = Callable[[str, int], None]


class EventCompactor:
    """The thread of one process that does it; a lock on each segment keeps the processes apart."""

    def __init__(
        self,
        data_folder: Path,
        observe: Observe,
        *,
        every_seconds: float,
        follow: Callable[[pl.DataFrame], None] = lambda _: None,
    ) -> None:
        """
        Args:
            observe: is given the number of events that were `matched`, `late` and `unknown`.
            follow: called with the matched events, once they are in their part.
        """
        self._follow = follow
        self._data_folder = data_folder
        self._spool = data_folder / SPOOL / INTERACTIONS
        self._observe = observe
        self._thread = Repeating("compactor", self.compact, every_seconds=every_seconds, at_once=False, at_end=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Compact what is finished by now."""
        self._thread.stop()

    def compact(self) -> None:
        """Compact the segments that nobody writes to; one that cannot be read or written stays for the next time."""
        for segment in segments(self._spool):
            try:
                with segment.open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if segment.exists():
                        with without_erased(self._data_folder, segment) as kept:
                            self._compact(segment, kept)
            except (BlockingIOError, FileNotFoundError):
                continue
            except Exception as error:  # noqa: BLE001  # the segments that follow are compacted
                _log.error("events cannot be compacted", segment=segment.name, problem=type(error).__name__)

    def _compact(self, segment: Path, kept: Filter) -> None:
        events = kept(read_spooled(segment))
        events = split(events, shown_lately(self._data_folder, events["decision_id"], unreadable=_say_unreadable))
        matched = events.filter(pl.col("reason").is_null())
        apart = events.filter(pl.col("reason").is_not_null())
        if len(matched):
            write_parquet(matched.select(list(SCHEMA)), dated(self._data_folder / INTERACTIONS, segment))
        if len(apart):
            write_parquet(apart, dated(self._data_folder / UNMATCHED, segment))
        segment.unlink()
        self._observe(MATCHED, len(matched))
        self._follow(matched)
        for reason, n in apart["reason"].value_counts().iter_rows():
            self._observe(reason, n)


def _say_unreadable(part: Path) -> None:
    _log.error("impressions cannot be read", part=part.name)
