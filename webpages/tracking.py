"""The price of one page over time. The node that won is remembered, and only that node's container is believed.

A visit looks for the remembered node: at its path, else the node with its signature in the container it stood in. It
never moves to another container: where the price is gone, the product is unavailable, and so it is where the page says
that it is sold out, with the price still shown. What the node says must still be an offer, not the price of a variant
or a used item, a shipping cost, a unit price or an instalment. A change is reported when two signals agree on it, or
when two visits in a row find it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from trimtab.text.money import Money
from trimtab.webpages.analyze import classify
from trimtab.webpages.counters import site_of
from trimtab.webpages.features.availability import GONE
from trimtab.webpages.history import Visit
from trimtab.webpages.parse.candidates import Candidate
from trimtab.webpages.parse.dom import Dom, parse
from trimtab.webpages.parse.reading import Reading
from trimtab.webpages.parse.statements.structured import read_structured
from trimtab.webpages.predict.model import ElementModel, shipped_model
from trimtab.webpages.predict.price_role import price_role
from trimtab.webpages.predict.scorer import Candidates

SURE_FROM = 0.8
"""Confidence from which one visit is enough to call a product sold out."""
CONTAINER_HEIGHT = 4
"""How far above the price its container is taken: the block that holds the price and its labels."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What is remembered of a page between visits, in plain values that Redis or JSON can keep.

    Attributes:
        path, signature: of the winning node; `container` is the path of the block around it.
        price, currency: last confirmed; price is a decimal string, None while the page shows none.
        status: `available`, or `unavailable`: sold out, or without its price.
        pending: a price seen once and not yet confirmed, or `gone` or `sold out`.
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
class _Analysis:
    """A visited page: what can be a price on it, and what the model and the page's statements say.

    Attributes:
        prices: candidates that a shopper sees, or that microdata marks.
        chosen, currency, path: the price the model chose; None and empty where it chose none.
        stated: prices of the structured data.
        sold_out: confidence that the product cannot be had, 0 where it can.
    """

    reading: Reading
    prices: list[Candidate]
    chosen: str | None
    currency: str | None
    path: str
    stated: frozenset[str]
    sold_out: float

    @classmethod
    def of(cls, html: bytes | str, url: str, model: ElementModel | None) -> _Analysis:
        dom = parse(html)
        reading = Reading.of(dom, read_structured(dom, url), url)
        candidates = Candidates.of(reading)
        page = classify(reading, model or shipped_model(), candidates=candidates)
        price, availability = page.elements.get("price"), page.elements.get("availability")
        is_gone = availability is not None and availability.value in GONE
        return cls(
            reading,
            [c for c in candidates.by_kind["price"] if c.source in ("text", "microdata")],
            price.value if price else None,
            price.currency if price else None,
            price.path if price else "",
            frozenset(fact.money.text for fact in reading.structured.prices if fact.role in ("price", "low")),
            availability.confidence if availability is not None and is_gone else 0.0,
        )


def watch(
    html: bytes | str, url: str, timestamp: datetime, *, model: ElementModel | None = None
) -> tuple[Watch | None, Visit]:
    """First visit: remember the winning node. No watch where the page has no price to follow."""
    analysis = _Analysis.of(html, url, model)
    dom = analysis.reading.dom
    element = None if analysis.chosen is None else dom.find(analysis.path)
    visit = Visit(url, site_of(url), timestamp.isoformat())
    if analysis.chosen is None or element is None:
        return None, visit
    shown = _shown_as(analysis, Decimal(analysis.chosen), element)
    kept = Watch(
        url,
        path=dom.path(shown),
        signature=_signature(dom, shown),
        container=dom.path(_container(dom, shown)),
        price=analysis.chosen,
        currency=analysis.currency,
        status="unavailable" if analysis.sold_out else "available",
    )
    signals = ("node", "model", *(("structured",) if analysis.chosen in analysis.stated else ()))
    return kept, replace(
        visit, price=kept.price, currency=kept.currency, role="offer", status=kept.status, signals=signals
    )


