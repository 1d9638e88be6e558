"""The sample ratio: whether the units of an experiment are split as its shares ask."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import chdtrc

from trimtab.service.experiments.definition import Experiment

ALARM_BELOW = 0.001
"""The p-value below which the split raises the alarm; small, because it is looked at again and again (Fabijan 2019)."""


def sample_ratio_p_value(units: Mapping[str, int], experiment: Experiment) -> float:
    """Chance of a split at least this uneven (chi-squared); 1 before anybody is counted."""
    counts = np.array([units.get(arm, 0) for arm in experiment.shares], dtype=np.float64)
    expected = np.array(list(experiment.shares.values())) * counts.sum()
    if not counts.any():
        return 1.0
    return float(chdtrc(len(counts) - 1, ((counts - expected) ** 2 / expected).sum()))
