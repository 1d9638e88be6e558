"""Objectives are read, measured and judged."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.objectives import (
    MEASURES,
    BadObjectives,
    Objective,
    judge,
    measures_of,
    quantile,
    read_objectives,
)

SHIPPED = Path(__file__).resolve().parents[2] / "loadtests" / "slo.toml"
EVERYTHING_FINE = {**dict.fromkeys(MEASURES, 0.0), "throughput_share": 1.0}


def test_the_shipped_objectives_hold_a_perfect_run_and_no_run_at_all_misses_them() -> None:
    objectives = read_objectives(SHIPPED)
    assert {objective.measure for objective in objectives} >= {"p50_ms", "p99_ms", "error_rate", "throughput_share"}
    assert all(verdict.is_met for verdict in judge(objectives, EVERYTHING_FINE))
    assert not any(verdict.is_met for verdict in judge(objectives, measures_of([], n_errors=0, n_due=0)))


@pytest.mark.parametrize(
    ("objective", "measured", "is_met"),
    [
        (Objective("p99", "p99_ms", at_most=10), 10.0, True),
        (Objective("p99", "p99_ms", at_most=10), 10.01, False),
        (Objective("p99", "p99_ms", at_most=0), 0.0, True),
        (Objective("p99", "p99_ms", at_most=10), math.nan, False),
        (Objective("kept up", "throughput_share", at_least=0.99), 0.99, True),
        (Objective("kept up", "throughput_share", at_least=0.99), 0.98, False),
        (Objective("kept up", "throughput_share", at_least=0.99), math.nan, False),
    ],
)
def test_a_verdict_is_a_comparison(objective: Objective, measured: float, is_met: bool) -> None:
    (verdict,) = judge([objective], {**EVERYTHING_FINE, objective.measure: measured})
    assert verdict.is_met is is_met


def test_what_was_not_answered_counts_as_well() -> None:
    measures = measures_of([1.0, 2.0, 3.0, 4.0], n_errors=1, n_due=8)
    assert measures["error_rate"] == 0.2
    assert measures["throughput_share"] == 0.5
    assert measures["p50_ms"] == 2.0
    assert measures["p99_ms"] == measures["max_ms"] == 4.0
    assert measures.keys() == set(MEASURES)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_quantile_is_a_value_that_enough_do_not_exceed(values: list[float], share: float) -> None:
    ordered = sorted(values)
    found = quantile(ordered, share)
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("objective = [", "cannot be read"),
        ("", "cannot be read"),
        ("[[objective]]\nmeasure = 'p42_ms'\nat_most = 1", "objective 1: measure is 'p42_ms', allowed: p50_ms"),
        ("[[objective]]\nmeasure = 'p50_ms'", "needs at_most or at_least"),
        ("[[objective]]\nmeasure = 'p50_ms'\nat_most = 1\nat_least = 0", "not both"),
        ("[[objective]]\nmeasure = 'p50_ms'\nat_msot = 1", "there is no at_msot"),
    ],
)
def test_objectives_that_cannot_be_used_say_why(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "slo.toml"
    path.write_text(text)
    with pytest.raises(BadObjectives, match=problem):
        read_objectives(path)
