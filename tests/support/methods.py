"""Methods that learn to rank: one of each family in `make test`, those that are made of others in `make test-slow`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

MADE_OF_OTHERS = {
    "stochastic_label_aggregation", "ensemble", "distilled", "boosted", "slim_blend", "distilled_blend", "large_blend",
    "student_of_blend", "pcgrad", "aligned_mtl", "dualproj",
}  # fmt: skip
"""And those of which another of the same family is tried."""


def some_of(names: Iterable[str]) -> list[Any]:
    """Parameters of a test."""
    return [pytest.param(name, marks=pytest.mark.slow if name in MADE_OF_OTHERS else ()) for name in names]
