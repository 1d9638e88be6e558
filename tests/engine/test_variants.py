"""Variants of one product are one hit: how it is chosen, shown, counted, logged and made again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trimtab.abtest.ope.contexts import Search, contexts_of
from trimtab.abtest.simulation.simulate import simulate
from trimtab.abtest.simulation.world import world_of
from trimtab.catalog.live.changes import read_items
from trimtab.catalog.shop import Shop
from trimtab.catalog.shop_text import shop_text
from trimtab.core.errors import BadFile
from trimtab.core.log import impression_row
from trimtab.core.records import Constraints, Filter, Query, Shopper, Sort
from trimtab.engine import Engine
from trimtab.engine.build.build import build_bundle
from trimtab.engine.build.grocery import OtherWords, qualified, spoken
from trimtab.engine.build.labelled_lists import Intent, lists_from_intents
from trimtab.engine.live.live_engine import LiveEngine
from trimtab.engine.log.decisions import replay_decision
from trimtab.engine.log.impressions import read_log
from trimtab.engine.log.interactions import NO_VARIANTS, SCHEMA, outcomes_of, split, with_outcomes
from trimtab.engine.log.rows import frame_of
from trimtab.engine.response import response_of
from trimtab.engine.stages.shown_page import listed_variant
from trimtab.retrieval.filters import parse_filter

COLOURS = ("red", "blue", "green")
SHIRTS = [
    {
        "item_id": f"{style}-{colour}",
        "title": f"Cotton {style} shirt {colour}",
        "brand": "Acme" if number % 2 else "Bolt",
        "price": 10.0 + number + place,
        "popularity": float(10 - place),
        "attr_style": style,
        "attr_colour": colour,
    }
    for number, style in enumerate(("linen", "oxford", "polo", "flannel"))
    for place, colour in enumerate(COLOURS)
]
LONER = {"item_id": "scarf", "title": "Red wool scarf", "brand": "Acme", "price": 5.0, "attr_colour": "red"}
SHOP = Shop.parse('[variants]\ngroup_by = "style"')


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("shirts") / "bundle"
    build_bundle(pl.DataFrame([*SHIRTS, LONER]), folder, source="shirts", encoder="wordllama", shop=SHOP)
    return Engine.load(folder)


def ids(shop: Engine, query: Query) -> tuple[str, ...]:
    return shop.slate(query).item_ids


def styles(item_ids: Iterable[str]) -> list[str]:
    return [item_id.split("-")[0] for item_id in item_ids]


def test_a_group_is_one_hit_represented_by_what_meets_the_query_best(shop: Engine) -> None:
    slate = shop.slate(Query("red shirt", k=10))
    assert sorted(styles(slate.item_ids)) == ["flannel", "linen", "oxford", "polo", "scarf"]
    assert all(item_id.endswith("-red") for item_id in slate.item_ids if item_id != "scarf")
    hits = {hit["item_id"]: hit for hit in response_of(slate, shop.store)["hits"]}
    assert [one["item_id"] for one in hits["polo-red"]["variants"]] == ["polo-blue", "polo-green"]
    assert hits["polo-red"]["variants"][0]["attributes"] == {"colour": "blue"}
    assert hits["scarf"]["variants"] == []


def test_filters_choose_among_variants_and_items_can_be_asked_for(shop: Engine) -> None:
    blue = Query("shirt", k=10, filters=(Filter("colour", ("blue",)),))
    assert sorted(ids(shop, blue)) == sorted(f"{style}-blue" for style in ("linen", "oxford", "polo", "flannel"))
    items = shop.slate(replace(blue, filters=(), group=False))
    assert len(items.item_ids) == 10
    assert items.variants is None
    assert response_of(items, shop.store)["hits"][0]["variants"] is None


def test_what_is_counted_is_groups_or_items(shop: Engine) -> None:
    query = Query("shirt", k=2, facets=("colour", "brand", "price"))
    groups, items = shop.slate(query), shop.slate(replace(query, facet_items=True))
    assert (groups.n_matches, groups.n_matches_exact) == (4, True)
    assert groups.facets["colour"].counts == {"blue": 4, "green": 4, "red": 4}
    assert groups.facets["brand"].counts == {"Acme": 2, "Bolt": 2}
    assert items.facets["brand"].counts == {"Acme": 6, "Bolt": 6}
    for value, n in groups.facets["price"].counts.items():
        assert shop.slate(replace(query, filters=(parse_filter(f"price:{value}"),))).n_matches == n


def test_pages_and_orders_go_by_group(shop: Engine) -> None:
    pages = [ids(shop, Query("shirt", k=2, offset=offset)) for offset in (0, 2, 4)]
    assert sorted(styles(pages[0] + pages[1])) == ["flannel", "linen", "oxford", "polo"]
    assert pages[2] == ()
    cheapest = ids(shop, Query("shirt", k=10, sort=Sort("price")))
    assert cheapest == ("linen-red", "oxford-red", "polo-red", "flannel-red")
    expensive = ids(shop, Query("shirt", k=10, sort=Sort("price", descending=True)))
    assert expensive == ("flannel-green", "polo-green", "oxford-green", "linen-green")
    assert len(ids(shop, Query("", k=10, filters=(Filter("brand", ("Acme",)),)))) == 3


def test_many_variants_of_one_product_leave_room_for_others(tmp_path: Path) -> None:
    """All of one style meet the words better than any other style: the others are candidates all the same."""
    titles = {f"polo-{n}": f"Polo shirt size {n}" for n in range(650)}
    many = [{"item_id": item_id, "title": title, "attr_style": "polo"} for item_id, title in titles.items()]
    others = [
        {"item_id": f"s{number}", "title": f"{name} shirt", "attr_style": name}
        for number, name in enumerate(("Linen", "Oxford", "Flannel", "Denim", "Silk", "Wool", "Jersey", "Twill"))
    ]
    build_bundle(pl.DataFrame([*many, *others]), tmp_path / "bundle", source="shirts", shop=SHOP)
    engine = Engine.load(tmp_path / "bundle")
    for query in (Query("polo shirt", k=10), Query("", k=10), Query("shirt", k=10)):
        assert len(ids(engine, query)) == len(engine.retrieved(engine.understood(query))) == 9
    slate = engine.slate(Query("polo shirt size 77", k=10, facets=("style",)))
    assert slate.item_ids[0] == "polo-77"
    assert slate.n_matches == len(slate.item_ids) == 9
    assert len(engine.slate(Query("polo shirt", k=10, group=False)).item_ids) == 10
    known = {one: listed_variant(one, engine.pipeline) for one in ("polo-49", "polo-640", "s1", "unknown")}
    assert known == {"polo-49": None, "polo-640": "polo-0", "s1": None, "unknown": None}


def test_of_equal_variants_one_in_stock_stands_and_then_the_most_popular(tmp_path: Path) -> None:
    columns = ("item_id", "title", "popularity", "in_stock", "price", "attr_style")
    items = [
        ("s", "Polo small", 3.0, False, 9.0, "polo"),
        ("m", "Polo shirt of fine cotton M", 2.0, True, 10.0, "polo"),
        ("l", "Polo L", 1.0, True, 11.0, "polo"),
        ("other", "Oxford shirt", 9.0, True, 12.0, "oxford"),
    ]
    build_bundle(pl.DataFrame(items, columns, orient="row"), tmp_path / "bundle", source="shirts", shop=SHOP)
    engine = Engine.load(tmp_path / "bundle")
    assert ids(engine, Query("polo", k=1)) == ("m",)
    assert ids(engine, Query("polo small", k=1)) == ("s",)  # which meets the query better
    assert ids(engine, Query("polo", k=1, filters=(parse_filter("price:..9"),))) == ("s",)
    assert set(ids(engine, Query("", k=4))) == {"m", "other"}
    assert ids(engine, Query("polo", k=1, constraints=Constraints(exclusions=frozenset({"m"})))) == ("l",)
    live = LiveEngine(engine, tmp_path / "changes")
    larger = dict(zip(columns, ("xl", "Polo XL", 5.0, True, 9.0, "polo"), strict=True))
    live.change([larger, {"item_id": "m", "in_stock": False}])
    assert ids(live.newest, Query("polo", k=1)) == ("xl",)


def test_rules_know_the_variant(shop: Engine) -> None:
    pinned = Constraints(pins={1: "polo-green"})
    slate = shop.slate(Query("red shirt", k=10, constraints=pinned))
    assert slate.item_ids[1] == "polo-green"
    assert styles(slate.item_ids).count("polo") == 1
    hidden = shop.slate(Query("red shirt", k=10, constraints=Constraints(exclusions=frozenset({"polo-red"}))))
    assert "polo" in styles(hidden.item_ids)
    assert "polo-red" not in {*hidden.item_ids, *(one for its in hidden.variants or () for one in its)}
    every = frozenset(f"polo-{colour}" for colour in COLOURS)
    without = shop.slate(Query("red shirt", k=10, constraints=Constraints(exclusions=every), facets=("colour",)))
    assert "polo" not in styles(without.item_ids)
    assert without.n_matches == 4


@pytest.mark.parametrize("weights", [{"relevance": 1.0}, {"relevance": 0.3, "revenue": 0.7}])
@pytest.mark.parametrize("session_id", [None, "s"])
def test_weights_move_groups_and_never_change_their_representatives(
    shop: Engine, weights: dict[str, float], session_id: str | None
) -> None:
    query = Query("blue shirt", k=4, weights=weights, session_id=session_id, explore=session_id is not None)
    slate = shop.slate(query)
    assert all(item_id.endswith("-blue") for item_id in slate.item_ids)
    row = impression_row(shop.impression(slate, datetime.now(UTC)))
    assert json.loads(row["variants"])["polo-red"] == "polo-blue"
    again = replay_decision(shop, row)
    assert again["reproduced"], again["differences"]


def test_a_replay_has_the_candidates_of_serving(shop: Engine) -> None:
    constraints = Constraints(pins={0: "polo-green"}, exclusions=frozenset({"linen-red"}))
    served = shop.score(Query("red shirt", constraints=constraints))
    search = Search("red shirt", pins=((0, "polo-green"),), exclusions=("linen-red",), depth=5, is_grouped=True)
    context = contexts_of(shop, search, [Shopper()])
    assert context.rows.tolist() == served.rows.tolist()
    np.testing.assert_array_equal(context.gains[0], served.gains)


def test_what_is_done_with_a_variant_counts_for_the_hit_that_stood_for_it(shop: Engine) -> None:
    at = datetime(2025, 1, 1, tzinfo=UTC)
    slate = shop.slate(Query("red shirt", k=10))
    log = frame_of([impression_row(shop.impression(slate, at))])
    event = {"decision_id": slate.decision_id, "timestamp": at + timedelta(minutes=1), "action": "click"}
    variants = {"polo-green": None, "linen-red": "oxford-red", "unknown": None, "oxford-52": "oxford-blue"}
    done = pl.DataFrame(
        [{**event, "event_id": name, "item_id": name, "variant_of": one} for name, one in variants.items()],
        schema=SCHEMA,
    )
    assert split(done, log)["reason"].to_list() == [None, None, "unknown", None]
    clicks = dict(zip(slate.item_ids, with_outcomes(log, outcomes_of(done))["clicks"][0].to_list(), strict=True))
    assert {item_id for item_id, clicked in clicks.items() if clicked} == {"polo-red", "linen-red", "oxford-red"}
    items = log.with_columns(item_ids=pl.lit(["linen-red", "oxford-52"]), variants=pl.lit(None, pl.String))
    assert split(done, items)["reason"].to_list() == ["unknown", None, "unknown", None]


def test_simulated_shoppers_see_groups(shop: Engine, tmp_path: Path) -> None:
    simulate(shop, 30, tmp_path / "log", k=3)
    simulate(shop, 30, tmp_path / "items", k=3, world=world_of(shop, group=False))
    grouped, items = (pl.concat(read_log(tmp_path / name)) for name in ("log", "items"))
    assert all(len(set(styles(one))) == len(one) for one in grouped["item_ids"].to_list())
    assert set(grouped["variants"]) == {NO_VARIANTS}
    assert items["variants"].null_count() == len(items)
    assert any(len(set(styles(one))) < len(one) for one in items["item_ids"].to_list())


def test_groups_follow_the_live_catalogue(shop: Engine, tmp_path: Path) -> None:
    live = LiveEngine(shop, tmp_path / "changes")
    new = {**SHIRTS[0], "item_id": "polo-black", "title": "Cotton polo shirt black", "attr_style": "polo"}
    definitions = shop.store.own_attributes.definitions
    live.change(read_items([{**new, "attr_colour": "black"}], definitions), ["polo-red"])
    slate = live.newest.slate(Query("black polo shirt", k=1))
    assert slate.item_ids == ("polo-black",)
    assert slate.variants == (("polo-blue", "polo-green"),)


def test_in_an_order_a_group_stands_for_what_can_be_bought(tmp_path: Path) -> None:
    """The cheapest of a group may be gone; where all are, it is shown all the same."""
    gone = {"linen-red", "polo-red", "polo-blue", "polo-green"}
    items = [{**item, "in_stock": item["item_id"] not in gone} for item in [*SHIRTS, LONER]]
    build_bundle(pl.DataFrame(items), tmp_path / "bundle", source="shirts", encoder="wordllama", shop=SHOP)
    engine = Engine.load(tmp_path / "bundle")
    by_price = Query("shirt", k=4, sort=Sort("price"))
    assert ids(engine, by_price) == ("oxford-red", "linen-blue", "polo-red", "flannel-red")
    only_gone = replace(by_price, filters=(parse_filter("in_stock:false"),))
    assert ids(engine, only_gone) == ("linen-red", "polo-red")


def test_whoever_bought_a_variant_wanted_the_product(shop: Engine) -> None:
    (bought,) = shop.store.rows_of(["polo-green"]).tolist()
    (learned,) = lists_from_intents(shop.pipeline, [Intent("red shirt", "", None, frozenset({bought}), group="one")])
    labels = dict(zip(shop.store.item_ids(learned.rows), learned.labels["purchase"].tolist(), strict=True))
    assert labels.pop("polo-red") == 1.0
    assert set(labels.values()) == {0.0}
    assert "polo-green" not in labels  # one of each style


def test_shoppers_say_less_or_more_than_a_type() -> None:
    rng = np.random.Generator(np.random.PCG64(0))
    said = {spoken("bread and rolls", rng) for _ in range(200)}
    assert said == {"bread and rolls", "rolls"}
    assert {qualified("rolls", ["red", "rolls"], 0.5, rng) for _ in range(200)} == {"rolls", "red rolls"}
    assert {qualified("rolls", ["red"], 0.0, rng) for _ in range(200)} == {"rolls"}
    other = OtherWords({"toilet": ["bath"], "tissue": ["paper", "towels"]}, lambda text: text == "toilet towels")
    reworded = {other.instead("toilet tissue", 0.5, rng) for _ in range(200)}
    assert reworded == {"toilet tissue", "bath tissue", "toilet paper"}  # towels are called toilet towels
    assert other.instead("tissue", 1.0, rng) == "tissue"


def test_what_differs_in_size_alone_is_one_hit_where_the_shop_says_so(tmp_path: Path) -> None:
    titles = {
        "a": "Ice cream vanilla, 56 oz", "b": "Ice cream vanilla, 16 oz", "c": "Ice cream vanilla, 2 x 500 ml",
        "d": "Ice cream lemon, 56 oz", "e": "Ice cream vanilla, 56 oz", "f": "Ice cream 2000 vanilla",
    }  # fmt: skip
    brands = {"e": "Bolt"}
    items = [{"item_id": key, "title": title, "brand": brands.get(key, "Acme")} for key, title in titles.items()]
    said = Shop.parse("[variants]\nby_size = true")
    assert Shop.parse(shop_text(said)) == said
    build_bundle(pl.DataFrame(items), tmp_path / "bundle", source="ice", encoder="wordllama", shop=said)
    engine = Engine.load(tmp_path / "bundle")
    slate = engine.slate(Query("vanilla ice cream 16 oz", k=10))
    hits = {hit["item_id"]: hit["variants"] for hit in response_of(slate, engine.store)["hits"]}
    assert [one["item_id"] for one in hits["b"]] == ["a", "c"]
    assert set(hits) == {"b", "d", "e", "f"}
    live = LiveEngine(engine, tmp_path / "changes")
    live.change(
        [{"item_id": "g", "title": "Ice cream vanilla, 1 l", "brand": "Acme"}, {"item_id": "d", "brand": "Bolt"}]
    )
    changed = live.newest.slate(Query("vanilla ice cream 16 oz", k=10))
    hits = {hit["item_id"]: hit["variants"] for hit in response_of(changed, live.newest.store)["hits"]}
    assert [one["item_id"] for one in hits["b"]] == ["a", "c", "g"]  # new items join their family at once
    live.change([{"item_id": "g", "title": "Ice cream walnut, 1 l"}])
    assert live.newest.slate(Query("walnut", k=1)).variants == ((),)
    with pytest.raises(BadFile, match="either group_by or by_size"):
        Shop.parse('[variants]\nby_size = true\ngroup_by = "style"')
