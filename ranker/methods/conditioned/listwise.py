"""A listwise re-ranker after PRM (Pei et al., RecSys 2019) and SetRank (Pang et al., SIGIR 2020).

Items of a list attend to each other without positions, so their order in the input changes nothing.
The encoding does not depend on the weights; heads on it are fused linearly. Beside the objectives' losses it descends
a differentiable alpha-DCG (`trimtab.ranker.training.losses.soft_alpha_dcg`; after DALETOR, Yan et al., WWW 2021).
No `from __future__ import annotations` here: TorchScript reads the annotations.
"""

import torch
from torch import Tensor, nn

from trimtab.ranker.methods.conditioned.conditioned import Conditioned
from trimtab.ranker.methods.conditioned.steered import SteeredNetwork
from trimtab.ranker.methods.networks import fresh_heads
from trimtab.ranker.methods.problem import Problem
from trimtab.ranker.methods.trainer import Batch, Losses, objective_losses
from trimtab.ranker.training.losses import soft_alpha_dcg

N_ATTENTION_HEADS = 2
DIVERSITY_SHARE = 0.1


class ListNetwork(SteeredNetwork):
    def __init__(self, mean: Tensor, scale: Tensor, n_objectives: int, width: int) -> None:
        super().__init__(mean, scale)
        self.n_attention = N_ATTENTION_HEADS
        self.enter = nn.Linear(len(mean), width)
        self.mixed = nn.Linear(width, 3 * width)
        self.attended = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.last = nn.Linear(width, n_objectives)
        self.straight = nn.Linear(len(mean), n_objectives)

    def encode(self, features: Tensor) -> Tensor:
        everything = torch.ones(1, features.shape[0], dtype=torch.bool)
        return self.encode_lists(features.unsqueeze(0), everything).squeeze(0)

    def encode_lists(self, features: Tensor, mask: Tensor) -> Tensor:
        """[L, n, F] and [L, n] -> [L, n, M] one score for each objective."""
        x = self.standardised(features)
        hidden = torch.nn.functional.silu(self.enter(x))
        n_lists, n_items, width = hidden.shape
        shape = [n_lists, n_items, self.n_attention, width // self.n_attention]
        query, key, value = self.mixed(hidden).chunk(3, dim=2)
        # A list without a labelled item would attend to nothing; it attends to itself and is not counted.
        seen = (mask | ~mask.any(dim=1, keepdim=True)).unsqueeze(1).unsqueeze(1)
        context = torch.nn.functional.scaled_dot_product_attention(
            query.reshape(shape).transpose(1, 2),
            key.reshape(shape).transpose(1, 2),
            value.reshape(shape).transpose(1, 2),
            attn_mask=seen,
        )
        mixed = self.attended(context.transpose(1, 2).reshape(n_lists, n_items, width))
        return torch.as_tensor(self.last(self.norm(hidden + mixed)) + self.straight(x))


class Listwise(Conditioned):
    name = "listwise"

    def make_network(self, data: Problem) -> SteeredNetwork:
        like = fresh_heads(data.lists, self.recipe, 1)
        width = max(self.recipe.hidden[0] if self.recipe.hidden else 8, 8)
        return ListNetwork(like.mean, like.scale, len(data.objectives), width)

    def losses(self) -> Losses:
        return _with_diversity


def _with_diversity(scores: Tensor, batch: Batch, preferences: Tensor) -> Tensor:
    losses = objective_losses(scores, batch, preferences)
    # At one preference of each step: the pairwise comparison costs n^2 an aspect.
    diversity = soft_alpha_dcg(scores[-1], batch.aspects, batch.mask)
    return losses - DIVERSITY_SHARE * diversity / len(losses)
