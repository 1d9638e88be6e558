"""Confidence is a chance to be right, on pages that have a price and on pages that have none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.webpages.training.calibration import calibrate

RIGHT = [(2.0, 6.0, True)] * 36 + [(-1.0, 6.0, True)] * 4
TAKEN_AWAY = [(-4.0, 6.0, False)] * 40


def test_pages_without_their_price_teach_that_a_weak_winner_is_none() -> None:
    logits, leads, right = zip(*RIGHT, *TAKEN_AWAY, strict=True)
    trusting = calibrate(logits[:40], leads[:40], right[:40])
    careful = calibrate(logits, leads, right, [1.0] * 40 + [0.2] * 40)
    assert careful(-4.0, 6.0) < min(0.45, trusting(-4.0, 6.0))
    assert careful(2.0, 6.0) > 0.9


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0, 6), st.booleans()), min_size=1, max_size=30))
def test_a_weight_counts_cases(cases: list[tuple[float, float, bool]]) -> None:
    logits, leads, right = (list(column) for column in zip(*cases, strict=True))
    twice = calibrate(logits * 2, leads * 2, right * 2)
    weighted = calibrate(logits, leads, right, [2.0] * len(cases))
    for logit, lead in ((-3.0, 0.0), (0.0, 1.0), (3.0, 6.0)):
        assert weighted(logit, lead) == pytest.approx(twice(logit, lead), abs=1e-6)
