"""Assignment by a documented hash: golden vectors, even splits, ramping moves nobody."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from trimtab.abtest.simulation.bucketing import NOT_EXPOSED, assign
from trimtab.core.errors import BadParameter
from trimtab.core.experiments.assignment import arm_of, place

HALVES = {"control": 0.5, "treatment": 0.5}

GOLDEN = {
    ("new-weights", "variant", "user-1"): 0.004965670497562469,
    ("new-weights", "variant", "user-2"): 0.18856462302301946,
    ("new-weights", "exposure", "user-1"): 0.7728196607242542,
    ("", "", ""): 0.14432693769931393,
    ("größer", "variant", "🛒"): 0.41130709685482003,
}
"""Printed in docs/evaluation.md: another implementation has to give the same."""


@pytest.mark.parametrize("parts", GOLDEN)
def test_golden_vectors(parts: tuple[str, str, str]) -> None:
    assert place(*parts) == GOLDEN[parts]


def test_parts_are_kept_apart() -> None:
    assert place("ab", "c") != place("a", "bc")


def test_a_split_is_even_and_independent_of_another_experiment() -> None:
    users = [f"user-{number}" for number in range(20_000)]
    first, second = assign("one", users, HALVES), assign("two", users, HALVES)
    table = np.zeros((2, 2))
    np.add.at(table, (first, second), 1)
    assert stats.chisquare(table.ravel()).pvalue > 1e-4
    three = assign("three", users, {"a": 0.2, "b": 0.3, "c": 0.5})
    assert stats.chisquare(np.bincount(three), [4000, 6000, 10_000]).pvalue > 1e-4


@settings(deadline=None)
@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_ramping_up_adds_people_and_moves_nobody(user: str, one: float, other: float) -> None:
    low, high = sorted((one, other))
    before, after = (arm_of("ramp", user, HALVES, exposure=exposure) for exposure in (low, high))
    assert before is None or before == after


def test_nobody_and_everybody() -> None:
    users = [str(number) for number in range(100)]
    assert (assign("x", users, HALVES, exposure=0.0) == NOT_EXPOSED).all()
    assert (assign("x", users, HALVES) != NOT_EXPOSED).all()
    assert (assign("x", users, {"a": 1.0, "b": 0.0}) == 0).all()


@pytest.mark.parametrize("shares", [{}, {"a": 0.5}, {"a": 1.5, "b": -0.5}])
def test_shares_that_are_no_split_are_named(shares: dict[str, float]) -> None:
    with pytest.raises(BadParameter, match="shares"):
        arm_of("x", "user", shares)
    with pytest.raises(BadParameter, match="exposure"):
        arm_of("x", "user", HALVES, exposure=1.5)
