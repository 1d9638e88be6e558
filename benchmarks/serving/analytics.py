"""Time of each question of `trimtab analytics` to a large log.

Run by `python -m benchmarks.serving.analytics --impressions 10000000`.

The log is synthetic: 50,000 queries and 500,000 users by Zipf's law, slates of ten items, a click for one search in
three and a purchase for one in thirty, in parts as a service seals them. Processor time is that of all threads.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trimtab.engine.analytics import report
from trimtab.engine.analytics.reading import Log, open_log
from trimtab.engine.log.impressions import FOLDER, write_part
from trimtab.engine.log.interactions import INTERACTIONS
from trimtab.engine.log.interactions import SCHEMA as EVENTS
from trimtab.engine.log.rows import SCHEMA

ROWS_OF_PART = 200_000
N_QUERIES, N_USERS, N_ITEMS, N_SHOWN = 50_000, 500_000, 60_000, 10
START = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS = 60 * 24 * 3600


def write_log(folder: Path, n: int) -> None:
    """Write a log of `n` impressions, and its events, as a service's folder has them."""
    draw = np.random.default_rng(0)
    items = pl.Series([f"item-{number}" for number in range(N_ITEMS)])
    for part, first in enumerate(range(0, n, ROWS_OF_PART)):
        m = min(ROWS_OF_PART, n - first)
        at = pl.Series((np.sort(draw.random(m)) + part) * SECONDS * ROWS_OF_PART / n * 1e6).cast(pl.Int64)
        moments = at.cast(pl.Duration("us")) + START
        shown = items.gather(draw.integers(0, N_ITEMS, m * N_SHOWN).astype(np.uint32)).reshape((m, N_SHOWN))
        ids = pl.Series([f"d{first + row:015x}" for row in range(m)])
        queries = pl.Series(np.minimum(draw.zipf(1.2, m), N_QUERIES)).cast(pl.String)
        users = pl.Series(np.minimum(draw.zipf(1.1, m), N_USERS)).cast(pl.String)
        nothing = pl.lit([0] * N_SHOWN)
        frame = pl.DataFrame(
            {"decision_id": ids, "timestamp": moments, "query": queries, "user_id": users}
        ).with_columns(
            item_ids=shown.arr.to_list(), understood=pl.lit("{}"), offset=pl.lit(0, pl.Int64), clicks=nothing,
            purchases=nothing, revenue=pl.lit([0.0] * N_SHOWN), propensities=pl.lit([1.0] * N_SHOWN), k=pl.lit(N_SHOWN),
        )  # fmt: skip
        missing = [pl.lit(None, dtype).alias(name) for name, dtype in SCHEMA.items() if name not in frame.columns]
        whole = frame.with_columns(missing).select(list(SCHEMA)).cast(SCHEMA)
        day = moments[0].date()
        write_part(whole, _made(folder / FOLDER / f"date={day}") / f"{part}.parquet")
        _events(frame, draw).write_parquet(_made(folder / INTERACTIONS / f"date={day}") / f"{part}.parquet")


def _events(frame: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    """A click for a third of the searches, a purchase for a tenth of those."""
    clicked = frame.sample(fraction=1 / 3, seed=int(draw.integers(1 << 30)))
    events = pl.concat([_done(clicked, "click", draw), _done(clicked.head(len(clicked) // 10), "purchase", draw)])
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in EVENTS.items() if name not in events.columns]
    return events.with_columns(missing).select(list(EVENTS)).cast(EVENTS)


def _done(frame: pl.DataFrame, action: str, draw: np.random.Generator) -> pl.DataFrame:
    position = np.minimum(draw.geometric(0.4, len(frame)) - 1, N_SHOWN - 1)
    return frame.select(
        "decision_id",
        "timestamp",
        event_id=pl.lit(f"{action}-") + pl.col("decision_id"),
        action=pl.lit(action),
        item_id=pl.col("item_ids").list.first(),
        position=pl.Series(position),
        quantity=pl.lit(1.0),
        value=pl.lit(9.5 if action == "purchase" else 0.0),
    )


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def questions() -> dict[str, Callable[[Log], Any]]:
    """What is asked, by name."""
    shown = report.Shown()
    items = pl.DataFrame({"item_id": [f"item-{n}" for n in range(N_ITEMS)]})
    named = items.with_columns(category=pl.lit("category ") + (pl.int_range(pl.len()) % 200).cast(pl.String))
    return {
        "overview": report.overview,
        "queries, top": lambda log: report.queries(log, "top", shown),
        "queries, trending": lambda log: report.queries(log, "trending", shown),
        "categories": lambda log: report.categories(log, named, shown),
        "times, day": lambda log: report.times(log, "day"),
        "ranks": report.ranks,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--impressions", type=int, default=10_000_000)
    parser.add_argument("--log", type=Path, default=Path("build/analytics-log"))
    asked = parser.parse_args()
    if not asked.log.exists():
        write_log(asked.log, asked.impressions)
    for name, ask in questions().items():
        start, before = time.perf_counter(), time.process_time()
        n_rows = len(ask(open_log(asked.log)))
        line = {
            "question": name,
            "seconds": round(time.perf_counter() - start, 1),
            "processor_seconds": round(time.process_time() - before, 1),
            "rows": n_rows,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
