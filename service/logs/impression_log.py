"""The impression log of the service: JSON lines while a segment spools, Parquet parts when it is sealed.

    <data folder>/spool/impressions/*.jsonl     being written, or left by a process that was killed
    <data folder>/impressions/date=*/*.parquet  finished parts

`trimtab replay <data folder>` reads both, and joins the events beside them.

A full disk or a folder that cannot be written to never fails a search: see `Journal`.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import polars as pl
import structlog

from trimtab.core.log import Impression, impression_row
from trimtab.engine.log.impressions import FOLDER, write_part
from trimtab.engine.log.interactions import SPOOL
from trimtab.engine.log.rows import SCHEMA, frame_of_lines, json_line, whole_lines
from trimtab.service.logs.erased_users import without_erased
from trimtab.service.logs.journal import MAX_WAITING_LINES, Journal, Observe, dated
from trimtab.service.search.records import SearchCompleted
from trimtab.service.settings import Settings

LINES_AT_ONCE = 2_000
"""Lines that are text in memory at one time while a segment is sealed."""

_log = structlog.get_logger()


class ImpressionLog(Journal):
    """A journal of impressions."""

    def __init__(self, settings: Settings, observe: Observe, *, max_waiting: int = MAX_WAITING_LINES) -> None:
        self._spool = settings.data_folder / SPOOL / FOLDER
        self._parts = settings.data_folder / FOLDER
        super().__init__(
            self._spool,
            settings,
            seal=partial(to_parquet, folder=self._parts),
            observe=observe,
            max_waiting=max_waiting,
        )

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that may have an impression, the newest first."""
        return self._spool, self._parts

    def on_search(self, completed: SearchCompleted) -> None:
        """Log the impression of a search that is being answered."""
        self.record(completed.impression)

    def record(self, impression: Impression) -> bytes:
        """Log an impression soon; never fails. Returns its line."""
        line = json_line(impression_row(impression))
        self.put(line)
        return line


def to_parquet(segment: Path, folder: Path) -> None:
    """Turn a spooled segment into a part of the same name, then delete it; doing it twice does no harm."""
    size, frames = 0, []
    for lines in whole_lines(segment, LINES_AT_ONCE):
        frames.append(frame_of_lines(lines, SCHEMA))
        size += len(lines)
    if size < segment.stat().st_size:
        _log.warning("a half-written line is dropped", segment=segment.name)
    with without_erased(folder.parent, segment) as kept:
        if frames:
            write_part(kept(pl.concat(frames)), dated(folder, segment))
        segment.unlink()
