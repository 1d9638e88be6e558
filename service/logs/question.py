"""A question about the log, as a route asks it and a process of its own answers it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from trimtab.engine.analytics.measures import Every
from trimtab.engine.analytics.report import MIN_USERS, Of

Report = Literal["overview", "queries", "categories", "times", "ranks", "change", "sample"]


class Question(BaseModel):
    """What is asked of the log of a data folder (`trimtab.engine.analytics.report`).

    Attributes:
        since, until, channel: which searches are looked at.
        n, seed: of a sample.
        bundle, changes: a bundle whose items have categories, and the log of changes to them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    report: Report
    since: datetime | None = None
    until: datetime | None = None
    channel: str | None = None
    of: Of = "top"
    every: Every = "day"
    at: datetime | None = None
    min_users: int = MIN_USERS
    limit: int = 20
    n: int = 0
    seed: int = 0
    bundle: Path | None = None
    changes: Path | None = None
