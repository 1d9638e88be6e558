"""Price lists, sales and stores: the prices and the stock that are shown are those that rank, filter and replay."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trimtab.catalog.shop import Shop
from trimtab.catalog.store import ItemStore
from trimtab.core.errors import BadParameter
from trimtab.core.log import impression_row
from trimtab.core.records import Query
from trimtab.engine import Engine
from trimtab.engine.build.build import build_bundle
from trimtab.engine.live.live_engine import LiveEngine
from trimtab.engine.log.decisions import replay_decision
from trimtab.engine.response import response_of
from trimtab.retrieval.filters import parse_filter, parse_sort

SHOP = Shop.parse(
    """
[prices.b2b]
column = "price_b2b"
currency = "USD"

[stores.lyon]
stock = "stock_lyon"
price = "price_lyon"
"""
)
BEFORE, DURING, AFTER = (datetime(2026, 3, day, 12, tzinfo=UTC).timestamp() for day in (1, 10, 20))
BY_REVENUE = {"revenue": 1.0}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    n = 12
    frame = pl.DataFrame(
        {
            "item_id": [str(number) for number in range(n)],
            "title": ["Red cotton shirt"] * n,
            "price": [100.0 + number for number in range(n)],
            "attr_price_b2b": [None, *(2000.0 - 10 * number for number in range(1, n))],
            "attr_stock_lyon": [float(number % 2) for number in range(n)],
            "attr_price_lyon": [500.0, *[None] * (n - 1)],
            "attr_sale_price": [None, 50.0, *[None] * (n - 2)],
            "attr_sale_start": [None, datetime(2026, 3, 5, tzinfo=UTC), *[None] * (n - 2)],
            "attr_sale_end": [None, datetime(2026, 3, 15, tzinfo=UTC), *[None] * (n - 2)],
        }
    )
    out = tmp_path_factory.mktemp("markets") / "bundle"
    build_bundle(frame, out, source="shop.csv", encoder="wordllama", shop=SHOP)
    return Engine.load(out)


def shown(engine: Engine, query: Query) -> dict[str, float | None]:
    engine = engine.in_market(query)
    slate = engine.slate(query)
    return {item["item_id"]: item["price"] for item in map(engine.store.display, slate.rows.tolist())}


def test_a_price_list_has_its_own_prices_and_ranges(shop: Engine) -> None:
    query = Query("shirt", k=12, weights=BY_REVENUE, price_list="b2b", moment=BEFORE)
    prices = shown(shop, query)
    assert prices["1"] == 1990
    assert prices["0"] is None  # it is not in the list
    assert next(iter(prices)) in ("1", "2")  # winsorised: the second counts as much as the first
    own, b2b = (
        next(one for one in engine.served if one.objective.name == "revenue")
        for engine in (shop, shop.in_market(query))
    )
    assert b2b.high == 1980
    assert b2b.range > 10 * own.range
    in_own, in_b2b = (
        np.ptp(engine.slate(replace(query, price_list=name)).scores)
        for name, engine in ((None, shop), ("b2b", shop.in_market(query)))
    )
    assert in_b2b == pytest.approx(in_own, rel=0.05)  # a weight moves as much by either


def test_answers_say_their_currency(shop: Engine) -> None:
    for price_list, currency in ((None, None), ("b2b", "USD")):
        query = Query("shirt", price_list=price_list, moment=BEFORE)
        engine = shop.in_market(query)
        assert response_of(engine.slate(query), engine.store)["currency"] == currency


def test_prices_have_the_decimals_of_their_currency() -> None:
    frame = pl.DataFrame({"item_id": ["1"], "title": ["Lamp"], "price": [12.3456]})
    for currency, shown in (("KWD", 12.346), ("EUR", 12.35), ("JPY", 12.35)):
        store = ItemStore.from_frame(frame).with_numbers({}, currency=currency)
        assert store.display(0)["price"] == shown


def test_a_sale_price_holds_in_its_period(shop: Engine) -> None:
    for moment, price in ((BEFORE, 101), (DURING, 50), (AFTER, 101)):
        assert shown(shop, Query("shirt", k=12, moment=moment))["1"] == price
    cheap = Query("shirt", k=12, filters=(parse_filter("price:..60"),), moment=DURING)
    assert list(shown(shop, cheap)) == ["1"]
    assert shown(shop, Query("shirt", filters=cheap.filters, moment=AFTER)) == {}
    first = shown(shop, Query("", k=1, sort=parse_sort("price"), moment=DURING))
    assert first == {"1": 50}


def test_a_store_has_its_own_stock_and_prices(shop: Engine) -> None:
    there = Query("shirt", k=12, filters=(parse_filter("in_stock:true"),), store="lyon", moment=BEFORE)
    assert set(shown(shop, there)) == {str(number) for number in range(1, 12, 2)}
    assert shown(shop, Query("shirt", k=12, store="lyon", moment=BEFORE))["0"] == 500


def test_markets_follow_a_live_catalogue(shop: Engine, tmp_path: Path) -> None:
    live = LiveEngine(shop, tmp_path)
    live.change([{"item_id": "2", "price": 7.0}])
    query = Query("shirt", k=12, filters=(parse_filter("price:..60"),), moment=DURING)
    assert shown(live.newest, query) == {"1": 50, "2": 7}


def test_a_decision_in_a_market_replays(shop: Engine) -> None:
    for asked in ({"price_list": "b2b"}, {"store": "lyon"}, {}):
        at = datetime.fromtimestamp(DURING, UTC)
        query = Query("shirt", k=5, weights={"relevance": 0.5, "revenue": 0.5}, moment=DURING, **asked)
        engine = shop.in_market(query)
        row = impression_row(engine.impression(engine.slate(query), at))
        again = replay_decision(shop, row)
        assert again["reproduced"], again["differences"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"price_list": "b2c"}, r"price_list: there is none called 'b2c' \(did you mean 'b2b'\?\); allowed: b2b"),
        ({"store": "Paris"}, "store: there is none called 'Paris'.*allowed: lyon"),
    ],
)
def test_an_unknown_market_is_refused_by_name(shop: Engine, asked: dict[str, str], said: str) -> None:
    with pytest.raises(BadParameter, match=said):
        shop.in_market(Query("shirt", **asked))


def test_the_discount_is_that_of_the_sale_that_holds(shop: Engine) -> None:
    reduced = Query("shirt", k=12, filters=(parse_filter("discount:0.3.."),))
    assert shown(shop, replace(reduced, moment=DURING)) == {"1": 50.0}
    assert shown(shop, replace(reduced, moment=BEFORE)) == shown(shop, replace(reduced, moment=AFTER)) == {}
