"""Impression logs as files: Parquet in parts, and JSON lines while a part is spooling."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trimtab.catalog.files import UNREADABLE
from trimtab.core.atomic import new_file
from trimtab.core.counted import counted
from trimtab.core.errors import BadLog, NotFound
from trimtab.core.log import CHANNELS
from trimtab.engine.log.distinct import DistinctIds, Hashes
from trimtab.engine.log.interactions import (
    LATE,
    LOOK_BACK,
    MATCHED,
    OUTCOMES,
    SHOWN,
    SPOOL,
    UNKNOWN,
    among,
    outcomes_of,
    read_interactions,
    split,
    with_outcomes,
)
from trimtab.engine.log.part_files import frames_of, n_rows, row_of, unreadable
from trimtab.engine.log.rows import (
    SCHEMA,
    frame_of,
    frame_of_lines,
    normalised,
    rows_of,
    whole_lines,
)
from trimtab.engine.log.usable import RejectedRows, usable_rows

_log = logging.getLogger(__name__)

_OF_LINES = re.compile(r"\.(ndjson(\.\w+)?|jsonl\.(gz|bz2|xz|zst))$")

FOLDER = "impressions"
"""Folder of the sealed parts in a service's data folder; what spools is in a folder of the same name in `SPOOL`."""


def write_part(frame: pl.DataFrame, path: Path) -> None:
    """Write one Parquet part of a log aside and rename it into place."""
    write_parquet(frame.select(list(SCHEMA)), path)


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    """Write a Parquet file aside and rename it into place once it is on the disk."""
    with new_file(path) as file:
        frame.write_parquet(file)


@dataclass
class ReaderCounts:
    """What was found beside the frames of a log.

    Attributes:
        n_duplicates: rows left out, because a row of their decision was before them.
        rejected: rows left out, because they break `trimtab.core.log`.
        shown: of impressions with events, the columns of `SHOWN`.
        of_others: decisions with events that are of another channel.
    """

    n_duplicates: int = 0
    rejected: RejectedRows = field(default_factory=RejectedRows)
    shown: list[pl.DataFrame] = field(default_factory=list)
    of_others: list[pl.Series] = field(default_factory=list)

    def __iadd__(self, other: ReaderCounts) -> ReaderCounts:
        self.n_duplicates += other.n_duplicates
        self.rejected += other.rejected
        self.shown += other.shown
        self.of_others += other.of_others
        return self


@dataclass(frozen=True)
class PartOfLog:
    """One file of a log.

    Attributes:
        frames: its rows.
        hashes: its decisions, see `DistinctIds`.
        counts: what was found beside.
    """

    frames: Sequence[pl.DataFrame]
    hashes: Hashes
    counts: ReaderCounts


