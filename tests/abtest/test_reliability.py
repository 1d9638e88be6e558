"""Sure only where it may be: sparse, lopsided and negative logs, and two things that are the same."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from trimtab.abtest.ope.estimators import ips, slate_cascade, snips
from trimtab.abtest.ope.intervals import assess, estimate, exact, lower_bounds
from trimtab.abtest.ope.reliability import (
    Reliability,
    deciding_users,
    missing_share,
    student_quantile,
    undrawn_tail,
    unrelated_error,
)
from trimtab.abtest.ope.sums import Sums, add_up


def of_users(rewards: np.ndarray, weights: np.ndarray) -> Sums:
    """Every impression of a user of its own."""
    return add_up(snips(rewards, weights))


@pytest.mark.parametrize(("rewarded", "n"), [(1, 200), (2, 60), (60, 60), (400, 400)])
def test_few_rewards_have_the_exact_interval(rewarded: int, n: int) -> None:
    rewards = (np.arange(n) < rewarded).astype(float)
    found = estimate(of_users(rewards, np.ones(n)))
    oracle = stats.binomtest(rewarded, n).proportion_ci(0.95, method="exact")
    assert found.value == rewarded / n
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high), abs=1e-9)


def test_few_rewards_that_are_weighted_or_may_be_money_have_no_interval_and_a_reason() -> None:
    rng = np.random.Generator(np.random.PCG64(0))
    sold = np.where(np.arange(500) < 5, rng.lognormal(0, 1.5, 500), 0.0)
    for rewards, weights in (
        (sold, np.ones(500)),
        ((sold > 0) * 1.0, rng.lognormal(0, 0.5, 500)),
        (0 * sold, weights_of(rng)),
        (0 * sold, np.ones(500)),
    ):
        found = estimate(of_users(rewards, weights))
        assert found.value is not None
        assert (found.low, found.high) == (None, None)
        assert "rewarded users" in str(found.caution)
        assert found.sure_sign == 0


def weights_of(rng: np.random.Generator, n: int = 500) -> np.ndarray:
    return rng.lognormal(-0.125, 0.5, n)


def test_users_that_search_often_count_once_where_they_are_alike() -> None:
    """50 users with 10 searches each, 2 of them always rewarded: as sure as 2 of 50, not as 20 of 500."""
    groups = np.repeat(np.arange(50), 10)
    sums = add_up(ips((groups < 2) * 1.0, np.ones(500)), groups, n_groups=50)
    oracle = stats.binomtest(2, 50).proportion_ci(0.95, method="exact")
    low, high = exact(sums) or (0, 0)
    assert (low, high) == pytest.approx((oracle.low, oracle.high), rel=0.05)
    assert exact(add_up(ips(groups * 1.0, np.ones(500)), groups, n_groups=50)) is None


def test_few_amounts_of_a_heavy_tail_have_not_shown_its_squares() -> None:
    """Squares of lognormal amounts have exp(sigma^2) times the mean's square; those of sixty users hardly ever do."""
    rng = np.random.Generator(np.random.PCG64(5))
    expected = np.exp(1.5**2)
    found, missed = [], []
    for _ in range(200):
        sold = rng.lognormal(0, 1.5, 60)
        here = np.mean(sold**2) / np.mean(sold) ** 2
        logs = [of_users(values, np.ones(60)) for values in (sold, np.full(60, 2.5))]
        found.append(undrawn_tail(logs[0]) * here)
        missed.append(here < expected)
        assert undrawn_tail(logs[1]) == undrawn_tail(logs[0].minus(logs[1])) == 1.0
    assert np.median(found) == pytest.approx(expected, rel=0.1)
    assert np.mean(missed) > 0.8


@pytest.mark.parametrize("positions", [1, 3])
@pytest.mark.parametrize("both_weighted", [False, True])
def test_the_error_of_unrelated_rewards_is_that_of_rewards_dealt_anew(positions: int, both_weighted: bool) -> None:
    rng = np.random.Generator(np.random.PCG64(7))
    n = 400
    rewards = rng.lognormal(0, 1, (n, positions)) * (rng.random((n, positions)) < 0.2)
    z = rng.standard_normal((2, n, positions))
    after = np.exp(0.5 * z[0])
    before = np.exp(0.5 * (0.7 * z[0] + 0.7 * z[1])) if both_weighted else np.ones((n, positions))

    def difference(values: np.ndarray) -> Sums:
        return add_up(snips(values, after)).minus(add_up(snips(values, before)))

    dealt = [difference(np.stack([rng.permutation(one) for one in rewards.T], axis=1)).value for _ in range(800)]
    assert unrelated_error(difference(rewards)) == pytest.approx(np.std(dealt), rel=0.1)


