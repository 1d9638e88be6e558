"""Comparison of two arms of an A/B test: means and ratios by user, with adjustment, caps and corrections.

The unit is the user, because a user is what was randomised; a rate per search is a ratio of two sums by user and gets
its variance by the delta method. tea-tasting does the tests on moments that merge, scipy the rest; what neither has
(sequential intervals) is in `trimtab.core.experiments.sequential`, equal to gbstats'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from tea_tasting import RatioOfMeans
from tea_tasting.aggr import Aggregates
from tea_tasting.metrics.mean import MeanResult

from trimtab.abtest.ope.estimators import Floats


def moments(columns: Mapping[str, ArrayLike]) -> Aggregates:
    """Count, means, variances and covariances of columns by user; two of them add up with `+`.

    Args:
        columns: name -> [n_users >= 2].

    Example:
        >>> from trimtab.abtest import moments
        >>> moments({"revenue": [0, 2, 4]}).mean("revenue")
        2.0
    """
    names = list(columns)
    table = np.stack([np.asarray(columns[name], dtype=np.float64) for name in names])
    covariances = np.atleast_2d(np.cov(table))
    return Aggregates(
        count_=table.shape[1],
        mean_={name: float(mean) for name, mean in zip(names, table.mean(axis=1), strict=True)},
        var_={name: float(covariances[i, i]) for i, name in enumerate(names)},
        cov_={(names[i], names[j]): float(covariances[i, j]) for i, j in combinations(range(len(names)), 2)},
    )


def compare(
    control: Aggregates,
    treatment: Aggregates,
    metric: str,
    *,
    per: str | None = None,
    adjusted_for: str | None = None,
    adjusted_for_per: str | None = None,
    confidence: float = 0.95,
) -> MeanResult:
    """Welch's t-test of a mean, or of a ratio of means by the delta method, with or without CUPED.

    Args:
        metric: column summed by user.
        per: column it is divided by (searches), none for a mean by user.
        adjusted_for: the same column before the experiment: CUPED (Deng et al. 2013) with one coefficient for both.
        adjusted_for_per: the same denominator before the experiment.

    Example:
        >>> from trimtab.abtest import compare, moments
        >>> control, treatment = (moments({"revenue": [0, 1, 2, 3] * 50 + [more]}) for more in (3, 4))
        >>> round(compare(control, treatment, "revenue").pvalue, 2)
        0.96
    """
    test = RatioOfMeans(
        metric, per, adjusted_for, adjusted_for_per, confidence_level=confidence, equal_var=False, use_t=True
    )
    return test.analyze_aggregates(control, treatment)


def winsorised(values: ArrayLike, *, cap: float) -> Floats:
    """Values above `cap` become `cap`; the cap is one number for all arms, see `pooled_cap`.

    Example:
        >>> from trimtab.abtest import winsorised
        >>> winsorised([1, 2, 90], cap=10).tolist()
        [1.0, 2.0, 10.0]
    """
    return np.minimum(np.asarray(values, dtype=np.float64), cap)


def pooled_cap(arms: Sequence[ArrayLike], *, quantile: float = 0.99) -> float:
    """The quantile of the values above 0 over all arms together: a cap by arm would bias the difference.

    Example:
        >>> from trimtab.abtest import pooled_cap
        >>> pooled_cap([[0, 1, 2], [3, 4, 5]], quantile=0.5)
        3.0
    """
    values = np.concatenate([np.asarray(one, dtype=np.float64) for one in arms])
    positive = values[values > 0]
    return float(np.quantile(positive, quantile)) if len(positive) else 0.0


def holm(p_values: ArrayLike) -> Floats:
    """Adjusted p-values that keep the chance of any false positive below the level (Holm 1979), in the given order.

    Example:
        >>> from trimtab.abtest import holm
        >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
        [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """Adjusted p-values that keep the share of false discoveries below the level, in the given order.

    Example:
        >>> from trimtab.abtest import benjamini_hochberg
        >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(3).tolist()
        [0.03, 0.04, 0.04]
    """
    return np.asarray(stats.false_discovery_control(p_values, method="bh"), dtype=np.float64)


def minimum_detectable_effect(
    sample: Aggregates, metric: str, *, n_users: int, per: str | None = None, power: float = 0.8, alpha: float = 0.05
) -> float:
    """Smallest relative change that a 50/50 test of `n_users` in all would find with this power.

    Example:
        >>> from trimtab.abtest import minimum_detectable_effect, moments
        >>> sample = moments({"revenue": [0, 1, 2, 3] * 250})
        >>> round(minimum_detectable_effect(sample, "revenue", n_users=10_000), 3)
        0.042
    """
    test = RatioOfMeans(metric, per, power=power, alpha=alpha, n_obs=n_users, equal_var=False)
    return float(test.solve_power_from_aggregates(sample, "rel_effect_size")[0].rel_effect_size)


def users_needed(
    sample: Aggregates, metric: str, *, relative_change: float, per: str | None = None, power: float = 0.8,
    alpha: float = 0.05,
) -> int:  # fmt: skip
    """Users in all that a 50/50 test needs to find this relative change with this power.

    Example:
        >>> from trimtab.abtest import moments, users_needed
        >>> sample = moments({"revenue": [0, 1, 2, 3] * 250})
        >>> users_needed(sample, "revenue", relative_change=0.05)
        6986
    """
    test = RatioOfMeans(metric, per, power=power, alpha=alpha, rel_effect_size=relative_change, equal_var=False)
    return int(test.solve_power_from_aggregates(sample, "n_obs")[0].n_obs)
