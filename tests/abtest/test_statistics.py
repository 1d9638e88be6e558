"""A/B statistics: equal to gbstats (recorded), scipy and tea-tasting; and right about how often they are wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.abtest.ab_cases import two_variants, variant
from trimtab.abtest.statistics.comparison import (
    benjamini_hochberg,
    compare,
    holm,
    minimum_detectable_effect,
    moments,
    pooled_cap,
    users_needed,
    winsorised,
)
from trimtab.core.experiments.sample_ratio import sample_ratio_p_value
from trimtab.core.experiments.sequential import always_valid

GOLDEN = json.loads((Path(__file__).parent / "golden" / "gbstats.json").read_text())


@pytest.mark.parametrize(
    ("name", "options"),
    [("mean", {}), ("ratio", {"per": "searches"}), ("adjusted", {"adjusted_for": "revenue_before"})],
)
def test_comparisons_equal_gbstats(name: str, options: dict[str, str]) -> None:
    control, treatment = map(moments, two_variants())
    ours, theirs = compare(control, treatment, "revenue", **options), GOLDEN[name]
    assert ours.effect_size == pytest.approx(theirs["difference"], rel=1e-9)
    # gbstats keeps the degrees of freedom of an exact Welch test, tea-tasting those of its variance; both are > 1000.
    assert ours.effect_size_ci_lower == pytest.approx(theirs["low"], rel=1e-3)
    assert ours.effect_size_ci_upper == pytest.approx(theirs["high"], rel=1e-3)
    assert ours.pvalue == pytest.approx(theirs["p_value"], rel=1e-2)


def test_the_mean_is_welchs_test_of_scipy() -> None:
    control, treatment = two_variants()
    ours = compare(moments(control), moments(treatment), "revenue")
    welch = stats.ttest_ind(treatment["revenue"], control["revenue"], equal_var=False)
    assert ours.statistic == pytest.approx(welch.statistic)
    assert ours.pvalue == pytest.approx(welch.pvalue)


def test_moments_of_parts_add_up_to_those_of_the_whole() -> None:
    whole = variant(1, n=500, lift=0.0)
    first, second = ({name: column[part] for name, column in whole.items()} for part in (slice(200), slice(200, None)))
    added, direct = moments(first) + moments(second), moments(whole)
    for name in whole:
        assert added.mean(name) == pytest.approx(direct.mean(name))
        assert added.var(name) == pytest.approx(direct.var(name))
    assert added.cov("revenue", "searches") == pytest.approx(direct.cov("revenue", "searches"))


def test_adjusting_for_the_past_narrows_the_interval() -> None:
    control, treatment = map(moments, two_variants())
    plain = compare(control, treatment, "revenue")
    adjusted = compare(control, treatment, "revenue", adjusted_for="revenue_before")
    assert adjusted.effect_size_ci_upper - adjusted.effect_size_ci_lower < 0.98 * (
        plain.effect_size_ci_upper - plain.effect_size_ci_lower
    )


def test_a_ratio_by_searches_that_differ_is_covered_as_often_as_promised() -> None:
    """400 A/A tests of revenue per search: the delta method covers the true difference, which is 0."""
    covered = 0
    for seed in range(400):
        a, b = (moments(variant(1000 + 2 * seed + side, n=300, lift=0.0)) for side in (0, 1))
        found = compare(a, b, "revenue", per="searches")
        covered += found.effect_size_ci_lower <= 0 <= found.effect_size_ci_upper
    assert stats.binomtest(covered, 400, 0.95).pvalue > 1e-3


def test_the_sequential_interval_equals_gbstats_sequential_test() -> None:
    control, treatment = map(moments, two_variants())
    found = compare(control, treatment, "revenue")
    error = found.effect_size / found.statistic
    interval = always_valid(found.effect_size, error, control.count() + treatment.count())
    theirs = GOLDEN["sequential"]
    assert (interval.low, interval.high) == pytest.approx((theirs["low"], theirs["high"]), rel=1e-9)
    assert interval.p_value == pytest.approx(theirs["p_value"], rel=1e-9)


def test_watching_an_a_a_test_all_the_time_cries_wolf_less_than_promised() -> None:
    """1,000 A/A tests, looked at after every tenth user from the 50th a side; a t-test would stop a third of them."""
    rng = np.random.Generator(np.random.PCG64(5))
    n = np.arange(1, 1001)
    alarms = 0
    for _ in range(1000):
        sums, squares = np.zeros((2, 1000)), np.zeros((2, 1000))
        for side in range(2):
            values = rng.exponential(size=1000)
            sums[side], squares[side] = values.cumsum(), (values**2).cumsum()
        variances = (squares - sums**2 / n) / np.maximum(n - 1, 1)
        difference = (sums[1] - sums[0]) / n
        errors = np.sqrt(variances.sum(axis=0) / n)
        looks = zip(difference[49::10], errors[49::10], 2 * n[49::10], strict=True)
        alarms += any(not interval.low <= 0 <= interval.high for interval in (always_valid(*look) for look in looks))
    assert alarms <= 50


def test_sample_ratio_mismatch_equals_gbstats_and_finds_a_broken_split() -> None:
    assert sample_ratio_p_value([5100, 4900], [0.5, 0.5]) == pytest.approx(GOLDEN["sample_ratio_p_value"])
    assert sample_ratio_p_value([5000, 5300], [1, 1]) < 0.01
    assert sample_ratio_p_value([1000, 3010, 5990], [0.1, 0.3, 0.6]) > 0.5


def test_corrections_for_many_tests_on_the_example_of_holm() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_is_never_looser_than_the_p_values_nor_tighter_than_bonferroni(p_values: list[float]) -> None:
    adjusted, p = holm(p_values), np.array(p_values)
    assert (adjusted >= p).all()
    assert (adjusted <= np.minimum(len(p) * p, 1) + 1e-12).all()
    assert (adjusted + 1e-12 >= benjamini_hochberg(p_values)).all()


def test_one_cap_for_all_variants() -> None:
    cap = pooled_cap([[0, 0, 1, 2], [0, 3, 1000]], quantile=0.5)
    assert cap == 2.5  # the median of 1, 2, 3, 1000
    assert winsorised([1, 3, 1000], cap=cap).tolist() == [1, 2.5, 2.5]
    assert pooled_cap([[0.0], [0.0]]) == 0.0


def test_power_and_sample_size_answer_each_other_and_the_textbook() -> None:
    sample = moments(variant(3, n=4000, lift=0.0))
    effect = minimum_detectable_effect(sample, "revenue", n_users=20_000)
    assert users_needed(sample, "revenue", relative_change=effect) == pytest.approx(20_000, rel=0.01)
    # (z_.975 + z_.8)^2 * 2 sigma^2 / delta^2 users a side
    z = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    delta = effect * sample.mean("revenue")
    assert 2 * z**2 * 2 * sample.var("revenue") / delta**2 == pytest.approx(20_000, rel=0.01)
