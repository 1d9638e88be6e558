"""Impression logs as files: Parquet in parts, and JSON lines while a part is spooling."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from trimtab.core.errors import BadLog, NotFound
from trimtab.core.log import COLUMNS, EARLIER_NAMES, SCHEMA_VERSION, problem_of
from trimtab.engine.log.interactions import (
    LATE,
    MATCHED,
    SHOWN,
    SPOOL,
    UNKNOWN,
    outcomes_of,
    read_interactions,
    split,
    with_outcomes,
)

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
SCHEMA = pl.Schema({name: _DTYPES[kind.removesuffix("?")] for name, kind in COLUMNS.items()})
"""Parquet schema of the log; mappings (weights) are JSON text."""

ROWS_AT_ONCE = 100_000
"""Rows in memory at once while reading."""

BYTES_OF_LINE = 1500
"""About how long a JSON line of a ten-item slate is."""

FOLDER = "impressions"
"""Of a service's data folder; what spools is in a folder of the same name in `engine.log.interactions.SPOOL`."""

REQUIRED = tuple(name for name, kind in COLUMNS.items() if not kind.endswith("?"))
"""Columns that every log has; the others are null where they are not there."""

_JSON_COLUMNS = tuple(name for name, kind in COLUMNS.items() if kind == "json")


