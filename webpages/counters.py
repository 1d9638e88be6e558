"""Plain counts of analysed pages; the service turns them into Prometheus metrics."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from trimtab.webpages.page import Page

MAX_SITES = 1_000
CONFIDENCE_BUCKETS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
WATCHED = ("price", "name", "image", "add_to_cart", "sku", "availability")


@dataclass(slots=True)
class PageCounters:
    """Counts since the start of the process. Not locked: one owner adds.

    Attributes:
        kinds: pages by kind.
        levels: product pages by the highest feature level used.
        found, abstained: product pages by element that was given, or left out.
        confidences: (element, upper bound) -> how many confidences fell at or below it; not cumulative.
        compared, disagreed: pages by site where the stated and the chosen price could be compared, and differed.
        truncated: pages cut to the limits.
        seconds: time spent in analysis.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    levels: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    abstained: Counter[str] = field(default_factory=Counter)
    confidences: Counter[tuple[str, float]] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)
    disagreed: Counter[str] = field(default_factory=Counter)
    truncated: int = 0
    seconds: float = 0.0

    def add(self, page: Page) -> None:
        self.kinds[page.kind] += 1
        self.truncated += page.truncated
        self.seconds += page.seconds
        if page.kind != "product":
            return
        self.levels[page.level] += 1
        for name in WATCHED:
            element = page.elements.get(name)
            if element is None:
                self.abstained[name] += 1
                continue
            self.found[name] += 1
            bound = next(bound for bound in CONFIDENCE_BUCKETS if element.confidence <= bound)
            self.confidences[name, bound] += 1
        self._compare(page)

    def _compare(self, page: Page) -> None:
        price = page.elements.get("price")
        if page.stated_price is None or (price is None and not page.price_disputed):
            return
        site = site_of(page.url)
        if site not in self.compared and len(self.compared) >= MAX_SITES:
            site = "other"
        self.compared[site] += 1
        try:
            self.disagreed[site] += price is None or Decimal(price.value) != Decimal(page.stated_price)
        except InvalidOperation:
            self.disagreed[site] += 1

    def as_dict(self) -> dict[str, Any]:
        """The counts in plain values, for another process."""
        return {
            **{name: dict(getattr(self, name)) for name in ("kinds", "levels", "found", "abstained")},
            "confidences": [[element, bound, n] for (element, bound), n in self.confidences.items()],
            "compared": dict(self.compared),
            "disagreed": dict(self.disagreed),
            "truncated": self.truncated,
            "seconds": self.seconds,
        }

    def disagreement(self) -> dict[str, float]:
        """Share of compared pages by site on which structured data and the chosen price differ."""
        return {site: self.disagreed[site] / n for site, n in self.compared.items()}


def site_of(url: str | None) -> str:
    """Host of a page without `www.`; empty where unknown."""
    try:
        return (urlsplit(url or "").hostname or "").removeprefix("www.")
    except ValueError:
        return ""
