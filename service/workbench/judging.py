"""What several judges said of items: one grade for each, and how far two of them agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.core.courtesy import politely

MAX_GRADE = 3
"""0 is not relevant, 3 is what was looked for."""

NOT_JUDGED = -1

Grades = Mapping[str, int]
"""item_id -> grade."""


@dataclass(frozen=True)
class Judged:
    """What one judge said of the items of one query."""

    query: str
    judge: str
    grades: Grades


@dataclass(frozen=True)
class Agreement:
    """How far two judges agree on what both judged.

    Attributes:
        same: share of the pairs with the same grade.
        kappa: Cohen's with quadratic weights, 1 for full agreement and 0 for that of chance; None where one of them
            gave everything one grade, or they share nothing.
    """

    one: str
    other: str
    n: int
    same: float | None
    kappa: float | None


def consensus(judgments: Iterable[Judged]) -> dict[str, dict[str, int]]:
    """One grade for each query and item: the mean of the judges', half a grade rounded up."""
    said: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for one in politely(judgments):
        for item_id, grade in one.grades.items():
            said[one.query][item_id].append(grade)
    return {
        query: {item_id: (2 * sum(grades) + len(grades)) // (2 * len(grades)) for item_id, grades in items.items()}
        for query, items in politely(said.items())
    }


def agreements(judgments: Iterable[Judged]) -> list[Agreement]:
    """The agreement of each two judges, in the order of their names."""
    places: dict[tuple[str, str], int] = {}
    by_judge: dict[str, dict[int, int]] = defaultdict(dict)
    for judged in politely(judgments):
        for item_id, grade in judged.grades.items():
            by_judge[judged.judge][places.setdefault((judged.query, item_id), len(places))] = grade
    grades = np.full((len(by_judge), len(places)), NOT_JUDGED, dtype=np.int8)
    names = sorted(by_judge)
    for row, name in enumerate(names):
        grades[row, list(by_judge[name])] = list(by_judge[name].values())
    return [
        _agreement(one, names[other], grades[n], grades[other])
        for n, one in enumerate(names)
        for other in range(n + 1, len(names))
    ]


def _agreement(one: str, other: str, first: NDArray[np.int8], second: NDArray[np.int8]) -> Agreement:
    shared = (first != NOT_JUDGED) & (second != NOT_JUDGED)
    a, b = first[shared].astype(np.float64), second[shared].astype(np.float64)
    if not len(a):
        return Agreement(one, other, 0, None, None)
    return Agreement(one, other, len(a), float(np.mean(a == b)), weighted_kappa(a, b))


def weighted_kappa(one: np.ndarray, other: np.ndarray) -> float | None:
    """Cohen's kappa with quadratic weights: 1 - squared differences over those of the same grades paired at random."""
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    # The mean over all pairs without a table of them, which two judges of a large set would fill the memory with.
    by_chance = np.var(one) + np.var(other) + (np.mean(one) - np.mean(other)) ** 2
    return float(1.0 - np.mean((one - other) ** 2) / by_chance)
