"""Confidence of an answer, fitted on decisions about pages whose site the trees had not seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trimtab.webpages.predict.model import Confidence


def calibrate(
    logits: Sequence[float], leads: Sequence[float], right: Sequence[bool], weights: Sequence[float] | None = None
) -> Confidence:
    """Logistic regression of being right on logit and lead, by Newton's method with a ridge (Platt 1999).

    Args:
        logits, leads, right: [n] of out-of-fold decisions.
        weights: [n] of the decisions, 1 by default.
    """
    if not right:
        return Confidence()
    cases = np.ones(len(right)) if weights is None else np.asarray(weights)
    # Platt's targets: a set without mistakes does not make anybody certain.
    n_right = float(cases[np.asarray(right)].sum())
    high, low = (n_right + 1) / (n_right + 2), 1 / (float(cases.sum()) - n_right + 2)
    x = np.stack([np.ones(len(right)), np.asarray(logits), np.minimum(np.asarray(leads), 6.0)], axis=1)
    y = np.where(np.asarray(right), high, low)
    prior = np.asarray([0.0, 1.0, 0.0])
    coefficients = prior.copy()
    ridge = np.diag([0.01, 1.0, 1.0])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ coefficients, -30, 30)))
        gradient = x.T @ (cases * (p - y)) + ridge @ (coefficients - prior)
        hessian = (x * (cases * p * (1 - p))[:, None]).T @ x + ridge
        step = np.linalg.solve(hessian, gradient)
        coefficients = coefficients - step / max(1.0, float(np.abs(step).max()))
    return Confidence(*(float(c) for c in coefficients))
