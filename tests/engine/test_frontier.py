"""The trade-offs of a query: the grid, the front, the knee, and that each point is the slate its weights show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trimtab.core.records import Constraints, Query
from trimtab.engine import Engine
from trimtab.engine.plan.search_plan import SearchPlan
from trimtab.engine.stages.frontier import MAX_PLACES, N_POINTS, Frontier, knee_of, simplex_grid


def frontier(engine: Engine, query: Query) -> Frontier:
    return engine.frontier(engine.candidates(SearchPlan(query)))


def test_each_point_is_what_its_weights_would_show(engine: Engine) -> None:
    found = frontier(engine, Query("ice cream", k=10))
    for number in (0, len(found.weights) // 2, len(found.weights) - 1, found.knee):
        assert number is not None
        weights = dict(zip(found.names, found.weights[number].tolist(), strict=True))
        receipt = engine.slate(Query("ice cream", k=10, weights=weights)).receipt
        assert found.expected[number] == pytest.approx([receipt[name].expected for name in found.names], rel=1e-5)


def test_no_point_beats_one_on_the_front(engine: Engine) -> None:
    found = frontier(engine, Query("yogurt", k=10))
    for point, on_front in zip(found.expected, found.on_front, strict=True):
        beaten = ((found.expected >= point).all(axis=1) & (found.expected > point).any(axis=1)).any()
        assert beaten == (not on_front)
    assert found.on_front[found.knee]


def test_exclusions_are_in_no_slate(engine: Engine) -> None:
    query = Query("coffee", k=5)
    best = engine.slate(Query("coffee", k=5, weights={"relevance": 1})).item_ids[0]
    with_best = frontier(engine, query)
    without = frontier(engine, Query("coffee", k=5, constraints=Constraints(exclusions=frozenset([best]))))
    assert without.expected[:, 0].max() < with_best.expected[:, 0].max()


def test_nothing_to_trade_is_no_error(engine: Engine) -> None:
    found = frontier(engine, Query("zzzzqqqq"))
    assert found.as_dicts() == []
    assert found.knee is None


@pytest.mark.parametrize(("n_objectives", "n_expected"), [(2, 200), (3, 190), (4, 165)])
def test_the_grid_is_the_finest_that_fits(n_objectives: int, n_expected: int) -> None:
    grid = simplex_grid(n_objectives, N_POINTS)
    assert grid.shape == (n_expected, n_objectives)
    assert len(np.unique(grid, axis=0)) == n_expected
    assert (grid >= 0).all()
    assert grid.sum(axis=1) == pytest.approx(1)
    for corner in np.eye(n_objectives):
        assert (grid == corner).all(axis=1).any()


@settings(deadline=None)
@given(
    arrays(np.float64, (12, 3), elements=st.integers(0, 50).map(float)),
    arrays(np.float64, 3, elements=st.sampled_from([0.25, 1.0, 8.0])),
)
def test_the_knee_depends_on_no_unit(expected: np.ndarray, units: np.ndarray) -> None:
    beaten = [((expected >= one).all(axis=1) & (expected > one).any(axis=1)).any() for one in expected]
    front = expected[~np.array(beaten)]
    assert knee_of(front * units) == knee_of(front)


def test_the_knee_is_where_the_front_bends() -> None:
    expected = np.array([[0.0, 1.0], [0.2, 0.97], [0.9, 0.9], [0.97, 0.2], [1.0, 0.0]])
    assert knee_of(expected) == 2


def test_deep_slates_are_tried_under_fewer_weightings(engine: Engine) -> None:
    for k in (10, 50, 200):
        found = frontier(engine, Query("ice cream", k=k))
        assert len(engine.known_weights) <= len(found.weights) <= MAX_PLACES // k
        assert found.knee is not None
