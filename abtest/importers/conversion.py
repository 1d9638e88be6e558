"""`trimtab convert`: logs of another layout as impression logs, with a count of what was rejected and why.

Layouts: User Behavior Insights files (`abtest.importers.ubi`), the Open Bandit Dataset
(`abtest.importers.open_bandit`), and any table of one row an impression with a mapping file
(`abtest.importers.mapped_table`). A service's data folder and an impression log need
no conversion: `trimtab.engine.log.impressions.read_log` reads them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from trimtab.abtest.importers import mapped_table, open_bandit, ubi
from trimtab.abtest.importers.foreign import Read, Rejected
from trimtab.core.atomic import new_folder
from trimtab.core.errors import BadLog
from trimtab.core.log import problem_of
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
        first: reason -> where it was met first.
    """

    layout: str
    n_read: int = 0
    n_written: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        reasons = {reason: {"n": n, "first": self.first[reason]} for reason, n in self.rejected.most_common()}
        return {"layout": self.layout, "n_read": self.n_read, "n_written": self.n_written, "rejected": reasons}


def convert(source: Path, out: Path, *, mapping: Path | None = None) -> Converted:
    """Write an impression log at `out`.

    Args:
        mapping: which column is which (`abtest.importers.mapped_table`); without one, `source` is a folder of another
            layout.

    Raises:
        BadFile: a file cannot be read or the mapping makes no sense.
        BadLog: `source` is of no known layout, or nothing in it can be used.
        BadParameter: something is at `out` already.
    """
    layout, read = _reader_of(source, mapping)
    result = Converted(layout)
    with new_folder(out) as folder:
        rows = _kept(read, result)
        for number in range(10**9):
            some = list(islice(rows, ROWS_PER_PART))
            if not some:
                break
            write_part(frame_of(some), folder / f"part-{number:05d}.parquet")
        if result.n_written == 0:
            reasons = "; ".join(f"{n:,} {reason} ({result.first[reason]})" for reason, n in result.rejected.items())
            raise BadLog(f"{source}: none of {result.n_read:,} impressions can be used: {reasons or 'there are none'}")
    return result


def _reader_of(source: Path, mapping: Path | None) -> tuple[str, Iterable[Read]]:
    if not source.exists():
        raise BadLog(f"{source}: no such file or folder")
    if mapping is not None:
        return "table", mapped_table.read(source, mapped_table.read_mapping(mapping))
    if ubi.is_layout(source):
        return "ubi", ubi.read(source)
    if open_bandit.is_layout(source):
        return "open-bandit", open_bandit.read(source)
    raise BadLog(
        f"{source}: no known layout; allowed: a folder with ubi_queries and ubi_events files, a folder of the Open "
        "Bandit Dataset, or any table together with --mapping"
    )


def _kept(read: Iterable[Read], result: Converted) -> Iterator[Mapping[str, Any]]:
    """The rows that are log rows; the others are counted."""
    for one in read:
        if isinstance(one, Rejected):
            result.n_read += one.is_impression
            _count(result, one.reason, one.where)
            continue
        result.n_read += 1
        problem = problem_of(one.row)
        if problem is not None:
            _count(result, _without_numbers(problem), one.where)
            continue
        result.n_written += 1
        yield one.row


def _without_numbers(problem: str) -> str:
    """The same words for every row of a kind."""
    found, allowed, what = problem.partition(", allowed")
    return re.sub(r"-?\d[\d.e+-]*|None|nan", "…", found) + allowed + what


def _count(result: Converted, reason: str, where: str) -> None:
    result.rejected[reason] += 1
    result.first.setdefault(reason, where)
