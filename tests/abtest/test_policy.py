"""The policy over whole logs is the policy that serves: `trimtab.ranker.slate.batched` is the oracle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from trimtab.abtest.ope.policy import QueryContexts, SlatePolicy
from trimtab.core.policy import conditional_propensities
from trimtab.ranker.slate.batched import drawn_slate, slate_propensities

N_USERS, B = 3, 40


def contexts(seed: int, *, n: int, spread: float) -> QueryContexts:
    rng = np.random.Generator(np.random.PCG64(seed))
    aspects = np.stack([rng.integers(-1, 4, n), rng.integers(-1, 8, n)], axis=1)
    return QueryContexts(np.arange(n), (rng.random((N_USERS, n, 2)) * spread).astype(np.float32), aspects)


@settings(deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 30),
    k=st.integers(1, 12),
    spread=st.sampled_from([0.0, 1.0, 30.0, 5000.0]),
    w_diversity=st.sampled_from([0.0, 0.05, 0.8]),
)
def test_slates_and_propensities_are_those_of_the_served_stage(
    seed: int, n: int, k: int, spread: float, w_diversity: float
) -> None:
    """Also where utilities lie so far apart that all odds but one vanish in a double."""
    rng = np.random.Generator(np.random.PCG64(seed))
    asked, policy = contexts(seed, n=n, spread=spread), SlatePolicy(np.array([0.7, 0.3]), w_diversity, 0.1)
    users, uniforms = rng.integers(0, N_USERS, B), rng.random((B, k))
    slates, chances = policy.draw(asked, users, uniforms)

    utilities = torch.from_numpy(asked.gains @ policy.item_weights)[users]
    aspects = torch.from_numpy(asked.aspects).expand(B, n, 2)
    everything, weights = torch.ones(B, n, dtype=torch.bool), torch.full((B,), w_diversity, dtype=torch.float64)
    no_pins = torch.full((B, k), -1)
    expected, expected_chances = drawn_slate(
        utilities, everything, aspects, weights, no_pins, 0.1, torch.from_numpy(uniforms)
    )
    assert slates.tolist() == expected.tolist()
    assert_allclose(chances, expected_chances.numpy(), rtol=1e-6)
    assert_allclose(policy.propensities(asked, users, slates), chances, rtol=1e-9)

    # Any slate at all, not only one the policy would draw.
    shown = rng.permuted(np.broadcast_to(np.arange(n), (B, n)), axis=1)[:, :k]
    replayed = slate_propensities(utilities, everything, aspects, weights, torch.from_numpy(shown), 0.1)
    assert_allclose(policy.propensities(asked, users, shown), replayed.numpy(), rtol=1e-6, atol=1e-200)


def test_without_diversity_it_is_plackett_luce() -> None:
    asked, policy = contexts(1, n=20, spread=1.0), SlatePolicy(np.array([0.7, 0.3]), 0.0, 0.1)
    users = np.arange(N_USERS)
    slates = np.stack([np.arange(5), np.arange(19, 14, -1), np.array([3, 1, 4, 15, 9])])
    chances = policy.propensities(asked, users, slates)
    for user in users:
        utilities = asked.gains[user] @ policy.item_weights
        assert_allclose(chances[user], conditional_propensities(utilities, slates[user], 0.1), rtol=1e-9)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 12), k=st.integers(1, 12), spread=st.sampled_from([1.0, 5000.0]))
def test_pins_stand_where_the_served_stage_puts_them(seed: int, n: int, k: int, spread: float) -> None:
    rng = np.random.Generator(np.random.PCG64(seed))
    k = min(k, n)
    plain, policy = contexts(seed, n=n, spread=spread), SlatePolicy(np.array([0.7, 0.3]), 0.1, 0.1)
    positions = rng.permutation(k)[: rng.integers(0, k + 1)]
    pins = dict(zip(positions.tolist(), rng.permutation(n).tolist(), strict=False))
    asked = replace(plain, pins=pins)
    users, uniforms = rng.integers(0, N_USERS, B), rng.random((B, k))
    slates, chances = policy.draw(asked, users, uniforms)

    utilities = torch.from_numpy(asked.gains @ policy.item_weights)[users]
    aspects = torch.from_numpy(asked.aspects).expand(B, n, 2)
    everything, weights = torch.ones(B, n, dtype=torch.bool), torch.full((B,), 0.1, dtype=torch.float64)
    pinned = torch.full((B, k), -1)
    for position, candidate in pins.items():
        pinned[:, position] = candidate
    expected, expected_chances = drawn_slate(
        utilities, everything, aspects, weights, pinned, 0.1, torch.from_numpy(uniforms)
    )
    assert slates.tolist() == expected.tolist()
    assert_allclose(chances, expected_chances.numpy(), rtol=1e-6)
    assert_allclose(policy.propensities(asked, users, slates), chances, rtol=1e-9)


def test_a_pin_far_better_than_the_rest_does_not_hide_their_odds() -> None:
    """Odds relative to the pinned candidate are all below a double's range."""
    gains = np.full((1, 4, 1), [[5000.0], [0.3], [0.2], [0.1]], dtype=np.float32)
    asked = QueryContexts(np.arange(4), gains, np.full((4, 2), -1), pins={1: 0})
    policy = SlatePolicy(np.array([1.0]), 0.0, 0.1)
    slates = np.array([[1, 0, 2, 3]])
    rest = np.exp(gains[0, 1:, 0] / 0.1)
    expected = [[rest[0] / rest.sum(), 1.0, rest[1] / rest[1:].sum(), 1.0]]
    assert_allclose(policy.propensities(asked, np.array([0]), slates), expected, rtol=1e-5)


def test_a_slate_shorter_than_the_page_is_certain_beyond_its_end() -> None:
    asked, policy = contexts(2, n=3, spread=1.0), SlatePolicy(np.array([1.0, 0.0]), 0.2, 0.1)
    slates, chances = policy.draw(asked, np.zeros(4, dtype=np.int64), np.full((4, 6), 0.5))
    assert (slates[:, 3:] == -1).all()
    assert (chances[:, 3:] == 1).all()
    assert sorted(slates[0, :3]) == [0, 1, 2]