def revisit(
    known: Watch, html: bytes | str, timestamp: datetime, *, model: ElementModel | None = None
) -> tuple[Watch, Visit]:
    """A later visit. The returned watch replaces the known one; the visit goes into the history."""
    analysis = _Analysis.of(html, known.url, model)
    node = _find_node(analysis, known)
    role = price_role(analysis.reading, node) if node is not None else "gone"
    visit = Visit(
        known.url, site_of(known.url), timestamp.isoformat(), currency=known.currency, role=role, previous=known.price
    )
    known = replace(known, n_visits=known.n_visits + 1)
    if node is None or node.money is None or role != "offer":
        return _without_offer(known, visit, analysis)
    if analysis.sold_out:
        return _sold_out(known, visit, analysis, node.element, node.money)
    return _with_offer(known, visit, analysis, node.element, node.money)


def _without_offer(known: Watch, visit: Visit, analysis: _Analysis) -> tuple[Watch, Visit]:
    """The remembered price is not there: believed at once where nothing else on the page is a price, else the second
    time."""
    has_no_price = not analysis.stated and analysis.chosen is None
    if known.status == "unavailable" or known.pending == "gone" or has_no_price:
        kept = replace(known, status="unavailable", price=None, pending=None)
        return kept, replace(visit, status=kept.status, alert=known.status == "available")
    return replace(known, pending="gone"), replace(visit, status=known.status)


def _sold_out(known: Watch, visit: Visit, analysis: _Analysis, element: int, money: Money) -> tuple[Watch, Visit]:
    """The price is there and the product is not: believed at once where little speaks against it, else the second
    time."""
    is_believed = analysis.sold_out >= SURE_FROM or known.pending == "sold out"
    path = analysis.reading.dom.path(element)
    if known.status == "available" and not is_believed:
        kept = replace(known, path=path, pending="sold out")
    else:
        kept = replace(known, path=path, status="unavailable", price=money.text, pending=None)
    has_changed = kept.status != known.status
    visit = replace(visit, price=money.text, currency=money.currency or known.currency, status=kept.status)
    return kept, replace(visit, signals=("node", "availability"), alert=has_changed)


def _with_offer(known: Watch, visit: Visit, analysis: _Analysis, element: int, money: Money) -> tuple[Watch, Visit]:
    """The remembered price is there: a change is believed where two signals agree on it, or the second time."""
    price = money.text
    signals = ["node"]
    if price in analysis.stated:
        signals.append("structured")
    if analysis.chosen is not None and Decimal(analysis.chosen) == money.amount:
        signals.append("model")
    was_gone = known.price is None or known.status == "unavailable"
    has_changed = was_gone or money.amount != Decimal(known.price or 0)
    path = analysis.reading.dom.path(element)
    if not has_changed or len(signals) >= 2 or known.pending == price:
        kept = replace(known, path=path, price=price, status="available", pending=None)
    else:
        kept = replace(known, path=path, pending=price)
    return kept, replace(
        visit,
        price=price,
        currency=money.currency or known.currency,
        status=kept.status,
        signals=tuple(signals),
        alert=has_changed and kept.pending is None,
    )


def _shown_as(analysis: _Analysis, value: Decimal, element: int) -> int:
    """The element a shopper reads the price from, where the winner was a statement in the page's head."""
    if any(c.element == element and c.source == "text" for c in analysis.prices):
        return element
    offers = [
        c for c in analysis.prices if c.money and c.money.amount == value and price_role(analysis.reading, c) == "offer"
    ]
    anchor = analysis.reading.name_anchor
    return min(offers, key=lambda c: (abs(c.element - anchor), c.element)).element if offers else element


def _container(dom: Dom, element: int) -> int:
    above = dom.ancestors(element, CONTAINER_HEIGHT)
    inside = [a for a in above if dom.tags[a] not in ("html", "body")]
    return inside[-1] if inside else element


def _signature(dom: Dom, element: int) -> str:
    parent = dom.parents[element]
    above = dom.attribute(parent, "class") if parent >= 0 else ""
    return "|".join((dom.tags[element], dom.attribute(element, "class"), dom.attribute(element, "itemprop"), above))


def _find_node(analysis: _Analysis, known: Watch) -> Candidate | None:
    """The price at the remembered path, else the one of its signature inside the remembered container; never
    elsewhere."""
    dom = analysis.reading.dom
    element, container = dom.find(known.path), dom.find(known.container)
    at_path = [c for c in analysis.prices if c.element == element and _signature(dom, c.element) == known.signature]
    if at_path:
        return at_path[0]
    if container is None:
        return None
    inside = [c for c in analysis.prices if container <= c.element < dom.ends[container]]
    alike = [c for c in inside if _signature(dom, c.element) == known.signature]
    offers = [c for c in alike if price_role(analysis.reading, c) == "offer"]
    return offers[0] if offers else None
