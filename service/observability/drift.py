"""Drift: how far the candidates of searches are from those a ranker was trained on, as PSI of each feature and gain.

Each bundle is compared with its own training, and what users bought only where it knows the user: that others search
too is not a drift of what is searched. The gauges show the bundle that answered most of the latest searches: a
canary's candidates are those of the same searches, and two bundles in one gauge would make it jump.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trimtab.core.records import ScoredCandidates
from trimtab.engine import Engine
from trimtab.ranker.features import FEATURES, USER_FEATURES
from trimtab.ranker.population import Distribution
from trimtab.service.observability.metrics import Metrics

ENOUGH_ROWS = 2_000
"""Fewest candidates from which drift is published."""
MOST_ROWS = 200_000
"""From here on older candidates count half, so that a late drift shows."""
MOST_BUNDLES = 4
USER_KNOWN = FEATURES.index("user_known")
MOST = 0.5


@dataclass
class _Recent:
    """Counts of recent searches in the bins of one distribution of training."""

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
    """The distributions of one bundle, by feature and by objective."""

    features: Mapping[str, _Recent]
    gains: Mapping[str, _Recent]

    @property
    def is_of_users(self) -> bool:
        """Whether it was trained on searches of users whom it knows: its gains are those of such users."""
        known = self.features.get(FEATURES[USER_KNOWN])
        return known is not None and known.training.share_at(1.0) > MOST


class DriftMonitor:
    """Call `record` for a sample of the searches, and `publish` from time to time."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._bundles: OrderedDict[str, _Bundle] = OrderedDict()
        self._lately: Counter[str] = Counter()
        self._published = ""

    def record(self, engine: Engine, scored: ScoredCandidates) -> None:
        """Count the candidates of one search."""
        bundle = self._bundle(engine)
        is_known = bool(scored.features[:, USER_KNOWN].any())
        for name, recent in bundle.features.items():
            if is_known or name not in USER_FEATURES:
                recent.add(scored.features[:, FEATURES.index(name)])
        for name, recent in bundle.gains.items() if is_known or not bundle.is_of_users else ():
            recent.add(scored.gains[:, engine.objectives.index(name)])
        self._lately[engine.bundle_id] += 1

    def publish(self) -> None:
        """Set the gauges; they stay as they are where nothing was recorded since the last time."""
        if not self._lately:
            return
        ((self._published, _),) = self._lately.most_common(1)
        self._lately.clear()
        gauges = {"features": self._metrics.feature_drift, "gains": self._metrics.gain_drift}
        for kind, by_name in self.published.items():
            for name, psi in by_name.items():
                if psi is not None:
                    gauges[kind].labels(name).set(psi)

    @property
    def published(self) -> dict[str, dict[str, float | None]]:
        """PSI of `features` and `gains` by name; None before `ENOUGH_ROWS` candidates were recorded."""
        bundle = self._bundles.get(self._published, _Bundle({}, {}))
        return {
            "features": {name: recent.psi for name, recent in bundle.features.items()},
            "gains": {name: recent.psi for name, recent in bundle.gains.items()},
        }

    def _bundle(self, engine: Engine) -> _Bundle:
        known = self._bundles.get(engine.bundle_id)
        if known is None:
            population = engine.population
            known = _Bundle(
                {name: _Recent(one) for name, one in population.features.items()},
                {name: _Recent(one) for name, one in population.gains.items()},
            )
            self._bundles[engine.bundle_id] = known
            if len(self._bundles) > MOST_BUNDLES:
                self._bundles.popitem(last=False)
        return known
