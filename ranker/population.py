"""The distributions of features and gains in training, and the distance of other distributions from them.

The distance is the population stability index (PSI) over the deciles of training, a symmetric relative entropy:
`sum_b (observed_b - expected_b) * ln(observed_b / expected_b)`. By custom below 0.1 is no
change, above 0.25 a large one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trimtab.core.records import FloatArray
from trimtab.ranker.features import FEATURES

if TYPE_CHECKING:
    from trimtab.ranker.methods.problem import Problem
    from trimtab.ranker.model import ServedRanker

N_BINS = 10
LEAST_SHARE = 1e-3
"""The share that an empty bin counts as, so that the index stays finite."""
MOST_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution as shares of bins.

    Attributes:
        edges: [b - 1] ascending, between the bins; a value on an edge is above it.
        shares: [b] summing to 1.
    """

    edges: NDArray[np.float64]
    shares: NDArray[np.float64]

    @classmethod
    def of(cls, values: FloatArray) -> Distribution:
        """Deciles of a sample; fewer bins where values repeat."""
        edges = np.unique(np.quantile(values, np.linspace(0, 1, N_BINS + 1)[1:-1]).astype(np.float64))
        distribution = cls(edges, np.zeros(len(edges) + 1))
        counts = distribution.counts(values)
        return cls(edges, counts / counts.sum())

    def counts(self, values: FloatArray) -> NDArray[np.float64]:
        """The number of values [b] in each bin."""
        bins = np.searchsorted(self.edges, values, side="right")
        return np.bincount(bins, minlength=len(self.shares)).astype(np.float64)

    def share_at(self, value: float) -> float:
        """The share of the bin that a value is in."""
        return float(self.shares[np.searchsorted(self.edges, value, side="right")])

    def psi(self, counts: NDArray[np.float64]) -> float:
        """The population stability index of [b] counts, not all 0, against these shares."""
        expected = np.maximum(self.shares, LEAST_SHARE)
        observed = np.maximum(counts / counts.sum(), LEAST_SHARE)
        return float(((observed - expected) * np.log(observed / expected)).sum())


@dataclass(frozen=True, slots=True)
class Population:
    """The distributions of features and gains over the candidates of all queries.

    Attributes:
        features: by name.
        gains: by objective.
    """

    features: Mapping[str, Distribution]
    gains: Mapping[str, Distribution]

    @classmethod
    def of(cls, ranker: ServedRanker, problem: Problem) -> Population:
        """The features and gains of the candidates that a ranker was trained on."""
        import torch  # noqa: PLC0415  # reading what was measured does without

        there = problem.lists.rows >= 0
        features, values = problem.lists.features[there], problem.multipliers[there]
        every = max(len(features) // MOST_ROWS, 1)
        features, values = features[::every], values[::every]
        with torch.inference_mode():
            gains = ranker.gains(torch.from_numpy(features), torch.from_numpy(values)).numpy()
        return cls(
            {name: Distribution.of(features[:, column]) for column, name in enumerate(FEATURES)},
            {one.name: Distribution.of(gains[:, column]) for column, one in enumerate(problem.objectives)},
        )

    def as_dict(self) -> dict[str, Any]:
        return {
            kind: {
                name: {"edges": one.edges.tolist(), "shares": one.shares.tolist()}
                for name, one in distributions.items()
            }
            for kind, distributions in (("features", self.features), ("gains", self.gains))
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Population:
        """Read what `as_dict` wrote; parts that are missing are empty.

        Raises:
            KeyError, TypeError, ValueError: it was not written by `as_dict`.
        """
        read = {
            kind: {
                name: Distribution(np.array(one["edges"], dtype=np.float64), np.array(one["shares"], dtype=np.float64))
                for name, one in plain.get(kind, {}).items()
            }
            for kind in ("features", "gains")
        }
        return cls(read["features"], read["gains"])
