"""Ranking metrics on arrays.

Gain: `2^grade - 1` unless said otherwise. Discount: `1 / log2(rank + 1)`. We train and steer on DCG and revenue as they
are and report nDCG (Jarvelin & Kekalainen 2002). A query with no relevant item has no nDCG: it counts as nan, and
`mean_interval` leaves it out and says how many it used.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@cache
def discounts(n: int) -> Floats:
    """[n] `1 / log2(rank + 1)` for ranks 1..n; the one position discount of receipts, training and reports."""
    values = 1.0 / np.log2(np.arange(2, n + 2))
    values.flags.writeable = False  # shared by all callers
    return values


def exponential_gain(grades: ArrayLike) -> Floats:
    """`2^grade - 1`."""
    return np.exp2(np.asarray(grades, dtype=np.float64)) - 1


def ranked(scores: ArrayLike, values: ArrayLike) -> Floats:
    """[n] values in the order of descending scores; ties keep the order they came in; nan scores go last."""
    order = np.argsort(-np.asarray(scores, dtype=np.float64), kind="stable")
    return np.asarray(values, dtype=np.float64)[order]


def discounted_sum(gains_by_position: ArrayLike, *, k: int | None = None) -> float:
    """`sum_p discount(p) * gain(p)` over the first k positions: DCG of gains, or discounted revenue of prices."""
    gains = np.asarray(gains_by_position, dtype=np.float64)[:k]
    return float(gains @ discounts(len(gains)))


def dcg_at_k(scores: ArrayLike, grades: ArrayLike, *, k: int) -> float:
    """DCG with gain `2^grade - 1`."""
    return discounted_sum(exponential_gain(ranked(scores, grades)), k=k)


def ndcg_at_k(scores: ArrayLike, grades: ArrayLike, *, k: int, missed: ArrayLike = ()) -> float:
    """DCG over the best DCG there is with these grades; nan where no grade is above 0.

    Args:
        missed: grades of what was judged and not ranked.
    """
    everything = np.r_[np.asarray(grades, dtype=np.float64), np.asarray(missed, dtype=np.float64)]
    ideal = dcg_at_k(everything, everything, k=k)
    return dcg_at_k(scores, grades, k=k) / ideal if ideal > 0 else float("nan")


def recall_at_k(is_relevant_by_rank: ArrayLike, n_relevant: int, *, k: int) -> float:
    """Share of the relevant items among the first k; nan where there is none."""
    if n_relevant == 0:
        return float("nan")
    return float(np.asarray(is_relevant_by_rank, dtype=bool)[:k].sum()) / n_relevant


def reciprocal_rank(is_relevant_by_rank: ArrayLike) -> float:
    """1 / rank of the first relevant item; 0 where there is none."""
    hits = np.flatnonzero(np.asarray(is_relevant_by_rank, dtype=bool))
    return 1.0 / (hits[0] + 1) if len(hits) else 0.0


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with a percentile bootstrap interval over queries."""

    value: float
    low: float
    high: float
    n_queries: int

    def as_dict(self) -> dict[str, float | int]:
        return {"value": self.value, "low": self.low, "high": self.high, "n_queries": self.n_queries}


def mean_interval(values: ArrayLike, *, confidence: float = 0.95, n_resamples: int = 2000, seed: int = 0) -> Interval:
    """Mean over queries with a percentile bootstrap interval (Efron 1979); nan entries are left out.

    Args:
        values: [n_queries] one value a query.

    Returns:
        All nan where no query has a value.
    """
    kept = np.asarray(values, dtype=np.float64)
    kept = kept[~np.isnan(kept)]
    if len(kept) == 0:
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    rng = np.random.Generator(np.random.PCG64(seed))
    means = kept[rng.integers(0, len(kept), size=(n_resamples, len(kept)))].mean(axis=1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(kept.mean()), float(low), float(high), len(kept))


def effective_number(values: Floats) -> Floats:
    """[...] Kish's `(sum v)^2 / sum v^2` of values [..., n] of 0 and more; 0 where all are 0."""
    largest = values.max(axis=-1, initial=0.0, keepdims=True)
    scaled = np.divide(values, largest, out=np.zeros_like(values), where=largest > 0)
    squares = np.square(scaled).sum(axis=-1)
    numbers = np.divide(scaled.sum(axis=-1) ** 2, squares, out=np.zeros_like(squares), where=squares > 0)
    return np.asarray(numbers, dtype=np.float64)
