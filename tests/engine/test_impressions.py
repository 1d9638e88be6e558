"""The impression log on disk: what is written is read, and what is broken is named by file and row."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from trimtab.core.errors import BadLog
from trimtab.core.log import COLUMNS, impression_row
from trimtab.core.records import Query
from trimtab.engine import Engine
from trimtab.engine.log.impressions import ImpressionReader, read_log, write_parquet, write_part
from trimtab.engine.log.interactions import SCHEMA as EVENTS
from trimtab.engine.log.rows import SCHEMA, frame_of, frame_of_lines, json_line, rows_of


@pytest.fixture
def rows(engine: Engine) -> list[dict[str, object]]:
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    slates = [engine.slate(Query("yogurt", k=5, session_id=f"s{n}", explore=True)) for n in range(3)]
    return [impression_row(engine.impression(slate, now)) for slate in slates]


@pytest.fixture
def shopped(rows: list[dict[str, object]], tmp_path: Path) -> Path:
    """A service's folder of which one item was clicked and bought."""
    write_part(frame_of(rows), tmp_path / "impressions" / "date=2026-01-02" / "part-0.parquet")
    done = [
        {
            "event_id": action,
            "decision_id": rows[1]["decision_id"],
            "timestamp": rows[1]["timestamp"],
            "action": action,
            "item_id": rows[1]["item_ids"][2],
            "value": 2.5,
        }
        for action in ("click", "purchase")
    ]  # fmt: skip
    write_parquet(pl.DataFrame(done, schema=EVENTS), tmp_path / "interactions" / "date=2026-01-02" / "part-0.parquet")
    return tmp_path


def test_parquet_and_json_lines_read_back_the_same(rows: list[dict[str, object]], tmp_path: Path) -> None:
    write_part(frame_of(rows), tmp_path / "log" / "part-0.parquet")
    (tmp_path / "spool.jsonl").write_bytes(b"".join(map(json_line, rows)))
    from_parquet = [row for frame in read_log(tmp_path / "log") for row in rows_of(frame)]
    from_json = [row for frame in read_log(tmp_path / "spool.jsonl") for row in rows_of(frame)]
    assert from_parquet == from_json == rows
    assert [path.name for path in (tmp_path / "log").iterdir()] == ["part-0.parquet"]


OTHER_KINDS: dict[str, object] = {
    "str": 7,
    "int": 0.5,
    "float": "much",
    "datetime": "soon",
    "json": "{half",
    "list[str]": [None],
    "list[int]": [0.9] * 5,
    "list[float]": [None] * 5,
    "list[list[float]]": [[0.5], [None]],
}
BAD_VALUES = [
    *((name, OTHER_KINDS[column.kind]) for name, column in COLUMNS.items()),
    *((name, None) for name, column in COLUMNS.items() if column.required),
    *((name, text) for name, column in COLUMNS.items() if column.read is not None for text in ("{half", "[]", "7")),
    ("understood", '{"words": 7}'),
    ("weights", {"relevance": "1"}),
    ("pins", {"top": "1"}),
    ("propensities", [0.5, 0.0, 1, 1, 1]),
    ("propensities", [0.5, 1.5, 1, 1, 1]),
    ("propensities", [0.5]),
    ("item_ids", ["a", "a", "b", "c", "d"]),
    ("clicks", [0, 0, 0, 0, -1]),
    ("revenue", [0, 0, 0, 0, 1e200]),
    ("temperature", -1),
    ("schema_version", 7),
    ("seed", 2**64),
]


IN_LINES_ALONE = (7, "soon")
"""Bad values of text and times: a column of Parquet has one type."""


@pytest.mark.parametrize(
    ("kind", "column", "value"),
    [
        (kind, column, value)
        for kind in ("jsonl", "parquet")
        for column, value in BAD_VALUES
        if kind == "jsonl" or COLUMNS[column].kind not in ("str", "datetime") or value not in IN_LINES_ALONE
    ],
)
def test_a_row_with_a_bad_value_is_left_out_and_counted(
    rows: list[dict[str, Any]], tmp_path: Path, kind: str, column: str, value: object
) -> None:
    path, good = tmp_path / f"log.{kind}", [rows[0], rows[2]]
    broken = [rows[0], {**rows[1], column: value}, rows[2]]
    if kind == "jsonl":
        path.write_text("".join(json.dumps(row, default=datetime.isoformat) + "\n" for row in broken))
    else:
        frame_of(rows).with_columns(as_written([row[column] for row in broken], column)).write_parquet(path)
    reader = ImpressionReader(path)
    found = list(reader)
    (reason,) = reader.rejected.reasons
    assert column in reason
    assert reader.rejected.first[reason] == f"{path}, row 2"
    assert list(rows_of(pl.concat(found))) == good


def as_written(values: list[object], column: str) -> pl.Series:
    """Values in a type that holds all of them: that of the log where it does."""
    texts = [json.dumps(value) if isinstance(value, dict) else value for value in values]
    with suppress(TypeError, pl.exceptions.PolarsError, OverflowError):
        return pl.Series(column, texts, dtype=SCHEMA[column])
    with suppress(TypeError, pl.exceptions.PolarsError):
        return pl.Series(column, texts, dtype=pl.List(pl.Float64))
    return pl.Series(column, [None if value is None else str(value) for value in values])


@given(columns=st.sets(st.sampled_from(sorted(SCHEMA))))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_columns_of_a_service_s_log_are_those_of_all(shopped: Path, columns: set[str]) -> None:
    whole = pl.concat(read_log(shopped))
    assert whole["clicks"].list.sum().sum() == whole["purchases"].list.sum().sum() == 1
    names = sorted(columns)
    assert_frame_equal(pl.concat(read_log(shopped, names)), whole.select(names))


def test_what_is_no_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadLog, match="no log is there"):
        list(read_log(tmp_path / "nothing"))
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(b"PAR1")
    with pytest.raises(BadLog, match=r"cut\.parquet"):
        list(read_log(cut))
    other = tmp_path / "other.parquet"
    pl.DataFrame({"x": [1]}).write_parquet(other)
    with pytest.raises(BadLog, match="column decision_id is missing"):
        list(read_log(other))
    lines = tmp_path / "lines.jsonl"
    lines.write_bytes(b'{"query": ')
    with pytest.raises(BadLog, match=r"none of 1 rows can be used: .*lines\.jsonl, row 1"):
        list(read_log(lines))


def test_the_table_in_the_documentation_is_the_schema() -> None:
    documented = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text()
    for name, column in COLUMNS.items():
        earlier = f"; `{column.earlier_name}` in earlier logs" if column.earlier_name else ""
        row = f"| `{name}` | {column.kind} | {'yes' if column.required else 'no'} | {column.doc}{earlier} |"
        assert row in documented, "a column differs from docs/evaluation.md"


def test_a_line_that_no_schema_can_hold_does_not_take_the_others_with_it(rows: list[dict[str, object]]) -> None:
    lines = [json_line(row) for row in rows]
    broken = json_line({**rows[0], "offset": 2**64 - 1})
    assert len(frame_of_lines(b"".join([*lines, broken, *lines]), SCHEMA)) == 2 * len(rows)
    with pytest.raises(pl.exceptions.PolarsError):
        frame_of_lines(2 * broken, SCHEMA)
