"""What a report says of a difference, in words."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from trimtab.abtest.ope.intervals import Estimate
from trimtab.abtest.report.verdict import searches_needed, verdict


def of(value: float | None, low: float | None = None, high: float | None = None, **more: object) -> Estimate:
    error = None if low is None or high is None else (high - low) / 3.92
    kept = {"n": 1000, "ess": 900.0, "support": 1.0, "max_weight": 2.0, "mean_weight": 1.0, "standard_error": error}
    return Estimate(value=value, low=low, high=high, **{**kept, **more})  # type: ignore[arg-type]


def test_a_loss_is_a_loss_where_what_was_earned_is_negative() -> None:
    """More was returned than sold."""
    found = verdict("b", {"revenue": of(-0.044, -0.065, -0.022)}, {"revenue": of(-0.98, -1.1, -0.86)})
    assert "b surely loses revenue by 4.5% (2.2% to 6.6%)." in found
    found = verdict("b", {"revenue": of(0.044, 0.022, 0.065)}, {"revenue": of(-0.98, -1.1, -0.86)})
    assert "b surely gains revenue by 4.5% (2.2% to 6.6%)." in found


def test_a_change_is_absolute_where_the_base_may_be_0() -> None:
    for before in (of(0.2, -0.1, 0.5), of(0.2)):
        assert "surely gains revenue by 0.1000 (0.0500 to 0.1500)" in verdict(
            "b", {"revenue": of(0.1, 0.05, 0.15)}, {"revenue": before}
        )


def test_small_the_same_and_open_are_told_apart() -> None:
    before = {"relevance": of(1.0, 0.9, 1.1), "revenue": of(2.0, 1.8, 2.2), "diversity": of(3.0, 2.9, 3.1)}
    differences = {
        "relevance": of(0.004, 0.002, 0.006),
        "revenue": of(0.05, -0.05, 0.15),
        "diversity": of(0.0, 0.0, 0.0),
    }
    found = verdict("b", differences, before)
    assert "surely differs by less than 1%, too little to matter, in relevance by +0.4% (+0.2% to +0.6%)" in found
    assert "may change revenue by +2.5% (-2.5% to +7.5%)" in found
    assert "does not differ in diversity" in found
    assert "A difference of 5% in revenue takes about 2,000 searches to show, by 2 times as many users." in found
    assert searches_needed(differences["revenue"], before["revenue"]) == 2041


@pytest.mark.parametrize("deciding", [4.0, 12.0, 400.0])
def test_few_users_that_decide_need_more_searches_by_more_users(deciding: float) -> None:
    """A longer log has an interval by Student's quantile of as many times more users, a standard error by the root."""
    error, base = 0.05, 2.0
    half = stats.t.ppf(0.975, deciding - 1) * error
    one = of(0.05, 0.05 - half, 0.05 + half, deciding=deciding, standard_error=error)
    before = of(base, 1.8, 2.2)
    found = searches_needed(one, before)
    text = verdict("b", {"revenue": one}, {"revenue": before})
    assert f"takes {'at least' if deciding < 10 else 'about'}" in text
    times = found / one.n
    away = (stats.t.ppf(0.975, deciding * times - 1) + stats.norm.ppf(0.8)) * error / np.sqrt(times)
    assert away == pytest.approx(0.05 * base, rel=0.01)


def test_a_heavy_tail_that_was_not_drawn_needs_more_searches() -> None:
    before = of(2.0, 1.8, 2.2)
    now, heavy = (searches_needed(of(0.05, -0.05, 0.15, tail=tail), before) for tail in (1.0, 3.0))
    assert heavy == pytest.approx(3 * now, abs=1)


def test_a_log_that_forbids_a_sure_sign_needs_as_many_more_rewarded_users_or_no_number_helps() -> None:
    before = of(2.0, 1.8, 2.2)
    thin = of(0.001, -0.01, 0.012, caution="effectively 4 rewarded users, at least 20 are needed", times_longer=5.0)
    assert searches_needed(thin, before) == 5000
    far = of(0.05, -0.05, 0.15, caution="effectively 30 % of the log, at least 40% is needed", times_longer=None)
    assert searches_needed(far, before) is None
    found = verdict("b", {"revenue": far}, {"revenue": before})
    assert "Revenue: effectively 30 % of the log, at least 40% is needed. Explore closer to these weights" in found


def test_a_small_difference_that_may_be_none_is_not_said_to_be_one() -> None:
    before = {"diversity": of(3.0, 2.9, 3.1)}
    found = verdict("b", {"diversity": of(0.003, -0.006, 0.012)}, before)
    assert "b differs by less than 1%, if at all, in diversity by +0.1% (-0.2% to +0.4%)." in found
    assert "surely" not in found
    thin = of(0.003, -0.006, 0.012, caution="effectively 12 rewarded users, at least 20 are needed")
    assert "may change diversity" in verdict("b", {"diversity": thin}, before)


def test_what_has_no_interval_is_not_sure_and_says_why() -> None:
    thin = of(-0.4, caution="effectively 4 rewarded users, at least 10 are needed")
    found = verdict("b", {"revenue": thin}, {"revenue": of(2.0, 1.8, 2.2)})
    assert "may change revenue by -20.0%." in found
    assert "Revenue: effectively 4 rewarded users, at least 10 are needed." in found
    assert "surely" not in found
