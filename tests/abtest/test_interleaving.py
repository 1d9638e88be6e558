"""Team drafts: fair turns, no repeats, credit where it is due."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.abtest.statistics.interleaving import credits, preferences
from trimtab.core.experiments.interleaving import NOBODY, team_draft
from trimtab.core.metrics import discounts


def rankings(seed: int, *, n: int, n_rankers: int, n_items: int) -> np.ndarray:
    rng = np.random.Generator(np.random.PCG64(seed))
    return rng.permuted(np.broadcast_to(np.arange(n_items), (n, n_rankers, n_items)), axis=2)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 5), st.integers(1, 12), st.integers(1, 12))
def test_a_draft_repeats_nothing_takes_turns_and_follows_each_ranking(
    seed: int, n_rankers: int, n_items: int, k: int
) -> None:
    ranked = rankings(seed, n=8, n_rankers=n_rankers, n_items=n_items)
    drawn = team_draft(ranked, k=k, rng=np.random.Generator(np.random.PCG64(seed)))
    shown = min(k, n_items)
    for row in range(8):
        items, teams = drawn.items[row], drawn.teams[row]
        assert len(set(items[:shown])) == shown
        assert (items[shown:] == -1).all()
        assert (teams[shown:] == NOBODY).all()
        for start in range(0, shown, n_rankers):  # in every round each ranker picks once
            turn = teams[start : min(start + n_rankers, shown)]
            assert len(set(turn)) == len(turn)
        for position in range(shown):
            ranking = ranked[row, teams[position]]
            best = next(item for item in ranking if item not in items[:position])
            assert items[position] == best


def test_rankings_of_different_lengths_are_used_up() -> None:
    ranked = np.array([[[7, -1, -1], [1, 2, 3]]])
    drawn = team_draft(ranked, k=4, rng=np.random.Generator(np.random.PCG64(0)))
    assert sorted(drawn.items[0]) == [1, 2, 3, 7]
    assert (drawn.teams[0] == 0).sum() == 1


def test_equal_rankers_earn_equal_credit_and_the_better_one_more() -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    n = 20_000
    good = np.broadcast_to(np.arange(10), (n, 10))
    bad = good[:, ::-1]
    clicked_items = rng.random((n, 1)) * 10  # the smaller an item's code, the likelier it is clicked
    for second, better in ((good, False), (bad, True)):
        drawn = team_draft(np.stack([good, second], axis=1), k=6, rng=rng)
        earned = credits(drawn.teams, (drawn.items < clicked_items * 0.5).astype(float), n_rankers=2)
        difference = earned[:, 0] - earned[:, 1]
        z = difference.mean() / (difference.std() / np.sqrt(n))
        assert (z > 10) if better else (abs(z) < 4)


def test_credit_is_what_the_teams_items_earned() -> None:
    teams = np.array([[0, 1, NOBODY], [1, 1, 0]])
    money = np.array([[2.0, 3.0, 5.0], [1.0, 1.0, 4.0]])
    assert credits(teams, money, n_rankers=2) == pytest.approx(np.array([[2, 3], [4, 2]]))


def test_a_preference_is_what_the_rewarded_items_gain_by_their_rank_less_what_their_position_does() -> None:
    both = np.array([[[1, 2, 3], [1, 3, 2]]])
    shown, worth = np.array([[1, 3, 2]]), discounts(3)
    # Both have 1 on top; then 3, which the second ranks higher, or 2, by a coin; what is left is on the last position.
    half = worth[1] - worth[2]
    assert preferences(both, shown, np.array([[5.0, 0.0, 0.0]])) == pytest.approx([0])
    assert preferences(both, shown, np.array([[0.0, 2.0, 0.0]])) == pytest.approx([2 * half])
    assert preferences(both, np.array([[1, 2, 3]]), np.array([[0.0, 2.0, 0.0]])) == pytest.approx([-2 * half])
    assert preferences(both, shown, np.array([[0.0, 0.0, 7.0]])) == pytest.approx([0]), "2 or 3, whichever is left"
    assert preferences(both[:, ::-1], shown, np.array([[5.0, 2.0, 0.0]])) == pytest.approx([-2 * half])
    ends = np.array([[[1, -1], [2, -1]]])
    assert preferences(ends, np.array([[2, -1]]), np.array([[1.0, 9.0]])) == pytest.approx([1])


PROMOTED = {
    "the third of three": ([0, 1, 2], [2, 0, 1]),
    "the last of ten": (list(range(10)), [9, *range(9)]),
    "an item of its own": (list(range(10)), [10, *range(9)]),
    "the first to the end": (list(range(10)), [*range(1, 10), 0]),
    "a shorter ranking": (list(range(10)), [3, 0, 11, *[-1] * 7]),
}


@pytest.mark.parametrize("name", PROMOTED)
@pytest.mark.parametrize("k", [3, 6])
def test_who_clicks_by_position_alone_prefers_neither(name: str, k: int) -> None:
    """The mean over all drafts, with the clicks' expectation by position: no sampling error."""
    both = np.array([PROMOTED[name]])
    drafts = np.repeat(both, 4000, axis=0)
    drawn = team_draft(drafts, k=k, rng=np.random.Generator(np.random.PCG64(2)))
    orders, counts = np.unique(drawn.items, axis=0, return_counts=True)
    examined = np.arange(1, k + 1) ** -0.6 * np.ones((len(orders), 1))
    each = preferences(np.repeat(both, len(orders), axis=0), orders, examined)
    # Every draft is equally likely; the counts only say that none is missing.
    assert (counts > 4000 / 2 ** ((k + 1) // 2) / 2).all()
    chances = _chances(both, orders, k)
    assert chances.sum() == pytest.approx(1)
    assert each @ chances == pytest.approx(0, abs=1e-12)


def _chances(both: np.ndarray, orders: np.ndarray, k: int) -> np.ndarray:
    """By the coins: each round the one or the other picks first."""
    found = np.zeros(len(orders))
    rounds = (k + 1) // 2
    for coins in product((0, 1), repeat=rounds):
        slate: list[int] = []
        for coin in coins:
            for ranker in (coin, 1 - coin):
                turns = [*both[0, ranker], *both[0, 1 - ranker]]
                slate.append(next((item for item in turns if item >= 0 and item not in slate), -1))
        found[(orders == slate[:k]).all(axis=1)] += 0.5**rounds
    return found


def test_equally_good_rankings_are_preferred_equally_and_the_better_one_more() -> None:
    rng = np.random.Generator(np.random.PCG64(3))
    n = 20_000
    ranked = rankings(5, n=n, n_rankers=2, n_items=8)
    better = np.stack([ranked[:, 0], np.sort(ranked[:, 0], axis=1)], axis=1)
    for both, by_item in ((ranked, False), (better, True)):
        drawn = team_draft(both, k=6, rng=rng)
        chance = np.where(by_item, 0.5 - drawn.items / 20, 0.3) * discounts(6)
        preferred = preferences(both, drawn.items, (rng.random((n, 6)) < chance).astype(float))
        z = preferred.mean() / (preferred.std() / np.sqrt(n))
        assert (z > 10) if by_item else (abs(z) < 4)
