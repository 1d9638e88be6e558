"""Shares and F1 over pages, with percentile bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

N_RESAMPLES = 2_000

Counts = tuple[int, int, int]
"""True positives, false positives, false negatives of one page."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A share or an F1 with its interval; precision and recall where they mean something."""

    value: float
    low: float
    high: float
    n_pages: int
    precision: float | None = None
    recall: float | None = None

    def as_dict(self) -> dict[str, float | int]:
        row = {"value": self.value, "low": self.low, "high": self.high, "n_pages": self.n_pages}
        return row if self.precision is None else row | {"precision": self.precision, "recall": self.recall or 0.0}


def count(accepted: Sequence[Any], answer: Any) -> Counts:
    """The benchmark's counting: a wrong answer is a false positive and, where there was one to find, a false
    negative."""
    if answer is None:
        return 0, 0, int(bool(accepted))
    if answer in accepted:
        return 1, 0, 0
    return 0, 1, int(bool(accepted))


def f1(counts: Sequence[Counts], *, seed: int = 0) -> Measured:
    table = np.asarray(counts, dtype=np.float64).reshape(-1, 3)
    draws = np.random.Generator(np.random.PCG64(seed)).integers(0, len(table), size=(N_RESAMPLES, len(table)))
    low, high = np.quantile(_f1(table[draws].sum(axis=1)), [0.025, 0.975])
    tp, fp, fn = table.sum(axis=0)
    return Measured(
        float(_f1(table.sum(axis=0)[None])[0]), float(low), float(high), len(table),
        float(tp / max(tp + fp, 1)), float(tp / max(tp + fn, 1)),
    )  # fmt: skip


def _f1(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    tp, fp, fn = totals.T
    return np.asarray(2 * tp / np.maximum(2 * tp + fp + fn, 1), dtype=np.float64)


def share(hits: Sequence[float], *, seed: int = 0) -> Measured:
    values = np.asarray(hits, dtype=np.float64)
    draws = np.random.Generator(np.random.PCG64(seed)).integers(0, len(values), size=(N_RESAMPLES, len(values)))
    low, high = np.quantile(values[draws].mean(axis=1), [0.025, 0.975])
    return Measured(float(values.mean()), float(low), float(high), len(values))
