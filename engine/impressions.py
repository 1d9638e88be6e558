"""Impression logs as files: Parquet in parts, and JSON lines while a part is spooling."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from core.errors import BadLog, NotFound
from core.log import COLUMNS, SCHEMA_VERSION, problem_of
from engine.interactions import SPOOL, outcomes_of, read_interactions, whole_lines, with_outcomes

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

FOLDER = "impressions"
"""Of a service's data folder; what spools is in a folder of the same name in `engine.interactions.SPOOL`."""

REQUIRED = tuple(name for name, kind in COLUMNS.items() if not kind.endswith("?"))
"""Columns that every log has; the others are null where they are not there."""

_JSON_COLUMNS = tuple(name for name, kind in COLUMNS.items() if kind == "json")


def frame_of(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows of `core.log.impression_row` as a frame of `SCHEMA`."""
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
    """One spool line of a log row."""
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z)


def read_log(path: Path) -> Iterator[pl.DataFrame]:
    """Read a log part by part: a Parquet file, a JSON-lines file, a folder of either, or a service's data folder.

    Yields:
        frames of `SCHEMA`, validated; those of a service's folder with the outcomes that came in as events.

    Raises:
        BadLog: nothing is there, a part is no log, or a row breaks `core.log`; names file and row.
    """
    parts = _parts(path)
    if not parts:
        raise BadLog(f"{path}: no log is there; allowed: a .parquet or .jsonl file, or a folder of them")
    outcomes = outcomes_of(read_interactions(path)) if is_data_folder(path) else None
    for part in parts:
        frame = _read_part(part)
        _check(frame, part)
        yield frame if outcomes is None else with_outcomes(frame, outcomes)


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


def _with_later_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """In `SCHEMA`; columns that came after the log was written are null."""
    unknown = [pl.lit(None).alias(name) for name in SCHEMA if name not in frame.columns]
    return frame.with_columns(unknown).select(list(SCHEMA)).cast(dict(SCHEMA.items()))


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


def _read_part(part: Path) -> pl.DataFrame:
    try:
        if part.suffix == ".jsonl":
            is_spooled = part.parent.parent.name == SPOOL
            lines = (whole_lines(part) if is_spooled else part.read_bytes()).splitlines()
            return frame_of(_parse_line(line, part, number) for number, line in enumerate(lines, start=1))
        frame = pl.read_parquet(part)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise BadLog(f"{part}: cannot be read as a log ({error})") from error
    missing = [name for name in REQUIRED if name not in frame.columns]
    if missing:
        raise BadLog(f"{part}: column {missing[0]} is missing; a log has {', '.join(SCHEMA)}")
    try:
        return _with_later_columns(frame)
    except pl.exceptions.PolarsError as error:
        raise BadLog(f"{part}: a column is not of the log's type ({error})") from error


def _parse_line(line: bytes, part: Path, number: int) -> dict[str, Any]:
    try:
        row = orjson.loads(line)
        missing = [name for name in REQUIRED if name not in row]
        if missing:
            raise BadLog(f"{part}, row {number}: {missing[0]} is missing")
        return {**row, "timestamp": datetime.fromisoformat(row["timestamp"])}
    except (orjson.JSONDecodeError, TypeError, ValueError) as error:
        raise BadLog(f"{part}, row {number}: is no log line ({error})") from error


def _check(frame: pl.DataFrame, part: Path) -> None:
    """Refuse a frame with a row that breaks `core.log`; rows are looked at one by one only where a column is bad."""
    if _is_clean(frame):
        return
    for number, row in enumerate(frame.iter_rows(named=True), start=1):
        for name in _JSON_COLUMNS:
            if row[name] is not None and not _is_json(row[name]):
                raise BadLog(f"{part}, row {number}: {name} is no JSON object")
        problem = problem_of(row)
        if problem is not None:
            raise BadLog(f"{part}, row {number}: {problem}")


def _is_clean(frame: pl.DataFrame) -> bool:
    """Whether every row passes `core.log.problem_of`, by whole columns."""
    if frame.select(pl.any_horizontal(pl.col(REQUIRED).is_null().any())).item():
        return False
    if (frame["schema_version"] != SCHEMA_VERSION).any():
        return False
    if not all(_is_json(text) for name in _JSON_COLUMNS for text in frame[name].unique()):
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


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
