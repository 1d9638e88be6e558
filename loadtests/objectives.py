"""Service-level objectives: read from `slo.toml`, measured on a run, judged."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEASURES = ("p50_ms", "p95_ms", "p99_ms", "max_ms", "error_rate", "throughput_share")


class BadObjectives(Exception):
    """`slo.toml` cannot be used; says where and why."""


@dataclass(frozen=True, slots=True)
class Objective:
    """One bound on one measure; exactly one of the two is given."""

    name: str
    measure: str
    at_most: float | None = None
    at_least: float | None = None

    def is_met(self, measured: float) -> bool:
        """A measure that does not exist (no request was answered) meets nothing."""
        if math.isnan(measured):
            return False
        if self.at_most is not None:
            return measured <= self.at_most
        return self.at_least is not None and measured >= self.at_least

    def __str__(self) -> str:
        return f"at most {self.at_most:g}" if self.at_most is not None else f"at least {self.at_least:g}"


@dataclass(frozen=True, slots=True)
class Verdict:
    objective: Objective
    measured: float

    @property
    def is_met(self) -> bool:
        return self.objective.is_met(self.measured)


def read_objectives(path: Path) -> list[Objective]:
    """Raises BadObjectives."""
    try:
        entries = tomllib.loads(path.read_text())["objective"]
    except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
        raise BadObjectives(f"{path}: cannot be read as objectives ({error})") from error
    return [_objective(path, number, entry) for number, entry in enumerate(entries, start=1)]


def _objective(path: Path, number: int, entry: Mapping[str, Any]) -> Objective:
    where = f"{path}, objective {number}"
    unknown = entry.keys() - {"name", "measure", "at_most", "at_least"}
    if unknown:
        raise BadObjectives(f"{where}: there is no {min(unknown)}")
    if entry.get("measure") not in MEASURES:
        raise BadObjectives(f"{where}: measure is {entry.get('measure')!r}, allowed: {', '.join(MEASURES)}")
    if ("at_most" in entry) == ("at_least" in entry):
        raise BadObjectives(f"{where}: needs at_most or at_least, not both")
    return Objective(str(entry.get("name", entry["measure"])), **{k: v for k, v in entry.items() if k != "name"})


def measures_of(latencies_ms: Sequence[float], *, n_errors: int, n_due: int) -> dict[str, float]:
    """The measures of a run.

    Args:
        latencies_ms: of the requests answered as they should be, from when each was due.
        n_errors: requests answered otherwise or not at all.
        n_due: requests that arrived.

    Returns:
        every name of `MEASURES`; nan where there is nothing to measure.
    """
    ordered = sorted(latencies_ms)
    n = len(ordered) + n_errors
    return {
        "p50_ms": quantile(ordered, 0.50),
        "p95_ms": quantile(ordered, 0.95),
        "p99_ms": quantile(ordered, 0.99),
        "max_ms": ordered[-1] if ordered else math.nan,
        "error_rate": n_errors / n if n else math.nan,
        "throughput_share": len(ordered) / n_due if n_due else math.nan,
    }


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed; nan of none."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)] if ordered else math.nan


def judge(objectives: Sequence[Objective], measures: Mapping[str, float]) -> list[Verdict]:
    return [Verdict(objective, measures[objective.measure]) for objective in objectives]
