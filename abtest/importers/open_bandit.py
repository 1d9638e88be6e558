"""The layout of the Open Bandit Dataset (Saito et al. 2021): one item a row, shown in one of three slots, with the
propensity of the policy that chose it.

A row becomes a slate of one item; its query is the slot, because items of one slot were chosen against each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trimtab.abtest.importers.foreign import Read, Rejected, accepted, rows_of
from trimtab.core.moments import moment

COLUMNS = ("timestamp", "item_id", "position", "click", "propensity_score")
TEMPERATURE = 1.0
"""Above 0: these slates were drawn."""


def is_layout(source: Path) -> bool:
    """Whether there is a file with the data set's columns, or a folder of them."""
    return bool(_files(source))


def read(source: Path) -> Iterator[Read]:
    """Rows of all files of a folder, or of one file."""
    for path in _files(source):
        for number, (where, raw) in enumerate(rows_of(path)):
            yield _read(raw, f"{path.name}-{number}", where)


def _files(source: Path) -> list[Path]:
    candidates = sorted(source.rglob("*.csv*")) if source.is_dir() else [source]
    return [path for path in candidates if path.name.removesuffix(".gz").endswith(".csv") and _has_columns(path)]


def _has_columns(path: Path) -> bool:
    first = next(rows_of(path), None)
    return first is not None and first[1] is not None and set(COLUMNS) <= set(first[1])


def _read(raw: Mapping[str, Any] | None, decision_id: str, where: str) -> Read:
    if raw is None:
        return Rejected("has another number of cells than the header", where)
    for name in COLUMNS:
        if raw.get(name) is None:
            return Rejected(f"{name} is missing", where)
    at = moment(raw["timestamp"])
    if at is None:
        return Rejected("a timestamp that cannot be read", where)
    if raw["click"] not in {"0", "1"}:
        return Rejected("a click that is neither 0 nor 1", where)
    try:
        propensity = float(raw["propensity_score"])
    except ValueError:
        return Rejected("a propensity that is not a number", where)
    known = {
        "decision_id": decision_id,
        "timestamp": at,
        "query": f"slot {raw['position']}",
        "item_ids": [raw["item_id"]],
        "propensities": [propensity],
        "clicks": [int(raw["click"])],
        "temperature": TEMPERATURE,
    }
    return accepted(known, where)
