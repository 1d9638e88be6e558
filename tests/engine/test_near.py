"""Distances: items near somebody, by places of their own or by the stores that have them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from trimtab.catalog.feeds.reading import read_feed
from trimtab.catalog.shop import Shop
from trimtab.core.errors import BadParameter
from trimtab.core.log import impression_row
from trimtab.core.places import Place, parse_place
from trimtab.core.records import Query
from trimtab.engine import Engine
from trimtab.engine.build.build import build_bundle
from trimtab.engine.live.live_engine import LiveEngine
from trimtab.engine.log.decisions import replay_decision
from trimtab.engine.response import response_of
from trimtab.retrieval.filters import parse_filter, parse_near, parse_sort

CITIES = {"paris": (48.857, 2.352), "lyon": (45.764, 4.836), "berlin": (52.52, 13.405), "lille": (50.629, 3.057)}
VERSAILLES = Place(48.804, 2.13)
CLOSE = '[objectives.close]\nvalue = "exp(-distance / 100)"\n'
N = 12


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """A marketplace whose sellers are in cities; one item is nowhere."""
    rows = [(f"{city}-{number}", f"Used oak table {number}", *CITIES[city]) for number in range(3) for city in CITIES]
    lines = [f"{item_id},{title},{10 + n},{lat},{lon}" for n, (item_id, title, lat, lon) in enumerate(rows)]
    folder = tmp_path_factory.mktemp("market")
    (folder / "feed.csv").write_text("\n".join(["id,title,price,lat,lng", *lines, "nowhere,Used oak table 9,9,,"]))
    (folder / "shop.toml").write_text(CLOSE)
    feed = read_feed(folder / "feed.csv", folder / "shop.toml")
    build_bundle(feed.items, folder / "bundle", source="feed.csv", encoder="wordllama", shop=feed.shop)
    return Engine.load(folder / "bundle")


def hits(engine: Engine, query: Query) -> list[dict[str, object]]:
    engine = engine.in_market(query)
    found: list[dict[str, object]] = response_of(engine.slate(query), engine.store)["hits"]
    return found


def cities(engine: Engine, query: Query) -> list[str]:
    return [str(hit["item_id"]).partition("-")[0] for hit in hits(engine, query)]


def test_the_nearest_items_come_first_and_say_how_far_they_are(market: Engine) -> None:
    found = hits(market, Query("", k=N + 1, sort=parse_sort("distance"), near=VERSAILLES))
    assert [str(hit["item_id"]).partition("-")[0] for hit in found] == [
        *("paris",) * 3, *("lille",) * 3, *("lyon",) * 3, *("berlin",) * 3, "nowhere",
    ]  # fmt: skip
    away = [hit["attributes"].get("distance") for hit in found]  # type: ignore[attr-defined]
    assert away[0] == pytest.approx(17.3, abs=0.2)
    assert away[-1] is None


def test_a_radius_is_a_filter_and_distances_are_a_facet(market: Engine) -> None:
    near = Query("table", k=N, near=VERSAILLES, filters=(parse_filter("distance:..250km"),), facets=("distance",))
    assert set(cities(market, near)) == {"paris", "lille"}
    facet = market.in_market(near).slate(near).facets["distance"]
    assert (sum(facet.counts.values()), facet.missing) == (N, 1)  # disjunctive: of all distances
    assert set(cities(market, Query("table", near=VERSAILLES, filters=(parse_filter("distance:300.."),)))) == {
        "lyon",
        "berlin",
    }


def test_an_objective_may_be_made_of_distances(market: Engine) -> None:
    weights = {"relevance": 0.1, "close": 0.9}
    assert cities(market, Query("table", k=3, weights=weights, near=VERSAILLES)) == ["paris"] * 3
    assert cities(market, Query("table", k=3, weights=weights, near=Place(52.4, 13.1))) == ["berlin"] * 3
    nobody = market.slate(Query("table", weights=weights))
    assert (nobody.gains[:, nobody.objectives.index("close")] == 0).all()


def test_changes_to_places_count_at_once_and_decisions_replay(market: Engine, tmp_path: Path) -> None:
    live = LiveEngine(market, tmp_path)
    live.change([{"item_id": "lyon-0", "attr_latitude": 48.81, "attr_longitude": 2.12}])
    query = Query("table", k=4, near=VERSAILLES, weights={"relevance": 0.2, "close": 0.8})
    assert cities(live.newest, Query("", k=1, near=VERSAILLES, sort=parse_sort("distance"))) == ["lyon"]
    engine = live.newest.in_market(query)
    row = impression_row(engine.impression(engine.slate(query), datetime.now(UTC)))
    assert parse_place(row["near"]) == VERSAILLES
    again = replay_decision(live.newest, row)
    assert again["reproduced"], again["differences"]


STORES = Shop.parse(
    """
[stores.paris]
stock = "stock_paris"
latitude = 48.857
longitude = 2.352
[stores.lyon]
stock = "stock_lyon"
latitude = 45.764
longitude = 4.836
[attributes.distance]
unit = "mi"
"""
)


def test_without_places_of_their_own_items_are_where_a_store_has_them(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "item_id": ["both", "lyon", "none"],
            "title": ["Blue shirt"] * 3,
            "attr_stock_paris": [3.0, 0.0, 0.0],
            "attr_stock_lyon": [1.0, 1.0, None],
        }
    )
    build_bundle(frame, tmp_path / "bundle", source="frame", encoder="wordllama", shop=STORES)
    engine = Engine.load(tmp_path / "bundle")
    asked = Query("", sort=parse_sort("distance"), near=VERSAILLES)
    away = {hit["item_id"]: hit["attributes"].get("distance") for hit in hits(engine, asked)}  # type: ignore[attr-defined]
    assert away == {"both": pytest.approx(10.8, abs=0.2), "lyon": pytest.approx(247, abs=3), "none": None}
    in_lyon = Query("", sort=parse_sort("distance"), near=VERSAILLES, store="lyon")
    assert hits(engine, in_lyon)[0]["attributes"]["distance"] > 240  # type: ignore[index,call-overload]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"sort": parse_sort("distance")}, "near: is missing, and there is no distance without it"),
        ({"filters": (parse_filter("distance:..5"),)}, "near: is missing"),
        ({"facets": ("distance",)}, "near: is missing"),
    ],
)
def test_distances_need_somebody_to_be_somewhere(market: Engine, asked: dict[str, object], said: str) -> None:
    with pytest.raises(BadParameter, match=said):
        market.in_market(Query("table", **asked))  # type: ignore[arg-type]


def test_bad_places_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match="near: cannot read 'Paris'; allowed: LATITUDE,LONGITUDE in degrees"):
        parse_near("Paris")
    build_bundle(
        pl.DataFrame({"item_id": ["1"], "title": ["Shirt"]}), tmp_path / "b", source="frame", encoder="wordllama"
    )
    with pytest.raises(BadParameter, match=r"near: this catalogue has no places; allowed: shop\.toml names them"):
        Engine.load(tmp_path / "b").in_market(Query("shirt", near=VERSAILLES))
