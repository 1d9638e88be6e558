from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.ranker.calibration import expected_calibration_error, fit_calibration


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(-5, 5), st.sampled_from([0.0, 0.3, 1.0])), min_size=2, max_size=60))
def test_calibration_keeps_the_order_of_scores(pairs: list[tuple[float, float]]) -> None:
    scores, values = zip(*pairs, strict=True)
    calibration = fit_calibration(scores, values)
    assert (np.diff(calibration.x) > 0).all()
    assert (np.diff(calibration.y) > 0).all()


def test_calibrated_chances_come_true_on_fresh_data() -> None:
    rng = np.random.default_rng(0)
    raw = rng.normal(size=40_000)
    bought = (rng.random(40_000) < 1 / (1 + np.exp(4 - 2 * raw))).astype(float)
    calibration = fit_calibration(raw[:20_000], bought[:20_000])
    assert expected_calibration_error(calibration(raw[20_000:]), bought[20_000:]) < 0.01


def test_calibration_error_of_a_constant_is_its_bias() -> None:
    assert expected_calibration_error(np.full(100, 0.5), np.ones(100)) == pytest.approx(0.5)