class ImpressionReader:
    """A log that is read once, from its first row to its last.

    It may be a Parquet file, a JSON-lines file, a folder of either, or a service's data folder, whose rows then have
    the outcomes that came in as events. A row that breaks `trimtab.core.log` is left out and counted. A decision that
    was delivered more than once is read once, as its first row has it. Agents do not look at a page as shoppers do, so
    each channel is a log of its own.
    """

    def __init__(self, path: Path, columns: Sequence[str] = tuple(SCHEMA), *, channel: str | None = None) -> None:
        """
        Args:
            columns: what is read and validated.
            channel: whose searches are read, one of `CHANNELS`; None for shoppers'.

        Raises:
            BadLog: there is no log, or its events cannot be read; or there is no such channel.
        """
        if channel is not None and channel not in CHANNELS:
            raise BadLog(f"there is no channel {channel!r}; allowed: {', '.join(CHANNELS)}, or none for shoppers")
        self._channel = pl.lit(channel, pl.String)
        self._parts = log_parts(path)
        if not self._parts:
            raise BadLog(f"{path}: no log is there; allowed: a .parquet or .jsonl file, or a folder of them")
        self._columns = tuple(columns)
        self._events = read_interactions(path) if is_data_folder(path) else None
        self._met = DistinctIds()
        self._counts = ReaderCounts()

    def __iter__(self) -> Iterator[pl.DataFrame]:
        """Frames of at most `ROWS_AT_ONCE` rows that can be used, so that no file has to fit into memory.

        Raises:
            BadLog: a part is not a log, or no row can be used; names file and row.
        """
        self._met, self._counts = DistinctIds(), ReaderCounts()
        n_usable = 0
        for part in self._parts:
            for frame in self._frames(part, self._met, self._counts):
                n_usable += len(frame)
                yield frame
        if self.rejected and not n_usable:
            raise BadLog(f"none of {len(self.rejected):,} rows can be used: {self.rejected}")

    @property
    def parts(self) -> Sequence[Path]:
        """The files, in order."""
        return self._parts

    @property
    def n_duplicates(self) -> int:
        """Rows left out so far, because a row of their decision was before them."""
        return self._counts.n_duplicates

    @property
    def rejected(self) -> RejectedRows:
        """Rows left out so far, because they break `trimtab.core.log`."""
        return self._counts.rejected

    def read_part(self, part: Path, met: Hashes) -> PartOfLog:
        """One file as `__iter__` reads it, apart from the others; nothing here changes.

        Args:
            met: decisions that were in a file before, as `DistinctIds.hashes`.
        """
        before, counts = DistinctIds(), ReaderCounts()
        before.keep(met)
        frames = list(self._frames(part, before, counts))
        return PartOfLog(frames, np.setdiff1d(before.hashes, met, assume_unique=True), counts)

    def met_before(self, part: PartOfLog) -> Hashes:
        """The decisions of a file that were in one added before: it is to be read again without them."""
        return part.hashes[self._met.knows(part.hashes)]

    def add(self, part: PartOfLog) -> None:
        """Count the next file in, which has none of `met_before`."""
        self._met.keep(part.hashes)
        self._counts += part.counts

    def _frames(self, part: Path, distinct: DistinctIds, counts: ReaderCounts) -> Iterator[pl.DataFrame]:
        events = self._events
        needed = ("decision_id",) if events is None else (*SHOWN, *OUTCOMES)
        columns = tuple(dict.fromkeys((*self._columns, *needed, "channel")))
        outcomes = None if events is None else outcomes_of(events)
        for frame in frames_of(part, columns, counts.rejected):
            is_new = distinct.add(frame["decision_id"])
            counts.n_duplicates += len(frame) - int(is_new.sum())
            frame = self._of_channel(normalised(frame.filter(is_new)), counts)  # noqa: PLW2901  # what is left of it
            if events is not None and outcomes is not None:
                counts.shown.append(frame.select(list(SHOWN)).join(events, on="decision_id", how="semi"))
                frame = with_outcomes(frame, outcomes)  # noqa: PLW2901  # with more columns
            yield frame.select(self._columns)

    def _of_channel(self, frame: pl.DataFrame, counts: ReaderCounts) -> pl.DataFrame:
        """The rows of the channel that is read; those of others are remembered as far as they have events."""
        is_of_it = frame.select(pl.col("channel").eq_missing(self._channel)).to_series()
        if is_of_it.all():
            return frame
        if self._events is not None:
            theirs = frame.filter(~is_of_it).join(self._events, on="decision_id", how="semi")
            counts.of_others.append(theirs["decision_id"])
        return frame.filter(is_of_it)

    @property
    def n_rows(self) -> int:
        """About how many impressions there are, without reading them."""
        return sum(map(n_rows, self._parts))

    def event_counts(self) -> dict[str, int]:
        """How many events are `matched`, `late` and `unknown` to the impressions read so far.

        Returns:
            nothing for a log without events beside it, whose outcomes are in its rows.
        """
        if self._events is None:
            return {}
        events = self._events.filter(~among(pl.concat([pl.Series(dtype=pl.String), *self._counts.of_others])))
        shown = pl.concat([pl.DataFrame(schema=SHOWN), *self._counts.shown])
        reasons = split(events, shown)["reason"].fill_null(MATCHED)
        return {kind: int((reasons == kind).sum()) for kind in (MATCHED, LATE, UNKNOWN)}


def read_log(path: Path, columns: Sequence[str] = tuple(SCHEMA)) -> Iterator[pl.DataFrame]:
    """The frames of a log, see `ImpressionReader`; a warning says which rows were left out."""
    reader = ImpressionReader(path, columns)
    yield from reader
    if reader.rejected:
        _log.warning("%s: %s left out: %s", path, counted(len(reader.rejected), "row"), reader.rejected)


