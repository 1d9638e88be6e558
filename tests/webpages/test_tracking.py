"""The price of one page over visits: changes, disappearances, and what is not an offer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.webpages.pages_made_here import ARTICLE, PRODUCT_URL, product
from trimtab.webpages.history import append_history
from trimtab.webpages.tracking import Watch, revisit, watch

START = datetime(2026, 3, 1, tzinfo=UTC)


def first(html: str) -> Watch:
    known, visit = watch(html, PRODUCT_URL, START)
    assert known is not None
    assert (visit.status, visit.alert) == ("available", False)
    return known


def later(days: int) -> datetime:
    return START + timedelta(days=days)


def test_two_signals_are_believed_at_once() -> None:
    known = first(product("49,90 €", stated="49.90"))
    known, visit = revisit(known, product("44,90 €", stated="44.90"), later(1))
    assert (visit.alert, visit.previous, visit.price, known.price) == (True, "49.90", "44.90", "44.90")
    assert set(visit.signals) >= {"node", "structured"}


def test_a_visit_without_change_says_nothing() -> None:
    known = first(product("49,90 €", stated="49.90"))
    known, visit = revisit(known, product("49,90 €", stated="49.90"), later(1))
    assert not visit.alert
    assert known.n_visits == 2


def test_a_price_that_is_gone_is_unavailable_and_no_other_container_is_taken() -> None:
    known = first(product("49,90 €"))
    gone = product(block='<div class="price-box"><span class="note">Ausverkauft</span></div>')
    for day in (1, 2):
        known, visit = revisit(known, gone, later(day))
        assert visit.price is None
        assert visit.role == "gone"
    assert (known.status, known.price) == ("unavailable", None)
    known, visit = revisit(known, product("52,90 €", stated="52.90"), later(3))
    assert (known.status, known.price, visit.alert) == ("available", "52.90", True)


@pytest.mark.parametrize(
    ("role", "block"),
    [
        ("shipping", '<div class="price-box">Versand: <span class="price">4,95 €</span></div>'),
        ("unit", '<div class="price-box"><span class="price">49,90 €</span> / kg</div>'),
        ("instalment", '<div class="price-box">12 x <span class="price">4,16 €</span> mensual</div>'),
        ("used", '<div class="price-box">gebraucht ab <span class="price">29,90 €</span></div>'),
        ("variant", '<div class="price-box"><label><span class="price">59,90 €</span></label></div>'),
        ("old", '<div class="price-box"><del><span class="price">49,90 €</span></del></div>'),
    ],
)
def test_what_is_no_offer_is_told_from_one(role: str, block: str) -> None:
    known = first(product("49,90 €"))
    _, visit = revisit(known, product(block=block), later(1))
    assert visit.price is None
    assert visit.role in (role, "gone")


def test_a_page_without_a_price_is_not_followed() -> None:
    known, visit = watch(ARTICLE, PRODUCT_URL, START)
    assert known is None
    assert visit.status == "unavailable"


def test_history_grows_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "history.parquet"
    known, visit = watch(product("49,90 €"), PRODUCT_URL, START)
    append_history(path, [visit])
    assert known is not None
    _, visit = revisit(known, product("44,90 €"), later(1))
    append_history(path, [visit])
    assert pl.read_parquet(path)["price"].to_list() == ["49.90", "44.90"]


def sold_out(price: str) -> str:
    html = product(price, stated="49.90").replace("schema.org/InStock", "schema.org/OutOfStock")
    html = html.replace("Sofort lieferbar", "Ausverkauft")
    return html.replace('class="add-to-cart">In den Warenkorb', "disabled>Ausverkauft")


def test_sold_out_with_the_price_still_shown_is_unavailable_and_coming_back_is_news() -> None:
    known = first(product("49,90 €", stated="49.90"))
    known, visit = revisit(known, sold_out("49,90 €"), later(1))
    assert (visit.status, visit.alert, visit.price, "availability" in visit.signals) == (
        "unavailable",
        True,
        "49.90",
        True,
    )
    known, visit = revisit(known, sold_out("49,90 €"), later(2))
    assert (visit.status, visit.alert) == ("unavailable", False)
    known, visit = revisit(known, product("49,90 €", stated="49.90"), later(3))
    assert (visit.status, visit.alert, known.status) == ("available", True, "available")


def test_what_is_sold_out_on_the_first_visit_is_followed_until_it_is_back() -> None:
    known, visit = watch(sold_out("49,90 €"), PRODUCT_URL, START)
    assert known is not None
    assert (visit.status, known.status) == ("unavailable", "unavailable")
    _, visit = revisit(known, product("49,90 €", stated="49.90"), later(1))
    assert (visit.status, visit.alert) == ("available", True)
