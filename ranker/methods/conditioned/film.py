"""FiLM (Perez et al., AAAI 2018) and COSMOS (Ruchte & Grabocka, ICDM 2021): the weights modulate a hidden layer.

COSMOS adds a penalty on the angle between losses and preference, which spreads the front out.
No `from __future__ import annotations` here: TorchScript reads the annotations.
"""

import torch
from torch import Tensor, nn

from trimtab.ranker.methods.conditioned.conditioned import Conditioned
from trimtab.ranker.methods.conditioned.steered import SteeredNetwork
from trimtab.ranker.methods.networks import fresh_heads
from trimtab.ranker.methods.problem import Problem
from trimtab.ranker.methods.trainer import Batch, Losses, objective_losses

COSMOS_PENALTY = 0.3


class FilmNetwork(SteeredNetwork):
    """`steer(encode(x), w) = linear(silu(gamma(w) * h(x) + beta(w))) + w . linear_path(x)`."""

    def __init__(self, mean: Tensor, scale: Tensor, n_objectives: int, width: int) -> None:
        super().__init__(mean, scale)
        self.width = width
        self.hidden = nn.Linear(len(mean), width)
        self.straight = nn.Linear(len(mean), n_objectives)
        self.modulate = nn.Linear(n_objectives, 2 * width)
        self.last = nn.Linear(width, 1)

    def encode(self, features: Tensor) -> Tensor:
        x = self.standardised(features)
        return torch.cat([self.straight(x), torch.nn.functional.silu(self.hidden(x))], dim=-1)

    def steer(self, encoding: Tensor, weights: Tensor) -> Tensor:
        n_objectives = weights.shape[1]
        straight, hidden = encoding[:, :n_objectives], encoding[:, n_objectives:]
        modulation = self.modulate(weights).unsqueeze(1)
        gamma, beta = modulation[..., : self.width], modulation[..., self.width :]
        bent = self.last(torch.nn.functional.silu((1 + gamma) * hidden + beta)).squeeze(-1)
        return torch.as_tensor(weights @ straight.t() + bent)


class Film(Conditioned):
    name = "film"

    def make_network(self, data: Problem) -> SteeredNetwork:
        like = fresh_heads(data.lists, self.recipe, 1)
        width = self.recipe.hidden[0] if self.recipe.hidden else 8
        return FilmNetwork(like.mean, like.scale, len(data.objectives), width)


class Cosmos(Film):
    name = "cosmos"

    def losses(self) -> Losses:
        return _with_angle


def _with_angle(scores: Tensor, batch: Batch, preferences: Tensor) -> Tensor:
    losses = objective_losses(scores, batch, preferences)
    angles = torch.nn.functional.cosine_similarity(losses, preferences, dim=1)
    return losses - COSMOS_PENALTY * angles[:, None]
