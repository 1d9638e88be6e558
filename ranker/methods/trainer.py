"""The one training loop of all methods that learn by gradients.

Each step: a batch of lists, P preferences, P scorings, a loss for each preference and objective. A rule turns the
losses (and, where it asks, the Gramians of their gradients) into non-negative coefficients, and the coefficients'
combination of the losses is descended. What differs between the methods is the scorer, the preferences and the rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from trimtab.ranker.methods.networks import TrainedScorer
from trimtab.ranker.methods.problem import Problem
from trimtab.ranker.training.heads import Recipe
from trimtab.ranker.training.losses import gain_cross_entropy
from trimtab.ranker.training.optimiser import AdamW


@dataclass(frozen=True, slots=True)
class Batch:
    """Lists as tensors.

    Attributes: features [L, n, F], mask [L, n] bool, gains [L, n, M] in units of `scales_of`, aspects [L, n, A].
    """

    features: Tensor
    mask: Tensor
    gains: Tensor
    aspects: Tensor

    def to(self, device: str) -> Batch:
        return Batch(*(one.to(device) for one in (self.features, self.mask, self.gains, self.aspects)))


class Rule(Protocol):
    """How losses are combined into one descent direction.

    Attributes:
        needs_gramians: whether `coefficients` needs the inner products of the objectives' gradients.
    """

    needs_gramians: bool

    def coefficients(self, losses: Tensor, preferences: Tensor, gramians: Tensor) -> Tensor:
        """losses [P, M], preferences [P, M], gramians [P, M, M] (empty unless needed) -> [P, M], at least 0."""
        ...


class Weighted:
    """Linear scalarisation: the preferences themselves."""

    needs_gramians = False

    def coefficients(self, losses: Tensor, preferences: Tensor, gramians: Tensor) -> Tensor:
        return preferences


Losses = Callable[[Tensor, Batch, Tensor], Tensor]
"""scores [P, L, n], batch and preferences [P, M] -> [P, M]."""

Preferences = Callable[[], Tensor]
"""The preferences of a step, [P, M]."""


def objective_losses(scores: Tensor, batch: Batch, preferences: Tensor) -> Tensor:  # noqa: ARG001  # as all `Losses`
    """[P, M] cross-entropy of each objective's gains, un-normalised: a list counts by its total gain."""
    return gain_cross_entropy(scores, batch.gains, batch.mask)


def scales_of(problem: Problem) -> Tensor:
    """[M] mean gain of a list, over all its items: the unit in which losses of unlike objectives are added."""
    totals = (problem.gains * problem.mask[..., None]).sum(axis=1).mean(axis=0)
    return torch.from_numpy(np.maximum(totals, 1e-9)).float()


def train(
    scorer: TrainedScorer,
    data: Problem,
    recipe: Recipe,
    *,
    preferences: Preferences,
    rule: Rule,
    losses: Losses = objective_losses,
    seed: int = 0,
) -> None:
    """Fit a scorer in place. Reproducible for a seed, given that the scorer was made after `torch.manual_seed`."""
    rng = np.random.Generator(np.random.PCG64(seed))
    whole = batch_of(data).to(recipe.device)
    scorer.to(recipe.device)
    parameters = list(scorer.parameters())
    optimiser = AdamW(parameters, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, recipe.n_steps)
    for _ in range(recipe.n_steps):
        batch = _sample(whole, rng, recipe.lists_per_step)
        drawn = preferences().to(recipe.device)
        step_losses = losses(scorer.scores(batch.features, batch.mask, drawn), batch, drawn)
        optimiser.zero_grad()
        if rule.needs_gramians:
            _descend_by_gramians(step_losses, parameters, rule, drawn)
        else:
            coefficients = rule.coefficients(step_losses.detach(), drawn, torch.empty(0))
            (coefficients * step_losses).sum().backward()  # type: ignore[no-untyped-call]  # torch ships it untyped
        optimiser.step()
        schedule.step()
    scorer.to("cpu")


def batch_of(data: Problem) -> Batch:
    """All lists of a problem as one batch."""
    gains = torch.from_numpy(data.gains * data.mask[..., None]) / scales_of(data)
    return Batch(
        torch.from_numpy(data.lists.features), torch.from_numpy(data.mask), gains, torch.from_numpy(data.aspects)
    )


def _sample(whole: Batch, rng: np.random.Generator, n_lists: int) -> Batch:
    drawn = rng.integers(0, len(whole.features), min(n_lists, len(whole.features)))
    which = torch.from_numpy(drawn).to(whole.features.device)
    return Batch(whole.features[which], whole.mask[which], whole.gains[which], whole.aspects[which])


def _descend_by_gramians(losses: Tensor, parameters: list[Tensor], rule: Rule, preferences: Tensor) -> None:
    """Set `.grad` of networks trained side by side.

    Their losses share no parameter, so one backward pass for each objective gives the gradients of all P networks, each
    in its own slice.
    """
    n_preferences, n_objectives = losses.shape
    jacobians = []
    for objective in range(n_objectives):
        gradients = torch.autograd.grad(losses[:, objective].sum(), parameters, retain_graph=True)
        jacobians.append(torch.cat([gradient.reshape(n_preferences, -1) for gradient in gradients], dim=1))
    stacked = torch.stack(jacobians, dim=1)
    gramians = stacked @ stacked.transpose(1, 2)
    coefficients = rule.coefficients(losses.detach(), preferences, gramians)
    combined = torch.einsum("pm,pmd->pd", coefficients, stacked)
    start = 0
    for parameter in parameters:
        size = parameter[0].numel()
        parameter.grad = combined[:, start : start + size].reshape(parameter.shape)
        start += size
