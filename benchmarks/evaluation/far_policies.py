"""Whether another estimator would find what no rule on intervals finds: a true difference of 10 % of a far policy.

30,000 searches with 5 % purchases, drawn as `benchmarks.evaluation.kinds_of_logs` draws them. Weights are cut, and what
is cut off counts as the log's mean reward, in the ends of the interval as between half and twice of it; or a model that
knows each search's chance of a reward corrects them.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import NormalDist

import numpy as np

from benchmarks.evaluation.kinds_of_logs import DISTANCES, MOST_USERS, Floats
from benchmarks.figures import Figure
from trimtab.abtest.ope.estimators import Terms, doubly_robust, ips, snips
from trimtab.abtest.ope.intervals import standard_error
from trimtab.abtest.ope.reliability import MARGIN
from trimtab.abtest.ope.sums import add_up

N_LOGS, SIZE, RATE, EFFECT = 300, 30_000, 0.05, 0.1
CUTS = (3.0, 5.0, 10.0, 20.0)
UNSEEN = (0.5, 2.0)
"""How many times the log's mean reward what was cut off is worth, at least and at most."""

QUANTILE = NormalDist().inv_cdf(0.975)


def estimators(weights: Floats, rewards: Floats, chances: Floats, effect: float) -> dict[str, tuple[Terms, float]]:
    """Name -> terms, and what was cut off times the log's mean reward."""
    ones, mean = np.ones(len(weights)), rewards.mean()
    known = np.full(len(weights), RATE * (1 + effect))
    found = {"self-normalised": (snips(rewards, weights), 0.0)}
    for cut in CUTS:
        kept = np.minimum(weights, cut)
        lost = float(1 - kept.mean()) * mean
        found[f"cut at {cut:g}"] = ips(kept * rewards + lost, ones), lost
    found["a model that knows all"] = doubly_robust(rewards, weights, chances, known), 0.0
    return found


def observed(effect: float, seed: int = 5) -> dict[str, Floats]:
    """[N_LOGS, 3] by estimator: difference to the log, its standard error, and what was cut off."""
    rng = np.random.Generator(np.random.PCG64(seed))
    s = DISTANCES["far"]
    b = np.log1p(effect) / s
    found: dict[str, list[tuple[float, ...]]] = {}
    for _ in range(N_LOGS):
        users = np.concatenate([np.arange(MOST_USERS), rng.integers(MOST_USERS, size=SIZE - MOST_USERS)])
        taste, z = rng.gamma(2.0, 0.5, MOST_USERS)[users], rng.standard_normal(SIZE)
        chances = RATE * np.exp(b * z - b * b / 2)
        rewards = (rng.random(SIZE) < taste * chances).astype(np.float64)
        logged = add_up(ips(rewards, np.ones(SIZE)), users, n_groups=MOST_USERS)
        for name, (terms, lost) in estimators(np.exp(s * z - s * s / 2), rewards, chances, effect).items():
            sums = add_up(terms, users, n_groups=MOST_USERS).minus(logged)
            found.setdefault(name, []).append((sums.value or 0.0, standard_error(sums), lost))
    return {name: np.array(rows) for name, rows in found.items()}


def measure() -> Iterator[Figure]:
    """Power of a test that knows the true error; then coverage and power of intervals, cut weights with their doubt."""
    unit = f"of {N_LOGS} logs of {SIZE:,} searches"
    for effect in (EFFECT, 0.0):
        truth = RATE * effect
        for name, (value, error, lost) in ((name, rows.T) for name, rows in observed(effect).items()):
            label = f"{name}, effect {effect:+.0%}"
            if effect:
                known = NormalDist().cdf(float(value.mean() / value.std()) - QUANTILE)
                yield Figure(f"{label}: found by a test that knows the true error", known, unit, 0.8)
            for doubt, (least, most) in (("", (1.0, 1.0)), (" with its doubt", UNSEEN)):
                if doubt and not lost.any():
                    continue
                low = value - QUANTILE * MARGIN * error + (least - 1) * lost
                high = value + QUANTILE * MARGIN * error + (most - 1) * lost
                covered = float(((low <= truth) & (truth <= high)).mean())
                yield Figure(f"{label}{doubt}: coverage", covered, unit, 0.94)
                if effect:
                    yield Figure(f"{label}{doubt}: surely right", float((low > 0).mean()), unit, 0.8)
