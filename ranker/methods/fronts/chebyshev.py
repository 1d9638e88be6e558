"""Smooth Chebyshev scalarisation (Lin et al., ICML 2024, "Smooth Tchebycheff Scalarization for Multi-Objective
Optimization"): `mu * log sum_m exp(w_m * (loss_m - ideal_m) / mu)`.

Reaches the non-convex part of a front too, which linear scalarisation cannot.
"""

from __future__ import annotations

import torch
from torch import Tensor

from trimtab.ranker.methods.fronts.front import Front
from trimtab.ranker.methods.problem import Problem
from trimtab.ranker.methods.trainer import Rule

SMOOTHING = 0.1
_IDEAL_MOMENTUM = 0.99


class SmoothChebyshev(Front):
    name = "chebyshev"

    def rule(self, data: Problem) -> Rule:
        return ChebyshevRule(len(data.objectives))


class ChebyshevRule:
    """The rule of smooth Chebyshev scalarisation; the ideal point is a moving average of the least loss."""

    needs_gramians = False

    def __init__(self, n_objectives: int, *, smoothing: float = SMOOTHING) -> None:
        self._smoothing = smoothing
        self._ideal = torch.full((n_objectives,), float("inf"))

    def coefficients(self, losses: Tensor, preferences: Tensor, gramians: Tensor) -> Tensor:
        best = losses.min(dim=0).values
        followed = _IDEAL_MOMENTUM * self._ideal + (1 - _IDEAL_MOMENTUM) * best
        self._ideal = torch.where(torch.isfinite(self._ideal), followed, best)
        gaps = preferences * (losses - self._ideal).clamp(min=0)
        return preferences * torch.softmax(gaps / self._smoothing, dim=1)
