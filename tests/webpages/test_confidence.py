"""Confidence is a chance to be right, on pages that have a price and on pages that have none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.webpages.training.calibration import Outcome, calibrate

RIGHT = [Outcome(2.0, 6.0, True)] * 36 + [Outcome(-1.0, 6.0, True)] * 4
TAKEN_AWAY = [Outcome(-4.0, 6.0, False, weight=0.2)] * 40


def test_pages_without_their_price_teach_that_a_weak_winner_is_none() -> None:
    trusting, careful = calibrate(RIGHT), calibrate([*RIGHT, *TAKEN_AWAY])
    assert careful(-4.0, 6.0) < min(0.45, trusting(-4.0, 6.0))
    assert careful(2.0, 6.0) > 0.9


def test_an_answer_that_the_page_states_otherwise_is_doubted() -> None:
    disputed = [Outcome(2.0, 6.0, right, dissent=1.0) for right in (True, False, False)] * 5
    fitted = calibrate([*RIGHT, *disputed])
    assert fitted(2.0, 6.0) > 0.9
    assert fitted(2.0, 6.0, 1.0) < 0.6


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0, 6), st.booleans()), min_size=1, max_size=30))
def test_a_weight_counts_cases(cases: list[tuple[float, float, bool]]) -> None:
    twice = calibrate([Outcome(*case) for case in cases] * 2)
    weighted = calibrate([Outcome(*case, weight=2.0) for case in cases])
    for logit, lead in ((-3.0, 0.0), (0.0, 1.0), (3.0, 6.0)):
        assert weighted(logit, lead) == pytest.approx(twice(logit, lead), abs=1e-6)


def test_a_type_of_few_cases_keeps_to_what_holds_for_all() -> None:
    overall = calibrate(RIGHT)
    assert calibrate([], prior=overall) == overall
    assert calibrate([Outcome(1.0, 0.0, False)], prior=overall, strength=3.0)(2.0, 6.0) > 0.8


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0, 6), st.booleans()), min_size=1, max_size=30))
def test_more_in_favour_of_an_answer_never_makes_it_less_certain(cases: list[tuple[float, float, bool]]) -> None:
    fitted = calibrate([Outcome(*case) for case in cases])
    assert fitted.logit >= 0.0 <= fitted.lead
    assert fitted.dissent <= 0.0
