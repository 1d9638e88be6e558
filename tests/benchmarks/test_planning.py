"""The model of what more than one machine takes, against what is known of queues and lines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.planning.__main__ import Machine, plans
from benchmarks.planning.costs import Costs, Line
from benchmarks.planning.simulation import Load, answered

ALWAYS_THE_SAME = np.ones(3)
MACHINE = Machine(cores=8, core_a_month=30.0, gib_a_month=4.0)


@given(st.floats(0, 10), st.floats(0.01, 10))
def test_costs_that_grow_evenly_are_met(fixed: float, per_million: float) -> None:
    items = np.array([1e5, 1e6, 1e7])
    line = Line.fitted(items, fixed + per_million * items / 1e6)
    assert line.worst < 1e-6
    assert line.at(1e8) == pytest.approx(fixed + 100 * per_million, rel=1e-6)


def test_no_part_of_a_cost_is_negative() -> None:
    line = Line.fitted(np.array([1e5, 1e6]), np.array([0.05, 1.0]))
    assert line.fixed >= 0
    assert line.worst > 0
    assert Line.fitted(np.array([2e6]), np.array([8.0])).at(1e6) == pytest.approx(4.0)


@pytest.mark.parametrize("busy", [0.3, 0.7])
def test_one_worker_waits_as_queueing_theory_says(busy: float) -> None:
    """With times that are always the same (M/D/1) the mean wait is `busy / (2 * (1 - busy))` of one."""
    load = Load(busy * 100, n_shards=1, n_workers=1, median_ms=10.0, shape=ALWAYS_THE_SAME)
    assert load.busy == pytest.approx(busy)
    waits = answered(load, 200_000) - 10
    assert waits.min() >= -1e-6
    assert waits.mean() == pytest.approx(10 * busy / (2 * (1 - busy)), rel=0.08)


def test_the_slowest_shard_answers_last() -> None:
    shape = np.linspace(0.5, 3, 11)
    times = [answered(Load(500, n, 8, 5.0, shape), 5_000) for n in (1, 2, 8)]
    assert (times[0] <= times[1]).all()
    assert (times[1] <= times[2]).all()


def test_plans_keep_their_time_and_grow_with_the_load() -> None:
    costs = Costs.read()
    found = {rate: list(plans(costs, 4e6, rate, 80.0, MACHINE)) for rate in (200.0, 2_000.0)}
    assert all(found.values())
    for some in found.values():
        assert all(plan.p99 <= 80 and plan.replicas >= 2 and plan.n_shards * plan.shard_items == 4e6 for plan in some)
    cheapest = {rate: min(plan.cost for plan in some) for rate, some in found.items()}
    assert cheapest[200.0] < cheapest[2_000.0]
    assert not list(plans(costs, 4e6, 200.0, 1.0, MACHINE))
