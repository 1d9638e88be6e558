"""Sums that merge, intervals that cover, refusals with a reason."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from trimtab.abtest.ope import estimators
from trimtab.abtest.ope.intervals import bootstrap, empirical_bernstein, estimate, standard_error
from trimtab.abtest.ope.sums import Sums, add_up, groups_of


def clustered_log(seed: int, *, n_users: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rewards, weights and users; a user's taste is in all of her impressions, so they are not independent."""
    rng = np.random.Generator(np.random.PCG64(seed))
    counts = 1 + rng.poisson(4, size=n_users)
    users = np.repeat(np.arange(n_users), counts)
    taste = rng.gamma(1.0, 1.0, size=n_users)[users]
    weights = rng.lognormal(-0.32, 0.8, size=len(users))  # mean 1
    rewards = taste * rng.gamma(1.0, 1.0, size=len(users))
    return rewards, weights, users


@settings(deadline=None)
@given(st.integers(1, 59), st.integers(0, 1000))
def test_partitions_add_up_to_the_whole(cut: int, seed: int) -> None:
    rng = np.random.Generator(np.random.PCG64(seed))
    r, ratios, groups = rng.random((60, 3)), rng.lognormal(size=(60, 3)), rng.integers(0, 7, size=60)

    def sums(some: slice) -> Sums:
        return add_up(estimators.slate_cascade(r[some], ratios[some], self_normalised=True), groups[some], n_groups=7)

    merged, whole = sums(slice(cut)) + sums(slice(cut, None)), sums(slice(None))
    assert merged.value == pytest.approx(whole.value)
    assert merged.overlap.ess == pytest.approx(whole.overlap.ess)
    assert standard_error(merged) == pytest.approx(standard_error(whole))
    assert merged.overlap.n == 60


@pytest.mark.parametrize("estimator", [estimators.ips, estimators.snips])
def test_the_interval_covers_the_truth_as_often_as_promised(estimator: estimators.Terms) -> None:
    """400 logs with skewed rewards, skewed weights and tastes by user; resampling impressions would cover 85 %."""
    covered = 0
    for seed in range(400):
        rewards, weights, users = clustered_log(seed)
        low, high = bootstrap(add_up(estimator(rewards, weights), users, n_groups=300), n_resamples=300)
        covered += low <= 1.0 <= high
    assert stats.binomtest(covered, 400, 0.95).pvalue > 1e-3


def spent(rng: np.random.Generator) -> np.ndarray:
    """Lognormal amounts of about 20 buyers among 2,000."""
    return (rng.random(2000) < 0.01) * rng.lognormal(0, 1.5, 2000)


def test_few_large_amounts_end_further_from_0_than_their_error_says() -> None:
    amounts = spent(np.random.Generator(np.random.PCG64(3)))
    gained, lost = (
        estimate(add_up(estimators.snips(sign * amounts, np.ones(2000)), n_groups=2000), n_resamples=100)
        for sign in (1, -1)
    )
    assert (gained.low, gained.high) == pytest.approx((-lost.high, -lost.low))
    assert gained.high / gained.value > np.exp(1.96 * gained.standard_error / gained.value)


@pytest.mark.slow
def test_intervals_of_few_large_amounts_cover_the_truth_as_often_as_promised() -> None:
    rng = np.random.Generator(np.random.PCG64(4))
    logs = (add_up(estimators.snips(spent(rng), np.ones(2000)), n_groups=2000) for _ in range(300))
    found = [estimate(log, n_resamples=200) for log in logs]
    truth = 0.01 * np.exp(1.5**2 / 2)
    held = [one.low <= truth <= one.high for one in found if one.low is not None and one.high is not None]
    assert np.mean(held) > 0.92


def test_a_difference_on_the_same_impressions_is_surer_than_two_values() -> None:
    rewards, weights, users = clustered_log(1)
    first = add_up(estimators.snips(rewards, weights), users)
    second = add_up(estimators.snips(rewards, weights**0.9), users)
    difference = first.minus(second)
    assert difference.value == pytest.approx(first.value - second.value)
    assert standard_error(difference) < 0.5 * np.hypot(standard_error(first), standard_error(second))
    assert first.minus(first).value == pytest.approx(0)
    assert bootstrap(first.minus(first)) == pytest.approx((0, 0))


