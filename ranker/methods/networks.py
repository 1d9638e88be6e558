"""The scorers that methods train: one network for each preference, or one that takes the preference as an input.

A scorer maps features and P preferences to P scorings at once, so that one training loop fits them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from trimtab.ranker.model import Heads
from trimtab.ranker.training.heads import Recipe, standardise
from trimtab.ranker.training.lists import RankingLists


class TrainedScorer(Protocol):
    def parameters(self) -> Sequence[Tensor]: ...

    def to(self, device: str) -> object:
        """Move to where training is; before its parameters are asked for."""
        ...

    def scores(self, features: Tensor, mask: Tensor, preferences: Tensor) -> Tensor:
        """[L, n, F], [L, n] bool and [P, M] -> [P, L, n]."""
        ...


class Parallel:
    """P networks of one shape, evaluated in one batched pass; network p answers for preference p."""

    def __init__(self, lists: RankingLists, recipe: Recipe, *, n_networks: int, n_outputs: int = 1) -> None:
        members = [fresh_heads(lists, recipe, n_outputs) for _ in range(n_networks)]
        self._shape = members[0]
        self.state, self.buffers = stack_module_state(list[nn.Module](members))

    def parameters(self) -> Sequence[Tensor]:
        return list(self.state.values())

    def to(self, device: str) -> None:
        self.state = {name: one.detach().to(device).requires_grad_() for name, one in self.state.items()}
        self.buffers = {name: one.to(device) for name, one in self.buffers.items()}

    def scores(self, features: Tensor, mask: Tensor, preferences: Tensor) -> Tensor:
        return self.outputs(features).squeeze(-1)

    def outputs(self, features: Tensor) -> Tensor:
        """[L, n, F] -> [P, L, n, n_outputs]."""
        return evaluate(self._shape, self.state, self.buffers, features)

    def one(self, number: int, features: Tensor) -> Tensor:
        """[L, n] scores of one network."""
        state = {name: value[number] for name, value in (self.state | self.buffers).items()}
        result: Tensor = functional_call(self._shape, state, features).squeeze(-1)
        return result


def evaluate(shape: nn.Module, state: dict[str, Tensor], buffers: dict[str, Tensor], features: Tensor) -> Tensor:
    """Networks of one shape with stacked state [P, ...] on the same features -> [P, ..., n_outputs]."""

    def run(one_state: dict[str, Tensor], one_buffers: dict[str, Tensor]) -> Tensor:
        result: Tensor = functional_call(shape, (one_state, one_buffers), features)
        return result

    result: Tensor = vmap(run, randomness="different")(state, buffers)
    return result


def fresh_heads(lists: RankingLists, recipe: Recipe, n_outputs: int) -> Heads:
    """A network before training, standardised on the lists."""
    heads = Heads(lists.features.shape[2], n_outputs, recipe.hidden, recipe.dropout)
    standardise(heads, lists)
    return heads
