"""The price of one page over time. The node that won is remembered, and only that node's container is believed.

A visit looks for the remembered node: at its path, else the node with its signature in the container it stood in. It
never
moves to another container: where the price is gone, the product is unavailable. What the node says must still be an
offer, not a variant's, a used item's, a shipping cost, a unit price or an instalment. A change is reported when two
signals agree on it, or when it is seen on two visits running.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from trimtab.webpages.analyze import classify
from trimtab.webpages.counters import site_of
from trimtab.webpages.parse.candidates import Candidate, mark
from trimtab.webpages.parse.dom import Dom, parse
from trimtab.webpages.parse.reading import Reading
from trimtab.webpages.parse.structured import read_structured
from trimtab.webpages.parse.words import role_bit, roles_of, said_in
from trimtab.webpages.predict.model import ElementModel, shipped_model
from trimtab.webpages.predict.scorer import Candidates

CONTAINER_HEIGHT = 4
"""How far above the price its container is taken: the block that holds the price and its labels."""

_VARIANT_TAGS = frozenset({"option", "label", "select"})
_ROLE_WORDS = (("used", "used"), ("shipping", "shipping"), ("unit", "unit"), ("instalment", "instalment"))


@dataclass(frozen=True, slots=True)
class Watch:
    """What is remembered of a page between visits; plain values, so that it can be kept in Redis or JSON.

    Attributes:
        path, signature: of the winning node; `container` is the path of the block around it.
        price, currency: last confirmed; price is a decimal string, None while unavailable.
        pending: a price seen once and not yet confirmed.
    """

    url: str
    path: str
    signature: str
    container: str
    price: str | None
    currency: str | None
    status: str = "available"
    pending: str | None = None
    n_visits: int = 1


@dataclass(frozen=True, slots=True)
class Visit:
    """One look at a page.

    Attributes:
        price: what the remembered node said, None where it was gone.
        role: `offer`, or what the node's price is instead (`variant`, `used`, `shipping`, `unit`, `instalment`), or
        `gone`.
        signals: which of `node`, `structured`, `model` said the price.
        alert: whether the change is believed and to be reported.
    """

    url: str
    site: str
    timestamp: str
    price: str | None
    currency: str | None
    role: str
    status: str
    signals: tuple[str, ...] = ()
    alert: bool = False
    previous: str | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Visit:
        """From what `as_dict` gives."""
        return cls(**{**values, "signals": tuple(values["signals"])})

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"signals": list(self.signals)}


@dataclass(slots=True)
class _Seen:
    reading: Reading
    prices: list[Candidate]
    chosen: str | None
    currency: str | None
    path: str
    kind: str
    stated: set[str] = field(default_factory=set)


def watch(
    html: bytes | str, url: str, timestamp: datetime, *, model: ElementModel | None = None
) -> tuple[Watch | None, Visit]:
    """First visit: remember the winning node. No watch where the page has no price to follow."""
    seen = _see(html, url, model)
    if seen.chosen is None:
        return None, _visit(url, timestamp)
    dom = seen.reading.dom
    element = dom.find(seen.path)
    if element is None:
        return None, _visit(url, timestamp)
    shown = _shown_as(seen, Decimal(seen.chosen), element)
    container = _container(dom, shown)
    kept = Watch(url, dom.path(shown), _signature(dom, shown), dom.path(container), seen.chosen, seen.currency)
    signals = ("node", "model", *(("structured",) if seen.chosen in seen.stated else ()))
    return kept, _visit(
        url, timestamp, price=seen.chosen, currency=seen.currency, role="offer", status="available", signals=signals
    )


def revisit(
    known: Watch, html: bytes | str, timestamp: datetime, *, model: ElementModel | None = None
) -> tuple[Watch, Visit]:
    """Look again. The returned watch replaces the known one; the visit goes into the history."""
    seen = _see(html, known.url, model)
    node = _find_node(seen, known)
    role = price_role(seen.reading, node) if node is not None else "gone"
    money = node.money if node is not None and role == "offer" else None
    if money is None:
        confirmed = (
            known.status == "unavailable" or known.pending == "gone" or (not seen.stated and seen.chosen is None)
        )
        status = "unavailable" if confirmed else known.status
        alert = confirmed and known.status == "available"
        kept = replace(
            known,
            status=status,
            price=None if confirmed else known.price,
            pending=None if confirmed else "gone",
            n_visits=known.n_visits + 1,
        )
        return kept, _visit(
            known.url,
            timestamp,
            currency=known.currency,
            role=role,
            status=status,
            alert=alert,
            previous=known.price,
        )
    price = money.text
    signals = ["node"]
    if price in seen.stated:
        signals.append("structured")
    if seen.chosen is not None and Decimal(seen.chosen) == money.value:
        signals.append("model")
    changed = known.price is None or Decimal(price) != Decimal(known.price)
    believed = not changed or len(signals) >= 2 or known.pending == price
    element = node.element if node is not None else 0
    dom = seen.reading.dom
    kept = replace(
        known,
        path=dom.path(element),
        price=price if believed else known.price,
        status="available" if believed else known.status,
        pending=None if believed else price,
        n_visits=known.n_visits + 1,
    )
    return kept, _visit(
        known.url,
        timestamp,
        price=price,
        currency=money.currency or known.currency,
        role="offer",
        status=kept.status,
        signals=tuple(signals),
        alert=changed and believed,
        previous=known.price,
    )


def _visit(
    url: str,
    timestamp: datetime,
    *,
    price: str | None = None,
    currency: str | None = None,
    role: str = "gone",
    status: str = "unavailable",
    signals: tuple[str, ...] = (),
    alert: bool = False,
    previous: str | None = None,
) -> Visit:
    return Visit(url, site_of(url), timestamp.isoformat(), price, currency, role, status, signals, alert, previous)


def _see(html: bytes | str, url: str, model: ElementModel | None) -> _Seen:
    dom = parse(html)
    reading = Reading.of(dom, read_structured(dom), url)
    candidates = Candidates.of(reading)
    page = classify(reading, model or shipped_model(), candidates=candidates)
    price = page.elements.get("price")
    stated = {fact.money.text for fact in reading.structured.prices if fact.role in ("price", "low")}
    return _Seen(
        reading,
        [c for c in candidates.by_kind["price"] if c.source in ("text", "microdata")],
        price.value if price else None,
        price.currency if price else None,
        price.path if price else "",
        page.kind,
        stated,
    )


def _shown_as(seen: _Seen, value: Decimal, element: int) -> int:
    """The element a shopper reads the price from, where the winner was a statement in the page's head."""
    if any(c.element == element and c.source == "text" for c in seen.prices):
        return element
    offers = [c for c in seen.prices if c.money and c.money.value == value and price_role(seen.reading, c) == "offer"]
    anchor = seen.reading.name_anchor
    return min(offers, key=lambda c: (abs(c.element - anchor), c.element)).element if offers else element


