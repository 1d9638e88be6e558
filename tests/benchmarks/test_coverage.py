"""The table of differences is made by a bootstrap of many logs at once, which is the library's."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.evaluation.coverage import N_RESAMPLES, studentised
from benchmarks.evaluation.kinds_of_logs import Cell, logs_of
from trimtab.abtest.ope.intervals import bootstrap, standard_error
from trimtab.abtest.ope.sums import Earned, Overlap, Sums


@pytest.mark.parametrize(
    "cell", [Cell(200, 0.1, "near"), Cell(300, 0.2, "middling", "net revenue", concentrated=True, positions=3)]
)
def test_the_bootstrap_of_many_logs_is_that_of_each(cell: Cell) -> None:
    logs = logs_of(cell, 3, np.random.Generator(np.random.PCG64(1)))
    seen = studentised(logs)
    nothing = np.zeros(cell.positions + 1)
    for number in range(3):
        numerators, denominators = logs.numerators[number], logs.denominators[number]
        overlap, earned = Overlap(cell.n, *[nothing] * 4), Earned(*[nothing] * 4)
        sums = Sums(numerators, denominators, np.ones(len(numerators)), logs.signs, overlap, earned)
        value, error = seen["value"][number], seen["error"][number]
        ends = value - seen["q_high"][number] * error, value - seen["q_low"][number] * error
        assert error == pytest.approx(standard_error(sums))
        assert ends == pytest.approx(bootstrap(sums, n_resamples=N_RESAMPLES), rel=1e-3, abs=1e-3 * error)
