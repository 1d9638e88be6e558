"""How far the candidates of searches are from those a ranker was trained on: PSI of each feature and gain.

Each bundle is held against its own training. What is told is of the one that answered most lately: a canary's
candidates are those of the same searches, and two bundles in one gauge would make it jump.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trimtab.core.records import ScoredCandidates
from trimtab.engine import Engine
from trimtab.ranker.features import FEATURES
from trimtab.ranker.population import Distribution
from trimtab.service.observability.metrics import Metrics

ENOUGH_ROWS = 2_000
"""Candidates seen before a drift is told."""
MOST_ROWS = 200_000
"""From here on older candidates count half, so that a drift shows though it was long not there."""
MOST_BUNDLES = 4


@dataclass
class _Live:
    """What was seen of one distribution."""

    training: Distribution
    counts: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        self.counts = np.zeros(len(self.training.shares))

    def add(self, values: NDArray[np.float32]) -> None:
        if self.counts.sum() > MOST_ROWS:
            self.counts /= 2
        self.counts += self.training.counts(values)

    @property
    def psi(self) -> float | None:
        return self.training.psi(self.counts) if self.counts.sum() >= ENOUGH_ROWS else None


@dataclass(frozen=True)
class _Bundle:
    """By the column they are in."""

    features: Mapping[str, _Live]
    gains: Mapping[str, _Live]


class Drift:
    """Call `add` for some searches, and `tell` now and then."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._bundles: OrderedDict[str, _Bundle] = OrderedDict()
        self._lately: Counter[str] = Counter()
        self._told = ""

    def add(self, engine: Engine, scored: ScoredCandidates) -> None:
        bundle = self._bundle(engine)
        for name, live in bundle.features.items():
            live.add(scored.features[:, FEATURES.index(name)])
        for name, live in bundle.gains.items():
            live.add(scored.gains[:, engine.objectives.index(name)])
        self._lately[engine.bundle_id] += 1

    def tell(self) -> None:
        """Set the gauges; they stay as they are where nothing was added since the last time."""
        if not self._lately:
            return
        ((self._told, _),) = self._lately.most_common(1)
        self._lately.clear()
        gauges = {"features": self._metrics.feature_drift, "gains": self._metrics.gain_drift}
        for kind, by_name in self.told.items():
            for name, psi in by_name.items():
                if psi is not None:
                    gauges[kind].labels(name).set(psi)

    @property
    def told(self) -> dict[str, dict[str, float | None]]:
        """PSI of `features` and `gains` by name; None before `ENOUGH_ROWS` candidates were seen."""
        bundle = self._bundles.get(self._told, _Bundle({}, {}))
        return {
            "features": {name: live.psi for name, live in bundle.features.items()},
            "gains": {name: live.psi for name, live in bundle.gains.items()},
        }

    def _bundle(self, engine: Engine) -> _Bundle:
        known = self._bundles.get(engine.bundle_id)
        if known is None:
            population = engine.population
            known = _Bundle(
                {name: _Live(one) for name, one in population.features.items()},
                {name: _Live(one) for name, one in population.gains.items()},
            )
            self._bundles[engine.bundle_id] = known
            if len(self._bundles) > MOST_BUNDLES:
                self._bundles.popitem(last=False)
        return known
