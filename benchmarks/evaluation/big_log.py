"""A log of any length from a simulated one: its parts again and again, as other sessions of a later year."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from trimtab.engine.log.impressions import read_log, write_part

DAYS_BETWEEN = 371
"""Whole weeks, so that a weekday stays one."""


def repeat(log: Path, out: Path, times: int) -> None:
    """Write a log `times` as long. Slates, households and outcomes are those of the original; identifiers and times
    are not."""
    for copy in range(times):
        for number, frame in enumerate(read_log(log)):
            again = frame.with_columns(
                pl.format("{}-{}", "decision_id", pl.lit(copy)).alias("decision_id"),
                pl.format("{}-{}", "session_id", pl.lit(copy)).alias("session_id"),
                pl.col("timestamp").dt.offset_by(f"{DAYS_BETWEEN * copy}d"),
            )
            write_part(again, out / f"part-{copy:03d}-{number:05d}.parquet")
