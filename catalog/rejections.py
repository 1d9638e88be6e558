"""Rows of a feed that were not kept, with their line and the reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from trimtab.core.counted import counted

N_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Rejection:
    """One row that was not kept; `line` is 1-based as an editor counts (in Parquet: the number of the row)."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Omission(Rejection):
    """One row that is left out on purpose, by what it says itself: a draft."""


@dataclass(frozen=True, slots=True)
class Rejections:
    """What became of a feed's rows.

    Attributes:
        rows: the rejected ones, by line.
        n_read: rows in the feed.
        attribute_columns: columns of the shop's own.
        ignored_columns: columns nothing was made of.
        said: what columns were taken for, and what else was left out, a line each.
    """

    rows: tuple[Rejection, ...]
    n_read: int
    attribute_columns: tuple[str, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    said: tuple[str, ...] = ()

    def with_more(self, rows: Iterable[Rejection], said: Iterable[str] = ()) -> Rejections:
        """The same with more rows that were not kept, and more that is said."""
        return replace(
            self, rows=tuple(sorted((*self.rows, *rows), key=lambda row: row.line)), said=(*self.said, *said)
        )

    @property
    def n_kept(self) -> int:
        return self.n_read - len(self.rows)

    @property
    def share(self) -> float:
        return len(self.rows) / self.n_read if self.n_read else 0.0

    @property
    def summary(self) -> str:
        """`N rows kept, M rejected`."""
        return f"{counted(self.n_kept, 'row')} kept, {len(self.rows):,} rejected"

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
            "said": list(self.said),
        }
