"""Attainment mode: a request states the share of an objective to achieve instead of its weight.

A weight says how much an objective counts; how far the slate moves for it depends on the catalogue. An attainment of
0.7 asks for 70 % of what the objective can gain between no weight and all weight. The map between the two is measured
once, on held-out lists, stored, and monotone, so that more attainment is never less weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.core.errors import BadInput, BadParameter, BadWeight

Floats = NDArray[np.float64]

PATH: Floats = np.r_[0.0, 1 / (1 + np.exp(-np.linspace(-9, 9, 37))), 1.0]
"""[S] weights at which a path is measured, evenly spaced in log-odds: an objective with a heavy tail may reach most of
what it can at a weight of 0.01, another only near 0.99."""


@dataclass(frozen=True)
class Attainment:
    """A monotone map: `weights` [S] rise from 0 to 1, and so do the `shares` [S] that they achieve."""

    weights: Floats
    shares: Floats

    def weight_for(self, attainment: ArrayLike) -> Floats:
        """The weight that achieves a share of 0 to 1.

        Raises:
            BadInput: the share is not within 0 and 1.
        """
        asked = np.asarray(attainment, dtype=np.float64)
        if not ((asked >= 0) & (asked <= 1)).all():
            raise BadInput("attainment: allowed are shares of 0 to 1")
        return np.asarray(np.interp(asked, self.shares, self.weights), dtype=np.float64)

    def as_dict(self) -> dict[str, list[float]]:
        return {"weights": self.weights.tolist(), "shares": self.shares.tolist()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, list[float]]) -> Attainment:
        """Read what `as_dict` wrote; raises BadInput where it is not a monotone map."""
        weights, shares = np.asarray(stored["weights"], float), np.asarray(stored["shares"], float)
        if weights.shape != shares.shape or not ((np.diff(weights) > 0).all() and (np.diff(shares) > 0).all()):
            raise BadInput("attainment: weights and shares do not rise together")
        return cls(weights, shares)


def fit_attainment(weights: ArrayLike, values: ArrayLike) -> Attainment:
    """Fit a map to the mean value [S] of an objective at each weight [S] of a path from 0 to 1."""
    from scipy.optimize import isotonic_regression  # noqa: PLC0415  # slow to import, and only training needs it

    path = np.asarray(weights, dtype=np.float64)
    rising = isotonic_regression(np.asarray(values, dtype=np.float64)).x
    span = rising[-1] - rising[0]
    # An objective that no weight moves is attained at every weight.
    shares = (rising - rising[0]) / span if span > 0 else path
    # Strictly rising, so that each share has one weight: the least that achieves it.
    shares = shares + np.linspace(0, 1e-9, len(shares))
    return Attainment(path, shares / shares[-1])


def weights_for(maps: Mapping[str, Attainment], shares: Mapping[str, float], *, rest: str) -> dict[str, float]:
    """Weights that reach shares of what each objective can gain over `rest` alone.

    Args:
        maps: by objective, each measured from all weight on `rest` to all weight on the objective.
        shares: 0 to 1 by objective.
        rest: the objective that gets what weight is left. Where more is asked than the weights can be, none is left
            and the others are scaled down in proportion.

    Raises:
        BadParameter: no share, one of an objective without a map, or a number that is not a share.
    """
    if not maps:
        raise BadParameter("mode", "this bundle learned from nothing that attainment could be measured on", "weights")
    if not shares:
        raise BadWeight(None, "attainment needs a share", "at least one of ", maps, parameter="mode")
    weights = {}
    for name, share in shares.items():
        if name not in maps:
            problem = "gets what weight is left in mode=attainment" if name == rest else "has no attainment map"
            raise BadWeight(name, problem, objectives=maps)
        if not 0 <= share <= 1:
            raise BadWeight(name, f"{share} is not a share", "0 to 1 in mode=attainment")
        weights[name] = float(maps[name].weight_for(share))
    total = sum(weights.values())
    if total > 1:
        return {name: weight / total for name, weight in weights.items()}
    return {rest: 1 - total, **weights}
