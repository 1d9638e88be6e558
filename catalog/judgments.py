"""Human relevance judgments: which item is how good an answer to which query."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import polars as pl

from trimtab.catalog.files import read_text
from trimtab.catalog.store import ItemStore
from trimtab.core.errors import BadFile

FRAME = "judgments, a frame"
"""Where a message says what is wrong with, in the place of a file's name."""
_Numbered = tuple[int, tuple[str, str, str]]
"""A row's number, query, item and grade."""

COLUMNS = ("query", "item_id", "grade")
MAX_GRADE = 10
"""The gain is `2^grade - 1`: a larger number is something else in the wrong column."""
FORMULAS = ("=", "+", "-", "@")
"""What a spreadsheet takes for a formula where a cell begins so; shoppers write queries, and suppliers ids."""


def as_cell(text: str) -> str:
    """A query or an id as the file has it: with a `'` before what would be a formula, which is read as if not there."""
    return f"'{text}" if text.lstrip("'").startswith(FORMULAS) else text


def _of_cell(cell: str) -> str:
    text = cell.strip()
    return text[1:] if text.startswith("'") and as_cell(text) != text else text


def read_judgments(path: Path | str) -> pl.DataFrame:
    """Judgments of a CSV file (also `.gz`) with the columns `query,item_id,grade`.

    Every row counts in an evaluation, so one bad row refuses the file.

    Returns:
        query (String), item_id (String), grade (Int64, 0 is irrelevant); one row a pair, in the file's order.

    Raises:
        BadFile: names the row and what is wrong with it.
    """
    path = Path(path)
    rows = csv.reader(io.StringIO(read_text(path), newline=""))
    header = [name.strip() for name in next(rows, [])]
    _refuse_missing(header, path)
    places = [header.index(name) for name in COLUMNS]

    def cells() -> Iterator[_Numbered]:
        for row in rows:
            if row and len(row) != len(header):
                raise BadFile(path, f"has {len(row)} cells, the header has {len(header)}", row=rows.line_num)
            if row:
                query, item_id, grade = (_of_cell(row[place]) for place in places)
                yield rows.line_num, (query, item_id, grade)

    return _checked(cells(), path)


def judgments_of(frame: pl.DataFrame) -> pl.DataFrame:
    """The judgments of a frame with the columns `query, item_id, grade`, checked as those of a file are.

    Raises:
        BadFile: names the row, the first of which is 1, and what is wrong with it.
    """
    _refuse_missing(frame.columns, FRAME)

    def cells() -> Iterator[_Numbered]:
        for row, (query, item_id, grade) in enumerate(frame.select(COLUMNS).iter_rows(), start=1):
            yield row, (_as_text(query), _as_text(item_id), _as_text(grade))

    return _checked(cells(), FRAME)


def _as_text(value: object) -> str:
    """A value as a file has it; a whole number that a frame keeps as a float is one."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value).strip()


def _refuse_missing(columns: Collection[str], source: object) -> None:
    missing = next((name for name in COLUMNS if name not in columns), None)
    if missing is not None:
        raise BadFile(source, f"column {missing} is missing; needed: {','.join(COLUMNS)}")


def _checked(cells: Iterable[_Numbered], source: object) -> pl.DataFrame:
    """One row a pair.

    Raises:
        BadFile: the first that is wrong, by its number.
    """
    grades: dict[tuple[str, str], int] = {}
    for row, (query, item_id, grade) in cells:
        if not query or not item_id:
            raise BadFile(source, f"{'item_id' if query else 'query'} is empty", row=row)
        if not (re.fullmatch("[0-9]{1,9}", grade) and int(grade) <= MAX_GRADE):
            raise BadFile(source, f"grade is '{grade[:40]}'; allowed: whole numbers 0 to {MAX_GRADE}", row=row)
        if grades.setdefault((query, item_id), int(grade)) != int(grade):
            raise BadFile(source, f"'{query}' and '{item_id}' are graded twice, differently", row=row)
    if not grades:
        raise BadFile(source, "has no judgments")
    pairs = list(grades)
    return pl.DataFrame(
        {"query": [p[0] for p in pairs], "item_id": [p[1] for p in pairs], "grade": list(grades.values())},
        schema={"query": pl.String, "item_id": pl.String, "grade": pl.Int64},
    )


def unknown_items(judgments: pl.DataFrame, store: ItemStore) -> str | None:
    """A warning that judged items are not in the catalogue; None where all are."""
    item_ids = judgments["item_id"].unique(maintain_order=True).to_list()
    unknown = [item_id for item_id, row in zip(item_ids, store.rows_of(item_ids), strict=True) if row < 0]
    if not unknown:
        return None
    first = unknown[0]
    shorter = first.removesuffix(".0")
    hint = f"; {shorter!r} is" if shorter != first and store.rows_of([shorter])[0] >= 0 else ""
    which = "none of" if len(unknown) == len(item_ids) else f"{len(unknown):,} of"
    are = "is" if len(unknown) == len(item_ids) else "are not"
    return f"{which} {len(item_ids):,} judged items {are} in the catalogue (the first that is not: {first!r}{hint})"


def unasked_queries(judgments: pl.DataFrame, asked: Collection[str]) -> str | None:
    """A warning that judged queries are not among those asked; None where some are and the rest differs in more than
    its case."""
    judged = judgments["query"].unique(maintain_order=True).to_list()
    unasked = [query for query in judged if query not in asked]
    folded = {query.casefold() for query in asked}
    in_another_case = [query for query in unasked if query.casefold() in folded]
    hint = f"; {len(in_another_case):,} are in another case, as {in_another_case[0]!r}" if in_another_case else ""
    if len(unasked) == len(judged):
        return f"none of {len(judged):,} judged queries is in the log{hint}"
    return f"{len(unasked):,} of {len(judged):,} judged queries are not in the log{hint}" if hint else None
