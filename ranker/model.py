"""The served ranker as one module: raw heads, calibration, objectives divided by their population ranges.

`score(x) = sum_m w_m * gain_m(x) / range_m` is linear in the weights, so for position-discounted sums the sorted slate
is the exact maximiser given the heads, and raising `w_m` never lowers the slate's predicted objective m.

No `from __future__ import annotations` here: TorchScript reads the annotations.
"""

import torch
from torch import Tensor, nn


class Heads(nn.Module):
    """A small network from standardised features to one raw score for each head.

    The linear path fits a line where data are few; the hidden layers bend it where they are many.

    Args:
        n_features: F.
        n_heads: H.
        hidden: widths of the hidden layers; none for a linear model.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, n_features: int, n_heads: int, hidden: tuple[int, ...] = (64, 32), dropout: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("scale", torch.ones(n_features))
        self.linear = nn.Linear(n_features, n_heads)
        layers: list[nn.Module] = []
        width = n_features
        for size in hidden:
            layers += [nn.Linear(width, size), nn.SiLU(), nn.Dropout(dropout)]
            width = size
        if hidden:
            layers.append(nn.Linear(width, n_heads))
        self.deep = nn.Sequential(*layers)
        self.is_deep = bool(hidden)

    def forward(self, features: Tensor) -> Tensor:
        """[..., F] -> [..., H] raw scores."""
        x = ((features - self.mean) / self.scale).clamp(-5.0, 5.0)
        raw = self.linear(x)
        if self.is_deep:
            raw = raw + self.deep(x)
        return torch.as_tensor(raw)


class Average(nn.Module):
    """Mean of the raw scores of several members."""

    def __init__(self, members: list[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, features: Tensor) -> Tensor:
        total = torch.zeros(1)
        for member in self.members:
            total = total + member(features)
        return torch.as_tensor(total / len(self.members))


class ServedRanker(nn.Module):
    """The module that computes everything from features to slates.

    Args:
        heads: [n, F] -> [n, H] raw scores.
        knots_x, knots_y: [H, K] calibration of each head.
        head_of: [M] which head an objective reads; H for one that reads none.
        ranges: [M] population range of each objective, above 0.
    """

    knots_x: Tensor
    knots_y: Tensor
    head_of: Tensor
    ranges: Tensor

    def __init__(self, heads: nn.Module, knots_x: Tensor, knots_y: Tensor, head_of: Tensor, ranges: Tensor) -> None:
        super().__init__()
        self.heads = heads
        self.register_buffer("knots_x", knots_x.float().contiguous())
        self.register_buffer("knots_y", knots_y.float().contiguous())
        self.register_buffer("head_of", head_of.long())
        self.register_buffer("ranges", ranges.float())

    def predictions(self, features: Tensor) -> Tensor:
        """[n, F] -> [n, H] calibrated heads, extrapolated beyond the outer knots and never below 0."""
        columns: Tensor = self.heads(features).t().contiguous()
        right = torch.searchsorted(self.knots_x, columns).clamp(1, self.knots_x.shape[1] - 1)
        x0, x1 = self.knots_x.gather(1, right - 1), self.knots_x.gather(1, right)
        y0, y1 = self.knots_y.gather(1, right - 1), self.knots_y.gather(1, right)
        values = y0 + (columns - x0) * (y1 - y0) / (x1 - x0)
        return values.clamp(min=0.0).t()

    def gains(self, features: Tensor, values: Tensor) -> Tensor:
        """[n, F] features and [n, M] values of the items -> [n, M] gains."""
        predictions = self.predictions(features)
        none = torch.ones_like(predictions[:, :1])
        return torch.cat([predictions, none], dim=1)[:, self.head_of] * values

    def utilities(self, gains: Tensor, weights: Tensor) -> Tensor:
        """[n, M] gains and [B, M] weights -> [B, n] scalarised utilities."""
        return (weights / self.ranges) @ gains.t()

    def forward(self, features: Tensor, values: Tensor) -> Tensor:
        return self.gains(features, values)
