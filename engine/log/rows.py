"""Log rows as frames and as JSON lines, by the schema of `trimtab.core.log`."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from trimtab.core.log import (
    BY_POSITION,
    COLUMNS,
    EARLIER_NAMES,
    IDENTITIES,
    JSON_COLUMNS,
)
from trimtab.core.moments import moment

_log = logging.getLogger(__name__)

_DTYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "str": pl.String,
    "int": pl.Int64,
    "float": pl.Float64,
    "datetime": pl.Datetime("us", "UTC"),
    "json": pl.String,
    "list[str]": pl.List(pl.String),
    "list[float]": pl.List(pl.Float64),
    "list[int]": pl.List(pl.Int64),
    "list[list[float]]": pl.List(pl.List(pl.Float64)),
}
SCHEMA = pl.Schema({name: _DTYPES[column.kind] for name, column in COLUMNS.items()})
"""The log's columns in Parquet; mappings (weights) are JSON text."""

TIMESTAMP = "%Y-%m-%dT%H:%M:%S%.fZ"
"""As orjson writes it: a fraction of a second only where there is one."""


def frame_of(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows of `trimtab.core.log.impression_row` as a frame of `SCHEMA`."""
    plain = [{**row, **{name: json.dumps(row[name]) for name in _mappings_in(row)}} for row in rows]
    return pl.DataFrame(plain, schema=SCHEMA)


def rows_of(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Rows with mappings decoded."""
    for row in frame.iter_rows(named=True):
        yield {**row, **{name: json.loads(row[name]) for name in _mappings_in(row)}}


def json_line(row: Mapping[str, Any]) -> bytes:
    """The JSON line of a log row; mappings are JSON text here as in Parquet, so that polars can read it by itself."""
    texts = {name: orjson.dumps(row[name]).decode() for name in _mappings_in(row)}
    return orjson.dumps({**row, **texts}, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z)


def row_of_line(line: bytes) -> dict[str, Any]:
    """The log row of a line, whose mappings may be JSON text or objects; text that is not JSON stays as it is.

    Raises:
        ValueError, TypeError, KeyError: the line is not a log line.
    """
    row = {EARLIER_NAMES.get(name, name): value for name, value in orjson.loads(line).items()}
    mappings = {}
    for name in _mappings_in(row):
        if isinstance(row.get(name), str):
            with suppress(orjson.JSONDecodeError):
                mappings[name] = orjson.loads(row[name])
    at = moment(row["timestamp"])
    if at is None:
        raise ValueError(row["timestamp"])
    return {**row, **mappings, "timestamp": at}


def _mappings_in(row: Mapping[str, Any]) -> list[str]:
    """The mappings that a row has: all that every log has, and others where they are not null."""
    return [name for name in JSON_COLUMNS if COLUMNS[name].required or row.get(name) is not None]


def whole_lines(segment: Path, n: int | None = None) -> Iterator[bytes]:
    """The lines of a segment, n at a time, without a last one that a killed process left half written."""
    with segment.open("rb") as file:
        while lines := list(islice(file, n)):
            if not lines[-1].endswith(b"\n"):
                lines.pop()
            if lines:
                yield b"".join(lines)


def frame_of_lines(lines: bytes, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """JSON lines that a service wrote, read without a Python object a value: those would hold up its searches.

    A line that cannot be read is left out, so that it does not take the others with it.

    Args:
        schema: the columns that are read, `timestamp` among them.
    """
    if not lines:
        return pl.DataFrame(schema=schema)
    earlier = {old: schema[new] for old, new in EARLIER_NAMES.items() if new in schema}
    frame = _readable(lines, {**schema, **earlier, "timestamp": pl.String()})
    moments = pl.col("timestamp").str.to_datetime(TIMESTAMP, time_unit="us", time_zone="UTC")
    return with_names_of_today(frame).with_columns(moments).select(list(schema))


def _readable(lines: bytes, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The lines that can be read, by halves where not all can; it is an error where none can."""
    try:
        return pl.read_ndjson(BytesIO(lines), schema=schema)
    except pl.exceptions.PolarsError:
        rows = lines.splitlines(keepends=True)
        if len(rows) == 1:
            raise
        found = []
        for half in (rows[: len(rows) // 2], rows[len(rows) // 2 :]):
            with suppress(pl.exceptions.PolarsError):
                found.append(_readable(b"".join(half), schema))
        if not found:
            raise
        _log.warning("lines of a log cannot be read and are left out")
        return pl.concat(found)


def with_names_of_today(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns under the names that they have now; a row has its value under either name."""
    for old, new in EARLIER_NAMES.items():
        if old in frame.columns:
            frame = frame.with_columns(pl.coalesce([name for name in (new, old) if name in frame.columns]).alias(new))
    return frame


def in_schema(frame: pl.DataFrame, columns: Sequence[str] = tuple(SCHEMA)) -> pl.DataFrame:
    """Some columns in the types of `SCHEMA`; those that came after the log was written are null, and so is a value, or
    an entry of a list, that its type would cut off.

    Raises:
        PolarsError: a column is of another type.
    """
    frame = with_names_of_today(frame)
    missing = [pl.lit(None).alias(name) for name in columns if name not in frame.columns]
    frame = frame.with_columns(missing).select(columns)
    if "timestamp" in columns and not isinstance(frame.schema["timestamp"], pl.Datetime):
        frame = frame.with_columns(pl.Series("timestamp", map(moment, frame["timestamp"]), SCHEMA["timestamp"]))
    whole = [_whole(frame.schema[name], name) for name in columns if COLUMNS[name].kind in {"int", "list[int]"}]
    return frame.with_columns(whole).cast({name: SCHEMA[name] for name in columns}, strict=False)


def _whole(dtype: pl.DataType, name: str) -> pl.Expr:
    """A column with null in place of numbers that are not whole."""
    value = pl.col(name)
    if dtype.is_float():
        return pl.when(value == value.floor()).then(value)
    if isinstance(dtype, pl.List) and dtype.inner.is_float():
        entry = pl.element()
        return value.list.eval(pl.when(entry == entry.floor()).then(entry))
    return value


def entries_of(column: pl.Series) -> pl.Series:
    """The values of a column; of lists, the entries."""
    while isinstance(column.dtype, pl.List):
        column = column.explode(empty_as_null=False)
    return column


def normalised(frame: pl.DataFrame) -> pl.DataFrame:
    """A checked frame with blank identities as null, counts of clicks as 1, and outcomes that it lacks as nothing."""
    blank = [
        pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name)).alias(name)
        for name in IDENTITIES
        if name in frame.columns
    ]
    counts = [
        pl.col(name).list.eval(pl.element().clip(upper_bound=1))
        for name in frame.columns
        if COLUMNS[name].kind == "list[int]" and (entries_of(frame[name]).max() or 0) > 1  # type: ignore[operator]
    ]
    unknown = [
        pl.col(name).fill_null(pl.lit(value).repeat_by(pl.col("item_ids").list.len()).cast(SCHEMA[name]))
        for name, value in BY_POSITION.items()
        if name in frame.columns and frame[name].null_count()
    ]
    return frame.with_columns(*blank, *counts).with_columns(unknown)
