"""Bandit and slate logs that our estimators and obp both compute on; numpy only, so that either environment can."""

from __future__ import annotations

import numpy as np

N, N_ACTIONS, K = 400, 5, 3


def bandit_log() -> dict[str, np.ndarray]:
    """One action an impression, with a reward model's predictions."""
    rng = np.random.Generator(np.random.PCG64(20))
    logging = rng.dirichlet(np.ones(N_ACTIONS), size=N)
    target = rng.dirichlet(np.ones(N_ACTIONS), size=N)
    actions = (logging.cumsum(axis=1) > rng.random((N, 1))).argmax(axis=1)
    means = rng.random((N, N_ACTIONS))
    rewards = (rng.random(N) < means[np.arange(N), actions]).astype(float)
    q = np.clip(means + rng.normal(0, 0.2, means.shape), 0, 1)
    return {"logging": logging, "target": target, "actions": actions, "rewards": rewards, "q": q}


def plackett_luce(logits: np.ndarray, slate: np.ndarray) -> np.ndarray:
    """[k, n_actions] conditional chances at each position, given the items of `slate` above it."""
    chances = np.zeros((len(slate), len(logits)))
    left = np.ones(len(logits), dtype=bool)
    for position, chosen in enumerate(slate):
        odds = np.exp(logits) * left
        chances[position] = odds / odds.sum()
        left[chosen] = False
    return chances


def slate_log() -> dict[str, np.ndarray]:
    """Slates of `K` of `N_ACTIONS` items drawn by Plackett-Luce, rewards by position, a Q function by position."""
    rng = np.random.Generator(np.random.PCG64(21))
    logging_logits = rng.normal(0, 1, (N, N_ACTIONS))
    target_logits = logging_logits + rng.normal(0, 0.7, (N, N_ACTIONS))
    slates = np.argsort(-(logging_logits + rng.gumbel(size=(N, N_ACTIONS))), axis=1)[:, :K]
    logging = np.stack([plackett_luce(u, s) for u, s in zip(logging_logits, slates, strict=True)])
    target = np.stack([plackett_luce(u, s) for u, s in zip(target_logits, slates, strict=True)])
    return {
        "slates": slates,
        "logging": logging,  # [N, K, N_ACTIONS]
        "target": target,
        "rewards": rng.random((N, K)) * np.array([3.0, 2.0, 1.0]),
        "q": rng.random((N, K, N_ACTIONS)) * np.array([3.0, 2.0, 1.0])[:, None],
        # Any positive numbers serve as marginals where two implementations are compared.
        "logging_marginals": rng.uniform(0.1, 1, (N, K)),
        "target_marginals": rng.uniform(0.1, 1, (N, K)),
    }


def chosen(values: np.ndarray, slates: np.ndarray) -> np.ndarray:
    """[n, k] entries of [n, k, n_actions] at the items shown."""
    return np.take_along_axis(values, slates[:, :, None], axis=2)[:, :, 0]
