"""Prometheus metrics of the service, in a registry of its own (a second app in one process counts for itself).

With several workers each writes to files that all can read, and `/metrics` of any of them answers for all
(`PROMETHEUS_MULTIPROC_DIR`, set by `trimtab.service.workers`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache, lru_cache

from prometheus_client import CollectorRegistry, disable_created_metrics, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from trimtab.service.observability.declared import MetricSet, counter, gauge, histogram
from trimtab.service.observability.order_metrics import OrderMetrics
from trimtab.service.observability.page_metrics import PageMetrics
from trimtab.service.search.records import SearchCompleted

MULTIPROCESS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
PROPENSITY_BUCKETS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)

SHARES = tuple(tenth / 10 for tenth in range(11))
LOGS = ("impressions", "interactions", "catalogue", "pages", "tracked")
"""The logs on the disk; an alarm needs the series of each before the first fault."""

MOST_KEPT = 1024
"""The most series of one metric that are found without looking their labels up."""

JOINED = "+"
"""Between the arms of a search that is in experiments of several layers."""


class Metrics(MetricSet):
    """The metrics; each attribute is one of them, named `trimtab_<attribute>` on `/metrics`."""

    requests = counter("HTTP requests answered, by route and status code.", "path", "status")
    request_seconds = histogram("Seconds from a request's arrival until it is answered.", "path")
    search_stage_seconds = histogram("Seconds that each stage of a search takes.", "stage")
    searches = counter("Searches answered, by outcome: hits, empty or infeasible.", "outcome")
    searches_explored = counter("Searches whose slate was sampled for exploration.")
    searches_degraded = counter(
        "Searches that were answered without a part of the work, by what was left out.", "reason"
    )
    searches_late = counter("Searches answered after their deadline.")
    searches_refused = counter("Searches refused because too many waited, by priority.", "priority")
    candidate_cache = counter("Look-ups in the cache of scored candidates, by result: local, redis or miss.", "result")
    experiment_searches = counter("Searches in experiments, by arm and outcome.", "arm", "outcome")
    experiment_exposure = gauge("Share of the units that take part in an experiment with a ramp.", "experiment")
    experiment_rolled_back = gauge("Whether a guardrail ended the ramp of an experiment (1) or not (0).", "experiment")
    sample_ratio_p_value = gauge("P-value of an experiment's split between its arms (chi-squared test).", "experiment")
    weights_used = counter("Effective weights, summed over searches.", "objective")
    receipts_promised = counter("Expected values of receipts, summed over searches.", "objective")
    receipts_realised = counter(
        "Revenue of purchases of items that a search showed, in the catalogue's currency.", "objective"
    )
    propensity = histogram(
        "Propensity of each item of a sampled slate, given the items above it.", buckets=PROPENSITY_BUCKETS
    )
    overlap_ess_share = gauge(
        "Effective share of the sampled slates for evaluating pure relevance at the first position."
    )
    feature_drift = gauge("Population stability index of a feature of the candidates against training.", "feature")
    gain_drift = gauge("Population stability index of a predicted gain against training.", "objective")
    events = counter("Events received, by outcome: accepted or duplicate.", "outcome")
    events_ahead = counter("Events stamped later than they were received, which are read as of then.")
    events_compacted = counter(
        "Events joined to the slate they belong to, by result: matched, late or unknown.", "result"
    )
    log_lines = counter("Lines of a log written or lost, and writes that the disk refused.", "log", "outcome")
    log_files_removed = counter("Finished files of a log that were removed, by reason: age or quota.", "log", "reason")
    catalogue_version = gauge("Version of the newest change to the catalogue that is served.")
    catalogue_change_seconds = histogram("Seconds from accepting a change to the catalogue until searches see it.")
    catalogue_compactions = counter(
        "Builds of a new bundle from the changed catalogue, by outcome: served or failed.", "outcome"
    )
    redis_up = gauge("Whether Redis answers (1) or not (0).")
    redis_takes_writes = gauge(
        "Whether Redis takes writes (1) or refuses them for want of memory, disk or permission (0)."
    )
    bundle_loads = counter("Bundles loaded into a worker, by outcome: loaded or failed.", "outcome")
    bundle_followed = gauge(
        "Whether all workers have loaded the planned bundles and answer with the active one (1) or not (0).",
        multiprocess_mode="livemin",
    )
    bundle_search_seconds = histogram(
        "Seconds of a search, by bundle and its role: active, canary or arm.", "bundle", "role"
    )
    shadow_searches = counter(
        "Searches repeated with the shadow bundle, by outcome: searched, failed or dropped.", "outcome"
    )
    shadow_overlap = histogram("Share of the shown items that the shadow bundle would show too.", buckets=SHARES)
    shadow_seconds = histogram("Seconds of a search with the shadow bundle.")
    bundle_info = gauge("The active bundle (1) and those that were active before (0).", "bundle")

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        super().__init__(CollectorRegistry())
        self.order = OrderMetrics(self.registry)
        self.pages = PageMetrics(self.registry)
        for result in ("matched", "late", "unknown"):
            self.events_compacted.labels(result)
        for outcome in ("served", "failed"):
            self.catalogue_compactions.labels(outcome)
        for log in LOGS:
            for outcome in ("written", "lost", "refused"):
                self.log_lines.labels(log, outcome)

        # Looking up what is counted under its labels takes longer than counting.
        self._searches, self._stage_seconds = cache(self.searches.labels), cache(self.search_stage_seconds.labels)
        self._bundle_seconds = lru_cache(MOST_KEPT)(self.bundle_search_seconds.labels)
        self._requests = lru_cache(MOST_KEPT)(self.requests.labels)
        self._request_seconds = lru_cache(MOST_KEPT)(self.request_seconds.labels)

    def on_request(self, path: str, status: int, seconds: float) -> None:
        """Count and time one request."""
        self._requests(path, status).inc()
        self._request_seconds(path).observe(seconds)

    def on_search(self, completed: SearchCompleted) -> None:
        """Count and time one search."""
        slate = completed.slate
        outcome = "infeasible" if slate.infeasible else "hits" if slate.item_ids else "empty"
        self._searches(outcome).inc()
        for arm in completed.search.arm.split(JOINED) if completed.search.arm else ():
            self.experiment_searches.labels(arm, outcome).inc()
        if slate.seed is not None:
            self.searches_explored.inc()
        self._bundle_seconds(slate.bundle, completed.search.role).observe(slate.seconds["total"])
        for reason in completed.degraded:
            self.searches_degraded.labels(reason).inc()
        for stage, seconds in slate.seconds.items():
            self._stage_seconds(stage).observe(seconds)

    def log_observer(self, log: str) -> Callable[[str, int], None]:
        """The observer of a journal's lines."""
        return lambda outcome, n: self.log_lines.labels(log, outcome).inc(n)

    def exposition(self) -> bytes:
        """The metrics in Prometheus' text format, of all workers."""
        if MULTIPROCESS_FOLDER in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            return generate_latest(registry)
        return generate_latest(self.registry)
