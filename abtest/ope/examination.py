"""How often each position is looked at, from where the clicked items of a log that explored stood.

Under a position-based model a click at position p on item i has the chance `examination[p] * attraction[i]`, whatever
stands elsewhere. An item that the log drew to position p with chance `standing[i, p]`, and that was clicked, was then
clicked at p with the chance

    examination[p] standing[i, p] / sum_q examination[q] standing[i, q],

from which its attraction has gone: a logit of the position with known offsets, of which the examinations are the
coefficients (intervention harvesting, Agarwal et al. 2019, by conditional likelihood). Few clicks tell little of a
position, so that the logarithms are drawn towards a line in `log(1 + position)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.abtest.ope.asked import LOGGED, Asked, each_query
from trimtab.abtest.ope.contexts import LookUp, candidates_of, policy_of
from trimtab.abtest.ope.estimators import Floats
from trimtab.abtest.ope.log.logged_slates import ReplayLog
from trimtab.abtest.ope.moves import LISTS_AT_ONCE, standings
from trimtab.abtest.ope.sums import Ints
from trimtab.engine import Engine

MIN_CLICKS = 200
"""Below this number of clicked items no examination is estimated."""

OFF_THE_LINE = 0.2
"""Standard deviation of a logarithm about the line, before any click."""

FLAT = 1e-3
"""Precision of the line's slope about 0 before any click: next to nothing."""

ASSUMED_EXPONENT = 0.6
"""What is assumed of a log that never explored, which cannot say it: `(1 + position) ** -ASSUMED_EXPONENT`."""

ASSUMED_ERROR = 0.15
"""Standard error that the exponent is assumed to have: nearly always between .3 and .9."""

N_DRAWS = 32
"""Draws that the chances of clicked items to stand are averaged over. Errors in them flatten what is far down."""

LEAST_STANDING = 1e-12
MOST_STEPS = 50
CONVERGED = 1e-8


@dataclass(frozen=True)
class Examination:
    """Chances that positions are looked at, relative to the first.

    Attributes:
        chances: [k], 1 at the first.
        n_clicks: items clicked that they rest on.
        spread: [k, d] what each of d independent standard errors changes their logarithms by.
    """

    chances: Floats
    n_clicks: int
    spread: Floats

    def as_dict(self) -> dict[str, Any]:
        errors = np.sqrt((self.spread**2).sum(axis=1))
        return {"by_position": self.chances.tolist(), "log_errors": errors.tolist(), "n_clicks": self.n_clicks}


def fitted(positions: Ints, standings: Floats) -> Examination:
    """The examinations of greatest posterior density.

    Args:
        positions: [c] where clicked items stood.
        standings: [c, k] their chances of standing anywhere.
    """
    n, k = standings.shape
    offsets = np.log(np.maximum(standings, LEAST_STANDING))
    design = np.concatenate([-np.log1p(np.arange(k))[:, None], np.eye(k)], axis=1)
    precision = np.diag([FLAT, *[OFF_THE_LINE**-2] * k])
    counts = np.bincount(positions, minlength=k)
    found = np.zeros(1 + k)
    for _ in range(MOST_STEPS):
        logits = offsets + design @ found
        chances = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
        chances /= chances.sum(axis=1, keepdims=True)
        expected = chances.sum(axis=0)
        gradient = design.T @ (counts - expected) - precision @ found
        curvature = design.T @ (np.diag(expected) - chances.T @ chances) @ design + precision
        step = np.linalg.solve(curvature, gradient)
        found += step
        if np.abs(step).max() < CONVERGED:
            break
    logarithms, covariance = design @ found, design @ np.linalg.solve(curvature, design.T)
    others = covariance[1:, 1:] - covariance[1:, :1] - covariance[:1, 1:] + covariance[0, 0]
    spread = np.concatenate([np.zeros((1, k - 1)), np.linalg.cholesky(others)])
    return Examination(np.exp(logarithms - logarithms[0]), n, spread)


def assumed(k: int, exponent: float = ASSUMED_EXPONENT) -> Examination:
    """The examination of k positions that is assumed where a log cannot say it."""
    logarithms = np.log1p(np.arange(k))
    return Examination(np.exp(-exponent * logarithms), 0, ASSUMED_ERROR * logarithms[:, None])


def examination_of(engine: Engine, sample: ReplayLog, look_up: LookUp = candidates_of) -> Examination | None:
    """What some impressions of a log say; None where too few items were clicked."""
    slates = sample.slates
    acted = (slates.clicks > 0) | (slates.carts > 0) | (slates.purchases > 0)
    if np.count_nonzero(acted) < MIN_CLICKS:  # whatever a draw could show of them
        return None
    found = [
        (positions, chances)
        for asked, _ in each_query(engine, sample, look_up=look_up)
        for positions, chances in _clicked(engine, sample, asked, acted)
    ]
    if sum(len(positions) for positions, _ in found) < MIN_CLICKS:
        return None
    positions, chances = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return fitted(positions, chances)


def _clicked(
    engine: Engine, sample: ReplayLog, asked: Asked, acted: NDArray[np.bool_]
) -> Iterator[tuple[Ints, Floats]]:
    """[c] where clicked items of a query stood, and [c, k] their chances of standing anywhere."""
    slates = sample.slates
    asked = asked.take(np.asarray(acted[asked.at].any(axis=1)))
    asked, temperature = asked.as_drawn(slates.temperatures[asked.at])
    if len(asked.at) == 0:
        return
    policy = policy_of(engine, asked.weights[LOGGED], temperature)
    for length, which in asked.by_length():
        some = asked.take(which)
        users, of_user = np.unique(some.who, return_inverse=True)
        is_acted = acted[some.at, :length]
        # Some contexts at a time, for the chances of all candidates of all of them are many.
        for start in range(0, len(users), LISTS_AT_ONCE):
            found = standings(policy, some.contexts, users[start : start + LISTS_AT_ONCE], length, n_draws=N_DRAWS)
            is_here = (of_user >= start) & (of_user < start + LISTS_AT_ONCE)
            rows, positions = np.nonzero(is_acted & is_here[:, None])
            chances = np.zeros((len(rows), acted.shape[1]))
            chances[:, :length] = found[of_user[rows] - start, some.shown[rows, positions]]
            yield positions, chances
