"""One file of a log, Parquet or JSON lines, as frames of the rows that can be used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from trimtab.catalog.files import UNREADABLE
from trimtab.core.errors import BadLog
from trimtab.core.log import EARLIER_NAMES, REQUIRED, problem_of
from trimtab.engine.log.interactions import SPOOL
from trimtab.engine.log.rows import SCHEMA, frame_of, frame_of_lines, row_of_line, whole_lines
from trimtab.engine.log.usable import RejectedRows, is_clean, usable_rows

ROWS_AT_ONCE = 100_000
"""Rows in memory at once while reading."""

BYTES_OF_LINE = 1500
"""About how long a JSON line of a ten-item slate is."""


def n_rows(part: Path) -> int:
    """About how many rows a file has, without reading them."""
    if part.suffix == ".jsonl":
        return part.stat().st_size // BYTES_OF_LINE
    try:
        return int(pq.read_metadata(part).num_rows)
    except (OSError, pa.ArrowException):
        return 0  # reading it says what is wrong


def frames_of(part: Path, columns: Sequence[str], rejected: RejectedRows) -> Iterator[pl.DataFrame]:
    """Frames of at most `ROWS_AT_ONCE` rows that can be used; the others are counted.

    Raises:
        BadLog: the file is not a log.
    """
    try:
        if part.suffix == ".parquet":
            yield from _frames_of_parquet(part, columns, rejected)
        elif part.parent.parent.name == SPOOL:
            yield from (frame.select(columns) for frame in _frames_of_spool(part, rejected))
        else:
            yield from (frame.select(columns) for frame in _frames_of_lines(part, rejected))
    except (*UNREADABLE, pa.ArrowException) as error:
        raise unreadable(part, error) from error


def unreadable(part: Path, error: BaseException) -> BadLog:
    """The error of a file that is not a log."""
    return BadLog(f"{part}: cannot be read as a log ({error})")


def _frames_of_parquet(part: Path, columns: Sequence[str], rejected: RejectedRows) -> Iterator[pl.DataFrame]:
    file = pq.ParquetFile(part)
    there = file.schema_arrow.names
    missing = [name for name in REQUIRED if name not in there]
    if missing:
        raise BadLog(f"{part}: column {missing[0]} is missing; a log has {', '.join(SCHEMA)}")
    known = [name for name in there if EARLIER_NAMES.get(name, name) in columns]
    first_row = 1
    for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=known):
        batch.validate(full=True)  # text that is not UTF-8 would make polars panic later
        try:
            yield usable_rows(pl.DataFrame(batch), columns, part, first_row, rejected)
        except pl.exceptions.PolarsError as error:
            raise BadLog(f"{part}: a column is not of the log's type ({error})") from error
        first_row += len(batch)


def _frames_of_spool(segment: Path, rejected: RejectedRows) -> Iterator[pl.DataFrame]:
    """A service's own lines, read by polars; lines that it cannot have written are read one by one, to be counted."""
    first_row = 1
    for lines in whole_lines(segment, ROWS_AT_ONCE):
        n = lines.count(b"\n")
        try:
            frame = frame_of_lines(lines, SCHEMA)
        except pl.exceptions.PolarsError:
            frame = None
        if frame is None or len(frame) != n or not is_clean(frame):
            frame = _frame_of_lines(enumerate(lines.splitlines(), start=first_row), segment, rejected)
        yield frame
        first_row += n


def _frames_of_lines(part: Path, rejected: RejectedRows) -> Iterator[pl.DataFrame]:
    """Lines that may come from anywhere."""
    with part.open("rb") as lines:
        numbered = enumerate(lines, start=1)
        while some := list(islice(numbered, ROWS_AT_ONCE)):
            yield _frame_of_lines(some, part, rejected)


def _frame_of_lines(numbered: Iterable[tuple[int, bytes]], part: Path, rejected: RejectedRows) -> pl.DataFrame:
    rows = []
    for number, line in numbered:
        row = row_of(line)
        if isinstance(row, str):
            rejected.count(row, part, number)
        else:
            rows.append(row)
    return frame_of(rows)


def row_of(line: bytes) -> dict[str, Any] | str:
    """The log row of a line, or the reason why it cannot be used."""
    try:
        row = row_of_line(line)
    except (KeyError, TypeError, ValueError, AttributeError):
        return "not a line of a log, with a timestamp"
    return problem_of(row) or row
