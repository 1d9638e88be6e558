"""Confidence of an answer, fitted on decisions about pages whose site the trees had not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.webpages.predict.model import Confidence


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
    """Logistic regression of being right on logit, lead and dissent, by Newton's method with a ridge (Platt 1999).

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
    coefficients = before.copy()
    ridge = np.diag([strength, 1.0, 1.0, 1.0])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ coefficients, -30, 30)))
        gradient = x.T @ (cases * (p - y)) + ridge @ (coefficients - before)
        hessian = (x * (cases * p * (1 - p))[:, None]).T @ x + ridge
        step = np.linalg.solve(hessian, gradient)
        coefficients = coefficients - step / max(1.0, float(np.abs(step).max()))
    return Confidence(*(float(c) for c in coefficients))
