"""`trimtab convert`: logs of another layout as impression logs, with a count of what was rejected and why.

Layouts: User Behavior Insights files (`abtest.importers.ubi`), the Open Bandit Dataset
(`abtest.importers.open_bandit`), and any table of one row an impression with a mapping file
(`abtest.importers.mapped_table`). A service's data folder and an impression log need
no conversion: `trimtab.engine.log.impressions.read_log` reads them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from trimtab.abtest.importers import mapped_table, open_bandit, ubi
from trimtab.abtest.importers.foreign import Accepted, Noted, Read, Rejected
from trimtab.core.atomic import new_folder
from trimtab.core.errors import BadLog
from trimtab.engine.log.distinct import DistinctIds
from trimtab.engine.log.impressions import write_part
from trimtab.engine.log.rows import frame_of

ROWS_PER_PART = 100_000


@dataclass
class Converted:
    """The number of rows read, written and rejected, with reasons.

    Attributes:
        layout: ubi, open-bandit or table.
        n_read: impressions found.
        n_written: impressions in the new log.
        rejected: reason -> how many rows, events among them.
        noted: reason -> how many rows count though not quite as they stand.
        first: reason -> where it was met first.
    """

    layout: str
    n_read: int = 0
    n_written: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {
            "layout": self.layout,
            "n_read": self.n_read,
            "n_written": self.n_written,
            "rejected": self._reasons(self.rejected),
            "noted": self._reasons(self.noted),
        }

    def _reasons(self, counts: Counter[str]) -> dict[str, dict[str, Any]]:
        return {reason: {"n": n, "first": self.first[reason]} for reason, n in counts.most_common()}

    def count(self, one: Rejected | Noted) -> None:
        (self.rejected if isinstance(one, Rejected) else self.noted)[one.reason] += 1
        self.first.setdefault(one.reason, one.where)


def convert(source: Path | str, out: Path | str, *, mapping: Path | str | None = None) -> Converted:
    """Write an impression log at `out`.

    Args:
        mapping: which column is which (`abtest.importers.mapped_table`); without one, `source` is a folder of another
            layout.

    Raises:
        BadFile: a file cannot be read or the mapping makes no sense.
        BadLog: `source` is of no known layout, or nothing in it can be used.
        BadParameter: something is at `out` already.
    """
    layout, id_name, read = _reader_of(Path(source), None if mapping is None else Path(mapping))
    result = Converted(layout)
    with new_folder(Path(out)) as folder:
        for number, rows in enumerate(_kept(read, result, id_name)):
            write_part(frame_of(rows), folder / f"part-{number:05d}.parquet")
        if result.n_written == 0:
            reasons = "; ".join(f"{n:,} {reason} ({result.first[reason]})" for reason, n in result.rejected.items())
            raise BadLog(f"{source}: none of {result.n_read:,} impressions can be used: {reasons or 'there are none'}")
    return result


def _reader_of(source: Path, mapping: Path | None) -> tuple[str, str, Iterable[Read]]:
    """The layout, what it calls a `decision_id`, and its rows."""
    if not source.exists():
        raise BadLog(f"{source}: no such file or folder")
    if mapping is not None:
        mapped = mapped_table.read_mapping(mapping)
        return "table", mapped.columns["decision_id"], mapped_table.read(source, mapped)
    if ubi.is_layout(source):
        return "ubi", "query_id", ubi.read(source)
    if open_bandit.is_layout(source):
        return "open-bandit", "decision_id", open_bandit.read(source)
    raise BadLog(
        f"{source}: no known layout; allowed: a folder with ubi_queries and ubi_events files, a folder of the Open "
        "Bandit Dataset, or any table together with a mapping of its columns"
    )


def _kept(read: Iterable[Read], result: Converted, id_name: str) -> Iterator[list[dict[str, Any]]]:
    """The rows of each part; what is not among them is counted."""
    delivered_again = f"{'an' if id_name[0] in 'aeio' else 'a'} {id_name} that was there before"
    found = _usable(read, result)
    distinct = DistinctIds()
    while some := list(islice(found, ROWS_PER_PART)):
        is_new = distinct.add(pl.Series([one.row["decision_id"] for one in some], dtype=pl.String))
        for one, new in zip(some, is_new, strict=True):
            if not new:
                result.count(Rejected(delivered_again, one.where))
        rows = [one.row for one, new in zip(some, is_new, strict=True) if new]
        result.n_written += len(rows)
        if rows:
            yield rows


def _usable(read: Iterable[Read], result: Converted) -> Iterator[Accepted]:
    for one in read:
        if isinstance(one, Accepted):
            result.n_read += 1
            yield one
            continue
        result.n_read += isinstance(one, Rejected) and one.is_impression
        result.count(one)
