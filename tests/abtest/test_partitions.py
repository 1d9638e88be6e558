"""A log of many partitions replays like one of a single partition; nothing is left on the disk."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose

from trimtab.abtest.ope.partitions import partitioned
from trimtab.abtest.ope.replay import replay
from trimtab.core.errors import BadLog
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
    engine: Engine, log: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = replay(log, engine, OTHER)
    monkeypatch.setattr("trimtab.abtest.ope.partitions.IMPRESSIONS_PER_PARTITION", 300)
    monkeypatch.setattr("trimtab.engine.log.impressions.ROWS_AT_ONCE", 700)
    pieces = replay(log, engine, OTHER)
    for metric, one in whole["policies"]["b"].items():
        other = pieces["policies"]["b"][metric]
        assert other["value"] == pytest.approx(one["value"], rel=1e-9), metric
        assert other["low"] == pytest.approx(one["low"], rel=1e-6), metric
    assert list(pieces["segments"]) == list(whole["segments"])
    assert pieces["log"]["n_replayed"] == 3000
    assert list(scratch.iterdir()) == []


def test_every_impression_and_every_query_is_in_one_partition(
    engine: Engine, log: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trimtab.abtest.ope.partitions.IMPRESSIONS_PER_PARTITION", 500)
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
    lists = ("item_ids", "propensities", "clicks", "purchases", "revenue")
    frame.head(50).with_columns(pl.col(name).list.head(4) for name in lists).write_parquet(tmp_path / "a.parquet")
    frame.tail(50).write_parquet(tmp_path / "b.parquet")
    with partitioned(tmp_path, engine) as partitions:
        slates = partitions.partition(0).slates
    assert slates.rows.shape == (100, 10)
    assert (slates.rows[:50, 4:] == -1).all()
    assert (slates.propensities[:50, 4:] == 1).all()


def test_a_bad_row_far_down_is_named(
    engine: Engine, log: Path, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trimtab.engine.log.impressions.ROWS_AT_ONCE", 700)
    path = tmp_path / "damaged.parquet"
    frame = pl.concat(read_log(log))
    bad = pl.int_range(pl.len()) == 2344
    frame.with_columns(
        pl.when(bad).then(pl.lit([2.0] * 10)).otherwise("propensities").alias("propensities")
    ).write_parquet(path)
    with pytest.raises(BadLog, match=r"damaged.parquet, row 2345: propensities has 2.0"):
        replay(path, engine, OTHER)
    assert list(scratch.iterdir()) == []


def test_a_session_whose_clock_runs_backwards_is_counted(engine: Engine, log: Path, tmp_path: Path) -> None:
    frame = pl.concat(read_log(log)).head(300)
    number = pl.int_range(pl.len())
    frame.with_columns(
        pl.when(number < 3).then(pl.lit("one")).otherwise("session_id").alias("session_id"),
        pl.when(number == 1).then(pl.col("timestamp").dt.offset_by("9d")).otherwise("timestamp").alias("timestamp"),
    ).write_parquet(tmp_path / "log.parquet")
    found = replay(tmp_path / "log.parquet", engine, OTHER)
    assert [(reason.split(":")[-1], n) for reason, n in found["log"]["left_out"].items()] == [
        (" a clock went backwards", 1)
    ]
