"""Confidence of an answer, fitted on decisions about pages whose site the trees had not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from trimtab.webpages.predict.model import Confidence

_PRECISE = {"ftol": 1e-15, "gtol": 1e-9, "maxiter": 1000}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A decision about a page that the model had not seen: its logit, its lead over the next, whether page and
    statements disagree with it, whether it was right, and its weight among the decisions."""

    logit: float
    lead: float
    right: bool
    dissent: float = 0.0
    weight: float = 1.0


def calibrate(outcomes: Sequence[Outcome], *, prior: Confidence | None = None, strength: float = 0.01) -> Confidence:
    """Logistic regression of being right on logit, lead and dissent with a ridge (Platt 1999).

    A larger logit or lead never makes an answer less certain, and dissent never more.

    Args:
        prior: what it stays near; what it is where there are no outcomes.
        strength: how firmly the bias stays there.
    """
    prior = prior or Confidence()
    if not outcomes:
        return prior
    cases = np.asarray([o.weight for o in outcomes])
    right = np.asarray([o.right for o in outcomes])
    # Platt's targets: a set without mistakes does not make anybody certain.
    n_right = float(cases[right].sum())
    high, low = (n_right + 1) / (n_right + 2), 1 / (float(cases.sum()) - n_right + 2)
    x = np.asarray([[1.0, o.logit, min(o.lead, 6.0), o.dissent] for o in outcomes])
    y = np.where(right, high, low)
    before = np.asarray([prior.bias, prior.logit, prior.lead, prior.dissent])
    ridge = np.asarray([strength, 1.0, 1.0, 1.0])

    def loss(coefficients: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = x @ coefficients
        away = coefficients - before
        value = (cases * (np.logaddexp(0.0, z) - y * z)).sum() + 0.5 * (ridge * away * away).sum()
        return float(value), x.T @ (cases * (1 / (1 + np.exp(-np.clip(z, -30, 30))) - y)) + ridge * away

    bounds = [(None, None), (0.0, None), (0.0, None), (None, 0.0)]
    found = minimize(loss, before, jac=True, method="L-BFGS-B", bounds=bounds, options=_PRECISE)
    return Confidence(*found.x.tolist())
