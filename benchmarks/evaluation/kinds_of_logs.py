"""Logs of many kinds whose truth is known in closed form.

A search has a standard normal `z`. Its weight under the target policy is `exp(s z - s^2 / 2)`: `s` says how far the
policy is from the log's. It is rewarded with chance `rate exp(b z - b^2 / 2)`, so that the policy's true value is
`exp(s b)` times the logged one. Searches of one user share a taste,
and in some kinds of logs their weights are alike as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_USERS = 1024

Floats = NDArray[np.float64]

DISTANCES = {"near": 0.3, "close": 0.5, "middling": 0.7, "at the edge": 0.9, "far": 1.2}
EFFECTS = {"near": 0.1, "close": 0.15, "middling": 0.2, "at the edge": 0.25, "far": 0.3}
SIZES = (100, 200, 300, 500, 700, 1000, 2000, 3000, 10_000)
RATES = (0.002, 0.01, 0.03, 0.05, 0.1, 0.2, 0.3)
FEWEST_REWARDED = 12
N_CELLS = 96
DESIGN = 20261127
OUTCOMES = ("purchases", "heavy revenue", "net revenue")


@dataclass(frozen=True)
class Cell:
    """One kind of log.

    Attributes:
        n: searches.
        rate: rewarded searches.
        distance: of `DISTANCES`.
        outcome: of `OUTCOMES`; heavy revenue is lognormal with sigma 1.5, net revenue has returns enough for a
            negative mean.
        concentrated: after one search each, user u asks in proportion to 1 / u, instead of each as often.
        effect: the policy's true value over the logged one, minus 1, as long as no chance of a reward exceeds 1.
        positions: number of positions with rewards, weighted by prefix.
        alike: half of the variance of a weight's logarithm is the user's: one who searches again has like weights.
    """

    n: int
    rate: float
    distance: str
    outcome: str = "purchases"
    concentrated: bool = False
    effect: float = 0.0
    positions: int = 1
    alike: bool = False

    @property
    def label(self) -> str:
        users = ("few users" if self.concentrated else "users") + (" of a kind" if self.alike else "")
        return (
            f"{self.n:,} searches, {users}, {self.outcome} {self.rate:.1%}, {self.distance}, "
            f"{self.positions} positions, effect {self.effect:+.0%}"
        )


def cells() -> list[Cell]:
    """Kinds of logs with a dozen rewarded searches, drawn from all; most have no effect, so that signs can be wrong."""
    rng = np.random.Generator(np.random.PCG64(DESIGN))
    found: dict[Cell, None] = {}
    while len(found) < N_CELLS:
        distance = str(rng.choice(list(DISTANCES)))
        cell = Cell(
            n=int(rng.choice(SIZES)),
            rate=float(rng.choice(RATES)),
            distance=distance,
            outcome=str(rng.choice(OUTCOMES, p=(0.6, 0.2, 0.2))),
            concentrated=bool(rng.random() < 0.35),
            effect=float(rng.choice((0.0, 1.0, -0.7), p=(0.7, 0.15, 0.15))) * EFFECTS[distance],
            positions=int(rng.choice((1, 3, 6), p=(0.45, 0.35, 0.2))),
            alike=bool(rng.random() < 0.35),
        )
        if cell.n * cell.rate >= FEWEST_REWARDED:
            found[cell] = None
    return list(found)


@dataclass(frozen=True)
class Logs:
    """Sums by user of many logs.

    Attributes:
        numerators, denominators: [n_logs, n_users, m] the target's columns, then the logged one.
        signs: [m].
        ess: [n_logs] of the weights, as `trimtab.abtest.ope.sums.Sums.ess` has it.
        unrelated: [n_logs] as `trimtab.abtest.ope.reliability.unrelated_error` has it.
        truth: the true difference.
    """

    numerators: Floats
    denominators: Floats
    signs: Floats
    ess: Floats
    unrelated: Floats
    truth: float


def logs_of(cell: Cell, n_logs: int, rng: np.random.Generator) -> Logs:
    """Logs of a cell."""
    n, k = cell.n, cell.positions
    n_users = min(n // 3 if cell.concentrated else n, MOST_USERS)
    odds = 1 / np.arange(1, n_users + 1) if cell.concentrated else np.ones(n_users)
    others = rng.choice(n_users, size=(n_logs, n - n_users), p=odds / odds.sum())
    users = np.concatenate([np.broadcast_to(np.arange(n_users), (n_logs, n_users)), others], axis=1)
    taste = rng.gamma(2.0, 0.5, size=(n_logs, n_users))
    tastes = np.take_along_axis(taste, users, axis=1)
    s = DISTANCES[cell.distance]
    b = np.log1p(cell.effect) / s
    z = rng.standard_normal((n_logs, n, k))
    if cell.alike:
        own = rng.standard_normal((n_logs, n_users, k))
        z = np.sqrt(0.5) * (z + np.take_along_axis(own, users[:, :, None], axis=1))
    z /= np.sqrt(k)
    rate = cell.rate / k
    # Each position's z has variance 1 / k, so that the whole slate is as far as at one position.
    chance = rate * tastes[:, :, None] * np.exp(b * z - b * b / (2 * k))
    rewards = (rng.random((n_logs, n, k)) < chance).astype(np.float64)
    mean_value = 1.0
    if cell.outcome == "heavy revenue":
        bought = rewards > 0
        rewards[bought] = rng.lognormal(-(1.5**2) / 2, 1.5, size=int(bought.sum()))
    elif cell.outcome == "net revenue":
        bought = rewards > 0
        spent = rng.lognormal(-(0.8**2) / 2, 0.8, size=int(bought.sum()))
        rewards[bought] = np.where(rng.random(len(spent)) < 0.3, spent, -spent)
        mean_value = -0.4
    weights = np.asarray(np.cumprod(np.exp(s * z - s * s / (2 * k)), axis=2), dtype=np.float64)
    flat = (users + np.arange(n_logs)[:, None] * n_users).ravel()

    def by_user(values: Floats) -> Floats:
        sums = np.bincount(flat, weights=values.ravel(), minlength=n_logs * n_users)
        return np.asarray(sums, dtype=np.float64).reshape(n_logs, n_users)

    numerators = [by_user(weights[:, :, p] * rewards[:, :, p]) for p in range(k)] + [by_user(rewards.sum(axis=2))]
    denominators = [by_user(weights[:, :, p]) for p in range(k)] + [by_user(np.ones((n_logs, n)))]
    sizes = weights.sum(axis=1) ** 2 / (weights**2).sum(axis=1)
    earned = np.abs(rewards).sum(axis=1)
    ess = earned.sum(axis=1) / np.maximum((earned / sizes).sum(axis=1), 1e-300)
    variances = rewards.var(axis=1)
    together = rewards.sum(axis=2).var(axis=1) / np.maximum(variances.sum(axis=1), 1e-300)
    unrelated = np.sqrt(np.maximum(together, 1) * (variances * (1 / sizes - 1 / n)).sum(axis=1))
    truth = k * mean_value * _true_difference(rate, s / np.sqrt(k), b / np.sqrt(k))
    return Logs(np.stack(numerators, 2), np.stack(denominators, 2), np.array([1.0] * k + [-1.0]), ess, unrelated, truth)


def _true_difference(rate: float, s: float, b: float) -> float:
    """E[(weight - 1) chance] at one position, whose weights above are independent of its reward; chances end at 1."""
    z = np.linspace(-8, 8, 801)
    taste = (np.arange(2000) + 0.5) / 100
    density = np.exp(-z * z / 2)[:, None] * (taste * np.exp(-2 * taste))
    chance = np.minimum(1, rate * taste * np.exp(b * z - b * b / 2)[:, None])
    return float((density * chance * np.expm1(s * z - s * s / 2)[:, None]).sum() / density.sum())
