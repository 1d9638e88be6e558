"""What the log has of some decisions, read by a process of its own: two days of a busy shop are gigabytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

import polars as pl

from trimtab.core.work.children import limit_this_process
from trimtab.engine.log.impressions import shown_lately
from trimtab.engine.log.interactions import IN_TIME, SHOWN

LOOK_BACK = IN_TIME + timedelta(days=1)
"""How far back the log is searched: what was shown earlier is too old to have an outcome now."""
NICENESS = 10
MAX_DATA_BYTES = 4_000_000_000


class LoggedSlate(NamedTuple):
    """A slate of the log as far as an event asks for it."""

    decision_id: str
    shown_at: datetime
    item_ids: Sequence[str]
    price_list: str | None
    store: str | None


def slates_of_log(folder: Path, decision_ids: Sequence[str]) -> list[LoggedSlate]:
    """The slates of these decisions in a service's folder, each decision once; for a process that does this alone."""
    _limit()
    found = shown_lately(folder, pl.Series(decision_ids, dtype=pl.String), look_back=LOOK_BACK)
    slates: dict[str, LoggedSlate] = {}
    for row in found.select(list(SHOWN)).iter_rows(named=True):
        item_ids = (*row["item_ids"], *json.loads(row["variants"] or "{}"))
        decision_id = row["decision_id"]
        slates.setdefault(
            decision_id, LoggedSlate(decision_id, row["timestamp"], item_ids, row["price_list"], row["store"])
        )
    return [*slates.values()]


@cache
def _limit() -> None:
    limit_this_process(niceness=NICENESS, data_bytes=MAX_DATA_BYTES)
