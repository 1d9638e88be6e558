"""Rows of a catalogue file into items: what can be read is kept, what cannot is rejected with its line and the reason.

A row is rejected for the first of its cells that cannot be read (`trimtab.catalog.cells`), or for an item_id that a row
above it has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from trimtab.catalog.attributes.columns import typed
from trimtab.catalog.attributes.definition import PREFIX
from trimtab.catalog.cells import CURRENCY, parsed_cells
from trimtab.catalog.schema import COLUMNS, REQUIRED, complete
from trimtab.core.errors import BadFile


@dataclass(frozen=True, slots=True)
class Rejection:
    """One row that was not kept; `line` is 1-based as an editor counts (in Parquet: the number of the row)."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Rejections:
    """What became of a catalogue file's rows.

    Attributes:
        rows: the rejected ones, by line.
        n_read: rows in the file.
        attribute_columns: columns of the shop's own (`attr_*`).
        ignored_columns: columns nothing was made of.
    """

    rows: tuple[Rejection, ...]
    n_read: int
    attribute_columns: tuple[str, ...] = ()
    ignored_columns: tuple[str, ...] = ()

    @property
    def n_kept(self) -> int:
        return self.n_read - len(self.rows)

    @property
    def share(self) -> float:
        return len(self.rows) / self.n_read if self.n_read else 0.0

    def by_column(self) -> dict[str, list[Rejection]]:
        """The rejected rows by the column that was the reason, the most frequent one first."""
        found: dict[str, list[Rejection]] = {}
        for row in self.rows:
            found.setdefault(row.reason.split(" ", 1)[0], []).append(row)
        return dict(sorted(found.items(), key=lambda item: -len(item[1])))

    def as_dict(self) -> dict[str, Any]:
        """For a bundle's manifest: counts, by column with the first row rejected, and what became of other columns."""
        return {
            "n_kept": self.n_kept,
            "n_rejected": len(self.rows),
            "rejected": {
                column: {"n": len(rows), "first_line": rows[0].line, "first_reason": rows[0].reason}
                for column, rows in self.by_column().items()
            },
            "attribute_columns": list(self.attribute_columns),
            "ignored_columns": list(self.ignored_columns),
        }


@dataclass(frozen=True, slots=True)
class RawRows:
    """A file's rows as text, before anything is made of them.

    Attributes:
        cells: one String column a column of the file; null is an empty cell.
        lines: [n_rows] Int64, where each row begins, 1-based.
        unreadable: rows that could not even be split into cells.
    """

    cells: pl.DataFrame
    lines: pl.Series
    unreadable: tuple[Rejection, ...] = ()


def validate(raw: RawRows, path: object) -> tuple[pl.DataFrame, Rejections]:
    """Items in schema columns and `attr_*`, and what was rejected.

    Raises:
        BadFile: a required column is missing, or prices are in several currencies.
    """
    cells = raw.cells
    missing = [name for name in REQUIRED if name not in cells.columns]
    if missing:
        raise BadFile(path, f"required column {missing[0]} is missing; found: {', '.join(cells.columns) or 'none'}")
    known = [name for name in COLUMNS if name in cells.columns]
    others = [name for name in cells.columns if name not in COLUMNS]
    attributes = tuple(name for name in others if name.startswith(PREFIX))
    if "price" in known:
        _refuse_mixed_currencies(cells["price"], path)
    values, problems = parsed_cells(raw.cells)
    own = [typed(cells[name]) for name in attributes]
    parsed = values.with_columns(*own, raw.lines.alias("_line"), problems.alias("_problem"))
    parsed = _mark_repeats(parsed)

    bad = parsed.filter(pl.col("_problem").is_not_null())
    rejected = [Rejection(line, reason) for line, reason in bad.select("_line", "_problem").iter_rows()]
    rows = tuple(sorted([*raw.unreadable, *rejected], key=lambda row: row.line))
    ignored = tuple(name for name in others if name not in attributes)
    good = parsed.filter(pl.col("_problem").is_null())
    kept = complete(good).with_columns(good[name] for name in attributes)
    return kept, Rejections(rows, len(cells) + len(raw.unreadable), attributes, ignored)


def _mark_repeats(parsed: pl.DataFrame) -> pl.DataFrame:
    """Reject each good row whose item_id a good row above it has."""
    good = parsed.filter(pl.col("_problem").is_null())
    first = good.group_by("item_id").agg(pl.col("_line").min().alias("_first"))
    repeat = pl.format("item_id '{}' repeats line {}", "item_id", "_first")
    return (
        parsed.join(first, on="item_id", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("_problem", pl.when(pl.col("_line") > pl.col("_first")).then(repeat)).alias("_problem")
        )
        .drop("_first")
    )


def _refuse_mixed_currencies(prices: pl.Series, path: object) -> None:
    signs = prices.str.extract(f"({CURRENCY})").str.to_uppercase().replace({"US$": "$", "USD": "$", "EUR": "€"})
    signs = signs.replace({"GBP": "£", "JPY": "¥", "INR": "₹"}).drop_nulls().unique().sort()
    if len(signs) > 1:
        raise BadFile(path, f"price is in several currencies ({', '.join(signs)}); allowed: one a catalogue")
