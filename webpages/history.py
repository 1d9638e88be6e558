"""Visits of followed pages, and the Parquet file that keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit of a page.

    Attributes:
        price: what the remembered node shows, None where it is gone.
        role: `offer`, or what the node's price is instead (`variant`, `used`, `shipping`, `unit`, `instalment`), or
            `gone`.
        signals: which of `node`, `structured` and `model` gave this price; `availability` where it is sold out.
        alert: whether the change is believed and is to be reported.
    """

    url: str
    site: str
    timestamp: str
    price: str | None = None
    currency: str | None = None
    role: str = "gone"
    status: str = "unavailable"
    signals: tuple[str, ...] = ()
    alert: bool = False
    previous: str | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Visit:
        """The visit that `as_dict` wrote."""
        return cls(**{**values, "signals": tuple(values["signals"])})

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"signals": list(self.signals)}


HISTORY_SCHEMA: dict[str, Any] = {
    "url": pl.String, "site": pl.String, "timestamp": pl.String, "price": pl.String, "currency": pl.String,
    "role": pl.String,
    "status": pl.String, "signals": pl.List(pl.String), "alert": pl.Boolean, "previous": pl.String,
}  # fmt: skip


def history_frame(visits: Iterable[Visit]) -> pl.DataFrame:
    return pl.DataFrame([visit.as_dict() for visit in visits], schema=HISTORY_SCHEMA)


def append_history(path: Path, visits: Sequence[Visit]) -> None:
    """Add visits to a Parquet history. It is written aside and renamed, so that a reader sees all or nothing."""
    frame = history_frame(visits)
    if path.exists():
        frame = pl.concat([pl.read_parquet(path), frame])
    aside = path.with_name(f".{path.name}.aside")
    frame.write_parquet(aside)
    aside.replace(path)
