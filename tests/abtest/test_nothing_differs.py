"""A/A: reports, tune, ramps, interleaving and sequential tests say nothing where nothing differs.

Each of them is tried on each of `KINDS`, and a few words of a kind may stand for the same thing in different ways: half
of the traffic by one user is half of the searches of a log, and one unit of a ramp.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from trimtab.abtest.ope.estimators import slate_cascade
from trimtab.abtest.ope.intervals import estimate
from trimtab.abtest.ope.log.logged_slates import SORTED
from trimtab.abtest.ope.replay import replay
from trimtab.abtest.ope.sums import Sums, add_up
from trimtab.abtest.ope.tune import OWN, choose, tune
from trimtab.abtest.simulation.simulate import simulate
from trimtab.abtest.simulation.world import World
from trimtab.abtest.statistics.interleaving import preferences
from trimtab.core.experiments.interleaving import team_draft
from trimtab.core.experiments.sequential import unit_difference
from trimtab.engine import Engine
from trimtab.engine.log.impressions import read_log
from trimtab.service.experiments.ramp import ArmTotals, Guardrails, Ramp, compared, harm

KINDS = (
    "plain", "pages of 2 and of 4", "a length of its own each row", "ties", "sparse", "lopsided shares",
    "one user with half", "negative revenue", "shuffled rows", "duplicates",
)  # fmt: skip
FEW = ("plain", "a length of its own each row", "one user with half", "duplicates")
"""Those of which reports are made in `make test`."""
N_USERS, DEPTH = 300, 4
MANY = [pytest.param(8), pytest.param(1000, marks=pytest.mark.slow)]
of_every_kind = pytest.mark.parametrize("kind", KINDS)


def allowed(n: int, level: float) -> float:
    """More than this many of n happen by luck in one of 20,000 tests."""
    return n * level + 4 * np.sqrt(n * level * (1 - level))


def generator(*parts: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(list(parts)))


@dataclass(frozen=True)
class Pages:
    """A log: rewards [n, DEPTH], which positions there are, and who asked [n]."""

    rewards: np.ndarray
    is_there: np.ndarray
    users: np.ndarray

    def take(self, rows: np.ndarray) -> Pages:
        return Pages(self.rewards[rows], self.is_there[rows], self.users[rows])


def pages(kind: str, rng: np.random.Generator) -> Pages:
    n = 2 * N_USERS
    users = np.arange(n) % N_USERS
    lengths = np.full(n, DEPTH)
    if kind == "pages of 2 and of 4":
        lengths = rng.choice([2, 4], n)
    elif kind == "a length of its own each row":
        lengths = rng.integers(1, DEPTH + 1, n)
    chance = 0.01 if kind == "sparse" else 0.06
    rewards = (rng.random((n, DEPTH)) < chance).astype(float)
    if kind == "one user with half":
        users = np.where(np.arange(n) < N_USERS, 0, users)
        rewards = np.where(users[:, None] == 0, float(rng.random() < 0.5), rewards)
    elif kind == "negative revenue":
        rewards *= np.where(rng.random(rewards.shape) < 0.7, -1.0, 1.0) * rng.lognormal(0, 0.8, rewards.shape)
    is_there = np.arange(DEPTH) < lengths[:, None]
    found = Pages(np.where(is_there, rewards, 0.0), is_there, users)
    if kind == "shuffled rows":
        return found.take(rng.permutation(n))
    return found.take(np.repeat(np.arange(n), 5)) if kind == "duplicates" else found


def logged(log: Pages) -> Sums:
    ratios = np.ones(log.rewards.shape)
    return add_up(slate_cascade(log.rewards, ratios, self_normalised=True), log.users, n_groups=N_USERS)


def policy(log: Pages, kind: str, rng: np.random.Generator) -> Sums:
    """A policy whose weights have nothing to do with rewards."""
    shape = log.rewards.shape
    if kind == "ties":
        ratios = rng.choice([0.8, 1.2], shape)
    elif kind == "lopsided shares":  # one slate in twenty is shown nine times as often, the others about half
        ratios = np.ones(shape)
        ratios[:, 0] = np.where(rng.random(len(ratios)) < 0.05, 5.0, 0.79)
    else:
        ratios = rng.lognormal(-0.02, 0.2, shape)
    ratios = np.where(log.is_there, ratios, 1.0)
    return add_up(slate_cascade(log.rewards, ratios, self_normalised=True), log.users, n_groups=N_USERS)


@pytest.mark.parametrize("n_logs", MANY)
@of_every_kind
def test_no_difference_is_sure(kind: str, n_logs: int) -> None:
    signs = []
    for seed in range(n_logs):
        rng = generator(1, seed)
        log = pages(kind, rng)
        signs.append(estimate(policy(log, kind, rng).minus(logged(log)), n_resamples=100).sure_sign)
        same = estimate(logged(log).minus(logged(log)))
        assert (same.value, same.low, same.high) == (0, 0, 0)
    assert max(signs.count(1), signs.count(-1)) <= allowed(n_logs, 0.025)


@pytest.mark.parametrize("n_logs", [pytest.param(6), pytest.param(400, marks=pytest.mark.slow)])
@of_every_kind
def test_tuning_keeps_the_weights(kind: str, n_logs: int) -> None:
    """The best of eight candidates that do not differ."""
    n_changed = 0
    for seed in range(n_logs):
        rng = generator(2, seed)
        log = pages(kind, rng)
        sums = {OWN: {"revenue": logged(log)}}
        sums |= {f"candidate {one}": {"revenue": policy(log, kind, rng)} for one in range(8)}
        n_changed += choose(sums, maximise="revenue", keep={}).name != OWN
    assert n_changed <= allowed(n_logs, 0.05)


def spending(kind: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """What each search spends, which unit it is of, [n_units] which units are treated, and the treatment's share."""
    log = pages(kind, rng)
    share = 0.05 if kind == "lopsided shares" else 0.5
    return log.rewards.sum(axis=1), log.users, rng.random(N_USERS) < share, share


