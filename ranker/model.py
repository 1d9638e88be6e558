"""The served ranker as one module: raw heads, calibration, objectives divided by their population ranges.

`score(x) = sum_m w_m * gain_m(x) / range_m` is linear in the weights, so for position-discounted sums the sorted slate
is the exact maximiser given the heads, and raising `w_m` never lowers the slate's predicted objective m.

No `from __future__ import annotations` here: TorchScript reads the annotations.
"""

import numpy as np
import torch
from torch import Tensor, nn

from trimtab.ranker.forests import N_LEAVES, Forest

is_scripting = torch.jit.is_scripting  # type: ignore[attr-defined]  # torch's stubs


class Heads(nn.Module):
    """A small network from standardised features to one raw score for each head.

    The linear path fits a line where data are few; the hidden layers bend it where they are many.

    Args:
        n_features: F.
        n_heads: H.
        hidden: widths of the hidden layers; none for a linear model.
        is_rectified: whether the hidden layers end in ReLU, which takes less time, and not in SiLU.
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self,
        n_features: int,
        n_heads: int,
        hidden: tuple[int, ...] = (64, 32),
        dropout: float = 0.0,
        *,
        is_rectified: bool = False,
    ) -> None:
        super().__init__()
        self.is_rectified = is_rectified
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("scale", torch.ones(n_features))
        self.linear = nn.Linear(n_features, n_heads)
        layers: list[nn.Module] = []
        width = n_features
        for size in hidden:
            layers += [nn.Linear(width, size), nn.ReLU() if is_rectified else nn.SiLU(), nn.Dropout(dropout)]
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


class Trees(nn.Module):
    """Sums of boosted trees, one for each head; `forest` computes the same many times faster."""

    of: Tensor
    threshold: Tensor
    ruled_out: Tensor
    leaves: Tensor
    heads: Tensor

    def __init__(self, forest: Forest, n_features: int) -> None:
        super().__init__()
        self.forest, self.n_features = forest, n_features
        bits = (forest.ruled_out[:, :, None] >> np.arange(N_LEAVES)) & 1
        self.register_buffer("of", torch.from_numpy(forest.feature))
        self.register_buffer("threshold", torch.from_numpy(forest.threshold))
        self.register_buffer("ruled_out", torch.from_numpy(bits).float())
        self.register_buffer("leaves", torch.from_numpy(forest.leaves))
        self.register_buffer("heads", nn.functional.one_hot(torch.from_numpy(forest.head)).float())

    def forward(self, features: Tensor) -> Tensor:
        """[..., F] -> [..., H] raw scores."""
        rows = features.reshape(-1, features.shape[-1])
        sums = self.compared(rows) if is_scripting() or rows.is_cuda else self.by_kernel(rows)
        return sums.reshape(features.shape[:-1] + sums.shape[-1:])

    def compared(self, rows: Tensor) -> Tensor:
        """[n, F] -> [n, H] by all comparisons of all trees at once."""
        n_trees, n_comparisons = self.of.shape
        fails = rows[:, self.of.flatten()].reshape(-1, n_trees, n_comparisons) > self.threshold
        n_against = torch.einsum("nti,til->ntl", fails.float(), self.ruled_out)
        places = torch.arange(self.leaves.shape[1], device=rows.device)
        first = torch.argmin(n_against * len(places) + places, dim=2, keepdim=True)
        added = self.leaves.expand(rows.shape[0], -1, -1).gather(2, first).squeeze(2)
        return added @ self.heads

    @torch.jit.unused
    def by_kernel(self, rows: Tensor) -> Tensor:
        """[n, F] -> [n, H] as it is served."""
        return torch.from_numpy(self.forest.sums(rows.numpy()))


class Blended(nn.Module):
    """The mean of heads of two kinds, each divided by its spread [H]."""

    spreads: Tensor

    def __init__(self, one: nn.Module, other: nn.Module, spreads: Tensor) -> None:
        super().__init__()
        self.one, self.other = one, other
        self.register_buffer("spreads", spreads)

    def forward(self, features: Tensor) -> Tensor:
        """[..., F] -> [..., H] raw scores."""
        scaled = self.one(features) / self.spreads[0] + self.other(features) / self.spreads[1]
        return torch.as_tensor(scaled / 2)


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
