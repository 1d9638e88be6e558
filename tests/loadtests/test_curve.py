"""Capacity is found, memory's trend is distinguished from its noise, and sections of a document are replaced alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.capacity import curve, keeps_up
from loadtests.document import replace_section
from loadtests.soak import trend


@given(capacity=st.floats(30, 3000))
def test_the_curve_ends_beyond_the_capacity_and_brackets_it(capacity: float) -> None:
    def step(rate: float) -> dict[str, float]:
        return {"throughput_share": min(1.0, capacity / rate), "p99_ms": 5.0 if rate <= capacity else 500.0}

    rates = [rate for rate, measured in curve(step) if keeps_up(measured)]
    assert max(rates) <= capacity < 1.31 * max(rates)


@given(slope=st.floats(-5, 5), level=st.floats(100, 2000))
def test_the_trend_is_of_what_comes_after_the_warm_up(slope: float, level: float) -> None:
    def memory(minute: float) -> float:
        return level + slope * (minute - 10) if minute >= 10 else 50.0

    samples = [(60 * minute, memory(minute) + 40.0 * (minute == 20)) for minute in range(31)]
    found, start, growth = trend(samples)
    assert found == pytest.approx(slope, abs=1e-6)
    assert growth == pytest.approx(20 * slope / start, abs=1e-6)


def test_a_section_is_replaced_and_the_rest_is_as_it_was(tmp_path: Path) -> None:
    document = tmp_path / "d.md"
    document.write_text("before\n<!-- a -->\nold\n<!-- /a -->\nafter\n")
    for text in ("new", "newer"):
        replace_section(document, "a", text)
    assert document.read_text() == "before\n<!-- a -->\nnewer\n<!-- /a -->\nafter\n"
    with pytest.raises(ValueError, match="no section b"):
        replace_section(document, "b", "")
