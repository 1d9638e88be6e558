"""What is had together: counted by brute force, moved and saved."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.ranker.companions import PRIOR_BASKETS, Companions

N_ITEMS = 7
BASKETS = st.lists(st.lists(st.integers(0, N_ITEMS - 1), min_size=1, max_size=5), min_size=1, max_size=12)


def built(baskets: list[list[int]]) -> Companions:
    numbers = np.repeat(np.arange(len(baskets)), [len(one) for one in baskets])
    return Companions.from_baskets(numbers, np.concatenate(baskets).astype(np.int64), N_ITEMS, of="purchases")


@given(BASKETS)
def test_companions_are_those_of_a_count_by_hand(baskets: list[list[int]]) -> None:
    together = np.zeros((N_ITEMS, N_ITEMS))
    alone = np.zeros(N_ITEMS)
    for basket in map(set, baskets):
        alone[list(basket)] += 1
        for one, other in permutations(basket, 2):
            together[one, other] += 1
    companions = built(baskets)
    for item in range(N_ITEMS):
        rows, strengths, chances = companions.of([item])
        assert set(rows.tolist()) == set(np.flatnonzero(together[item]).tolist())
        assert strengths == pytest.approx(together[item, rows] / np.sqrt(alone[item] * alone[rows]))
        assert chances == pytest.approx(together[item, rows] / (alone[item] + PRIOR_BASKETS))
        assert (np.diff(strengths) <= 1e-12).all()


def test_companions_follow_items_to_other_rows_and_to_the_disk(tmp_path: Path) -> None:
    companions = built([[0, 1], [0, 1], [0, 2], [3, 4]])
    moved = np.arange(N_ITEMS)
    moved[1] = 9  # the item was written again behind the others
    assert companions.moved(moved).of([0])[0].tolist() == [9, 2]
    assert companions.moved(moved).of([9])[0].tolist() == [0]
    assert companions.of([8])[0].tolist() == []
    new_rows = np.array([0, -1, 1, 2, 3, -1, -1, -1, -1, 4])
    left = companions.moved(moved).at_rows(new_rows, 5)
    assert left.of([0])[0].tolist() == [4, 1]
    assert left.of([2])[0].tolist() == [3]
    assert Companions.load(tmp_path) is None
    left.save(tmp_path)
    loaded = Companions.load(tmp_path)
    assert loaded is not None
    assert [part.tolist() for part in loaded.of([0])] == [part.tolist() for part in left.of([0])]
    assert loaded.evidence == companions.evidence
