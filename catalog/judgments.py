"""Human relevance judgments: which item is how good an answer to which query."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import polars as pl

from trimtab.catalog.files import read_text
from trimtab.core.errors import BadFile

COLUMNS = ("query", "item_id", "grade")
MAX_GRADE = 10
"""The gain is `2^grade - 1`: a larger number is something else in the wrong column."""


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
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise BadFile(path, f"column {missing[0]} is missing; needed: {','.join(COLUMNS)}")
    places = [header.index(name) for name in COLUMNS]
    grades: dict[tuple[str, str], int] = {}
    for row in rows:
        if not row:
            continue
        if len(row) != len(header):
            raise BadFile(path, f"has {len(row)} cells, the header has {len(header)}", row=rows.line_num)
        query, item_id, grade = (row[place].strip() for place in places)
        if not query or not item_id:
            raise BadFile(path, f"{'item_id' if query else 'query'} is empty", row=rows.line_num)
        if not (grade.isascii() and grade.isdigit() and int(grade) <= MAX_GRADE):
            raise BadFile(path, f"grade is '{grade}'; allowed: whole numbers 0 to {MAX_GRADE}", row=rows.line_num)
        if grades.setdefault((query, item_id), int(grade)) != int(grade):
            raise BadFile(path, f"'{query}' and '{item_id}' are graded twice, differently", row=rows.line_num)
    if not grades:
        raise BadFile(path, "has no judgments")
    pairs = list(grades)
    return pl.DataFrame(
        {"query": [p[0] for p in pairs], "item_id": [p[1] for p in pairs], "grade": list(grades.values())},
        schema={"query": pl.String, "item_id": pl.String, "grade": pl.Int64},
    )