@pytest.mark.parametrize("n_tests", MANY)
@of_every_kind
def test_sequential_tests_find_nothing_at_any_look(kind: str, n_tests: int) -> None:
    """By unit, as users are counted: what one does often is one value."""
    n_sure = 0
    for seed in range(n_tests):
        spent, users, is_treated, share = spending(kind, generator(3, seed))
        values = np.bincount(users, weights=spent, minlength=N_USERS)
        looks = (
            unit_difference(values[:n], is_treated[:n], share=share, level=0.05) for n in range(30, N_USERS + 1, 30)
        )
        n_sure += any(look is not None and (look.low > 0 or look.high < 0) for look in looks)
    assert n_sure <= allowed(n_tests, 0.05)


def totals(spent: np.ndarray, users: np.ndarray, is_failed: np.ndarray) -> ArmTotals:
    """What an arm's searches add up to, by unit as the service counts it."""
    by_unit = np.bincount(users, weights=spent, minlength=N_USERS)
    buys = np.bincount(users, weights=spent != 0, minlength=N_USERS)
    hits = np.bincount(users, weights=is_failed, minlength=N_USERS)
    n_hits, n_squares = float(hits.sum()), float((hits**2).sum())
    return ArmTotals(
        len(spent), n_hits, n_hits, n_hits, float(spent.sum()), float((by_unit**2).sum()), float((buys > 0).sum()),
        n_squares, n_squares, n_squares,
    )  # fmt: skip


