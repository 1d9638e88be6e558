"""The results of reading other layouts: impressions in the columns of the log, and rejected rows."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from trimtab.catalog.files import read_text
from trimtab.core.errors import BadFile
from trimtab.core.log import COLUMNS, EARLIER_NAMES, Column, Impression, impression_row

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


Read = Accepted | Rejected


def log_row(known: Mapping[str, Any]) -> dict[str, Any]:
    """A log row from what is known of it; the rest is as of a sorted slate that nobody clicked on and that no bundle
    of ours served."""
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
    return {**impression_row(blank), **known}


def column_of(name: str) -> Column | None:
    """The column that goes by a name, now or in earlier versions."""
    return COLUMNS.get(EARLIER_NAMES.get(name, name))


def do_not_multiply(propensities: list[float], of_slate: float) -> bool:
    """Whether conditional propensities do not multiply to the slate's."""
    return not math.isclose(math.prod(propensities), of_slate, rel_tol=PROBABILITY_TOLERANCE)


def moment(value: object) -> datetime | None:
    """ISO 8601 text, epoch milliseconds or a datetime as UTC; without a zone it is taken to be UTC."""
    try:
        if isinstance(value, datetime):
            found = value
        elif isinstance(value, int | float) or (isinstance(value, str) and value.strip().isdigit()):
            found = datetime.fromtimestamp(float(value) / 1000, UTC)
        else:
            found = datetime.fromisoformat(str(value).strip())
    except (ValueError, OverflowError, OSError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def rows_of(path: Path) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Rows of a CSV (values are text, empty ones left out), JSON-lines or Parquet file, each with its file and row.

    Yields:
        None for a row that cannot be read.

    Raises:
        BadFile: the file cannot be read at all.
    """
    kind = path.name.removesuffix(".gz").rsplit(".", 1)[-1].lower()
    if kind == "csv":
        lines = csv.DictReader(io.StringIO(read_text(path), newline=""))
        for row in lines:
            whole = None not in row and None not in row.values()
            yield f"{path}, row {lines.line_num}", {k: v for k, v in row.items() if v != ""} if whole else None
    elif kind in {"jsonl", "ndjson"}:
        for number, line in enumerate(read_text(path).splitlines(), start=1):
            if line.strip():
                yield f"{path}, row {number}", _object(line)
    elif kind == "parquet":
        yield from _parquet_rows(path)
    else:
        raise BadFile(path, "not a known kind of table; allowed: .csv, .jsonl, .ndjson, each also .gz, and .parquet")


def _parquet_rows(path: Path) -> Iterator[tuple[str, dict[str, Any] | None]]:
    try:
        frame = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise BadFile(path, f"cannot be read ({error})") from None
    for number, row in enumerate(frame.iter_rows(named=True), start=1):
        yield f"{path}, row {number}", {name: value for name, value in row.items() if value is not None}


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
