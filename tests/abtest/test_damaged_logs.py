"""Logs of which a replay can use some rows or none: what is left out is counted with its reason, damage is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import polars as pl
import pytest

from trimtab.abtest.ope.log.logged_slates import BAD_WEIGHTS, UNKNOWN_SEARCH
from trimtab.abtest.ope.replay import replay
from trimtab.core.errors import BadLog
from trimtab.engine import Engine
from trimtab.engine.log.impressions import read_log

OTHER = {"relevance": 0.75, "revenue": 0.2, "diversity": 0.05}


DAMAGE: dict[str, tuple[Callable[[pl.DataFrame], pl.DataFrame], str]] = {
    "weights that are no JSON": (lambda frame: frame.with_columns(weights=pl.lit("{half")), r"row 1\)"),
    "a column gone": (lambda frame: frame.drop("query"), r"column query is missing"),
    "no row": (lambda frame: frame.clear(), r"empty"),
    "another bundle": (lambda frame: frame.with_columns(bundle=pl.lit("cafe")), r"none of .* another bundle"),
    "another feature schema": (lambda frame: frame.with_columns(feature_schema=pl.lit("f00")), r"feature schema"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_log_of_which_nothing_is_left_is_named(engine: Engine, log: Path, tmp_path: Path, damage: str) -> None:
    change, words = DAMAGE[damage]
    path = tmp_path / "damaged.parquet"
    change(pl.concat(read_log(log))).write_parquet(path)
    with pytest.raises(BadLog, match=f"damaged.parquet.*{words}"):
        replay(path, engine, {"b": OTHER}, tmp_path / "report")
    assert not (tmp_path / "report").exists()


BAD_VALUES = [
    ("propensities", [0.0] * 10),
    ("propensities", None),
    ("propensities", [0.5]),
    ("item_ids", ["1"] * 10),
    ("revenue", [float("nan")] * 10),
    ("revenue", [float("inf")] * 10),
    ("revenue", [1e200] * 10),
    ("clicks", None),
    ("purchases", None),
    ("weights", "{half"),
    ("requested_weights", "[1]"),
    ("pins", '{"top": "1"}'),
    ("boosts", '{"1": NaN}'),
    ("max_losses", '"all"'),
    ("understood", "{half"),
    ("variants", "[]"),
    ("temperature", float("nan")),
    ("schema_version", 7),
]


def test_rows_with_bad_values_are_left_out_and_counted(engine: Engine, log: Path, tmp_path: Path) -> None:
    """One row of each kind."""
    frame = pl.concat(read_log(log)).head(60)
    bad = [
        frame[row].with_columns(pl.lit(value, dtype=frame.schema[column]).alias(column))
        for row, (column, value) in enumerate(BAD_VALUES)
    ]
    rest = frame[len(bad) :]
    pl.concat([*bad, rest]).write_parquet(tmp_path / "bad.parquet")
    found = replay(tmp_path / "bad.parquet", engine, {"b": OTHER})
    assert (found["log"]["n_read"], found["log"]["n_replayed"]) == (60, len(rest))
    assert sum(found["log"]["left_out"].values()) == len(bad)
    assert found["warnings"][0].startswith(f"{len(bad)} of 60 impressions were left out: ")
    assert f"weights is not a JSON object ({tmp_path / 'bad.parquet'}, row 10)" in found["warnings"][0]
    assert found["log"]["revenue"]["value"] == pytest.approx(rest["revenue"].list.sum().mean())


def test_a_truncated_file_is_named(engine: Engine, log: Path, tmp_path: Path) -> None:
    whole = next(log.iterdir()).read_bytes()
    path = tmp_path / "half.parquet"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadLog, match=r"half.parquet: cannot be read"):
        replay(path, engine, {"b": OTHER})
    with pytest.raises(BadLog, match="no log is there"):
        replay(tmp_path / "nowhere", engine, {"b": OTHER})


def test_rows_that_cannot_be_replayed_are_counted_with_reasons(engine: Engine, log: Path, tmp_path: Path) -> None:
    frame = pl.concat(read_log(log)).head(400)
    number = pl.int_range(pl.len())
    mixed = frame.with_columns(
        pl.when(number < 100).then(pl.lit("cafe")).otherwise("bundle").alias("bundle"),
        pl.when(number.is_between(100, 149)).then(0.0).otherwise("temperature").alias("temperature"),
        pl.when(number.is_between(150, 159)).then(10).otherwise("offset").alias("offset"),
        pl.when(number == 160).then(["diversity", "candidates"]).otherwise("degraded").alias("degraded"),
    )
    mixed.write_parquet(tmp_path / "mixed.parquet")
    found = replay(tmp_path / "mixed.parquet", engine, {"b": OTHER})
    assert sorted(found["log"]["left_out"].values()) == [1, 10, 50, 100]
    assert found["log"]["n_replayed"] == 400 - 161
    assert any("161 of 400 impressions were left out" in warning for warning in found["warnings"])


def test_weights_and_searches_that_cannot_be_are_reasons_to_leave_rows_out(
    engine: Engine, log: Path, tmp_path: Path
) -> None:
    bad = pl.Series(['{"relevance": 0.5, "glamour": 0.5}', "{}", '{"revenue": 0}', '{"revenue": -1}'])
    frame = pl.concat(read_log(log)).head(20)
    served, asked, unknown, good = frame[:4], frame[4:8], frame[8:10], frame[10:]
    odd = [
        served.with_columns(weights=bad),
        asked.with_columns(requested_weights=bad),
        unknown.with_columns(filters=pl.Series([["glamour:9"], []]), near=pl.Series([None, "nowhere"])),
        good,
    ]
    pl.concat(odd).write_parquet(tmp_path / "odd.parquet")
    found = replay(tmp_path / "odd.parquet", engine, {"b": OTHER})
    assert (found["log"]["left_out"], found["log"]["n_replayed"]) == ({BAD_WEIGHTS: 8, UNKNOWN_SEARCH: 2}, 10)
    assert found["log"]["weights"] == [dict(engine.default_weights)]


TIMES: dict[str, Callable[[datetime], object]] = {
    "text of many zones": lambda at: at.astimezone(timezone(timedelta(hours=at.second % 25 - 12))).isoformat(),
    "seconds": lambda at: int(at.timestamp()),
    "milliseconds": lambda at: 1e3 * at.timestamp(),
}


@pytest.mark.parametrize("written", TIMES)
def test_the_times_of_a_log_are_read_by_the_rule_of_importers(log: Path, tmp_path: Path, written: str) -> None:
    """In Parquet and in lines; what is not a time is a reason to leave its row out."""
    frame = pl.concat(read_log(log)).head(20).with_columns(pl.col("timestamp").dt.truncate("1s"))
    other = frame.with_columns(timestamp=pl.Series(map(TIMES[written], frame["timestamp"])))
    other.write_parquet(tmp_path / "log.parquet")
    other.write_ndjson(tmp_path / "log.jsonl")
    for name in ("log.parquet", "log.jsonl"):
        assert pl.concat(read_log(tmp_path / name))["timestamp"].to_list() == frame["timestamp"].to_list()
    never = pl.when(pl.int_range(pl.len()) == 3).then(pl.lit(0)).otherwise("timestamp").cast(other.schema["timestamp"])
    other.with_columns(timestamp=never).write_parquet(tmp_path / "log.parquet")
    assert len(pl.concat(read_log(tmp_path / "log.parquet"))) == 19


def test_lines_that_would_be_missed_in_silence_are_named(log: Path, tmp_path: Path) -> None:
    pl.concat(read_log(log)).head(5).write_ndjson(tmp_path / "a.jsonl")
    (tmp_path / "notes.gz").write_bytes(b"")
    assert len(pl.concat(read_log(tmp_path))) == 5
    for name in ("b.jsonl.gz", "b.ndjson"):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(BadLog, match=rf"{name}: lines are read from .jsonl files alone"):
            list(read_log(tmp_path))
        (tmp_path / name).unlink()


def test_a_chance_that_is_above_1_by_rounding_alone_is_one(log: Path, tmp_path: Path) -> None:
    frame = pl.concat(read_log(log)).head(3)
    for above, n in ((1e-9, 3), (1e-3, 2)):
        first = pl.Series([[1.0 + above] * 10, *frame["propensities"].to_list()[1:]])
        frame.with_columns(propensities=first).write_parquet(tmp_path / "log.parquet")
        assert len(pl.concat(read_log(tmp_path / "log.parquet"))) == n
