"""Searches beside an item: what is similar, what is had together, and that they are searches like any other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.support.bundles import train_quickly
from trimtab.abtest.ope.contexts import Search, contexts_of
from trimtab.catalog.shop import Shop
from trimtab.core.errors import NotFound
from trimtab.core.log import impression_row
from trimtab.core.records import Query, Related, Shopper
from trimtab.engine import Engine
from trimtab.engine.build.build import build_bundle
from trimtab.engine.live.live_engine import LiveEngine
from trimtab.engine.log.decisions import replay_decision
from trimtab.retrieval.filters import parse_filter, parse_sort

GOODS = [
    (f"{what}-{colour}", f"{colour.title()} {title}", what, colour, price)
    for what, title, price in (
        ("shirt", "cotton shirt", 20.0),
        ("tie", "silk tie", 30.0),
        ("lamp", "desk lamp", 60.0),
        ("bulb", "light bulb", 5.0),
    )
    for colour in ("red", "blue", "green")
]  # fmt: skip
FRAME = pl.DataFrame(
    {
        "item_id": [one[0] for one in GOODS],
        "title": [one[1] for one in GOODS],
        "category": [one[2] for one in GOODS],
        "price": [one[4] for one in GOODS],
        "attr_colour": [one[3] for one in GOODS],
        "attr_style": [one[2] for one in GOODS],
    }
)
SOLD = (
    [("lamp-red", "bulb-red")] * 6
    + [("lamp-red", "bulb-blue")] * 2
    + [("lamp-red", "tie-red"), ("shirt-red", "tie-red")] * 3
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Built twice: the second time with the log of a shop whose shoppers buy bulbs for their lamps."""
    folder = tmp_path_factory.mktemp("related")
    build_bundle(FRAME, folder / "first", source="frame", encoder="wordllama")
    first = Engine.load(folder / "first")
    slate = first.slate(Query("red", k=12, session_id="s", weights={"relevance": 1.0}))
    shown = first.impression(slate, datetime.now(UTC))
    rows = [
        impression_row(
            replace(
                shown,
                decision_id=f"{visit}",
                session_id=f"visit-{visit}",
                item_ids=bought,
                propensities=(1.0, 1.0),
                clicks=(1, 1),
                purchases=(1, 1),
            )
        )
        for visit, bought in enumerate(SOLD)
    ]
    with pytest.MonkeyPatch.context() as patch:
        train_quickly(patch)
        build_bundle(FRAME, folder / "second", source="frame", encoder="wordllama", log_rows=rows)
    return Engine.load(folder / "second")


def beside(kind: str, item_id: str, **asked: object) -> Query:
    return Query("", related=Related(kind, item_id), **asked)  # type: ignore[arg-type]


def test_similar_items_share_what_they_are_and_their_attributes(shop: Engine) -> None:
    slate = shop.slate(beside("similar", "shirt-red", weights={"relevance": 1.0}))
    assert {item.partition("-")[0] for item in slate.item_ids[:2]} == {"shirt"}
    assert "shirt-red" not in slate.item_ids
    assert slate.n_matches == len(GOODS) - 1
    assert slate.n_matches_exact
    assert slate.note is None
    red = shop.slate(beside("similar", "shirt-red", filters=(parse_filter("colour:red"),), facets=("colour",)))
    assert {item.partition("-")[2] for item in red.item_ids} == {"red"}
    assert red.facets["colour"].counts == {"blue": 4, "green": 4, "red": 3}


def test_what_is_bought_together_is_weighed_by_chances_and_prices(shop: Engine) -> None:
    by_relevance = shop.slate(beside("together", "lamp-red", weights={"relevance": 1.0}))
    assert by_relevance.item_ids == ("bulb-red", "bulb-blue", "tie-red")
    by_revenue = shop.slate(beside("together", "lamp-red", weights={"revenue": 1.0}))
    chances = {"bulb-red": 6 / 16, "bulb-blue": 2 / 16, "tie-red": 3 / 16}
    expected = sorted(chances, key=lambda item: -chances[item] * (30 if item == "tie-red" else 5))
    assert list(by_revenue.item_ids) == expected
    assert by_revenue.receipt["revenue"].change is not None
    assert by_revenue.receipt["revenue"].change > 0 > (by_revenue.receipt["relevance"].change or 0)
    by_price = shop.slate(beside("together", "lamp-red", sort=parse_sort("price:desc"), k=2))
    assert by_price.item_ids[0] == "tie-red"
    assert shop.slate(beside("together", "lamp-red", offset=2)).item_ids == by_relevance.item_ids[2:]


def test_no_evidence_is_said_in_a_sentence(shop: Engine, tmp_path: Path) -> None:
    nothing = shop.slate(beside("together", "bulb-green"))
    assert nothing.item_ids == ()
    assert nothing.note == f"none of {len(SOLD):,} visits with purchases has this item beside another one"
    build_bundle(FRAME, tmp_path / "bundle", source="frame", encoder="wordllama")
    note = Engine.load(tmp_path / "bundle").slate(beside("together", "lamp-red")).note
    assert note == "nobody's baskets are known: build the bundle with a log"
    with pytest.raises(NotFound, match="there is no item 'hat'"):
        shop.slate(beside("similar", "hat"))


@pytest.mark.parametrize("kind", ["similar", "together"])
def test_a_decision_beside_an_item_replays(shop: Engine, kind: str) -> None:
    weights = {"relevance": 0.5, "revenue": 0.4, "diversity": 0.1}
    query = beside(kind, "lamp-red", weights=weights, k=3, session_id="visit", explore=True, exploration_loss=0.1)
    row = impression_row(shop.impression(shop.slate(query), datetime.now(UTC)))
    assert row["related"] == f"{kind}:lamp-red"
    again = replay_decision(shop, row)
    assert again["reproduced"], again["differences"]
    contexts = contexts_of(shop, Search("", related=row["related"]), [Shopper()])
    scored = shop.score(query)
    assert contexts.rows.tolist() == scored.rows.tolist()
    np.testing.assert_array_equal(contexts.gains[0], scored.gains)


def test_variants_are_neither_similar_nor_companions_of_each_other(tmp_path: Path) -> None:
    build_bundle(
        FRAME,
        tmp_path / "bundle",
        source="frame",
        encoder="wordllama",
        shop=Shop.parse('[variants]\ngroup_by = "style"'),
    )
    engine = Engine.load(tmp_path / "bundle")
    found = engine.slate(beside("similar", "shirt-red"))
    assert {item.partition("-")[0] for item in found.item_ids} == {"tie", "lamp", "bulb"}
    assert len(found.item_ids) == found.n_matches == 3
    items = engine.slate(beside("similar", "shirt-red", group=False))
    assert {item.partition("-")[0] for item in items.item_ids} == {"tie", "lamp", "bulb"}
    assert len(items.item_ids) > 3, "those of other products, one by one"


def test_changes_to_the_catalogue_count(shop: Engine, tmp_path: Path) -> None:
    live = LiveEngine(shop, tmp_path)
    live.change([{"item_id": "bulb-red", "title": "Red light bulb, dimmable"}])
    live.change(delete=["bulb-blue"])
    engine = live.newest
    assert engine.slate(beside("together", "lamp-red", weights={"relevance": 1.0})).item_ids == ("bulb-red", "tie-red")
    assert "lamp-red" in engine.slate(beside("together", "bulb-red")).item_ids
    assert "bulb-blue" not in engine.slate(beside("similar", "bulb-red")).item_ids
