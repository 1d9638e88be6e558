"""The sample ratio of an experiment."""

from __future__ import annotations

from collections.abc import Mapping

from trimtab.core import sample_ratio
from trimtab.service.experiments.definition import Experiment


def sample_ratio_p_value(units: Mapping[str, int], experiment: Experiment) -> float:
    """Chance that its units are split at least as unevenly as they are; 1 before anybody is counted."""
    shares = experiment.shares
    return sample_ratio.sample_ratio_p_value([units.get(arm, 0) for arm in shares], list(shares.values()))
