"""The reference policy itself: against the published formulas, and by enumeration of all slates."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.testing import assert_allclose

from tests.ranker.slate.cases import Case, cases
from trimtab.core.diversity import novelties
from trimtab.ranker.slate.log_policy import QueryContexts, SlatePolicy
from trimtab.ranker.slate.reference import NOTHING, ReferencePolicy

QUICK = settings(max_examples=50, deadline=None)


@QUICK
@given(case=cases())
def test_a_score_is_the_utility_and_the_novelty_below_the_items_above(case: Case) -> None:
    one, slate = case.lists[0], case.any_slates()[0]
    for position, item in enumerate(slate):
        if item == NOTHING or one.pins[position] >= 0:
            continue
        novelty = novelties(one.aspects[[*slate[:position], item]])[-1] if one.aspects.shape[1] else 0.0
        boost = np.broadcast_to(one.boosts, one.utilities.shape)[item]
        assert one.scores(slate[:position])[item] == pytest.approx(
            one.utilities[item] + boost + one.w_diversity * novelty
        )


@QUICK
@given(case=cases())
def test_a_slate_shows_pins_where_they_are_put_and_nothing_twice(case: Case) -> None:
    for one, uniforms in zip(case.lists, case.uniforms, strict=True):
        n_free = np.setdiff1d(np.flatnonzero(one.eligible), one.pins).size
        free_positions = [position for position, pin in enumerate(one.pins) if pin < 0]
        for slate in (one.greedy(), one.draw(case.temperature, uniforms)[0]):
            assert all(slate[position] == pin for position, pin in enumerate(one.pins) if pin >= 0)
            shown = slate[slate != NOTHING].tolist()
            assert len(set(shown)) == len(shown)
            taken = slate[free_positions]
            assert (taken[:n_free] != NOTHING).all()
            assert (taken[n_free:] == NOTHING).all()
            assert one.eligible[taken[:n_free]].all()


@QUICK
@given(case=cases())
def test_a_longer_slate_extends_a_shorter_one(case: Case) -> None:
    one, uniforms = case.lists[0], case.uniforms[0]
    half = len(uniforms) // 2
    if any(pin >= 0 for pin in one.pins[half:]):
        return  # what is pinned further down is not on the shorter page
    shorter = ReferencePolicy(one.utilities, one.eligible, one.aspects, one.w_diversity, one.pins[:half], one.boosts)
    slate, chances = one.draw(case.temperature, uniforms)
    short_slate, short_chances = shorter.draw(case.temperature, uniforms[:half])
    assert slate[:half].tolist() == short_slate.tolist()
    assert chances[:half].tolist() == short_chances.tolist()
    assert one.greedy()[:half].tolist() == shorter.greedy().tolist()


def test_without_diversity_a_draw_is_plackett_luce() -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    utilities, slate, temperature = rng.random(20), np.array([3, 1, 4, 15, 9]), 0.1
    one = ReferencePolicy(utilities, np.ones(20, dtype=bool), rng.integers(-1, 3, (20, 2)), 0.0, [-1] * 5)
    odds = np.exp(utilities / temperature)
    expected = [odds[item] / (odds.sum() - odds[slate[:position]].sum()) for position, item in enumerate(slate)]
    assert_allclose(one.propensities(slate, temperature), expected, rtol=1e-9)


@pytest.mark.parametrize("w_diversity", [0.0, 0.8])
def test_the_chances_of_all_slates_sum_to_one(w_diversity: float) -> None:
    rng = np.random.Generator(np.random.PCG64(2))
    eligible = np.array([True, True, False, True, True])
    one = ReferencePolicy(rng.random(5), eligible, rng.integers(-1, 2, (5, 2)), w_diversity, [-1, 2, -1, -1])
    slates = [[a, 2, b, c] for a, b, c in permutations(np.flatnonzero(eligible), 3)]
    assert sum(one.propensities(slate, 0.3).prod() for slate in slates) == pytest.approx(1)


def test_draws_follow_their_propensities() -> None:
    n_draws, utilities = 20_000, np.array([0.0, 0.5, 1.0], dtype=np.float32)
    uniforms = np.random.Generator(np.random.PCG64(1)).random((n_draws, 2))
    contexts = QueryContexts(np.arange(3), utilities[None, :, None], np.empty((3, 0), dtype=np.int64))
    everyone_the_same = np.zeros(n_draws, dtype=np.int64)
    slates, _ = SlatePolicy(np.ones(1), 0.0, 0.5).draw(contexts, everyone_the_same, uniforms)
    one = ReferencePolicy(utilities, np.ones(3, dtype=bool), contexts.aspects, 0.0, [-1, -1])
    for slate in permutations(range(3), 2):
        chance = one.propensities(slate, 0.5).prod()
        standard_error = (chance * (1 - chance) / n_draws) ** 0.5
        assert abs((slates == slate).all(axis=1).mean() - chance) < 4 * standard_error
