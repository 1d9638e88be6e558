"""Prometheus metrics of the service, in a registry of its own (a second app in one process counts for itself).

With several workers each writes to files that all can read, and `/metrics` of any of them answers for all
(`PROMETHEUS_MULTIPROC_DIR`, set by `trimtab.service.workers`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache, lru_cache, partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from trimtab.service.observability.order_metrics import OrderMetrics
from trimtab.service.observability.page_metrics import PageMetrics
from trimtab.service.search.records import SearchCompleted

MULTIPROCESS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
"""Bounds in seconds: a stage takes a fraction of a millisecond, a request that waits for a lost Redis tens of them."""
PROPENSITY_BUCKETS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)

SHARES = tuple(tenth / 10 for tenth in range(11))
LOGS = ("impressions", "interactions", "catalogue", "pages", "tracked")
"""The logs on the disk; an alarm needs the series of each before the first fault."""

MOST_KEPT = 1024
"""The most series of one metric that are found without looking their labels up."""

JOINED = "+"
"""Between the arms of a search that is in experiments of several layers."""

_counter = partial(Counter, namespace="trimtab")
_histogram = partial(Histogram, namespace="trimtab", buckets=BUCKETS)
_gauge = partial(Gauge, namespace="trimtab", multiprocess_mode="mostrecent")


class Metrics:
    """The metrics; each attribute is one of them, named `trimtab_<attribute>` on `/metrics`."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = registry = CollectorRegistry()
        self.requests = _counter(
            "requests", "HTTP requests answered, by route and status code.", ["path", "status"], registry=registry
        )
        self.request_seconds = _histogram(
            "request_seconds", "Seconds from a request's arrival until it is answered.", ["path"], registry=registry
        )
        self.search_stage_seconds = _histogram(
            "search_stage_seconds", "Seconds that each stage of a search takes.", ["stage"], registry=registry
        )
        self.searches = _counter(
            "searches", "Searches answered, by outcome: hits, empty or infeasible.", ["outcome"], registry=registry
        )
        self.searches_explored = _counter(
            "searches_explored", "Searches whose slate was sampled for exploration.", registry=registry
        )
        self.searches_degraded = _counter(
            "searches_degraded",
            "Searches that were answered without a part of the work, by what was left out.",
            ["reason"],
            registry=registry,
        )
        self.searches_late = _counter("searches_late", "Searches answered after their deadline.", registry=registry)
        self.searches_refused = _counter(
            "searches_refused",
            "Searches refused because too many waited, by priority.",
            ["priority"],
            registry=registry,
        )
        self.candidate_cache = _counter(
            "candidate_cache",
            "Look-ups in the cache of scored candidates, by result: local, redis or miss.",
            ["result"],
            registry=registry,
        )
        self.experiment_searches = _counter(
            "experiment_searches", "Searches in experiments, by arm and outcome.", ["arm", "outcome"], registry=registry
        )
        self.experiment_exposure = _gauge(
            "experiment_exposure",
            "Share of the units that take part in an experiment with a ramp.",
            ["experiment"],
            registry=registry,
        )
        self.experiment_rolled_back = _gauge(
            "experiment_rolled_back",
            "Whether a guardrail ended the ramp of an experiment (1) or not (0).",
            ["experiment"],
            registry=registry,
        )
        self.sample_ratio_p_value = _gauge(
            "sample_ratio_p_value",
            "P-value of an experiment's split between its arms (chi-squared test).",
            ["experiment"],
            registry=registry,
        )
        self.weights_used = _counter(
            "weights_used", "Effective weights, summed over searches.", ["objective"], registry=registry
        )
        self.receipts_promised = _counter(
            "receipts_promised", "Expected values of receipts, summed over searches.", ["objective"], registry=registry
        )
        self.receipts_realised = _counter(
            "receipts_realised",
            "Revenue of purchases of items that a search showed, in the catalogue's currency.",
            ["objective"],
            registry=registry,
        )
        self.propensity = Histogram(
            "propensity",
            "Propensity of each item of a sampled slate, given the items above it.",
            namespace="trimtab",
            buckets=PROPENSITY_BUCKETS,
            registry=registry,
        )
        self.overlap_ess_share = _gauge(
            "overlap_ess_share",
            "Effective share of the sampled slates for evaluating pure relevance at the first position.",
            registry=registry,
        )
        self.feature_drift = _gauge(
            "feature_drift",
            "Population stability index of a feature of the candidates against training.",
            ["feature"],
            registry=registry,
        )
        self.gain_drift = _gauge(
            "gain_drift",
            "Population stability index of a predicted gain against training.",
            ["objective"],
            registry=registry,
        )
        self.events = _counter(
            "events", "Events received, by outcome: accepted or duplicate.", ["outcome"], registry=registry
        )
        self.events_ahead = _counter(
            "events_ahead",
            "Events stamped later than they were received, which are read as of then.",
            registry=registry,
        )
        self.events_compacted = _counter(
            "events_compacted",
            "Events joined to the slate they belong to, by result: matched, late or unknown.",
            ["result"],
            registry=registry,
        )
        self.log_lines = _counter(
            "log_lines",
            "Lines of a log written or lost, and writes that the disk refused.",
            ["log", "outcome"],
            registry=registry,
        )
        self.log_files_removed = _counter(
            "log_files_removed",
            "Finished files of a log that were removed, by reason: age or quota.",
            ["log", "reason"],
            registry=registry,
        )
        self.catalogue_version = _gauge(
            "catalogue_version", "Version of the newest change to the catalogue that is served.", registry=registry
        )
        self.catalogue_change_seconds = _histogram(
            "catalogue_change_seconds",
            "Seconds from accepting a change to the catalogue until searches see it.",
            registry=registry,
        )
        self.order = OrderMetrics(registry)
        self.catalogue_compactions = _counter(
            "catalogue_compactions",
            "Builds of a new bundle from the changed catalogue, by outcome: served or failed.",
            ["outcome"],
            registry=registry,
        )
        self.pages = PageMetrics(registry)
        self.redis_up = _gauge("redis_up", "Whether Redis answers (1) or not (0).", registry=registry)
        self.redis_takes_writes = _gauge(
            "redis_takes_writes",
            "Whether Redis takes writes (1) or refuses them for want of memory, disk or permission (0).",
            registry=registry,
        )
        self.bundle_loads = _counter(
            "bundle_loads",
            "Bundles loaded into a worker, by outcome: loaded or failed.",
            ["outcome"],
            registry=registry,
        )
        self.bundle_followed = Gauge(
            "bundle_followed",
            "Whether all workers have loaded the planned bundles and answer with the active one (1) or not (0).",
            namespace="trimtab",
            multiprocess_mode="livemin",
            registry=registry,
        )
        self.bundle_search_seconds = _histogram(
            "bundle_search_seconds",
            "Seconds of a search, by bundle and its role: active, canary or arm.",
            ["bundle", "role"],
            registry=registry,
        )
        self.shadow_searches = _counter(
            "shadow_searches",
            "Searches repeated with the shadow bundle, by outcome: searched, failed or dropped.",
            ["outcome"],
            registry=registry,
        )
        self.shadow_overlap = _histogram(
            "shadow_overlap",
            "Share of the shown items that the shadow bundle would show too.",
            buckets=SHARES,
            registry=registry,
        )
        self.shadow_seconds = _histogram(
            "shadow_seconds", "Seconds of a search with the shadow bundle.", registry=registry
        )
        self.bundle_info = _gauge(
            "bundle_info", "The active bundle (1) and those that were active before (0).", ["bundle"], registry=registry
        )
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
        return generate_latest(self._registry)
