"""Judgments of a file and of a frame: the same checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from trimtab.catalog.judgments import judgments_of, read_judgments
from trimtab.core.errors import BadFile

JUDGED = {"query": ["ice cream", "ice cream", "soup"], "item_id": ["1", "2", "7"], "grade": [2, 0, 1]}


def test_a_frame_is_read_as_its_file(tmp_path: Path) -> None:
    frame = pl.DataFrame(JUDGED)
    frame.write_csv(tmp_path / "judgments.csv")
    assert judgments_of(frame).equals(read_judgments(tmp_path / "judgments.csv"))
    numbers = frame.with_columns(pl.col("item_id").cast(pl.Int64), pl.col("grade").cast(pl.Float64), note=pl.lit("x"))
    assert judgments_of(numbers).equals(judgments_of(frame))


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"grade": [1.5, 0, 1]}, r"row 1: grade is '1.5'; allowed: whole numbers 0 to 10"),
        ({"grade": [2, -1, 1]}, r"row 2: grade is '-1'"),
        ({"grade": ["2", "9" * 5000, "1"]}, r"row 2: grade is '9{40}'; allowed"),
        ({"grade": [2, None, 1]}, r"row 2: grade is ''"),
        ({"item_id": ["1", None, "7"]}, "row 2: item_id is empty"),
        ({"query": ["ice cream", "ice cream", " "]}, "row 3: query is empty"),
        ({"item_id": ["1", "1", "7"]}, "row 2: 'ice cream' and '1' are graded twice, differently"),
        ({"query": [], "item_id": [], "grade": []}, "has no judgments"),
    ],
)
def test_a_frame_that_cannot_be_used_names_its_row(changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadFile, match=f"judgments, a frame.*{problem}"):
        judgments_of(pl.DataFrame({**JUDGED, **changed}, strict=False))


def test_a_frame_without_a_column_is_refused() -> None:
    with pytest.raises(BadFile, match="column grade is missing; needed: query,item_id,grade"):
        judgments_of(pl.DataFrame({"query": ["a"], "item_id": ["1"]}))
