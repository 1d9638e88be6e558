"""What an analysis returns: the page's kind and its elements, frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Element:
    """One recognised element.

    Attributes:
        value: prices are decimal strings with a point, availability has schema.org's name, an image is its address.
        confidence: chance to be right, 0..1.
        path: of the node it was read from, as `webpages.parse.dom.Dom.path` writes it; empty where it is in no node.
        evidence: of `structured`, `text`, `style`, `layout`, those that spoke for it.
        currency: ISO 4217, prices only.
    """

    value: str
    confidence: float
    path: str = ""
    evidence: tuple[str, ...] = ()
    currency: str | None = None

    def as_dict(self) -> dict[str, Any]:
        row: dict[str, Any] = {"value": self.value}
        if self.currency is not None:
            row["currency"] = self.currency
        return row | {"confidence": round(self.confidence, 4), "path": self.path, "evidence": list(self.evidence)}


@dataclass(frozen=True, slots=True)
class Page:
    """An analysed page.

    Attributes:
        kind: `product`, `listing`, `checkout` or `other`.
        confidence: chance that the page is a product page (0..1), whatever `kind` says.
        elements: by name; what is not there, or not sure enough, is left out.
        abstained: element -> why it is left out, on pages whose elements were looked for.
        forms: analysed forms, as `trimtab.webpages.predict.forms.Forms.as_dicts` gives them.
        level: the highest feature level used (`text`, `style`, `layout`).
        price_disputed: whether the price is left out because the page states another one than it shows.
        stated_price: the first price of the structured data, for the monitoring of disagreements.
        truncated: whether the page was cut to stay within the limits.
        seconds: time taken.
    """

    kind: str
    confidence: float
    elements: Mapping[str, Element] = field(default_factory=dict)
    abstained: Mapping[str, str] = field(default_factory=dict)
    forms: tuple[Mapping[str, Any], ...] = ()
    url: str | None = None
    level: str = "text"
    stated_price: str | None = None
    price_disputed: bool = False
    truncated: bool = False
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """The object `trimtab pages analyze --json` prints."""
        return {
            "kind": self.kind,
            "confidence": round(self.confidence, 4),
            "url": self.url,
            "elements": {name: element.as_dict() for name, element in self.elements.items()},
            "abstained": dict(self.abstained),
            "forms": [dict(form) for form in self.forms],
            "level": self.level,
            "truncated": self.truncated,
        }