def _container(dom: Dom, element: int) -> int:
    above = dom.ancestors(element, CONTAINER_HEIGHT)
    inside = [a for a in above if dom.tags[a] not in ("html", "body")]
    return inside[-1] if inside else element


def _signature(dom: Dom, element: int) -> str:
    parent = dom.parents[element]
    above = dom.attribute(parent, "class") if parent >= 0 else ""
    return "|".join((dom.tags[element], dom.attribute(element, "class"), dom.attribute(element, "itemprop"), above))


def _find_node(seen: _Seen, known: Watch) -> Candidate | None:
    """The price at the remembered path, else the one of its signature inside the remembered container; never
    elsewhere."""
    dom = seen.reading.dom
    element, container = dom.find(known.path), dom.find(known.container)
    at_path = [c for c in seen.prices if c.element == element and _signature(dom, c.element) == known.signature]
    if at_path:
        return at_path[0]
    if container is None:
        return None
    inside = [c for c in seen.prices if container <= c.element < dom.ends[container]]
    alike = [c for c in inside if _signature(dom, c.element) == known.signature]
    offers = [c for c in alike if price_role(seen.reading, c) == "offer"]
    return offers[0] if offers else None


def price_role(reading: Reading, candidate: Candidate) -> str:
    """What a shown price is: `offer`, `old`, `variant`, `used`, `shipping`, `unit` or `instalment`."""
    dom, element = reading.dom, candidate.element
    above = [element, *dom.ancestors(element, 2)]
    marks = 0
    for current in above:
        marks |= roles_of(mark(dom, current))
        if dom.tags[current] in _VARIANT_TAGS or dom.attribute(current, "role") in ("radio", "option"):
            return "variant"
        if dom.tags[current] in ("del", "s", "strike"):
            return "old"
    first, last = dom.segment_starts[element], dom.segment_ends[element]
    parent = dom.parents[element]
    block = dom.text(parent)[:100] if parent >= 0 and dom.text_length(parent) <= 100 else ""
    before = (
        dom.segments[first - 1][-30:]
        if first and dom.segment_owners[first - 1] >= (parent if parent >= 0 else 0)
        else ""
    )
    after = (
        dom.segments[last][:20]
        if last < len(dom.segments) and dom.segment_owners[last] < dom.ends[max(parent, 0)]
        else ""
    )
    said = said_in(block or f"{before} {candidate.text} {after}")
    for role, words in _ROLE_WORDS:
        if words in said or (role != "used" and marks & role_bit(role)):
            return role
    return "offer"


HISTORY_SCHEMA: dict[str, Any] = {
    "url": pl.String, "site": pl.String, "timestamp": pl.String, "price": pl.String, "currency": pl.String,
    "role": pl.String,
    "status": pl.String, "signals": pl.List(pl.String), "alert": pl.Boolean, "previous": pl.String,
}  # fmt: skip


def history_frame(visits: Iterable[Visit]) -> pl.DataFrame:
    return pl.DataFrame([visit.as_dict() for visit in visits], schema=HISTORY_SCHEMA)


def append_history(path: Path, visits: Sequence[Visit]) -> None:
    """Add visits to a Parquet history; written aside and renamed, so that a reader sees all or nothing."""
    frame = history_frame(visits)
    if path.exists():
        frame = pl.concat([pl.read_parquet(path), frame])
    aside = path.with_name(f".{path.name}.aside")
    frame.write_parquet(aside)
    aside.replace(path)
