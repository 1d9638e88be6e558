"""The results of reading other layouts: impressions in the columns of the log, and rejected rows."""

from __future__ import annotations

import csv
import io
import json
import math
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from trimtab.catalog.files import UNREADABLE, read_bytes, read_text
from trimtab.core.errors import BadFile
from trimtab.core.log import (
    COLUMNS,
    EARLIER_NAMES,
    IDENTITIES,
    Column,
    Impression,
    identity,
    impression_row,
    kind_of,
    problem_of,
)
from trimtab.core.moments import moment

ELSEWHERE = "elsewhere"
"""The bundle of an impression that was not served by trimtab."""

PROBABILITY_TOLERANCE = 1e-6
"""Relative difference at which propensities do not multiply to the slate's."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A row in the columns of `trimtab.core.log`; `where` is its file and row."""

    row: dict[str, Any]
    where: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot be used, with a reason that reads the same for all rows of the kind.

    Attributes:
        is_impression: or else an event.
    """

    reason: str
    where: str
    is_impression: bool = True


@dataclass(frozen=True, slots=True)
class Noted:
    """A row that is used, though not quite as it stands."""

    reason: str
    where: str


Read = Accepted | Rejected | Noted


def accepted(known: Mapping[str, Any], where: str) -> Accepted | Rejected:
    """A log row from what is known of it, unless that breaks the log's schema; the rest is as of a sorted slate that
    nobody clicked on and that trimtab did not serve."""
    blank = Impression(
        decision_id=known["decision_id"],
        timestamp=known["timestamp"],
        query=known["query"],
        bundle=ELSEWHERE,
        feature_schema=ELSEWHERE,
        weights={},
        requested_weights=known.get("weights", {}),
        item_ids=tuple(known["item_ids"]),
        k=len(known["item_ids"]),
    )
    row = {**impression_row(blank), **known}
    problem = problem_of(row)
    if problem is not None:
        return Rejected(kind_of(problem), where)
    return Accepted({**row, **{name: identity(row[name]) for name in IDENTITIES}}, where)


def column_of(name: str) -> Column | None:
    """The column that goes by a name, now or in earlier versions."""
    return COLUMNS.get(EARLIER_NAMES.get(name, name))


def do_not_multiply(propensities: list[float], of_slate: float) -> bool:
    """Whether conditional propensities do not multiply to the slate's."""
    return not math.isclose(math.prod(propensities), of_slate, rel_tol=PROBABILITY_TOLERANCE)


def value_of(column: Column, raw: object, separator: str | None = None) -> Any:
    """A cell as a value of a column: text may stand for numbers, JSON text for lists and mappings.

    Args:
        separator: of lists that are text; without one they are JSON.

    Raises:
        TypeError, ValueError: it cannot be read as the column's kind.
    """
    kind = column.kind
    if kind == "datetime":
        at = moment(raw)
        if at is None:
            raise ValueError
        return at
    if kind == "json":
        found = json.loads(raw) if isinstance(raw, str) else raw
        if not isinstance(found, dict):
            raise ValueError
        return found
    if kind.startswith("list["):
        return [_PLAIN[kind[5:-1]](cell) for cell in _cells(raw, separator)]
    return _PLAIN[kind](raw)


def _cells(raw: object, separator: str | None) -> list[Any]:
    if isinstance(raw, list):
        return raw
    if not isinstance(raw, str):
        raise TypeError
    text = raw.strip()
    if text.startswith("[") or separator is None:
        found = json.loads(text)
        if not isinstance(found, list):
            raise ValueError
        return found
    return [cell.strip() for cell in text.split(separator)] if text else []


def _text(raw: object) -> str:
    if raw is None or isinstance(raw, bool | dict | list):
        raise TypeError
    return str(raw)


def _whole(raw: object) -> int:
    """A whole number, also where it is written with a point; yes and no are 1 and 0."""
    if isinstance(raw, str):
        try:
            return int(raw)
        except ValueError:
            raw = float(raw)
    if isinstance(raw, float) and not raw.is_integer():
        raise ValueError
    return int(raw)  # type: ignore[call-overload, no-any-return]


def _number(raw: object) -> float:
    if isinstance(raw, bool):
        raise TypeError
    return float(raw)  # type: ignore[arg-type]


def _numbers(raw: object) -> list[float]:
    return [_number(cell) for cell in _cells(raw, None)]


_PLAIN: dict[str, Callable[[object], Any]] = {
    "str": _text,
    "int": _whole,
    "float": _number,
    "list[float]": _numbers,
}


def rows_of(path: Path) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Rows of a CSV (values are text, empty ones left out), JSON-lines or Parquet file, each with its file and row.

    Yields:
        None for a row that cannot be read.

    Raises:
        BadFile: the file cannot be read at all.
    """
    kind = path.name.removesuffix(".gz").rsplit(".", 1)[-1].lower()
    if kind == "csv":
        yield from _csv_rows(path)
    elif kind in {"jsonl", "ndjson"}:
        for number, line in enumerate(read_bytes(path).removeprefix(BOM_UTF8).split(b"\n"), start=1):
            if line.strip():
                yield f"{path}, row {number}", _object(line)
    elif kind == "parquet":
        yield from _parquet_rows(path)
    else:
        raise BadFile(path, "not a known kind of table; allowed: .csv, .jsonl, .ndjson, each also .gz, and .parquet")


def _csv_rows(path: Path) -> Iterator[tuple[str, dict[str, Any] | None]]:
    lines = csv.DictReader(io.StringIO(read_text(path), newline=""))
    while True:
        try:
            row = next(lines)
        except StopIteration:
            return
        except csv.Error:
            yield f"{path}, row {lines.line_num}", None
            continue
        whole = None not in row and None not in row.values()
        yield f"{path}, row {lines.line_num}", {k: v for k, v in row.items() if v != ""} if whole else None


def _parquet_rows(path: Path) -> Iterator[tuple[str, dict[str, Any] | None]]:
    try:
        frame = pl.read_parquet(path)
    except UNREADABLE as error:
        raise BadFile(path, f"cannot be read ({error})") from None
    for number, row in enumerate(frame.iter_rows(named=True), start=1):
        yield f"{path}, row {number}", _known(row)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return _known(found) if isinstance(found, dict) else None


def _known(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}
