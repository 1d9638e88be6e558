"""Calibration of a head: a strictly increasing piecewise-linear map from raw score to expected value.

Fitted by isotonic regression (Zadrozny & Elkan 2002) on held-out data. The blocks are joined by lines instead of steps,
so that the map keeps the order of the scores: calibration never changes a ranking within one head.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

N_KNOTS = 32
_LEAST_SLOPE = 1e-4
"""Least rise over the whole map, as a share of its height (or of 1 where it is flat)."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """`x` [N_KNOTS] strictly increasing raw scores, `y` [N_KNOTS] strictly increasing values."""

    x: NDArray[np.float32]
    y: NDArray[np.float32]

    def __call__(self, scores: ArrayLike) -> NDArray[np.float64]:
        return np.asarray(np.interp(np.asarray(scores, dtype=np.float64), self.x, self.y), dtype=np.float64)


def fit_calibration(scores: ArrayLike, values: ArrayLike) -> Calibration:
    """Fit a calibration to raw scores [n] and observed values [n] (gains or 0/1 purchases)."""
    from scipy.optimize import isotonic_regression  # noqa: PLC0415  # slow to import, and only training needs it

    raw = np.asarray(scores, dtype=np.float64)
    observed = np.asarray(values, dtype=np.float64)
    order = np.argsort(raw, kind="stable")
    raw, fitted = raw[order], isotonic_regression(observed[order]).x
    edges = np.flatnonzero(np.r_[True, fitted[1:] != fitted[:-1], True])
    sizes = np.diff(edges)
    centres = np.add.reduceat(raw, edges[:-1]) / sizes
    heights = fitted[edges[:-1]]
    # Flat ends keep their value out to the last score of the data.
    centres = np.r_[raw[0], centres, raw[-1]]
    heights = np.r_[heights[0], heights, heights[-1]]
    lowest, highest = raw[0] - 1e-3, raw[-1] + 1e-3
    quantiles = np.quantile(raw, np.linspace(0, 1, N_KNOTS))
    # Half of the knots follow the mass of the data, half its range: purchases are rare and are in the upper tail.
    x = np.sort(np.r_[quantiles[::2], np.linspace(lowest, highest, N_KNOTS - len(quantiles[::2]))])
    spacing = max((highest - lowest) * 1e-5, 1e-6)
    for position in range(1, N_KNOTS):
        x[position] = max(x[position], x[position - 1] + spacing)
    y = np.interp(x, centres, heights)
    rise = (y[-1] - y[0]) or 1.0
    # At least what 32-bit numbers of this size can tell apart.
    least = max(_LEAST_SLOPE * rise, 4 * N_KNOTS * float(np.spacing(np.float32(np.abs(y).max()))))
    y = np.maximum.accumulate(y) + np.linspace(0, least, N_KNOTS)
    return Calibration(x.astype(np.float32), y.astype(np.float32))


def reliability(predicted: ArrayLike, observed: ArrayLike, *, n_bins: int = 15) -> NDArray[np.float64]:
    """[n, 3] mean prediction, mean observation and number of values in bins of equal mass, by rising prediction."""
    values = np.asarray(predicted, dtype=np.float64)
    truth = np.asarray(observed, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    bins = [b for b in np.array_split(order, min(n_bins, len(order))) if len(b)]
    return np.array([(values[b].mean(), truth[b].mean(), len(b)) for b in bins])


def expected_calibration_error(predicted: ArrayLike, observed: ArrayLike, *, n_bins: int = 15) -> float:
    """Mean absolute gap of prediction and observation over equal-mass bins (Naeini et al. 2015)."""
    bins = reliability(predicted, observed, n_bins=n_bins)
    return float(np.average(np.abs(bins[:, 0] - bins[:, 1]), weights=bins[:, 2]))