def find_impression(decision_id: str, folders: Iterable[Path]) -> dict[str, Any]:
    """The row of one decision, mappings decoded. What spools is looked through first: it may be sealed meanwhile.

    Raises:
        NotFound: it is in none of the folders.
        BadLog: a file is not a log, or the row breaks `trimtab.core.log`.
    """
    parts = [part for folder in folders for part in log_parts(folder)]
    mark = decision_id.encode()
    for part in parts:
        if part.suffix == ".jsonl" and part.exists():
            for number, line in enumerate(part.read_bytes().splitlines(), start=1):
                row = row_of(line) if mark in line else {}
                if isinstance(row, str):
                    raise BadLog(f"{part}, row {number}: {row}")
                if row.get("decision_id") == decision_id:  # a query, an item or another id may contain it
                    return next(rows_of(frame_of([row])))
    sealed = [part for folder in folders for part in log_parts(folder) if part.suffix == ".parquet"]
    for part in reversed(sealed):
        rejected = RejectedRows()
        try:
            frame = pl.scan_parquet(part).filter(pl.col("decision_id") == decision_id).collect()
            found = usable_rows(frame, tuple(SCHEMA), part, 1, rejected)
        except UNREADABLE as error:
            raise unreadable(part, error) from error
        if len(found):
            return next(rows_of(found))
        if rejected:
            raise BadLog(f"{part}, decision {decision_id}: {', '.join(rejected.reasons)}")
    raise NotFound(f"there is no decision {decision_id} in the log")


def shown_lately(
    folder: Path,
    decision_ids: pl.Series,
    *,
    look_back: timedelta = LOOK_BACK,
    unreadable: Callable[[Path], None] = lambda _: None,
) -> pl.DataFrame:
    """The columns of `SHOWN` for those decisions that a service's folder has of the last days.

    Args:
        unreadable: called with each file that cannot be read as a log; the others are read.
    """
    first = datetime.now(UTC).date() - look_back
    frames = [pl.DataFrame(schema=SHOWN)]
    for segment in sorted((folder / SPOOL / FOLDER).glob("*.jsonl")):
        try:
            frames += [frame_of_lines(lines, SHOWN) for lines in whole_lines(segment)]
        except FileNotFoundError:
            continue  # sealed since it was listed: it is among the parts, which are listed next
        except UNREADABLE:
            unreadable(segment)
    recent = [part for part in (folder / FOLDER).glob("date=*/*.parquet") if (_date_of(part) or first) >= first]
    try:
        frames += _shown_in(recent, decision_ids) if recent else []
    except UNREADABLE:
        for part in recent:
            try:
                frames += _shown_in([part], decision_ids)
            except UNREADABLE:
                unreadable(part)
    return pl.concat(frames).filter(among(decision_ids))


def _shown_in(parts: list[Path], decision_ids: pl.Series) -> list[pl.DataFrame]:
    return [_shown_of(part).filter(among(decision_ids)).collect() for part in parts]


def _shown_of(part: Path) -> pl.LazyFrame:
    """The columns of `SHOWN`; those that a part of an earlier version lacks are null."""
    frame = pl.scan_parquet(part)
    there = frame.collect_schema()
    columns = [pl.col(name) if name in there else pl.lit(None, dtype).alias(name) for name, dtype in SHOWN.items()]
    return frame.select(columns)


def is_data_folder(path: Path) -> bool:
    """Whether a folder is a service's, with more in it than impressions."""
    # One that has served nobody yet has logs of other things.
    return any((path / folder).is_dir() for folder in (FOLDER, SPOOL, "audit", "definitions"))


def _date_of(part: Path) -> date | None:
    try:
        return date.fromisoformat(part.parent.name.removeprefix("date="))
    except ValueError:
        return None


def log_parts(path: Path) -> list[Path]:
    """The files of a log: of a service's data folder those that spool, which may be sealed meanwhile, come first.

    Raises:
        BadLog: a folder has files of lines that are packed or have another name, which would be missed in silence.
    """
    if is_data_folder(path):
        sealed = log_parts(path / FOLDER)
        names = {part.stem for part in sealed}  # a kill between sealing and deleting leaves a segment in both
        return [part for part in log_parts(path / SPOOL / FOLDER) if part.stem not in names] + sealed
    if path.is_dir():
        files = sorted(part for part in path.rglob("*") if part.name[0] != ".")
        missed = next((part for part in files if _OF_LINES.search(part.name)), None)
        if missed is not None:
            raise BadLog(f"{missed}: lines are read from .jsonl files alone; allowed: its content as a .jsonl file")
        return [part for part in files if part.suffix in {".parquet", ".jsonl"}]
    return [path] if path.is_file() else []
