"""The base of preference-conditioned methods: one network, trained at drawn preferences, served as `SteeredRanker`."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from trimtab.ranker.methods.conditioned.steered import SteeredNetwork, SteeredRanker
from trimtab.ranker.methods.heads import CalibratedHeads
from trimtab.ranker.methods.method import Floats
from trimtab.ranker.methods.problem import Inputs, Problem, check_preferences, check_problem
from trimtab.ranker.methods.trainer import Losses, Weighted, objective_losses, train
from trimtab.ranker.model import ServedRanker
from trimtab.ranker.training.heads import Recipe

PREFERENCES_PER_STEP = 6


class Conditioned:
    """One network for all preferences; subclasses make the network.

    Preferences are drawn uniformly from the simplex; the corners are in every step, so that the ends of the front are
    learned.
    """

    name = "conditioned"
    steerable = True

    def __init__(self, recipe: Recipe, *, seed: int = 0) -> None:
        self.recipe, self.seed = recipe, seed

    def make_network(self, data: Problem) -> SteeredNetwork:
        raise AssertionError("a subclass makes the network")

    def losses(self) -> Losses:
        return objective_losses

    def fit(self, data: Problem, preferences: Floats) -> None:
        check_problem(data)
        self.data = data
        n_objectives = len(data.objectives)
        torch.manual_seed(self.seed)
        self.network = self.make_network(data)
        drawn = torch.distributions.Dirichlet(torch.ones(n_objectives))
        corners = torch.eye(n_objectives)
        train(
            _AsScorer(self.network),
            data,
            self.recipe,
            preferences=lambda: torch.cat([corners, drawn.sample(torch.Size([PREFERENCES_PER_STEP]))]),
            rule=Weighted(),
            losses=self.losses(),
            seed=self.seed,
        )
        self.network.eval()
        middle = np.full(n_objectives, 1 / n_objectives)
        scores = self.score(data.inputs, torch.from_numpy(data.mask), middle).numpy()
        spreads = [float(np.ptp(row[kept])) for row, kept in zip(scores, data.mask, strict=True) if kept.any()]
        self.scale = max(float(np.median(spreads)), 1e-6)

    @torch.inference_mode()
    def score(self, x: Inputs, mask: Tensor, weights: Floats) -> Tensor:
        asked = check_preferences(weights, x.multipliers.shape[2])
        return _AsScorer(self.network).scores(x.features, mask, torch.from_numpy(asked).float())[0]

    def predict(self, x: Inputs, mask: Tensor) -> Tensor | None:
        return None

    def export(self) -> ServedRanker:
        receipt = CalibratedHeads(self.recipe, seed=self.seed)
        receipt.fit(self.data, np.empty((0, len(self.data.objectives))))
        return SteeredRanker(receipt.export(), self.network, self.scale).eval()


class _AsScorer:
    """A steered network as the trainer's scorer."""

    def __init__(self, network: SteeredNetwork) -> None:
        self._network = network

    def parameters(self) -> list[Tensor]:
        return list(self._network.parameters())

    def to(self, device: str) -> None:
        self._network.to(device)

    def scores(self, features: Tensor, mask: Tensor, preferences: Tensor) -> Tensor:
        encoding = self._network.encode_lists(features, mask)
        n_lists, n_items, width = encoding.shape
        flat = self._network.steer(encoding.reshape(n_lists * n_items, width), preferences)
        return flat.reshape(len(preferences), n_lists, n_items)
