"""Epsilon-constraint by an augmented Lagrangian (Rockafellar 1976; in learning to rank: Momma et al., KDD 2019).

Relevance is the guardrail: its loss may exceed the lowest loss by a share of the distance to the highest, and the share
is 1 minus the preference for relevance. Under that constraint the other objectives are minimised in proportion to their
preferences.
"""

from __future__ import annotations

import torch
from torch import Tensor

from trimtab.ranker.methods.fronts.front import Front
from trimtab.ranker.methods.networks import Parallel
from trimtab.ranker.methods.problem import Problem
from trimtab.ranker.methods.trainer import Rule, Weighted, batch_of, objective_losses, train
from trimtab.ranker.training.heads import Recipe

PENALTY = 10.0
GUARDED = 0
"""The objective that is constrained: relevance comes first in every bundle."""


class Guardrail(Front):
    name = "guardrail"

    def rule(self, data: Problem) -> Rule:
        return GuardrailRule(*_ends(data, self.recipe, self.seed))


class GuardrailRule:
    """The rule of the guardrail: multipliers rise above the bound and fall to 0 well below it.

    Args:
        lowest, highest: guarded loss of a model with all weight on it, and of one with none.
    """

    needs_gramians = False

    def __init__(self, lowest: float, highest: float, *, penalty: float = PENALTY) -> None:
        self._lowest, self._highest, self._penalty = lowest, highest, penalty
        self._multipliers = torch.empty(0)

    def coefficients(self, losses: Tensor, preferences: Tensor, gramians: Tensor) -> Tensor:
        if len(self._multipliers) == 0:
            self._multipliers = torch.zeros(len(losses))
        bounds = self._lowest + (1 - preferences[:, GUARDED]) * (self._highest - self._lowest)
        unit = max(self._highest - self._lowest, 1e-6)
        violations = (losses[:, GUARDED] - bounds) / unit
        pressure = (self._multipliers + self._penalty * violations).clamp(min=0)
        self._multipliers = (self._multipliers + 0.1 * violations).clamp(min=0, max=10)
        free = preferences.clone()
        free[:, GUARDED] = 0.0
        totals = free.sum(dim=1, keepdim=True)
        coefficients = torch.where(totals > 0, free / totals.clamp(min=1e-9), torch.zeros_like(free))
        coefficients[:, GUARDED] = torch.where(totals.squeeze(1) > 0, pressure, torch.ones_like(pressure))
        return coefficients / coefficients.sum(dim=1, keepdim=True).clamp(min=1e-9)


def _ends(data: Problem, recipe: Recipe, seed: int) -> tuple[float, float]:
    """Guarded loss with all weight on it, and with none."""
    n_objectives = len(data.objectives)
    corners = torch.zeros(2, n_objectives)
    corners[0, GUARDED] = 1.0
    corners[1] = 1.0 / max(n_objectives - 1, 1)
    corners[1, GUARDED] = 0.0
    networks = Parallel(data.lists, recipe, n_networks=2)
    train(networks, data, recipe, preferences=lambda: corners, rule=Weighted(), seed=seed)
    whole = batch_of(data)
    with torch.no_grad():
        losses = objective_losses(networks.scores(whole.features, whole.mask, corners), whole, corners)
    return float(losses[0, GUARDED]), float(losses[1, GUARDED])
