"""Record what gbstats 0.8.0 computes, for tests/abtest/test_statistics.py.

It needs pandas below 3, so it runs in an environment of its own:

    python -m venv oracle
    oracle/bin/pip install --no-deps gbstats==0.8.0
    oracle/bin/pip install "pandas<3" numpy scipy pydantic packaging typing_extensions
    oracle/bin/python tests/abtest/golden/record_gbstats.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from gbstats.frequentist.tests import FrequentistConfig as Config
from gbstats.frequentist.tests import SequentialConfig, SequentialTwoSidedTTest, TwoSidedTTest
from gbstats.models.statistics import RatioStatistic, RegressionAdjustedStatistic, SampleMeanStatistic, compute_theta
from gbstats.utils import check_srm

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[2]))

from tests.abtest.ab_cases import two_variants


def mean_statistic(values: np.ndarray) -> SampleMeanStatistic:
    return SampleMeanStatistic(n=len(values), sum=values.sum(), sum_squares=(values**2).sum())


def ratio_statistic(variant: dict[str, np.ndarray]) -> RatioStatistic:
    numerator, denominator = variant["revenue"], variant["searches"]
    return RatioStatistic(
        n=len(numerator),
        m_statistic=mean_statistic(numerator),
        d_statistic=mean_statistic(denominator),
        m_d_sum_of_products=(numerator * denominator).sum(),
    )


def adjusted_statistic(variant: dict[str, np.ndarray], theta: float) -> RegressionAdjustedStatistic:
    after, before = variant["revenue"], variant["revenue_before"]
    return RegressionAdjustedStatistic(
        n=len(after),
        post_statistic=mean_statistic(after),
        pre_statistic=mean_statistic(before),
        post_pre_sum_of_products=(after * before).sum(),
        theta=theta,
    )


def summary(test: TwoSidedTTest | SequentialTwoSidedTTest) -> dict[str, float]:
    low, high = test.confidence_interval
    return {"difference": test.point_estimate, "low": low, "high": high, "p_value": test.p_value}


if __name__ == "__main__":
    control, treatment = two_variants()
    absolute = Config(difference_type="absolute")
    theta = compute_theta(adjusted_statistic(control, 0.0), adjusted_statistic(treatment, 0.0))
    adjusted = (adjusted_statistic(one, theta) for one in (control, treatment))
    means = (mean_statistic(one["revenue"]) for one in (control, treatment))
    sequential = (mean_statistic(one["revenue"]) for one in (control, treatment))
    ratios = (ratio_statistic(one) for one in (control, treatment))
    golden = {
        "mean": summary(TwoSidedTTest(*means, absolute)),
        "ratio": summary(TwoSidedTTest(*ratios, absolute)),
        "adjusted": summary(TwoSidedTTest(*adjusted, absolute)),
        "sequential": summary(SequentialTwoSidedTTest(*sequential, SequentialConfig(difference_type="absolute"))),
        "sample_ratio_p_value": check_srm([5100, 4900], [0.5, 0.5]),
    }
    golden = {
        name: {key: float(x) for key, x in value.items()} if isinstance(value, dict) else float(value)
        for name, value in golden.items()
    }
    (HERE / "gbstats.json").write_text(json.dumps(golden, indent=1) + "\n")
    print(golden)