def test_rewards_that_come_together_vary_as_whole_slates_do() -> None:
    """Who buys at one position buys at all three; dealt anew as slates, whose weights go together as prefixes do."""
    rng = np.random.Generator(np.random.PCG64(8))
    n = 400
    rewards = np.repeat(rng.random((n, 1)) < 0.3, 3, axis=1).astype(float)
    weights = np.exp(0.3 * rng.standard_normal((n, 1)) - 0.045) * np.exp(0.05 * rng.standard_normal((n, 3)))

    def difference(values: np.ndarray) -> Sums:
        return add_up(snips(values, weights)).minus(add_up(snips(values, np.ones((n, 3)))))

    dealt = [difference(rng.permutation(rewards)).value for _ in range(800)]
    assert unrelated_error(difference(rewards)) == pytest.approx(np.std(dealt), rel=0.1)
    alone = difference(np.stack([rng.permutation(one) for one in rewards.T], axis=1))
    assert unrelated_error(alone) < 0.7 * unrelated_error(difference(rewards))


def test_heavy_searches_without_a_reward_make_nothing_sure() -> None:
    """Rewards stand where weights are small, by luck: a loss by the sums, whose spread is small for the same reason."""
    rng = np.random.Generator(np.random.PCG64(3))
    weights = np.sort(rng.lognormal(-0.25, 0.7, 600))
    rewards = (np.arange(600) % 16 == 0) * (np.arange(600) < 560) * 1.0
    found = estimate(of_users(rewards, weights).minus(of_users(rewards, np.ones(600))))
    assert found.standard_error is not None
    assert found.value is not None
    assert found.value + 1.96 * found.standard_error < 0
    assert found.sure_sign == 0


def test_nothing_varies_is_not_certainty() -> None:
    found = estimate(of_users(np.full(300, 0.3), np.ones(300)))
    assert found.value == pytest.approx(0.3)
    assert found.low is None
    assert "nothing varies" in str(found.caution)


def test_a_thing_and_itself_do_not_differ_whatever_the_rounding() -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    rewards, ratios = rng.random((400, 3)), np.ones((400, 3))
    logged = add_up(slate_cascade(rewards, ratios, self_normalised=True))
    again = add_up(slate_cascade(rewards, ratios * (1 + 1e-15 * rng.standard_normal((400, 3))), self_normalised=True))
    found = estimate(again.minus(logged))
    assert (found.value, found.low, found.high) == (0, 0, 0)
    assert found.is_none
    only_one = np.where(np.arange(400)[:, None] == 7, rewards, 0.0)
    few = [add_up(slate_cascade(only_one, one, self_normalised=True)) for one in (ratios * (1 + 1e-8), ratios)]
    assert estimate(few[0].minus(few[1])).is_none
    other = add_up(slate_cascade(rewards, ratios * rng.lognormal(0, 0.01, (400, 3)), self_normalised=True))
    assert not estimate(other.minus(logged)).is_none


def test_nothing_is_sure_where_the_log_lacks_what_the_policy_shows() -> None:
    """The log shows two items, at .9 and .1; the policy shows the first at .6, and the second at .4 or at .15 only."""
    rng = np.random.Generator(np.random.PCG64(3))
    n, wanted = 20_000, 0.6
    shown = rng.random(n) < 0.9
    rewards = np.where(shown, rng.random(n) < 0.3, rng.random(n) < 0.1).astype(float)
    complete = np.where(shown, wanted / 0.9, 0.4 / 0.1)
    assert missing_share(of_users(rewards, complete)) < 0.02
    partial = np.where(shown, wanted / 0.9, 0.15 / 0.1)
    incomplete = of_users(rewards, partial)
    assert missing_share(incomplete) == pytest.approx(0.25, abs=0.03)
    assert "of what the policy shows is not in this log" in str(estimate(incomplete).caution)


def test_a_refused_value_has_no_difference() -> None:
    """One side has nearly all of the overlap, so that the two together look well."""
    rng = np.random.Generator(np.random.PCG64(2))
    rewards = rng.random(4000)
    thin = of_users(rewards, np.where(np.arange(4000) < 30, 1.0, 1e-6))
    logged = of_users(rewards, np.ones(4000))
    assert assess(thin).refusal
    for difference in (thin.minus(logged), logged.minus(thin), thin.minus(logged, share=0.98)):
        found = estimate(difference)
        assert found.value is None
        assert "effective sample size 30" in str(found.refusal)


