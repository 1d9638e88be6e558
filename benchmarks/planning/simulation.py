"""A search that is sent to every shard at once, and answered when the last of them has answered.

Arrivals are a Poisson process. Each shard has replicas with workers, of which each search takes one at random and
waits for its turn (a service's workers do not look at each other's queues). Every shard has the same arrivals, so that
a burst reaches all of them, and draws its own workers and times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]


@dataclass(frozen=True)
class Load:
    """
    Attributes:
        searches_per_second: on average.
        n_shards: that each search is sent to.
        n_workers: of each shard, on all of its replicas together.
        median_ms: of a search in one shard.
        shape: quantiles of a search's time over its median, at equal steps.
    """

    searches_per_second: float
    n_shards: int
    n_workers: int
    median_ms: float
    shape: Times

    @property
    def busy(self) -> float:
        """The share of the time in which a worker searches."""
        mean_ms = float(np.trapezoid(self.shape, dx=1 / (len(self.shape) - 1))) * self.median_ms
        return self.searches_per_second * mean_ms / 1e3 / self.n_workers


def answered(load: Load, n_searches: int, *, seed: int = 0) -> Times:
    """[n_searches] milliseconds until the last shard has answered each of some searches."""
    rng = np.random.Generator(np.random.PCG64(seed))
    arrivals = np.cumsum(rng.exponential(1e3 / load.searches_per_second, n_searches))
    slowest = np.zeros(n_searches)
    steps = np.linspace(0, 1, len(load.shape))
    for _ in range(load.n_shards):
        workers = rng.integers(load.n_workers, size=n_searches)
        times = np.interp(rng.random(n_searches), steps, load.shape) * load.median_ms
        slowest = np.maximum(slowest, _sojourns(arrivals, times, workers))
    return slowest


def _sojourns(arrivals: Times, times: Times, workers: NDArray[np.int64]) -> Times:
    """[n] waiting and service of searches at workers that take them in turn (Lindley's recursion, as one sum)."""
    order = np.lexsort((arrivals, workers))
    gaps = np.diff(arrivals[order], prepend=0.0)
    firsts = np.flatnonzero(np.diff(workers[order], prepend=-1))
    served = times[order]
    steps = np.concatenate([[0.0], served[:-1]]) - gaps
    steps[firsts] = -np.inf
    waits = np.empty(len(order))
    for start, stop in zip(firsts, [*firsts[1:], len(order)], strict=True):
        walk = np.cumsum(np.concatenate([[0.0], steps[start + 1 : stop]]))
        waits[start:stop] = walk - np.minimum.accumulate(walk)
    sojourns = np.empty(len(order))
    sojourns[order] = waits + served
    return sojourns