def test_a_difference_of_one_user_has_an_interval_of_its_size() -> None:
    """A resample without that user does not vary but for rounding, and says nothing of how far the value is off."""
    rewards, weights, users = clustered_log(1)
    other = np.where(users == 5, 0.9 * rewards, rewards)
    sides = [add_up(estimators.snips(values, weights), users, n_groups=300) for values in (other, rewards)]
    found = estimate(sides[0].minus(sides[1]))
    assert found.low < found.value < 0 < found.high
    assert found.high - found.low < 40 * abs(found.value)


def test_the_standard_error_is_the_textbooks_where_every_impression_is_a_user() -> None:
    rng = np.random.Generator(np.random.PCG64(2))
    values = rng.gamma(2.0, 1.0, size=500)
    sums = add_up(estimators.ips(values, np.ones(500)))
    assert standard_error(sums) == pytest.approx(values.std(ddof=1) / np.sqrt(500))
    low, high = bootstrap(sums, n_resamples=4000)
    t = stats.ttest_1samp(values, 0).confidence_interval()
    assert (low, high) == pytest.approx((t.low, t.high), abs=0.02)


def test_the_standard_error_is_that_of_the_log_without_each_user_in_turn() -> None:
    rewards, weights, users = clustered_log(3, n_users=40)
    users[users < 10] = 0  # has a quarter of the searches
    g = len(np.unique(users))

    def difference(some: np.ndarray) -> Sums:
        first, second = (
            add_up(estimators.snips(rewards[some], one[some]), users[some], n_groups=40)
            for one in (weights, weights**0.5)
        )
        return first.minus(second)

    whole = difference(users >= 0)
    off = np.array([difference(users != user).value - whole.value for user in np.unique(users)])
    assert standard_error(whole) == pytest.approx(np.sqrt((g - 1) / g * (off**2).sum()))


def test_empirical_bernstein_never_promises_too_much_and_stays_in_range() -> None:
    misses = 0
    for seed in range(300):
        values = np.random.Generator(np.random.PCG64(seed)).random(200) < 0.1
        low, high = empirical_bernstein(values, lowest=0, highest=1)
        misses += not low <= 0.1 <= high
        assert 0 <= low < high <= 1
    assert misses <= 15


def test_no_data_no_overlap_and_one_heavy_impression_are_refused() -> None:
    nothing = estimate(add_up(estimators.ips(np.empty(0), np.empty(0))))
    assert (nothing.value, nothing.refusal) == (None, "no impressions")
    ones = np.ones(1000)
    apart = estimate(add_up(estimators.snips(ones, 0 * ones)))
    assert apart.value is None
    assert "none of 1,000 impressions" in str(apart.refusal)
    thin = estimate(add_up(estimators.snips(ones, np.where(np.arange(1000) < 20, 1.0, 0.0))))
    assert "effective sample size 20" in str(thin.refusal)
    assert thin.support == pytest.approx(0.02)
    heavy = estimate(add_up(estimators.snips(ones, np.where(np.arange(1000) == 0, 300.0, 1.0))), min_ess=0)
    assert "one impression carries 23%" in str(heavy.refusal)
    assert heavy.max_weight == 300


def test_a_position_that_thin_overlap_empties_of_reward_is_not_taken_for_safe() -> None:
    """Half the reward is logged at the second position, and none of it where one impression has all the weight."""
    rewards, weights = np.ones((1000, 2)), np.ones((1000, 2))
    weights[1:, 1] = 1e-9
    rewards[0, 1] = 0.0
    found = estimate(add_up(estimators.snips(rewards, weights)))
    assert found.value is None
    assert "effective sample size 2 of 1,000" in str(found.refusal)


def test_too_few_users_have_a_value_and_no_interval() -> None:
    one = estimate(add_up(estimators.ips(np.ones(100), np.ones(100)), np.zeros(100, dtype=np.int64)))
    assert (one.value, one.low, one.high) == (1.0, None, None)


def test_groups_of_users_are_the_same_everywhere_and_even() -> None:
    assert groups_of(["83", "1873", "shopper-7", ""]).tolist() == [951, 3581, 1049, 95]
    counts = np.bincount(groups_of(map(str, range(40_000)), n_groups=40), minlength=40)
    assert stats.chisquare(counts).pvalue > 1e-4
