"""The policy for whole logs: what the matrix of `test_forms.py` does not reach."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from trimtab.ranker.slate.log_policy import BLOCK, QueryContexts, SlatePolicy


def contexts(seed: int, *, n: int, spread: float, n_users: int = 3) -> QueryContexts:
    rng = np.random.Generator(np.random.PCG64(seed))
    aspects = np.stack([rng.integers(-1, 4, n), rng.integers(-1, 8, n)], axis=1)
    return QueryContexts(np.arange(n), (rng.random((n_users, n, 2)) * spread).astype(np.float32), aspects)


def test_more_impressions_than_a_block_are_drawn_as_each_alone() -> None:
    """Users in any order, each several times, with two objectives."""
    rng = np.random.Generator(np.random.PCG64(0))
    asked, policy = contexts(1, n=20, spread=1.0), SlatePolicy(np.array([0.7, 0.3]), 0.2, 0.1)
    users, uniforms = rng.integers(0, 3, BLOCK + 5), rng.random((BLOCK + 5, 4))
    slates, chances = policy.draw(asked, users, uniforms)
    assert_allclose(policy.propensities(asked, users, slates), chances, rtol=1e-9)
    for row in (0, BLOCK - 1, BLOCK, BLOCK + 4):
        alone, own = policy.draw(asked, users[row : row + 1], uniforms[row : row + 1])
        assert alone[0].tolist() == slates[row].tolist()
        assert_allclose(own[0], chances[row], rtol=1e-12)
        utilities = asked.gains[users[row]] @ policy.item_weights
        assert_allclose(policy.logits(asked, users[row : row + 1])[0], utilities / policy.temperature, rtol=1e-6)


def test_a_pin_far_better_than_the_rest_does_not_hide_their_odds() -> None:
    """Odds relative to the pinned candidate are all below a double's range."""
    gains = np.full((1, 4, 1), [[5000.0], [0.3], [0.2], [0.1]], dtype=np.float32)
    asked = QueryContexts(np.arange(4), gains, np.full((4, 2), -1), pins={1: 0})
    policy = SlatePolicy(np.array([1.0]), 0.0, 0.1)
    slates = np.array([[1, 0, 2, 3]])
    rest = np.exp(gains[0, 1:, 0] / 0.1)
    expected = [[rest[0] / rest.sum(), 1.0, rest[1] / rest[1:].sum(), 1.0]]
    assert_allclose(policy.propensities(asked, np.array([0]), slates), expected, rtol=1e-5)


@pytest.mark.parametrize("temperature", [1e-6, 1e6])
def test_chances_are_finite_at_any_temperature(temperature: float) -> None:
    """Near 0 what is novel is worth more than a double holds, beside what is not."""
    rng = np.random.Generator(np.random.PCG64(1))
    asked, policy = contexts(3, n=20, spread=1.0), SlatePolicy(np.array([0.7, 0.3]), 0.2, temperature)
    users = rng.integers(0, 3, 30)
    slates, chances = policy.draw(asked, users, rng.random((30, 6)))
    assert_allclose(policy.propensities(asked, users, slates), chances, rtol=1e-6)


def test_a_slate_shorter_than_the_page_is_certain_beyond_its_end() -> None:
    asked, policy = contexts(2, n=3, spread=1.0), SlatePolicy(np.array([1.0, 0.0]), 0.2, 0.1)
    slates, chances = policy.draw(asked, np.zeros(4, dtype=np.int64), np.full((4, 6), 0.5))
    assert (slates[:, 3:] == -1).all()
    assert (chances[:, 3:] == 1).all()
    assert sorted(slates[0, :3]) == [0, 1, 2]
