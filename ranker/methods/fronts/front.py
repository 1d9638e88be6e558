"""The base of methods with one model for each preference; a request gets the model of the nearest preference."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from trimtab.core.errors import BadInput
from trimtab.ranker.methods.method import Floats
from trimtab.ranker.methods.networks import Parallel
from trimtab.ranker.methods.problem import Inputs, Problem, check_preferences, check_problem
from trimtab.ranker.methods.trainer import Losses, Preferences, Rule, Weighted, objective_losses, train
from trimtab.ranker.model import ServedRanker
from trimtab.ranker.training.heads import Recipe


class Front:
    """P networks trained side by side, one for each preference.

    Subclasses override `rule`, `losses`, or `draw` (the preferences of a step).
    """

    name = "front"
    steerable = False

    def __init__(self, recipe: Recipe, *, seed: int = 0) -> None:
        self.recipe, self.seed = recipe, seed
        self.preferences: Floats = np.empty((0, 0))

    def fit(self, data: Problem, preferences: Floats) -> None:
        check_problem(data)
        self.preferences = check_preferences(preferences, len(data.objectives))
        torch.manual_seed(self.seed)
        self.networks = Parallel(data.lists, self.recipe, n_networks=len(self.preferences))
        train(
            self.networks,
            data,
            self.recipe,
            preferences=self.draw(torch.from_numpy(self.preferences).float()),
            rule=self.rule(data),
            losses=self.losses(),
            seed=self.seed,
        )

    def draw(self, preferences: Tensor) -> Preferences:
        return lambda: preferences

    def rule(self, data: Problem) -> Rule:
        return Weighted()

    def losses(self) -> Losses:
        return objective_losses

    @torch.inference_mode()
    def score(self, x: Inputs, mask: Tensor, weights: Floats) -> Tensor:
        return self.networks.one(self.nearest(weights), x.features)

    def nearest(self, weights: Floats) -> int:
        asked = check_preferences(weights, self.preferences.shape[1])[0]
        return int(np.abs(self.preferences - asked).sum(axis=1).argmin())

    def predict(self, x: Inputs, mask: Tensor) -> Tensor | None:
        return None

    def export(self) -> ServedRanker:
        raise BadInput(
            f"{self.name} has one model for each preference and cannot be steered; choose a steerable method"
        )
