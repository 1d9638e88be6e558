"""Prometheus metrics of page analysis, from the counts that each analysis comes with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry

from trimtab.service.observability.declared import MetricSet, counter

MAX_SITES = 200
"""Sites with labels of their own in one worker; those after them count as `other`."""


class PageMetrics(MetricSet):
    """Each attribute is one of them, named `trimtab_<attribute>` on `/metrics`."""

    pages = counter("Pages analysed, by kind: product, listing, checkout or other.", "kind")
    page_levels = counter("Product pages, by the highest feature level that was used.", "level")
    page_elements = counter("Elements of product pages, by outcome: found or abstained.", "element", "outcome")
    page_confidences = counter(
        "Elements by confidence: at most the bound and above the next lower one.", "element", "at_most"
    )
    page_prices_compared = counter("Product pages that state a price in their data and show one.", "site")
    page_prices_disagreed = counter("Product pages whose stated and shown prices differ.", "site")
    pages_truncated = counter("Pages that were cut to the limits of size.")
    page_analysis_seconds = counter("Seconds spent on the analysis of pages.")

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(registry)
        self._sites: set[str] = set()

    def count(self, counted: Mapping[str, Any]) -> None:
        """Add `PageCounters.as_dict`."""
        for kind, n in counted["kinds"].items():
            self.pages.labels(kind).inc(n)
        for level, n in counted["levels"].items():
            self.page_levels.labels(level).inc(n)
        for outcome in ("found", "abstained"):
            for element, n in counted[outcome].items():
                self.page_elements.labels(element, outcome).inc(n)
        for element, at_most, n in counted["confidences"]:
            self.page_confidences.labels(element, f"{at_most:g}").inc(n)
        for site, n in counted["compared"].items():
            label = self._label(site)
            self.page_prices_compared.labels(label).inc(n)
            self.page_prices_disagreed.labels(label).inc(counted["disagreed"].get(site, 0))
        self.pages_truncated.inc(counted["truncated"])
        self.page_analysis_seconds.inc(counted["seconds"])

    def _label(self, site: str) -> str:
        if site not in self._sites and len(self._sites) >= MAX_SITES:
            return "other"
        self._sites.add(site)
        return site
