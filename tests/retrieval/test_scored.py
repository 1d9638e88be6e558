"""Sums of what words score, against adding up item by item."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trimtab.retrieval.lexical.scored import Scored, best_of_any, sum_of_all, sum_of_any, sum_of_best

scores = st.integers(1, 40).map(lambda tenths: tenths / 10)
by_row = st.dictionaries(st.integers(0, 60), scores, max_size=60)


def scored(score_of: dict[int, float]) -> Scored:
    rows = sorted(score_of)
    return Scored(np.array(rows, dtype=np.int32), np.array([score_of[row] for row in rows], dtype=np.float32))


def sums(parts: list[dict[int, float]]) -> dict[int, float]:
    return {row: sum(part.get(row, 0.0) for part in parts) for part in parts for row in part}


@given(st.lists(by_row, max_size=4))
def test_they_are_what_adding_up_gives(parts: list[dict[int, float]]) -> None:
    of_all = set.intersection(*map(set, parts)) if parts else set()
    for found, expected in (
        (sum_of_any, sums(parts)),
        (sum_of_all, {row: score for row, score in sums(parts).items() if row in of_all}),
        (best_of_any, {row: max(part.get(row, 0.0) for part in parts) for part in parts for row in part}),
    ):
        rows, its = found([*map(scored, parts)])
        assert rows.tolist() == sorted(expected)
        np.testing.assert_allclose(its, [expected[row] for row in rows.tolist()], rtol=1e-6)


@given(st.lists(by_row, min_size=1, max_size=4), by_row, st.integers(1, 10))
def test_what_is_left_out_is_none_of_the_best(
    parts: list[dict[int, float]], added: dict[int, float], depth: int
) -> None:
    """Whatever is added afterwards."""

    def least_of(found: Scored) -> float:
        return float(np.sort(found.scores)[-depth]) if len(found.rows) >= depth else 0.0

    def best_of(found: Scored) -> list[tuple[float, int]]:
        totals = zip(*(one.tolist() for one in found), strict=True)
        return sorted((-round(score + added.get(row, 0.0), 3), row) for row, score in totals)[:depth]

    its = [*map(scored, parts)]
    every, some = sum_of_any(its), sum_of_best(its, depth, max(added.values(), default=0.0), least_of, many=0)
    assert set(some.rows.tolist()) <= set(every.rows.tolist())
    assert best_of(some) == best_of(every)


def test_an_item_with_one_of_two_frequent_words_is_left_out() -> None:
    both, one = dict.fromkeys(range(0, 60, 2), 1.0), dict.fromkeys(range(60), 1.0)
    found = sum_of_best([scored(both), scored(one)], 30, 0.0, lambda found: float(-np.sort(-found.scores)[29]), many=0)
    assert found.rows.tolist() == [*range(0, 60, 2)]
