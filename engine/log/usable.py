"""The rows of a log that can be used, by `trimtab.core.log`, and a count of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from trimtab.core.log import (
    BY_POSITION,
    COLUMNS,
    Column,
    kind_of,
    problem_of,
    problem_of_mapping,
    problem_of_text,
    wrong_kind,
)
from trimtab.engine.log.rows import entries_of, in_schema, with_names_of_today

ROWS_AT_A_TIME = 256
"""Rows that are looked at one by one where a column of theirs is bad."""


@dataclass
class RejectedRows:
    """Rows of a log that cannot be used.

    Attributes:
        reasons: how many rows, by reason.
        first: reason -> file and row where it was met first.
    """

    reasons: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def count(self, problem: str, part: Path, row: int) -> None:
        """Count a row, by its number in the file from 1."""
        reason = kind_of(problem)
        self.reasons[reason] += 1
        self.first.setdefault(reason, f"{part}, row {row}")

    def __len__(self) -> int:
        return self.reasons.total()

    def __iadd__(self, other: RejectedRows) -> RejectedRows:
        self.reasons += other.reasons
        self.first = {**other.first, **self.first}
        return self

    def __str__(self) -> str:
        return "; ".join(f"{n:,} {reason} ({self.first[reason]})" for reason, n in self.reasons.most_common())


def usable_rows(
    frame: pl.DataFrame, columns: Sequence[str], part: Path, first_row: int, rejected: RejectedRows
) -> pl.DataFrame:
    """Some columns of the rows that can be used, in the types of the log; the other rows are counted.

    Args:
        frame: of a file, as it was written.
        first_row: the number of its first row in the file.

    Raises:
        PolarsError: a column is of another type.
    """
    found = in_schema(frame, columns)
    problems = dict(_problems(found))
    problems |= dict(_cut_off(with_names_of_today(frame), found))
    if not problems:
        return found
    for number in sorted(problems):
        rejected.count(problems[number], part, first_row + number)
    return found.filter(~pl.int_range(pl.len()).is_in(list(problems)))


def _cut_off(before: pl.DataFrame, found: pl.DataFrame) -> Iterator[tuple[int, str]]:
    """The rows with a value that became null in the type of its column, by number."""
    for name in found.columns:
        if name in before.columns and before[name].dtype != found[name].dtype:
            for number in (before[name].is_not_null() & found[name].is_null()).arg_true():
                yield number, wrong_kind(COLUMNS[name])


def _problems(frame: pl.DataFrame, first: int = 0) -> Iterator[tuple[int, str]]:
    """The rows that cannot be used, by number; rows are looked at one by one only where few of them are bad."""
    if is_clean(frame):
        return
    if len(frame) > ROWS_AT_A_TIME:
        half = len(frame) // 2
        yield from _problems(frame[:half], first)
        yield from _problems(frame[half:], first + half)
        return
    for number, row in enumerate(frame.iter_rows(named=True), start=first):
        problem = problem_of(row, frame.columns)
        if problem is not None:
            yield number, problem


def is_clean(frame: pl.DataFrame) -> bool:
    """Whether `trimtab.core.log.problem_of` finds nothing in any row, by whole columns."""
    columns = [COLUMNS[name] for name in frame.columns]
    rules = [pl.col(column.name).is_not_null().all() for column in columns if column.required]
    rules += [(pl.col(column.name) == column.equals).all() for column in columns if column.equals is not None]
    lengths = pl.col("item_ids").list.len()
    rules += [
        (pl.col(name).list.len() == lengths).fill_null(not COLUMNS[name].required).all()
        for name in BY_POSITION
        if name in frame.columns
    ]
    rules += [
        (pl.col(column.name).list.n_unique() == pl.col(column.name).list.len()).all()
        for column in columns
        if column.distinct
    ]
    if not frame.select(pl.all_horizontal(rules)).item():
        return False
    return all(_has_clean_values(frame[column.name], column) for column in columns)


def _has_clean_values(values: pl.Series, column: Column) -> bool:
    if column.kind == "json":
        return all(problem_of_mapping(column, text) is None for text in values.drop_nulls().unique())
    if column.read is not None:
        return all(problem_of_text(column, text) is None for text in values.drop_nulls().unique())
    entries = entries_of(values.drop_nulls())
    if entries.null_count():
        return False
    if column.above is not None and not ((entries > column.above) & (entries <= column.up_to)).all():
        return False
    if column.least is not None and not ((entries >= column.least) & (entries < float("inf"))).all():
        return False
    return column.most is None or bool((entries.abs() <= column.most).all() and entries.is_not_nan().all())
