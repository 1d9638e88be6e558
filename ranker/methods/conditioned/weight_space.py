"""Pareto manifold learning in weight space (PaMaL; Dimitriadis, Frossard & Fleuret, ICML 2023).

One set of parameters an objective; the model of a preference is their weighted mean, so steering is one sum of
parameters. All are trained together, at drawn preferences.
No `from __future__ import annotations` here: TorchScript reads the annotations.
"""

import torch
from torch import Tensor, nn

from trimtab.ranker.methods.conditioned.conditioned import Conditioned
from trimtab.ranker.methods.conditioned.steered import SteeredNetwork
from trimtab.ranker.methods.networks import fresh_heads
from trimtab.ranker.methods.problem import Problem


class ManifoldNetwork(SteeredNetwork):
    """A linear path and one hidden layer whose parameters are `sum_m w_m * theta_m`."""

    def __init__(self, mean: Tensor, scale: Tensor, n_objectives: int, width: int) -> None:
        super().__init__(mean, scale)
        n_features = len(mean)
        # All ends start from one point: the mean of two networks trained separately does not perform well.
        self.first = nn.Parameter((torch.randn(1, n_features, width) * n_features**-0.5).repeat(n_objectives, 1, 1))
        self.first_bias = nn.Parameter(torch.zeros(n_objectives, width))
        self.last = nn.Parameter((torch.randn(1, width) * width**-0.5).repeat(n_objectives, 1))
        self.straight = nn.Parameter(torch.zeros(n_objectives, n_features))

    def steer(self, encoding: Tensor, weights: Tensor) -> Tensor:
        first = torch.einsum("bm,mfh->bfh", weights, self.first)
        hidden = torch.matmul(encoding.unsqueeze(0), first) + (weights @ self.first_bias).unsqueeze(1)
        bent = torch.matmul(torch.nn.functional.silu(hidden), (weights @ self.last).unsqueeze(2)).squeeze(2)
        return bent + (weights @ self.straight) @ encoding.t()


class ParetoManifold(Conditioned):
    name = "pamal"

    def make_network(self, data: Problem) -> SteeredNetwork:
        like = fresh_heads(data.lists, self.recipe, 1)
        width = self.recipe.hidden[0] if self.recipe.hidden else 8
        return ManifoldNetwork(like.mean, like.scale, len(data.objectives), width)
