"""A/A: reports, tune, interleaving and sequential tests where nothing differs, with ties, repeats and one heavy user.

`test_reliability` has sparse, heavy-tailed and negative rewards, `tests/service/test_ramp.py` ramps and a unit with
half of the traffic.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trimtab.abtest.ope.estimators import snips
from trimtab.abtest.ope.intervals import estimate
from trimtab.abtest.ope.replay import replay
from trimtab.abtest.ope.sums import Sums, add_up
from trimtab.abtest.ope.tune import OWN, choose
from trimtab.abtest.statistics.interleaving import preferences
from trimtab.core.interleaving import team_draft
from trimtab.core.sequential import unit_difference
from trimtab.engine import Engine
from trimtab.engine.log.impressions import read_log

N_USERS = 300
KINDS = ("ties", "repeats", "one user with half")
MANY = [pytest.param(60), pytest.param(1000, marks=pytest.mark.slow)]


def allowed(n: int, level: float) -> float:
    """More than this many of n happen by luck in one of 20,000 tests."""
    return n * level + 4 * np.sqrt(n * level * (1 - level))


def log_of(kind: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Rewards and users of a log."""
    n = 2 * N_USERS
    users = np.arange(n) % N_USERS
    rewards = (rng.random(n) < 0.2).astype(float)
    if kind == "repeats":  # what a user does once the same user does five times
        users, rewards = np.repeat(users, 5), np.repeat(rewards, 5)
    elif kind == "one user with half":
        users = np.where(np.arange(n) < N_USERS, 0, users)
        rewards = np.where(users == 0, float(rng.random() < 0.5), rewards)
    return rewards, users


def of_policy(rewards: np.ndarray, users: np.ndarray, kind: str, rng: np.random.Generator) -> Sums:
    """A policy whose weights have nothing to do with rewards; with ties there are two of them only."""
    n = len(rewards)
    weights = rng.choice([0.5, 1.5], n) if kind == "ties" else rng.lognormal(-0.08, 0.4, n)
    return add_up(snips(rewards, weights), users, n_groups=N_USERS)


@pytest.mark.parametrize("n_logs", MANY)
@pytest.mark.parametrize("kind", KINDS)
def test_no_difference_is_sure(kind: str, n_logs: int) -> None:
    signs = []
    for seed in range(n_logs):
        rng = np.random.Generator(np.random.PCG64([1, seed]))
        rewards, users = log_of(kind, rng)
        logged = add_up(snips(rewards, np.ones(len(rewards))), users, n_groups=N_USERS)
        signs.append(estimate(of_policy(rewards, users, kind, rng).minus(logged), n_resamples=100).sure_sign)
    assert max(signs.count(1), signs.count(-1)) <= allowed(n_logs, 0.025)


@pytest.mark.parametrize("n_logs", MANY)
@pytest.mark.parametrize("kind", KINDS)
def test_tuning_keeps_the_weights(kind: str, n_logs: int) -> None:
    """The best of eight candidates that do not differ."""
    n_changed = 0
    for seed in range(n_logs):
        rng = np.random.Generator(np.random.PCG64([2, seed]))
        rewards, users = log_of(kind, rng)
        sums = {OWN: {"revenue": add_up(snips(rewards, np.ones(len(rewards))), users, n_groups=N_USERS)}}
        sums |= {f"candidate {one}": {"revenue": of_policy(rewards, users, kind, rng)} for one in range(8)}
        n_changed += choose(sums, maximise="revenue", keep={}).name != OWN
    assert n_changed <= allowed(n_logs, 0.05)


@pytest.mark.parametrize("n_tests", MANY)
@pytest.mark.parametrize("kind", KINDS)
def test_sequential_tests_find_nothing_at_any_look(kind: str, n_tests: int) -> None:
    """By unit, as users are counted: what one does often is one value."""
    n_sure = 0
    for seed in range(n_tests):
        rng = np.random.Generator(np.random.PCG64([3, seed]))
        rewards, users = log_of(kind, rng)
        values = np.bincount(users, weights=rewards, minlength=N_USERS)
        is_treated = rng.random(N_USERS) < 0.2
        looks = (unit_difference(values[:n], is_treated[:n], share=0.2, level=0.05) for n in range(30, N_USERS + 1, 30))
        n_sure += any(look is not None and (look.low > 0 or look.high < 0) for look in looks)
    assert n_sure <= allowed(n_tests, 0.05)


@pytest.mark.parametrize("seed", range(5))
def test_interleaving_prefers_nobody(seed: int) -> None:
    """Clicks by position alone: on rankings that are the same, on tied ones, and with one page for a quarter of all."""
    rng = np.random.Generator(np.random.PCG64([4, seed]))
    n, depth = 4000, 6
    first = np.argsort(rng.random((n, depth)), axis=1)
    second = first.copy()
    second[: n // 2, :2] = second[: n // 2, 1::-1]
    second[: n // 4] = second[0]
    first[: n // 4] = first[0]
    both = np.stack([first, second], axis=1)
    slate = team_draft(both, k=depth, rng=rng)
    clicks = (rng.random((n, depth)) < 0.5 / np.arange(1, depth + 1)).astype(float)
    found = preferences(both, slate.items, clicks)
    assert abs(found.mean()) < 4 * found.std() / np.sqrt(n)
    same = np.stack([first, first], axis=1)
    assert not preferences(same, team_draft(same, k=depth, rng=rng).items, clicks).any()


def test_a_report_says_that_the_logs_own_weights_do_not_differ(engine: Engine, log: Path, tmp_path: Path) -> None:
    """Shuffled, a third of the rows delivered twice, and half of the searches by one user."""
    frame = pl.concat(read_log(log)).head(600)
    known = frame["user_id"].mode()[0]
    heavy = frame.with_columns(
        pl.when(pl.int_range(pl.len()) < 300).then(pl.lit(known)).otherwise("user_id").alias("user_id"),
        pl.when(pl.int_range(pl.len()) < 300).then(pl.lit(None)).otherwise("session_id").alias("session_id"),
        # What a bound makes of weights depends on the user, who is another one now.
        weights="requested_weights",
        max_relevance_loss=pl.lit(None, pl.Float64),
    )
    twice = pl.concat([frame, frame.head(200)]).sample(fraction=1.0, shuffle=True, seed=3)
    for name, one in (("twice", twice), ("heavy", heavy)):
        one.write_parquet(tmp_path / f"{name}.parquet")
        found = replay(tmp_path / f"{name}.parquet", engine, {"same": dict(engine.default_weights)})
        assert {by["value"] for by in found["differences"]["same - logged"].values()} <= {0.0, None}, name
        assert found["log"]["n_replayed"] == 600
        assert "surely" not in " ".join(found["verdicts"])