def frame_of(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows of `trimtab.core.log.impression_row` as a frame of `SCHEMA`."""
    plain = [{**row, **{name: json.dumps(row[name]) for name in _JSON_COLUMNS}} for row in rows]
    return pl.DataFrame(plain, schema=SCHEMA)


def write_part(frame: pl.DataFrame, path: Path) -> None:
    """Write one Parquet part aside and rename it into place."""
    write_parquet(frame.select(list(SCHEMA)), path)


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    """Write a Parquet file aside and rename it into place once it is on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            frame.write_parquet(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def json_line(row: Mapping[str, Any]) -> bytes:
    """One spool line of a log row; mappings are JSON text here as in Parquet, so that polars can read it by itself."""
    texts = {name: orjson.dumps(row[name]).decode() for name in _JSON_COLUMNS}
    return orjson.dumps({**row, **texts}, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z)


def row_of_line(line: bytes) -> dict[str, Any]:
    """The log row of a line, whose mappings may be JSON text or objects.

    Raises:
        ValueError, TypeError, KeyError: it is no such line.
    """
    return _decoded(orjson.loads(line))


def _decoded(row: Mapping[str, Any]) -> dict[str, Any]:
    renamed = {EARLIER_NAMES.get(name, name): value for name, value in row.items()}
    mappings = {name: orjson.loads(row[name]) for name in _JSON_COLUMNS if isinstance(row[name], str)}
    return {**renamed, **mappings, "timestamp": datetime.fromisoformat(row["timestamp"])}


def read_log(path: Path, columns: Sequence[str] = tuple(SCHEMA)) -> Iterator[pl.DataFrame]:
    """Read a log piece by piece: a Parquet file, a JSON-lines file, a folder of either, or a service's data folder.

    Args:
        columns: what is read and validated; the lists by position must be among them.

    Yields:
        frames of `SCHEMA`, validated, of at most `ROWS_AT_ONCE` rows, so that no file has to fit into memory; those of
        a service's folder with the outcomes that came in as events.

    Raises:
        BadLog: nothing is there, a part is no log, or a row breaks `trimtab.core.log`; names file and row.
    """
    parts = _parts(path)
    if not parts:
        raise BadLog(f"{path}: no log is there; allowed: a .parquet or .jsonl file, or a folder of them")
    outcomes = outcomes_of(read_interactions(path)) if is_data_folder(path) else None
    for part in parts:
        first_row = 1
        # What came in is joined by the decision.
        for frame in _frames_of(part, columns if outcomes is None else tuple({*columns, "decision_id"})):
            _check(frame, part, first_row)
            yield (frame if outcomes is None else with_outcomes(frame, outcomes)).select(columns)
            first_row += len(frame)


def event_counts(path: Path) -> dict[str, int]:
    """How many events a service's data folder has that are `matched`, `late` and `unknown` to the impressions in it.

    Returns:
        nothing for any other log, whose outcomes are in its rows.

    Raises:
        BadLog: a part cannot be read.
    """
    if not is_data_folder(path):
        return {}
    events = read_interactions(path)
    decisions = events.select("decision_id").unique()
    shown = [
        frame.join(decisions, on="decision_id", how="semi")
        for part in _parts(path)
        for frame in _frames_of(part, tuple(SHOWN))
    ]
    reasons = split(events, pl.concat([pl.DataFrame(schema=SHOWN), *shown]))["reason"].fill_null(MATCHED)
    return {kind: int((reasons == kind).sum()) for kind in (MATCHED, LATE, UNKNOWN)}


def n_rows_of(path: Path) -> int:
    """About how many impressions a log has, without reading it."""
    return sum(_n_rows(part) for part in _parts(path))


def rows_of(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Rows with mappings decoded."""
    for row in frame.iter_rows(named=True):
        yield {**row, **{name: json.loads(row[name]) for name in _JSON_COLUMNS}}


def find_impression(decision_id: str, folders: Iterable[Path]) -> dict[str, Any]:
    """The row of one decision, mappings decoded. What spools is looked through first: it may be sealed meanwhile.

    Raises:
        NotFound: it is in none of the folders.
        BadLog: a file is no log.
    """
    parts = [part for folder in folders for part in _parts(folder)]
    mark = decision_id.encode()
    for part in parts:
        if part.suffix == ".jsonl" and part.exists():
            lines = enumerate(part.read_bytes().splitlines(), start=1)
            for number, line in lines:
                if mark in line:
                    return next(rows_of(frame_of([_parse_line(line, part, number)])))
    sealed = [part for folder in folders for part in _parts(folder) if part.suffix == ".parquet"]
    for part in reversed(sealed):
        found = _scan(part, decision_id)
        if len(found):
            return next(rows_of(found))
    raise NotFound(f"there is no decision {decision_id} in the log")


def _scan(part: Path, decision_id: str) -> pl.DataFrame:
    try:
        return _with_later_columns(pl.scan_parquet(part).filter(pl.col("decision_id") == decision_id).collect())
    except (OSError, pl.exceptions.PolarsError) as error:
        raise BadLog(f"{part}: cannot be read as a log ({error})") from error


def _with_later_columns(frame: pl.DataFrame, columns: Sequence[str] = tuple(SCHEMA)) -> pl.DataFrame:
    """In `SCHEMA`; columns that came after the log was written are null, those of an earlier name get that of today."""
    frame = frame.rename({old: new for old, new in EARLIER_NAMES.items() if old in frame.columns})
    unknown = [pl.lit(None).alias(name) for name in columns if name not in frame.columns]
    return frame.with_columns(unknown).select(columns).cast({name: SCHEMA[name] for name in columns})


def is_data_folder(path: Path) -> bool:
    """Whether a folder is a service's, with more in it than impressions."""
    return any((path / folder).is_dir() for folder in (FOLDER, f"{SPOOL}/{FOLDER}"))


def _parts(path: Path) -> list[Path]:
    if is_data_folder(path):
        sealed = _parts(path / FOLDER)
        names = {part.stem for part in sealed}  # a kill between sealing and deleting leaves a segment in both
        return [part for part in _parts(path / SPOOL / FOLDER) if part.stem not in names] + sealed
    if path.is_dir():
        return sorted(part for part in path.rglob("*") if part.suffix in {".parquet", ".jsonl"} and part.name[0] != ".")
    return [path] if path.is_file() else []


def _frames_of(part: Path, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    if part.suffix == ".jsonl":
        yield from (frame.select(columns) for frame in _frames_of_lines(part))
        return
    try:
        file = pq.ParquetFile(part)
        there = set(file.schema_arrow.names)
        missing = [name for name in REQUIRED if name not in there]
        if missing:
            raise BadLog(f"{part}: column {missing[0]} is missing; a log has {', '.join(SCHEMA)}")
        wanted = {*columns, *(old for old, new in EARLIER_NAMES.items() if new in columns)}
        known = [name for name in there if name in wanted]
        for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=known):
            yield _typed(pl.DataFrame(batch), columns, part)
    except (OSError, pa.ArrowException, pl.exceptions.PolarsError) as error:
        raise BadLog(f"{part}: cannot be read as a log ({error})") from error


def _frames_of_lines(part: Path) -> Iterator[pl.DataFrame]:
    try:
        with part.open("rb") as lines:
            is_spooled = part.parent.parent.name == SPOOL
            whole = (line for line in lines if not is_spooled or line.endswith(b"\n"))
            numbered = enumerate(whole, start=1)
            while some := list(islice(numbered, ROWS_AT_ONCE)):
                yield frame_of(_parse_line(line, part, number) for number, line in some)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise BadLog(f"{part}: cannot be read as a log ({error})") from error


def _typed(frame: pl.DataFrame, columns: Sequence[str], part: Path) -> pl.DataFrame:
    try:
        return _with_later_columns(frame, columns)
    except pl.exceptions.PolarsError as error:
        raise BadLog(f"{part}: a column is not of the log's type ({error})") from error


def _n_rows(part: Path) -> int:
    if part.suffix == ".jsonl":
        return part.stat().st_size // BYTES_OF_LINE
    try:
        return int(pq.read_metadata(part).num_rows)
    except (OSError, pa.ArrowException):
        return 0  # reading it says what is wrong


def _parse_line(line: bytes, part: Path, number: int) -> dict[str, Any]:
    try:
        row = orjson.loads(line)
        missing = [name for name in REQUIRED if name not in row]
        if missing:
            raise BadLog(f"{part}, row {number}: {missing[0]} is missing")
        return _decoded(row)
    except (TypeError, ValueError) as error:
        raise BadLog(f"{part}, row {number}: is no log line ({error})") from error


def _check(frame: pl.DataFrame, part: Path, first_row: int) -> None:
    """Refuse a frame with a row that breaks `core.log`; rows are looked at one by one only where a column is bad."""
    if _is_clean(frame):
        return
    for number, row in enumerate(frame.iter_rows(named=True), start=first_row):
        for name in _json_columns(frame):
            if row[name] is not None and not _is_json(row[name]):
                raise BadLog(f"{part}, row {number}: {name} is no JSON object")
        problem = problem_of(row, frame.columns)
        if problem is not None:
            raise BadLog(f"{part}, row {number}: {problem}")


def _is_clean(frame: pl.DataFrame) -> bool:
    """Whether every row passes `trimtab.core.log.problem_of`, by whole columns."""
    required = [name for name in frame.columns if not COLUMNS[name].endswith("?")]
    if frame.select(pl.any_horizontal(pl.col(required).is_null().any())).item():
        return False
    if (frame["schema_version"] != SCHEMA_VERSION).any():
        return False
    if not all(_is_json(text) for name in _json_columns(frame) for text in frame[name].unique()):
        return False
    items = pl.col("item_ids")
    lengths = pl.all_horizontal(
        (pl.col(name).list.len() == items.list.len()).all()
        for name in ("propensities", "clicks", "purchases", "revenue")
    )
    if not frame.select(lengths & (items.list.n_unique() == items.list.len()).all()).item():
        return False
    propensities = frame["propensities"].explode(empty_as_null=False)
    revenue = frame["revenue"].explode(empty_as_null=False)
    in_range = ((propensities > 0) & (propensities <= 1)).all()
    known = propensities.null_count() == 0 and revenue.null_count() == 0
    return bool(known and in_range and revenue.is_finite().all())


def _json_columns(frame: pl.DataFrame) -> list[str]:
    return [name for name in _JSON_COLUMNS if name in frame.columns]


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