@pytest.mark.parametrize("n_tests", MANY)
@of_every_kind
def test_harmless_ramps_go_on(kind: str, n_tests: int) -> None:
    """No tolerance at all, and a look after every tenth of the searches."""
    strict = Ramp(control="control", guardrails=Guardrails(errors=0, slow=0, empty=0, revenue=0))
    n_ended = 0
    for seed in range(n_tests):
        rng = generator(5, seed)
        spent, users, is_treated, share = spending(kind, rng)
        arms = {"control": ~is_treated[users], "treatment": is_treated[users]}
        fails = (rng.random(N_USERS) < 0.05)[users] & (rng.random(len(users)) < 0.5)
        for n in range(len(users) // 10, len(users) + 1, len(users) // 10):
            look = {
                arm: totals(spent[:n][some[:n]], users[:n][some[:n]], fails[:n][some[:n]]) for arm, some in arms.items()
            }
            if harm(compared(strict, look, {"control": 1 - share, "treatment": share})) is not None:
                n_ended += 1
                break
    assert n_ended <= allowed(n_tests, 0.05)


def rankings(kind: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """[n, 2, 6] two rankings of the same items, as a policy and another would have them; -1 for none."""
    depth = 6
    first = np.argsort(rng.random((n, depth)), axis=1)
    second = first.copy()
    if kind == "ties":  # which items of the same utility come in an order of their own
        swapped = rng.random((n, depth // 2)) < 0.5
        pairs = second.reshape(n, -1, 2)
        pairs[swapped] = pairs[swapped][:, ::-1]
    elif kind == "lopsided shares":
        second[: n // 20] = np.argsort(rng.random((n // 20, depth)), axis=1)
    else:
        second[: n // 2, :2] = second[: n // 2, 1::-1]
        second[n // 2 :] = np.concatenate([second[n // 2 :, -1:], second[n // 2 :, :-1]], axis=1)
    if kind == "one user with half":  # who asks for the same all the time
        first[: n // 2], second[: n // 2] = first[0], second[0]
    both = np.stack([first, second], axis=1)
    lengths = np.full(n, depth)
    if kind == "pages of 2 and of 4":
        lengths = rng.choice([2, 4], n)
    elif kind == "a length of its own each row":
        lengths = rng.integers(1, depth + 1, n)
    both = np.where(np.arange(depth) < lengths[:, None, None], both, -1)
    return both[rng.permutation(n)] if kind == "shuffled rows" else both


@pytest.mark.parametrize("seed", range(3))
@of_every_kind
def test_interleaving_prefers_nobody(kind: str, seed: int) -> None:
    """Clicks by position alone, on rankings that are the same and on ones that are not."""
    rng = generator(4, seed)
    both = rankings(kind, 4000, rng)
    slate = team_draft(both, k=both.shape[2], rng=rng)
    chance = (0.02 if kind == "sparse" else 0.5) / np.arange(1, both.shape[2] + 1)
    clicks = (rng.random(slate.items.shape) < chance).astype(float)
    if kind == "negative revenue":
        clicks *= np.where(rng.random(clicks.shape) < 0.7, -1.0, 1.0) * rng.lognormal(0, 0.8, clicks.shape)
    found = preferences(both, slate.items, clicks)
    if kind == "duplicates":  # distinguished by the decision: counted five times they would seem five times as many
        assert preferences(np.repeat(both, 5, 0), np.repeat(slate.items, 5, 0), np.repeat(clicks, 5, 0)) == (
            pytest.approx(np.repeat(found, 5))
        )
    assert abs(found.mean()) < 4 * found.std() / np.sqrt(len(found))
    same = np.stack([both[:, 0], both[:, 0]], axis=1)
    assert not preferences(same, team_draft(same, k=both.shape[2], rng=rng).items, clicks).any()


N_SEARCHES, K = 400, 10
OTHER = {"relevance": 0.75, "revenue": 0.2, "diversity": 0.05}
POSITIONS = ("item_ids", "propensities", "clicks", "carts", "purchases", "revenue")


@pytest.fixture(scope="module")
def plain_log(engine: Engine, world: World, tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """Searches for weights by name, without a bound, so that a page may be cut: what its top shows stays as it was."""
    folder = tmp_path_factory.mktemp("plain") / "log"
    few = world.among(n_queries=10, n_users=200)
    simulate(engine, N_SEARCHES, folder, seed=11, weights=dict(engine.default_weights), world=few)
    return pl.concat(read_log(folder))


def cut(frame: pl.DataFrame, lengths: np.ndarray) -> pl.DataFrame:
    """Pages of these lengths."""
    length = pl.lit(pl.Series(lengths.astype(np.int64)))
    return frame.with_columns(pl.col(*POSITIONS).list.head(length), k=length)


def dealt(frame: pl.DataFrame, kind: str, rng: np.random.Generator) -> pl.DataFrame:
    """The same pages with outcomes that have nothing to do with what is on them."""
    n = len(frame)
    examined = 1 / np.arange(1, K + 1)
    clicks = rng.random((n, K)) < (0.02 if kind == "sparse" else 0.5) * examined
    purchases = clicks & (rng.random((n, K)) < 0.5)
    revenue = purchases * rng.lognormal(1, 0.5, (n, K))
    if kind == "ties":
        revenue = purchases * 5.0
    elif kind == "negative revenue":
        revenue *= np.where(rng.random((n, K)) < 0.7, -1.0, 1.0)
    outcomes = {"clicks": clicks.astype(int), "purchases": purchases.astype(int), "revenue": revenue}
    return frame.with_columns(pl.Series(name, values.tolist()) for name, values in outcomes.items())


def with_more(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """As many searches again, all of the most frequent value of a column."""
    most = frame.filter(pl.col(column) == frame[column].mode()[0])
    again = most.sample(n=len(frame), with_replacement=True, seed=1)
    number = pl.int_range(pl.len()).cast(pl.String)
    return pl.concat([frame, again.with_columns(pl.col("decision_id", "session_id") + "-" + number)])


def of_kind(frame: pl.DataFrame, kind: str, rng: np.random.Generator) -> pl.DataFrame:
    more = {"lopsided shares": "query", "one user with half": "user_id"}.get(kind)
    frame = dealt(frame if more is None else with_more(frame, more), kind, rng)
    n = len(frame)
    if kind == "pages of 2 and of 4":
        return cut(frame, rng.choice([5, 10], n))
    if kind == "a length of its own each row":
        return cut(frame, rng.integers(1, K + 1, n))
    if kind == "shuffled rows":
        return frame.sample(fraction=1.0, shuffle=True, seed=3)
    return pl.concat([frame, frame.head(n // 2), frame]) if kind == "duplicates" else frame


@pytest.fixture(scope="module")
def report_of(
    engine: Engine, plain_log: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], dict[str, Any]]:
    """By kind, the report of the log's own weights and of others, made once."""

    @cache
    def made(kind: str) -> dict[str, Any]:
        log = tmp_path_factory.mktemp("kind") / "log.parquet"
        of_kind(plain_log, kind, generator(6, KINDS.index(kind))).write_parquet(log)
        return replay(log, engine, {"same": dict(engine.default_weights), "other": OTHER})

    return made


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=() if kind in FEW else pytest.mark.slow) for kind in KINDS])
def test_a_report_says_that_the_logs_own_weights_do_not_differ(
    kind: str, report_of: Callable[[str], dict[str, Any]]
) -> None:
    found = report_of(kind)
    searches = 2 * N_SEARCHES if kind in ("lopsided shares", "one user with half") else N_SEARCHES
    assert found["log"]["n_replayed"] == searches
    assert not any("propensities" in warning for warning in found["warnings"])
    for one in found["differences"]["same - logged"].values():
        assert (one["value"], one["low"], one["high"]) == (0, 0, 0)
    assert "does not differ" in found["verdicts"][0]
    assert "surely" not in found["verdicts"][0]


def test_temperatures_far_apart_and_sorted_slates_beside_draws_make_no_difference(
    engine: Engine, world: World, plain_log: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Draws that are all but sorted, and draws of anything: chances of 1, and of 1 in as many as there are items."""
    few, frames = world.among(n_queries=5, n_users=20), [plain_log.head(40)]
    for seed, temperature in enumerate((1e-6, 1e6)):
        monkeypatch.setattr(engine, "temperature", temperature)
        folder = tmp_path / f"at {temperature}"
        simulate(engine, 40, folder, seed=seed, weights=dict(engine.default_weights), world=few)
        frames += [frame.with_columns(decision_id=pl.col("decision_id") + f"-{seed}") for frame in read_log(folder)]
    is_sorted = pl.int_range(pl.len()) % 4 == 0
    mixed = pl.concat(frames).sample(fraction=1.0, shuffle=True, seed=1)
    mixed = mixed.with_columns(temperature=pl.when(is_sorted).then(0.0).otherwise("temperature"))
    mixed.write_parquet(tmp_path / "mixed.parquet")
    found = replay(tmp_path / "mixed.parquet", engine, {"same": dict(engine.default_weights)})
    assert found["log"]["left_out"] == {SORTED: 30}
    assert len(found["warnings"]) == 1
    for one in found["differences"]["same - logged"].values():
        assert (one["value"], one["low"], one["high"]) == (0, 0, 0)


@pytest.mark.parametrize("kinds", [FEW, pytest.param(KINDS, marks=pytest.mark.slow)], ids=["few", "all"])
def test_reports_are_hardly_ever_sure_of_outcomes_that_were_dealt(
    kinds: tuple[str, ...], report_of: Callable[[str], dict[str, Any]]
) -> None:
    """Not so of diversity, which is measured on slates: the other weights do differ in it."""
    differences = [report_of(kind)["differences"]["other - logged"] for kind in kinds]
    known = [by[metric] for by in differences for metric in ("relevance", "revenue") if by[metric]["value"] is not None]
    sure = [one for one in known if one["caution"] is None and one["low"] is not None and one["low"] * one["high"] > 0]
    assert len(sure) <= allowed(len(known), 0.05)


@pytest.mark.slow
@of_every_kind
def test_tune_keeps_the_weights_of_a_log_of_dealt_outcomes(
    kind: str, engine: Engine, plain_log: pl.DataFrame, tmp_path: Path
) -> None:
    of_kind(plain_log, kind, generator(7)).write_parquet(tmp_path / "log.parquet")
    assert tune(tmp_path / "log.parquet", engine, maximise="revenue", keep={"relevance": 0.98})["chosen"] == OWN
