"""What two ways to answer the same queries differ by where they were judged, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, FailFast, Field, model_validator
from pydantic_core import PydanticCustomError

from trimtab.core.metrics import effective_number
from trimtab.service.workbench.query_sets import MAX_QUERIES

LEAST_CHANGED = 10
"""Queries whose ndcg differs, below which nothing is said of others: a fault of one in ten was likely not seen."""
CONFIDENCE = 0.95

Ndcg = Annotated[float, Field(ge=0, le=1)]
Values = Annotated[tuple[Ndcg, ...], FailFast()]


class JudgedPairs(BaseModel):
    """The ndcg of each judged query in both ways, as `POST /comparisons` says them."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"before": [0.4, 1], "after": [0.7, 0.9]}}
    )

    before: Values = Field(min_length=1, max_length=MAX_QUERIES)
    after: Values = Field(min_length=1, max_length=MAX_QUERIES)

    @model_validator(mode="after")
    def _are_pairs(self) -> JudgedPairs:
        if len(self.before) != len(self.after):
            problem = {"problem": f"has {len(self.after)} values, `before` has {len(self.before)}"}
            raise PydanticCustomError("after", "one value of each query", problem)
        return self


class Difference(BaseModel):
    """The mean of both ways, and of their difference by query."""

    n: int = Field(description="Queries.")
    before: float
    after: float
    difference: float
    low: float | None = Field(
        description="With `high`, the interval (95 %) of the difference for queries like these; null where fewer than "
        f"{LEAST_CHANGED} of them differ."
    )
    high: float | None
    better: int = Field(description="Queries with a larger ndcg after.")
    worse: int


def difference_of(before: Sequence[float], after: Sequence[float]) -> Difference:
    """The difference by query, with Student's interval at as many degrees of freedom as queries decide it, less one.

    Few queries decide it where most stay as they are: the usual degrees of freedom then promise too much.

    Args:
        before, after: [n] ndcg of the same queries.
    """
    one, other = (np.asarray(values, dtype=np.float64) for values in (before, after))
    differences = other - one
    n, mean = len(differences), float(differences.mean())
    better, worse = (int(np.sum(sign * differences > 1e-9)) for sign in (1, -1))
    half = None
    if better + worse >= LEAST_CHANGED:
        from scipy.special import stdtrit  # noqa: PLC0415  # slow to import, and searches need none of it

        deciding = float(effective_number(np.square(differences - mean)))
        error = float(np.std(differences, ddof=1)) / np.sqrt(n)
        half = float(stdtrit(max(deciding - 1, 1.0), (1 + CONFIDENCE) / 2)) * error
    return Difference(
        n=n,
        before=float(one.mean()),
        after=float(other.mean()),
        difference=mean,
        low=None if half is None else max(mean - half, -1.0),
        high=None if half is None else min(mean + half, 1.0),
        better=better,
        worse=worse,
    )
