"""A log's files as the lazy frames of `trimtab.engine.analytics.measures`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from trimtab.catalog.files import UNREADABLE
from trimtab.core.counted import counted
from trimtab.core.errors import BadLog
from trimtab.core.log import CHANNELS
from trimtab.engine.analytics.measures import (
    EVENTS,
    IMPRESSIONS,
    OUTCOMES,
    Schema,
    done_once,
    events_in_rows,
    shown_once,
)
from trimtab.engine.log.impressions import is_data_folder, log_parts
from trimtab.engine.log.interactions import INTERACTIONS, SPOOL
from trimtab.engine.log.rows import frame_of_lines, whole_lines

_log = logging.getLogger(__name__)

SLACK_DAYS = 1
"""How far from its rows the date of a part may be: it is that of the part's first row, in UTC."""


@dataclass(frozen=True)
class Log:
    """Frames of one channel and some time; nothing is read until something is asked of them.

    Attributes:
        impressions: of `shown_once`.
        events: of `done_once`.
    """

    impressions: pl.LazyFrame
    events: pl.LazyFrame


def open_log(
    path: Path,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    channel: str | None = None,
    is_service: bool = False,
) -> Log:
    """The searches of a channel from `since` until before `until`, and what came of them.

    Args:
        path: a service's data folder, or a log as `trimtab simulate` writes it.
        channel: one of `CHANNELS`; None for shoppers.
        is_service: it is a service's data folder, where nothing may be yet.

    Raises:
        BadLog: nothing is there, a file is not a log, or there is no such channel.
    """
    if channel is not None and channel not in CHANNELS:
        raise BadLog(f"there is no channel {channel!r}; allowed: {', '.join(CHANNELS)}, or none for shoppers")
    parts = log_parts(path)
    is_service = is_service or is_data_folder(path)
    if not parts and not is_service:
        raise BadLog(
            f"{path}: no log is there; allowed: a service's data folder, a .parquet or .jsonl file, or a folder"
        )
    # The outcomes of a service's log are events, and in no row.
    schema = IMPRESSIONS if is_service else {**IMPRESSIONS, **OUTCOMES}
    impressions = _scan([part for part in parts if _may_have(part, since, until)], schema)
    impressions = impressions.filter(pl.col("channel").eq_missing(pl.lit(channel, pl.String)))
    if since is not None:
        impressions = impressions.filter(pl.col("timestamp") >= since)
    if until is not None:
        impressions = impressions.filter(pl.col("timestamp") < until)
    if is_service:
        events = _scan([part for part in _event_parts(path) if _may_have(part, since, None)], EVENTS)
    else:
        impressions = _with_outcomes_by_position(impressions, path)
        events = events_in_rows(impressions)
    return Log(shown_once(impressions), done_once(events))


def _with_outcomes_by_position(impressions: pl.LazyFrame, path: Path) -> pl.LazyFrame:
    """The rows with one finite outcome an item shown; a warning says how many others there are."""
    is_finite = pl.col("revenue").list.eval(pl.element().is_finite()).list.all()
    fit = [pl.col(name).list.len() == pl.col("propensities").list.len() for name in OUTCOMES]
    is_usable = pl.all_horizontal(
        pl.col(name).is_null() | one.fill_null(value=False)
        for name, one in (*zip(OUTCOMES, fit, strict=True), ("revenue", is_finite))
    )
    n_bad = int(read(impressions.select((~is_usable).sum())).item())
    if n_bad:
        _log.warning("%s: %s left out, whose outcomes are not one number an item", path, counted(n_bad, "row"))
    return impressions.filter(is_usable)


def read(frame: pl.LazyFrame) -> pl.DataFrame:
    """The rows of a frame.

    Raises:
        BadLog: a file under it is not a log.
    """
    try:
        return frame.collect(engine="streaming")
    except UNREADABLE as error:
        raise BadLog(f"the log cannot be read: {error}") from error


def _scan(parts: Sequence[Path], schema: Schema) -> pl.LazyFrame:
    """The columns of a schema out of Parquet and JSON lines; those that a file lacks are null."""
    frames = [pl.LazyFrame(schema=schema)]
    sealed = [part for part in parts if part.suffix == ".parquet"]
    if sealed:
        frames.append(
            pl.scan_parquet(sealed, schema=pl.Schema(schema), missing_columns="insert", extra_columns="ignore")
        )
    for part in parts:
        if part.suffix == ".jsonl":
            frames += [frame.lazy() for frame in _spooled(part, pl.Schema(schema))]
    return pl.concat(frames)


def _spooled(part: Path, schema: pl.Schema) -> list[pl.DataFrame]:
    try:
        return [frame_of_lines(lines, schema) for lines in whole_lines(part)]
    except FileNotFoundError:
        return []  # sealed since it was listed
    except UNREADABLE as error:
        raise BadLog(f"{part}: cannot be read as a log ({error})") from error


def _event_parts(path: Path) -> list[Path]:
    """Events that were matched with what was shown, and those that nobody has looked at yet."""
    return [*sorted((path / SPOOL / INTERACTIONS).glob("*.jsonl")), *sorted((path / INTERACTIONS).glob("*/*.parquet"))]


def _may_have(part: Path, since: datetime | None, until: datetime | None) -> bool:
    """Whether a part may have rows of that time, by the date in its path."""
    try:
        day = date.fromisoformat(part.parent.name.removeprefix("date=")).toordinal()
    except ValueError:
        return True
    # As numbers: a day before the first one there is, or after the last, is not a date.
    is_after = since is None or since.astimezone(UTC).toordinal() - SLACK_DAYS <= day
    return is_after and (until is None or day <= until.astimezone(UTC).toordinal() + SLACK_DAYS)
