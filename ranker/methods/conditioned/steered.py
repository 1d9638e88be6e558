"""The served form of models that take the weights as an input.

Scoring is split at the weights: `encode` takes the item (and its list) and may be cached, `steer` takes the encoding
and the weights. The encoding travels as further columns behind the calibrated gains of the receipt.

No `from __future__ import annotations` here: TorchScript reads the annotations.
"""

import torch
from torch import Tensor, nn

from trimtab.ranker.model import ServedRanker


class SteeredNetwork(nn.Module):
    """A network with the weights as an input, split into the part before them and the part after.

    Args:
        mean, scale: [F] of the features.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)

    def standardised(self, features: Tensor) -> Tensor:
        return ((features - self.mean) / self.scale).clamp(-5.0, 5.0)

    def encode(self, features: Tensor) -> Tensor:
        """[n, F] features of one list -> [n, E], independent of the weights."""
        return self.standardised(features)

    def encode_lists(self, features: Tensor, mask: Tensor) -> Tensor:
        """[L, n, F] and [L, n] bool -> [L, n, E]; the same as `encode` for each list."""
        return self.encode(features)

    def steer(self, encoding: Tensor, weights: Tensor) -> Tensor:
        """[n, E] and [B, M] weights on the simplex -> [B, n] scores."""
        return weights @ encoding.t()


class SteeredRanker(ServedRanker):
    """Calibrated heads for the receipt, a steered network for the order.

    Args:
        heads: a `ServedRanker` whose gains are the receipt's.
        network: orders.
        scale: usual spread of a list's scores, so that a unit of utility means what it means for the heads.
    """

    def __init__(self, heads: ServedRanker, network: SteeredNetwork, scale: float) -> None:
        super().__init__(heads.heads, heads.knots_x, heads.knots_y, heads.head_of, heads.ranges)
        self.network = network
        self.scale = scale

    def gains(self, features: Tensor, values: Tensor) -> Tensor:
        """[n, M + E]: gains of the objectives, then the encoding."""
        predictions = self.predictions(features)
        none = torch.ones_like(predictions[:, :1])
        gains = torch.cat([predictions, none], dim=1)[:, self.head_of] * values
        return torch.cat([gains, self.network.encode(features)], dim=1)

    def utilities(self, gains: Tensor, weights: Tensor) -> Tensor:
        """[n, M + E] and [B, M] weights of the objectives, which sum to 1 or less -> [B, n]."""
        totals = weights.sum(dim=1, keepdim=True)
        asked = weights / totals.clamp(min=1e-9)
        return totals * self.network.steer(gains[:, weights.shape[1] :], asked) / self.scale
