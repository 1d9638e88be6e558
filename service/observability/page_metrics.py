"""Prometheus metrics of page analysis, from the counts that each analysis comes with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter

MAX_SITES = 200
"""Sites with labels of their own in one worker; those after them count as `other`."""


class PageMetrics:
    """Named `trimtab_page...` on `/metrics`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, meaning: str, *labels: str) -> Counter:
            return Counter(name, meaning, labels, namespace="trimtab", registry=registry)

        self._kinds = counter("pages", "Pages analysed, by kind: product, listing, checkout or other.", "kind")
        self._levels = counter("page_levels", "Product pages, by the highest feature level that was used.", "level")
        self._elements = counter(
            "page_elements", "Elements of product pages, by outcome: found or abstained.", "element", "outcome"
        )
        self._confidences = counter(
            "page_confidences",
            "Elements by confidence: at most the bound and above the next lower one.",
            "element",
            "at_most",
        )
        self._compared = counter(
            "page_prices_compared", "Product pages that state a price in their data and show one.", "site"
        )
        self._disagreed = counter(
            "page_prices_disagreed", "Product pages whose stated and shown prices differ.", "site"
        )
        self._truncated = counter("pages_truncated", "Pages that were cut to the limits of size.")
        self._seconds = counter("page_analysis_seconds", "Seconds spent on the analysis of pages.")
        self._sites: set[str] = set()

    def count(self, counted: Mapping[str, Any]) -> None:
        """Add `PageCounters.as_dict`."""
        for kind, n in counted["kinds"].items():
            self._kinds.labels(kind).inc(n)
        for level, n in counted["levels"].items():
            self._levels.labels(level).inc(n)
        for outcome in ("found", "abstained"):
            for element, n in counted[outcome].items():
                self._elements.labels(element, outcome).inc(n)
        for element, at_most, n in counted["confidences"]:
            self._confidences.labels(element, f"{at_most:g}").inc(n)
        for site, n in counted["compared"].items():
            label = self._label(site)
            self._compared.labels(label).inc(n)
            self._disagreed.labels(label).inc(counted["disagreed"].get(site, 0))
        self._truncated.inc(counted["truncated"])
        self._seconds.inc(counted["seconds"])

    def _label(self, site: str) -> str:
        if site not in self._sites and len(self._sites) >= MAX_SITES:
            return "other"
        self._sites.add(site)
        return site
