"""What the service counts and times, in a registry of its own (a second app in one process counts for itself).

With several workers each writes to files that all can read, and `/metrics` of any of them answers for all
(`PROMETHEUS_MULTIPROC_DIR`, set by `trimtab.service.workers`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from trimtab.core.records import Slate
from trimtab.service.observability.page_metrics import PageMetrics

MULTIPROCESS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
"""Seconds: a stage takes a fraction of a millisecond, a request that waits for a lost Redis tens of them."""
PROPENSITY_BUCKETS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)

SHARES = tuple(tenth / 10 for tenth in range(11))
LOGS = ("impressions", "interactions", "catalogue", "pages", "tracked")
"""What is kept on the disk; an alarm needs the series of each before the first fault."""

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
        self.requests = _counter("requests", "Requests answered.", ["path", "status"], registry=registry)
        self.request_seconds = _histogram("request_seconds", "Time to answer.", ["path"], registry=registry)
        self.search_stage_seconds = _histogram(
            "search_stage_seconds", "Time of a search by stage.", ["stage"], registry=registry
        )
        self.searches = _counter("searches", "Searches: hits, empty, infeasible.", ["outcome"], registry=registry)
        self.searches_explored = _counter("searches_explored", "Searches with a sampled slate.", registry=registry)
        self.searches_degraded = _counter("searches_degraded", "Without a part.", ["reason"], registry=registry)
        self.searches_late = _counter("searches_late", "Answered after their deadline.", registry=registry)
        self.searches_refused = _counter(
            "searches_refused", "Turned away: too many at once.", ["priority"], registry=registry
        )
        self.candidate_cache = _counter(
            "candidate_cache", "Look-ups of scored candidates: local, redis, miss.", ["result"], registry=registry
        )
        self.experiment_searches = _counter(
            "experiment_searches", "Searches of an experiment by arm.", ["arm", "outcome"], registry=registry
        )
        self.experiment_exposure = _gauge(
            "experiment_exposure", "Share of the units in an experiment with a ramp.", ["experiment"], registry=registry
        )
        self.experiment_rolled_back = _gauge(
            "experiment_rolled_back", "Whether a ramp was ended by a guardrail.", ["experiment"], registry=registry
        )
        self.sample_ratio_p_value = _gauge(
            "sample_ratio_p_value",
            "Chance of an experiment's split at least this uneven.",
            ["experiment"],
            registry=registry,
        )
        self.weights_used = _counter(
            "weights_used", "Sum over searches of the effective weight.", ["objective"], registry=registry
        )
        self.receipts_promised = _counter(
            "receipts_promised", "Sum over searches of what the receipt expects.", ["objective"], registry=registry
        )
        self.receipts_realised = _counter(
            "receipts_realised", "Sum over purchases of what was paid.", ["objective"], registry=registry
        )
        self.propensity = Histogram(
            "propensity",
            "Chance of each shown item of a sampled slate, given those above it.",
            namespace="trimtab",
            buckets=PROPENSITY_BUCKETS,
            registry=registry,
        )
        self.overlap_ess_share = _gauge(
            "overlap_ess_share",
            "Effective share of the sampled slates for judging pure relevance, at the first position.",
            registry=registry,
        )
        self.feature_drift = _gauge(
            "feature_drift", "PSI of a feature of the candidates against training.", ["feature"], registry=registry
        )
        self.gain_drift = _gauge(
            "gain_drift",
            "PSI of a predicted gain against training.",
            ["objective"],
            registry=registry,
        )
        self.events = _counter("events", "Events: accepted, duplicate.", ["outcome"], registry=registry)
        self.events_compacted = _counter(
            "events_compacted", "Events joined to a slate: matched, late, unknown.", ["result"], registry=registry
        )
        self.log_lines = _counter(
            "log_lines", "Lines written or lost; times the disk refused.", ["log", "outcome"], registry=registry
        )
        self.catalogue_version = _gauge("catalogue_version", "Of the newest change that is served.", registry=registry)
        self.catalogue_change_seconds = _histogram(
            "catalogue_change_seconds", "From a change taken in to searches that see it.", registry=registry
        )
        self.catalogue_compactions = _counter(
            "catalogue_compactions", "Changes built into a new bundle: served, failed.", ["outcome"], registry=registry
        )
        self.pages = PageMetrics(registry)
        self.redis_up = _gauge("redis_up", "Whether Redis answers.", registry=registry)
        self.bundle_loads = _counter(
            "bundle_loads", "Bundles read into a worker: loaded, failed.", ["outcome"], registry=registry
        )
        self.bundle_followed = Gauge(
            "bundle_followed",
            "Whether the bundles of the plan are loaded and the active one answers.",
            namespace="trimtab",
            multiprocess_mode="livemin",
            registry=registry,
        )
        self.bundle_search_seconds = _histogram(
            "bundle_search_seconds",
            "Time of a search by bundle: active, canary, arm.",
            ["bundle", "role"],
            registry=registry,
        )
        self.shadow_searches = _counter(
            "shadow_searches", "Searches beside those shown: searched, failed, dropped.", ["outcome"], registry=registry
        )
        self.shadow_overlap = _histogram(
            "shadow_overlap", "Share of what was shown that the shadow has too.", buckets=SHARES, registry=registry
        )
        self.shadow_seconds = _histogram("shadow_seconds", "Time of a search in the shadow.", registry=registry)
        self.bundle_info = _gauge("bundle_info", "The bundle that serves.", ["bundle"], registry=registry)
        for result in ("matched", "late", "unknown"):
            self.events_compacted.labels(result)
        for outcome in ("served", "failed"):
            self.catalogue_compactions.labels(outcome)
        for log in LOGS:
            for outcome in ("written", "lost", "refused"):
                self.log_lines.labels(log, outcome)

    def searched(self, slate: Slate, degraded: Iterable[str], arm: str | None, *, role: str) -> None:
        """Count and time one search."""
        outcome = "infeasible" if slate.infeasible else "hits" if slate.item_ids else "empty"
        self.searches.labels(outcome).inc()
        for one in arm.split(JOINED) if arm else ():
            self.experiment_searches.labels(one, outcome).inc()
        if slate.seed is not None:
            self.searches_explored.inc()
        self.bundle_search_seconds.labels(slate.bundle, role).observe(slate.seconds["total"])
        for reason in degraded:
            self.searches_degraded.labels(reason).inc()
        for stage, seconds in slate.seconds.items():
            self.search_stage_seconds.labels(stage).observe(seconds)

    def log_observer(self, log: str) -> Callable[[str, int], None]:
        """What a journal tells about its lines."""
        return lambda outcome, n: self.log_lines.labels(log, outcome).inc(n)

    def exposition(self) -> bytes:
        """The metrics in Prometheus' text format, of all workers."""
        if MULTIPROCESS_FOLDER in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            return generate_latest(registry)
        return generate_latest(self._registry)
