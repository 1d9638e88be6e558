"""Sequential intervals: wider than exact ones at one look, right at all looks, silent where nothing is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from trimtab.core.experiments.sequential import amount_ratio, rate_difference, rate_ratio, unit_difference


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 400), st.integers(0, 400), st.floats(0.01, 0.99))
def test_a_ratio_that_holds_at_every_look_is_wider_than_clopper_and_pearsons(
    control: int, treatment: int, share: float
) -> None:
    found = rate_ratio(control, treatment, share=share, level=0.025)
    assert 0 <= found.low <= found.high
    if control + treatment == 0:
        assert (found.low, found.high, found.p_value) == (0, math.inf, 1)
        return
    exact = stats.binomtest(treatment, control + treatment, share).proportion_ci(0.95)
    odds = share / (1 - share)
    assert found.low <= exact.low / (1 - exact.low) / odds * (1 + 1e-9)
    assert found.high >= (exact.high / (1 - exact.high) if exact.high < 1 else math.inf) / odds * (1 - 1e-9)
    assert found.p_value >= stats.binomtest(treatment, control + treatment, share).pvalue * (1 - 1e-9)


@pytest.mark.parametrize(
    ("control", "treatment", "share"), [(500, 350, 0.5), (200, 20, 0.2), (19, 0, 0.05), (9, 1, 0.9)]
)
def test_a_ratio_at_its_bound_has_the_p_value_of_the_level(control: int, treatment: int, share: float) -> None:
    odds = share / (1 - share) * rate_ratio(control, treatment, share=share, level=0.01).high
    at_bound = rate_ratio(control, treatment, share=odds / (1 + odds), level=0.01)
    assert 0.0195 < at_bound.p_value < 0.02 * (1 + 1e-9)


def test_amounts_all_alike_say_what_counts_say_but_less_surely() -> None:
    counts = rate_ratio(500, 300, share=0.5, level=0.01)
    amounts = amount_ratio(500 * 7.0, 300 * 7.0, 800 * 49.0, share=0.5, level=0.01)
    assert amounts.low < counts.low < 0.6 < counts.high < amounts.high < 1
    cents = amount_ratio(500 * 700.0, 300 * 700.0, 800 * 490_000.0, share=0.5, level=0.01)
    assert (cents.low, cents.high) == pytest.approx((amounts.low, amounts.high), rel=0.05), "whatever the currency"


def test_one_large_amount_is_one_amount() -> None:
    found = amount_ratio(1000.0, 10.0, 1000.0**2 + 10, share=0.5, level=0.01)
    assert found.low == 0
    assert found.high > 1


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 300), st.integers(0, 300), st.floats(0.05, 0.95))
def test_a_difference_of_rates_holds_the_one_that_was_counted(control: int, treatment: int, share: float) -> None:
    n = 1000
    found = rate_difference(control, treatment, n, share=share, level=0.01)
    counted = treatment / (n * share) - control / (n * (1 - share))
    assert -1 <= found.low <= max(min(counted, 1), -1) <= found.high <= 1


def test_nothing_happened_is_no_certainty() -> None:
    assert rate_difference(0, 0, 1000, share=0.1, level=0.01).high > 0.01
    assert rate_ratio(19, 0, share=0.05, level=0.05).high > 1
    assert amount_ratio(0, 0, 0, share=0.5, level=0.05).high == math.inf
    assert unit_difference(np.zeros(100), np.arange(100) % 2 == 0, share=0.5, level=0.05) is None
    assert unit_difference(np.full(100, 0.1), np.arange(100) % 2 == 0, share=0.5, level=0.05) is None


def sure(share: float, buys: float, *, tests: int, lift: float = 0.0, n: int = 4000) -> float:
    """Share of tests that are sure of a difference at one of 20 looks; some users give back more than they bought."""
    rng = np.random.Generator(np.random.PCG64(11))
    found = 0
    for _ in range(tests):
        is_treated = rng.random(n) < share
        bought = rng.random(n) < buys * np.where(is_treated, 1 + lift, 1)
        values = bought * rng.lognormal(3, 1, n) * np.where(rng.random(n) < 0.1, -2, 1)
        looks = (
            unit_difference(values[:end], is_treated[:end], share=share, level=0.05) for end in range(200, n + 1, 200)
        )
        found += any(one is not None and not one.low <= 0 <= one.high for one in looks)
    return found / tests


SPLITS = [(0.1, 0.01), (0.2, 0.01), (0.95, 0.01), (0.5, 0.3)]


@pytest.mark.parametrize(("share", "buys"), SPLITS)
def test_an_a_a_test_of_rare_purchases_is_rarely_sure(share: float, buys: float) -> None:
    assert sure(share, buys, tests=40) <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize(("share", "buys"), [*SPLITS, (0.05, 0.002), (0.5, 0.002)])
def test_one_a_a_test_of_twenty_is_sure_at_most(share: float, buys: float) -> None:
    assert sure(share, buys, tests=1000) <= 0.05


def test_a_large_loss_of_purchases_is_found() -> None:
    assert sure(0.5, 0.2, tests=20, lift=-0.7) >= 0.8


def test_one_user_with_half_of_the_spending_proves_nothing() -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    values = rng.lognormal(3, 1, 1000)
    values[500] = values.sum()
    for side in (False, True):
        is_treated = rng.random(1000) < 0.5
        is_treated[500] = side
        found = unit_difference(values, is_treated, share=0.5, level=0.05)
        assert found is not None
        assert found.low < 0 < found.high
