"""A log of many partitions replays like one of a single partition; nothing is left on the disk."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose

from trimtab.abtest.ope.log.partitions import partitioned
from trimtab.abtest.ope.replay import replay
from trimtab.engine import Engine
from trimtab.engine.log.impressions import read_log

OTHER = {"b": {"relevance": 0.75, "revenue": 0.2, "diversity": 0.05}}


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    return tmp_path / "scratch"


def test_many_partitions_say_what_one_says(
    engine: Engine, log: Path, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = tmp_path / "short.parquet"
    pl.concat(read_log(log)).head(300).write_parquet(short)
    whole = replay(short, engine, OTHER)
    monkeypatch.setattr("trimtab.abtest.ope.log.partitions.IMPRESSIONS_PER_PARTITION", 30)
    monkeypatch.setattr("trimtab.engine.log.part_files.ROWS_AT_ONCE", 70)
    pieces = replay(short, engine, OTHER)
    for metric, one in whole["policies"]["b"].items():
        other = pieces["policies"]["b"][metric]
        assert other["value"] == pytest.approx(one["value"], rel=1e-9), metric
        assert other["low"] == pytest.approx(one["low"], rel=1e-6), metric
    assert list(pieces["segments"]) == list(whole["segments"])
    assert pieces["log"]["n_replayed"] == 300
    assert list(scratch.iterdir()) == []


def test_every_impression_and_every_query_is_in_one_partition(
    engine: Engine, log: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trimtab.abtest.ope.log.partitions.IMPRESSIONS_PER_PARTITION", 500)
    with partitioned(log, engine) as partitions:
        assert partitions.n_partitions == 6
        found = [partitions.partition(number).slates for number in range(6)]
        sample = partitions.sample(1000).slates
    numbers = np.concatenate([slates.numbers for slates in found])
    assert sorted(numbers) == list(range(3000))
    where = [set(slates.queries.tolist()) for slates in found]
    assert sum(map(len, where)) == len(set().union(*where))
    assert len(sample) == 1000
    frame = pl.concat(read_log(log))
    first = found[0]
    texts = [partitions.labels.queries[code].text for code in first.queries]
    assert texts == frame["query"].gather(first.numbers).to_list()
    assert_allclose(first.propensities[0], frame["propensities"][int(first.numbers[0])])
    assert list(scratch.iterdir()) == []


def test_slates_of_different_lengths_stand_side_by_side(engine: Engine, log: Path, tmp_path: Path) -> None:
    frame = pl.concat(read_log(log))
    lists = ("item_ids", "propensities", "clicks", "carts", "purchases", "revenue")
    frame.head(50).with_columns(pl.col(name).list.head(4) for name in lists).write_parquet(tmp_path / "a.parquet")
    frame.tail(50).write_parquet(tmp_path / "b.parquet")
    with partitioned(tmp_path, engine) as partitions:
        slates = partitions.partition(0).slates
    assert slates.rows.shape == (100, 10)
    assert (slates.rows[:50, 4:] == -1).all()
    assert (slates.propensities[:50, 4:] == 1).all()


def test_a_bad_row_far_down_is_left_out_and_named(
    engine: Engine, log: Path, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trimtab.engine.log.part_files.ROWS_AT_ONCE", 700)
    path = tmp_path / "damaged.parquet"
    frame = pl.concat(read_log(log))
    bad = pl.int_range(pl.len()) == 2344
    frame.with_columns(
        pl.when(bad).then(pl.lit([2.0] * 10)).otherwise("propensities").alias("propensities")
    ).write_parquet(path)
    with partitioned(path, engine) as partitions:
        assert (partitions.n_read, partitions.n) == (len(frame), len(frame) - 1)
    (reason,) = partitions.left_out
    assert reason.startswith("propensities has")
    assert partitions.rejected.first == {reason: f"{path}, row 2345"}
    assert list(scratch.iterdir()) == []


def test_rows_that_are_not_in_order_of_time_count(engine: Engine, log: Path, tmp_path: Path) -> None:
    frame = pl.concat(read_log(log)).head(90)
    sessions = frame.with_columns(session_id=pl.concat_str(pl.lit("s"), pl.int_range(pl.len()) // 3))
    sessions.sort("timestamp").write_parquet(tmp_path / "ascending.parquet")
    sessions.sort("timestamp", descending=True).write_parquet(tmp_path / "descending.parquet")
    ascending, descending = (replay(tmp_path / f"{n}.parquet", engine, OTHER) for n in ("ascending", "descending"))
    assert ascending["log"]["n_replayed"] == descending["log"]["n_replayed"] == 90
    assert ascending["log"]["n_out_of_order"] == 0
    assert descending["log"]["n_out_of_order"] > 30
    assert any("not in order of time" in warning for warning in descending["warnings"])
    for metric in ("relevance", "revenue"):
        values = [one["policies"]["b"][metric]["value"] for one in (ascending, descending)]
        assert values[0] == pytest.approx(values[1])


@pytest.fixture(scope="module")
def fifty(engine: Engine, log: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report on the first fifty impressions."""
    path = tmp_path_factory.mktemp("fifty") / "log.parquet"
    pl.concat(read_log(log)).head(50).write_parquet(path)
    return replay(path, engine, OTHER)


