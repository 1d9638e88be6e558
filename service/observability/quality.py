"""Monitoring of ranking quality: drift, overlap, weights in use, promised and realised revenue.

A search only leaves its slate in a queue. Once a second a thread adds up what is cheap of each slate, and for one
search in `SAMPLED_EVERY` what takes arithmetic on all its candidates.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl
import structlog
from numpy.typing import NDArray

from trimtab.core.records import ScoredCandidates, Slate
from trimtab.engine import Engine
from trimtab.engine.plan.degradation import RANKING
from trimtab.service.observability.drift import DriftMonitor
from trimtab.service.observability.metrics import Metrics
from trimtab.service.search.records import SearchCompleted

SAMPLED_EVERY = 16
EVERY_SECONDS = 1.0
MOST_WAITING = 10_000
MOST_SAMPLES = 256
MOST_DRAWS = 10_000
REALISED = "revenue"

_log = structlog.get_logger()


class QualityMonitor:
    """Call `record` for each search and `record_purchases` with the events of slates; `publish` updates the metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._slates: deque[Slate] = deque(maxlen=MOST_WAITING)
        self._samples: deque[tuple[Engine, ScoredCandidates, Slate]] = deque(maxlen=MOST_SAMPLES)
        self._n_recorded = 0
        self._drift = DriftMonitor(metrics)
        self._ratio_sums = np.zeros(3)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="trimtab-quality", daemon=True)

    def on_search(self, completed: SearchCompleted) -> None:
        """Queue a search of a shopper that is being answered."""
        if completed.search.caller.channel is None:
            self.record(completed.search.engine, completed.scored, completed.slate)

    def record(self, engine: Engine, scored: ScoredCandidates, slate: Slate) -> None:
        """Queue a search. This is on the event loop's thread: nothing is computed here."""
        self._slates.append(slate)
        self._n_recorded += 1
        if self._n_recorded % SAMPLED_EVERY == 0 and RANKING not in scored.degraded:
            self._samples.append((engine, scored, slate))

    def record_purchases(self, matched: pl.DataFrame) -> None:
        """Add the revenue of events of slates that are in the log (`engine.log.interactions`)."""
        paid = matched.filter(pl.col("action") == "purchase")["value"].sum()
        self._metrics.receipts_realised.labels(REALISED).inc(float(paid))

    def drift(self) -> dict[str, dict[str, float | None]]:
        """Population stability index against training of each feature and gain of the bundle this worker answers with.

        None before enough candidates were recorded.
        """
        return self._drift.published

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.wait(EVERY_SECONDS):
            try:
                self.publish()
            except Exception:  # noqa: BLE001  # one search that cannot be added up does not end the monitoring
                _log.exception("quality monitor")

    def publish(self) -> None:
        """Update the metrics with the searches queued since the last time."""
        self._add_slates([self._slates.popleft() for _ in range(len(self._slates))])
        for _ in range(len(self._samples)):
            engine, scored, slate = self._samples.popleft()
            self._drift.record(engine, scored)
            self._add_overlap(engine, scored, slate)
        self._drift.publish()

    def _add_slates(self, slates: Sequence[Slate]) -> None:
        weights, promised = _Sums(), _Sums()
        for slate in slates:
            weights.add(slate.weights.items())
            promised.add((name, slate.receipt[name].expected) for name in slate.objectives)
            if slate.seed is not None:
                for propensity in slate.propensities.tolist():
                    self._metrics.propensity.observe(propensity)
        for name, total in weights.totals.items():
            self._metrics.weights_used.labels(name).inc(total)
        for name, total in promised.totals.items():
            self._metrics.receipts_promised.labels(name).inc(max(total, 0.0))  # a margin may be below 0, a counter not

    def _add_overlap(self, engine: Engine, scored: ScoredCandidates, slate: Slate) -> None:
        """Add the importance weight of the first item shown, with pure relevance as target: `p_target / p_logged`."""
        rules = slate.query.constraints
        if slate.seed is None or slate.query.offset or rules.pins or rules.exclusions or not len(slate.rows):
            return
        utilities = engine.stage(slate.query, scored).utilities(_pure_relevance(engine))[0].astype(np.float64)
        chances = np.exp((utilities - utilities.max()) / engine.temperature)
        shown = int(np.flatnonzero(scored.rows == slate.rows[0])[0])
        ratio = chances[shown] / chances.sum() / slate.propensities[0]
        if self._ratio_sums[0] >= MOST_DRAWS:
            self._ratio_sums /= 2
        self._ratio_sums += (1, ratio, ratio**2)
        n, total, squares = self._ratio_sums
        if squares > 0:
            self._metrics.overlap_ess_share.set(total**2 / (n * squares))


class _Sums:
    """Totals by name."""

    def __init__(self) -> None:
        self.totals: dict[str, float] = {}

    def add(self, values: Iterable[tuple[str, float]]) -> None:
        for name, value in values:
            self.totals[name] = self.totals.get(name, 0.0) + value


def _pure_relevance(engine: Engine) -> NDArray[np.float64]:
    """[1, M + 1]."""
    weights = np.zeros((1, len(engine.known_weights)))
    weights[0, engine.known_weights.index("relevance")] = 1.0
    return weights
