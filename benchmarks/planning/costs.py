"""What items, searches and impressions cost, fitted to what was measured on one machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).with_name("measured.json")
MILLION = 1e6


@dataclass(frozen=True)
class Line:
    """A cost that grows with the items of a machine: `fixed + per_million * items / 1e6`.

    Attributes:
        worst: by how much it is off, as a share, at the worst of the points it was fitted to.
    """

    fixed: float
    per_million: float
    worst: float

    @classmethod
    def fitted(cls, items: NDArray[Any], costs: NDArray[Any]) -> Self:
        """The line with the least relative squares, neither of whose parts is negative.

        With one point the cost is taken to be in proportion, which is more than it will be.
        """
        points = np.stack([np.ones(len(items)), items / MILLION], axis=1)
        candidates = [np.array([0.0, np.mean(costs / points[:, 1])]), np.array([np.mean(costs), 0.0])][: len(items)]
        if len(items) > 1:
            candidates.append(np.linalg.lstsq(points / costs[:, None], np.ones(len(items)), rcond=None)[0])
        errors = [np.abs(points @ one / costs - 1).max() for one in candidates]
        error, best = min((error, place) for place, error in enumerate(errors) if (candidates[place] >= 0).all())
        fixed, per_million = candidates[best].tolist()
        return cls(fixed, per_million, float(error))

    def at(self, n_items: float) -> float:
        """The cost at a number of items."""
        return self.fixed + self.per_million * n_items / MILLION


@dataclass(frozen=True)
class Costs:
    """What one machine takes.

    Attributes:
        search_ms: processor time of a median search.
        shape: quantiles of a search's time over its median, at equal steps from the least to the most.
        answer_ms: processor time of a search's way through HTTP and into the log.
        own_gib: memory of a worker's own.
        shared_gib: memory that is mapped, and shared by the workers of a machine.
        disk_gib: a bundle.
        build_s: processor time of a build.
        impression_bytes: of a log's Parquet parts.
        impression_ms: processor time of an impression's sealing, and of its part of a replay of two policies.
    """

    search_ms: Line
    shape: NDArray[np.float64]
    answer_ms: float
    own_gib: Line
    shared_gib: Line
    disk_gib: Line
    build_s: Line
    impression_bytes: float
    impression_ms: float

    @classmethod
    def of(cls, measured: dict[str, Any]) -> Self:
        """Fitted to what was measured, as `measured.json` has it."""
        points = measured["points"]

        def line(name: str) -> Line:
            known = [one for one in points if name in one]
            return Line.fitted(np.array([one["items"] for one in known]), np.array([one[name] for one in known]))

        largest = max(points, key=lambda one: int(one["items"]))
        quantiles = np.array(largest["search_ms_quantiles"], dtype=np.float64)
        return cls(
            line("search_ms"),
            quantiles / np.median(quantiles),
            measured["answer_ms"],
            line("own_gib"),
            line("shared_gib"),
            line("disk_gib"),
            line("build_s"),
            measured["impression_bytes"],
            measured["impression_ms"],
        )

    @classmethod
    def read(cls, path: Path = FILE) -> Self:
        """Fitted to what a file says."""
        return cls.of(json.loads(path.read_text()))