def test_impressions_delivered_five_times_count_once(
    engine: Engine, log: Path, fifty: dict[str, Any], tmp_path: Path
) -> None:
    """In one file, over several files and within the frames of one: the report is that of the log delivered once."""
    frame = pl.concat(read_log(log)).head(50)
    pl.concat([frame] * 5).write_parquet(tmp_path / "five.parquet")
    (tmp_path / "parts").mkdir()
    for number in range(4):
        frame.sample(fraction=1, shuffle=True, seed=number).write_parquet(tmp_path / "parts" / f"{number + 1}.parquet")
    frame.write_parquet(tmp_path / "parts" / "0.parquet")
    for again in ("five.parquet", "parts"):
        found = replay(tmp_path / again, engine, OTHER)
        assert (found["log"].pop("n_read"), found["log"].pop("n_replayed")) == (250, 50)
        assert found["log"].pop("left_out") == {"delivered again: a row of their decision was before them": 200}
        assert found.pop("warnings")[0].startswith("200 of 250 impressions were left out: 200 delivered again")
        rest = {**fifty, "log": {name: value for name, value in fifty["log"].items() if name in found["log"]}}
        assert {name: value for name, value in rest.items() if name != "warnings"} == found


@pytest.mark.parametrize("count", [2, 128, 256])
def test_a_count_of_clicks_is_a_click(
    engine: Engine, log: Path, fifty: dict[str, Any], tmp_path: Path, count: int
) -> None:
    frame = pl.concat(read_log(log)).head(50)
    frame.with_columns(pl.col("clicks", "purchases").list.eval(pl.element() * count)).write_parquet(
        tmp_path / "counts.parquet"
    )
    assert replay(tmp_path / "counts.parquet", engine, OTHER) == fifty


@pytest.mark.parametrize("click", [-1, 0.9, float("inf"), None])
def test_a_row_with_what_is_not_a_count_is_left_out(
    engine: Engine, log: Path, tmp_path: Path, click: float | None
) -> None:
    frame = pl.concat(read_log(log)).head(3)
    clicks = [*frame["clicks"].to_list()[:2], [click] + [0] * 9]
    frame.with_columns(pl.Series("clicks", clicks, strict=False)).write_parquet(tmp_path / "log.parquet")
    found = replay(tmp_path / "log.parquet", engine, OTHER)["log"]
    ((reason, n),) = found["left_out"].items()
    assert (found["n_replayed"], n, "clicks" in reason) == (2, 1, True)


def test_blank_users_are_nobody(engine: Engine, log: Path, tmp_path: Path) -> None:
    """One user of all would be one group, and no interval."""
    frame = pl.concat(read_log(log)).head(90)
    for name, value in (("null", None), ("blank", ""), ("space", " ")):
        unknown = pl.lit(value, dtype=pl.String)
        frame.with_columns(user_id=unknown, session_id=unknown).write_parquet(tmp_path / f"{name}.parquet")
    found = [replay(tmp_path / f"{name}.parquet", engine, OTHER) for name in ("null", "blank", "space")]
    assert found[0] == found[1] == found[2]
    assert found[0]["log"]["n_user_groups"] > 75