def test_who_decides_is_who_was_rewarded_where_rewards_are_rare() -> None:
    rewards = (np.arange(10_000) < 40).astype(float)
    sums = of_users(rewards, np.ones(10_000))
    found = Reliability.of(sums, (rewards - rewards.mean()) / 10_000)
    assert found.deciding == pytest.approx(40, rel=0.05)
    assert found.rewarded == pytest.approx(40)
    assert found.caution is None
    normal = np.random.Generator(np.random.PCG64(3)).standard_normal(30_000)
    assert deciding_users(normal) == pytest.approx(10_000, rel=0.1)  # a third: the kurtosis is 3
    assert student_quantile(0.975, 11) == pytest.approx(stats.t.ppf(0.975, 10))


def test_bounds_of_few_users_are_wider() -> None:
    rng = np.random.Generator(np.random.PCG64(4))
    dense, sparse = rng.random((2, 2000))
    sparse = np.where(np.arange(2000) < 12, sparse, 0.0)
    for rewards, least in ((dense, 1.64), (sparse, 1.75)):
        sums = of_users(rewards, np.ones(2000))
        bound = lower_bounds([sums])[0]
        error = rewards.std() / np.sqrt(2000)
        assert (rewards.mean() - bound) / error > least - 0.1


def sparse_log(rng: np.random.Generator, kind: str) -> tuple[Sums, Sums]:
    """A log where two policies do not differ: weights are independent of rewards."""
    n = 600
    groups = np.arange(n)
    rewards = (rng.random(n) < 0.05).astype(float)
    if kind == "heavy tails":
        rewards *= rng.lognormal(0, 1.5, n)
    elif kind == "negative":
        rewards *= np.where(rng.random(n) < 0.7, -1.0, 1.0) * rng.lognormal(0, 0.8, n)
    elif kind == "one user with half":
        groups = np.where(groups < n // 2, 0, groups)
        rewards = np.where(groups == 0, rng.random() < 0.3, rewards).astype(float)
    weights = rng.lognormal(-0.245, 0.7, n)
    return (
        add_up(snips(rewards, weights), groups, n_groups=n),
        add_up(snips(rewards, np.ones(n)), groups, n_groups=n),
    )


KINDS = ("sparse", "heavy tails", "negative", "one user with half")


def sure_shares(kind: str, n_logs: int, n_resamples: int) -> tuple[float, float]:
    """Shares of logs that surely gain and surely lose where nothing differs."""
    rng = np.random.Generator(np.random.PCG64([5, KINDS.index(kind)]))
    signs = []
    for _ in range(n_logs):
        after, before = sparse_log(rng, kind)
        signs.append(estimate(after.minus(before), n_resamples=n_resamples).sure_sign)
    return float(np.mean(np.equal(signs, 1))), float(np.mean(np.equal(signs, -1)))


@pytest.mark.parametrize("kind", KINDS)
def test_where_nothing_differs_nothing_is_sure(kind: str) -> None:
    assert max(sure_shares(kind, 100, 200)) <= 0.06  # of .025: four standard errors


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_where_nothing_differs_nothing_is_sure_in_many_logs(kind: str) -> None:
    assert max(sure_shares(kind, 2000, 400)) <= 0.03


def test_a_real_difference_is_seen() -> None:
    """10 % more purchases of 5 %, 30,000 searches, a policy near the log's."""
    rng = np.random.Generator(np.random.PCG64(6))
    seen = 0
    for _ in range(20):
        z = rng.standard_normal(30_000)
        s, b = 0.3, np.log(1.1) / 0.3
        rewards = (rng.random(30_000) < 0.05 * np.exp(b * z - b * b / 2)).astype(float)
        groups = np.arange(30_000) % 4096
        after = add_up(snips(rewards, np.exp(s * z - s * s / 2)), groups)
        before = add_up(snips(rewards, np.ones(30_000)), groups)
        seen += estimate(after.minus(before), n_resamples=100).sure_sign == 1
    assert seen >= 16


def test_a_policy_far_from_a_short_log_is_not_sure() -> None:
    """As searches of little weight say: the heavy ones that were not drawn could say otherwise."""
    rng = np.random.Generator(np.random.PCG64(9))
    rewards, weights = rng.random(600), rng.lognormal(-0.9, 1.34, 600)
    logged = of_users(rewards, np.ones(600))
    found = estimate(of_users(rewards + 0.5, weights).minus(logged))
    assert found.low is not None
    assert found.low > 0
    assert found.sure_sign == 0
    assert "of the log, at least 40% is needed" in str(found.caution)
