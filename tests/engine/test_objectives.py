"""Objectives of a shop's own: an expression in `shop.toml` becomes a weight, a receipt and a budget."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ranker.test_expressions import EXPRESSIONS, KINDS, NOW, Reference
from trimtab.catalog.shop import Shop
from trimtab.catalog.shop_text import shop_text
from trimtab.cli.build import bundle_summary, summary_lines
from trimtab.core.errors import BadParameter
from trimtab.core.records import Constraints, Query, ScoredCandidates
from trimtab.engine import Engine
from trimtab.engine.build.build import build_bundle
from trimtab.engine.build.labelled_lists import lists_from_log
from trimtab.engine.build.training import heads_learned, heads_report
from trimtab.engine.live.live_engine import LiveEngine
from trimtab.engine.plan.search_plan import SearchPlan
from trimtab.engine.response import response_of
from trimtab.engine.stages.slate_stage import SlateStage
from trimtab.ranker.artifact import networks_of
from trimtab.ranker.item_values import Bounds, ItemValues
from trimtab.ranker.objectives import RELEVANCE, REVENUE, Objective
from trimtab.ranker.training.cold_start import cold_start_ranker
from trimtab.ranker.training.heads import population_ranges

SHOP = Shop.parse(
    """
[objectives.clearance]
value = "discount * price"
unit = "EUR"

[objectives.staples]
head = "purchase"
value = "if(popularity >= 5, 1, 0)"
"""
)
N = 30
BUILT = datetime(2026, 3, 1, tzinfo=UTC)


def catalogue(**columns: list[object]) -> pl.DataFrame:
    frame: dict[str, object] = {
        "item_id": [str(number) for number in range(N)],
        "title": [f"Cotton shirt number {number}" for number in range(N)],
        "price": [10.0 + number for number in range(N)],
        "discount": [0.5 if number % 7 == 0 else 0.0 for number in range(N)],
        "popularity": [float(number % 10) for number in range(N)],
    }
    return pl.DataFrame({**frame, **columns})


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    out = tmp_path_factory.mktemp("shop") / "bundle"
    build_bundle(catalogue(), out, source="shop.csv", encoder="wordllama", shop=SHOP)
    return Engine.load(out)


def test_a_shop_steers_by_objectives_of_its_own(shop: Engine) -> None:
    assert shop.objectives == ("relevance", "revenue", "clearance", "staples")
    slate = shop.slate(Query("shirt", k=4, weights={"clearance": 1.0}))
    assert {int(item_id) % 7 for item_id in slate.item_ids} == {0}
    line = slate.receipt["clearance"]
    assert line.expected > line.baseline
    # In money a search, winsorised: item 28 counts for what item 21 does.
    assert slate.gains[:, shop.objectives.index("clearance")].max() == pytest.approx(0.5 * 31)


def test_the_manifest_says_what_an_objective_is_and_whence_its_head(shop: Engine) -> None:
    clearance = next(one for one in shop.manifest["objectives"] if one["name"] == "clearance")
    assert (clearance["head"], clearance["value"], clearance["unit"]) == ("none", "discount * price", "EUR")
    assert clearance["range"] > 0
    assert clearance["high"] == pytest.approx(0.5 * 31)
    assert clearance["winsorised_share"] == 0.01
    assert clearance["n_without_value"] == 0


def test_what_objectives_lack_values_is_said(shop: Engine) -> None:
    assert shop.folder is not None
    summary = bundle_summary(shop.folder, seconds=1)
    assert not any("its value is made of" in str(part) for part in summary_lines(summary))
    n = summary["n_items"]
    said = [str(one) for one in summary_lines({**summary, "without_value": {"a": n, "b": 1, "c": 2}})][-3:]
    assert [one.strip() for one in said] == [
        "a: no item has what its value is made of, so w_a changes nothing",
        "b: 1 item lacks what its value is made of",
        "c: 2 items lack what its value is made of",
    ]
    assert shop.manifest["training"]["heads"]["purchase"] == "borrowed from relevance"


def test_a_bundle_that_learned_nothing_weighs_relevance_alone(shop: Engine) -> None:
    assert shop.default_weights == {"relevance": 1, "revenue": 0, "clearance": 0, "staples": 0, "diversity": 0}
    assert shop.slate(Query("shirt")).receipt["relevance"].change == 0


def test_defaults_of_the_shop_are_the_bundles(tmp_path: Path) -> None:
    said = Shop.parse(
        "[defaults]\nmax_relevance_loss = 0.1\nmax_revenue_loss = 0.4\nweights = {relevance = 3, revenue = 1}"
    )
    assert Shop.parse(shop_text(said)) == said
    build_bundle(catalogue(), tmp_path / "bundle", source="shop.csv", encoder="wordllama", shop=said)
    engine = Engine.load(tmp_path / "bundle")
    assert engine.default_weights == {"relevance": 0.75, "revenue": 0.25, "diversity": 0}
    slate = engine.slate(Query("shirt"))
    assert slate.query.constraints.max_relevance_loss == 0.1
    assert slate.query.constraints.max_losses == {"revenue": 0.4}
    own = engine.slate(Query("shirt", constraints=Constraints(max_losses={"revenue": 0.3})))
    assert own.query.constraints.max_losses == {"revenue": 0.3}
    assert slate.receipt["relevance"].expected >= 0.9 * slate.receipt["relevance"].baseline - 1e-6


@pytest.mark.parametrize(
    ("text", "named", "said"),
    [
        ('[objectives.margin]\nvalue = "prize - 3"', "objectives.margin.value", "did you mean 'price'"),
        ("[defaults]\nweights = {margn = 1}", "defaults.weights.margn", "relevance, revenue"),
        ("[defaults]\nmax_margn_loss = 0.1", "defaults.max_margn_loss", "max_revenue_loss"),
    ],
)
def test_what_does_not_fit_the_catalogue_is_named(text: str, named: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match=said) as refused:
        build_bundle(catalogue(), tmp_path / "bundle", source="shop.csv", encoder="wordllama", shop=Shop.parse(text))
    assert refused.value.name == named


@pytest.mark.parametrize("price", [99_999.0, 1e30])
def test_one_items_price_does_not_buy_a_slate(price: float, tmp_path: Path) -> None:
    titles = [f"Cotton shirt number {number}" for number in range(N - 1)] + ["Shirt packing machine"]
    said = Shop.parse("[defaults]\nweights = {relevance = 0.8, revenue = 0.2}")
    frame = catalogue(title=list(titles), price=[10.0 + number for number in range(N - 1)] + [price])
    build_bundle(frame, tmp_path / "bundle", source="shop.csv", encoder="wordllama", shop=said)
    engine = Engine.load(tmp_path / "bundle")
    slate = engine.slate(Query("cotton shirt", k=5, weights=engine.default_weights))
    assert str(N - 1) not in slate.item_ids
    assert np.isfinite(slate.scores).all()


def test_what_can_be_bought_comes_before_what_cannot(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "item_id": ["1", "2"],
            "title": ["Garden parasol green"] * 2,
            "in_stock": [False, True],
            "popularity": [5.0, 4.0],
        }
    )
    build_bundle(frame, tmp_path / "bundle", source="shop.csv", encoder="wordllama")
    assert Engine.load(tmp_path / "bundle").slate(Query("garden parasol")).item_ids == ("2", "1")


def test_a_value_reads_the_shops_own_columns_as_they_are_now(tmp_path: Path) -> None:
    said = Shop.parse(
        '[objectives.margin]\nvalue = "price - cost"\n[objectives.fresh]\nvalue = "exp(-age_days(released) / 30)"'
    )
    frame = catalogue(attr_cost=[5.0 + number % 9 for number in range(N)], attr_released=[BUILT] * N)
    build_bundle(frame, tmp_path / "bundle", source="shop.csv", encoder="wordllama", shop=said)
    engine = Engine.load(tmp_path / "bundle")
    rows = np.array([3])
    now = datetime.fromisoformat(engine.manifest["as_of"]).timestamp()
    margin, fresh = (engine.objectives.index(name) for name in ("margin", "fresh"))
    assert engine.scoring.values(rows, now)[0, margin] == pytest.approx(13 - 8)
    assert engine.scoring.values(rows, now + 30 * 86_400)[0, fresh] == pytest.approx(
        engine.scoring.values(rows, now)[0, fresh] / np.e
    )
    live = LiveEngine(engine, tmp_path / "changes")
    live.change([{"item_id": "3", "price": 12.0}])
    assert live.newest.scoring.values(rows, now)[0, margin] == pytest.approx(12 - 8)


def test_any_objective_has_a_budget(shop: Engine) -> None:
    best = shop.slate(Query("shirt", k=5, weights={"clearance": 1.0})).receipt["clearance"].expected
    bounded = Constraints(max_losses={"clearance": 0.3})
    slate = shop.slate(Query("shirt", k=5, weights={"relevance": 1.0}, constraints=bounded))
    assert not slate.infeasible
    assert slate.receipt["clearance"].expected >= 0.7 * best - 1e-6
    assert slate.weights["clearance"] > 0


def test_a_budget_of_what_is_no_objective_is_refused(shop: Engine) -> None:
    with pytest.raises(BadParameter, match=r"max_clearence_loss.*did you mean 'clearance'.*max_revenue_loss"):
        shop.slate(Query("shirt", constraints=Constraints(max_losses={"clearence": 0.1})))


def stage_of(gains: np.ndarray, *, depth: int = 5) -> SlateStage:
    """A stage over candidates of these gains [n, M], divided by their spreads."""
    n, n_objectives = gains.shape
    ranges = population_ranges(gains[None], np.ones((1, n), dtype=bool))
    ranker = networks_of(cold_start_ranker([RELEVANCE] * n_objectives, ranges.tolist()))
    assert ranker is not None
    scored = ScoredCandidates(
        np.arange(n), np.zeros((n, 1), np.float32), gains.astype(np.float32), np.full((n, 2), -1, dtype=np.int64)
    )
    pins = np.full(depth, -1, dtype=np.int64)
    return SlateStage(ranker, scored, eligible=np.ones(n, dtype=bool), pins=pins, boosts=None)


def expected_at(stage: SlateStage, weights: np.ndarray, objective: int) -> float:
    return float(stage.expected(stage.slates(weights[None, :]), objective)[0])


ITEMS: Mapping[str, st.SearchStrategy[float]] = {
    "price": st.floats(0.01, 1e6),
    "cost": st.floats(-10, 1e3),
    "private_label": st.sampled_from([0.0, 1.0]),
    "released": st.floats(NOW - 1e8, NOW + 1e8),
}


@settings(max_examples=60)
@given(
    EXPRESSIONS,
    st.lists(st.fixed_dictionaries(dict(ITEMS)), min_size=6, max_size=12),
    st.floats(0, 0.9),
    st.floats(0.01, 0.1),
    st.integers(0, 1000),
)
def test_raising_a_weight_never_lowers_its_objective_whatever_it_is(
    built: tuple[str, Reference], items: list[dict[str, float]], weight: float, more: float, seed: int
) -> None:
    own = Objective("own", "purchase", built[0])
    values = ItemValues([RELEVANCE, own], KINDS)
    known = values.of(lambda name: np.array([item[name] for item in items]), len(items), moment=NOW)
    worth = Bounds.of(known).winsorised(known)
    heads = np.random.Generator(np.random.PCG64(seed)).random((len(items), 2))
    gains = heads * worth
    assert np.isfinite(gains).all()
    stage = stage_of(gains)
    before, after = (np.array([1 - w, w, 0.0]) for w in (weight, weight + more))
    tolerance = 1e-5 * max(float(abs(gains[:, 1]).max()), 1e-6)
    assert expected_at(stage, after, 1) >= expected_at(stage, before, 1) - tolerance


@settings(max_examples=40)
@given(st.integers(0, 1000), st.floats(0, 0.5), st.floats(0, 0.5))
def test_several_budgets_hold_together_or_it_is_said(seed: int, first: float, second: float) -> None:
    rng = np.random.Generator(np.random.PCG64(seed))
    stage = stage_of(rng.normal(size=(15, 3)))
    weights, infeasible = stage.within_losses(np.array([0.0, 0.0, 1.0, 0.0]), {0: first, 1: second}, k=5)
    assert weights.sum() == pytest.approx(1)
    for objective, loss in ((0, first), (1, second)):
        best = float(stage.expected(stage.best(objective)[None, :], objective)[0])
        holds = expected_at(stage, weights, objective) >= best - loss * abs(best) - 1e-5
        assert holds or (infeasible and objective == 1)


def test_heads_are_learned_where_a_log_says_enough_and_borrowed_where_it_does_not(shop: Engine) -> None:
    row = {
        "query": "shirt",
        "user_id": None,
        "session_id": None,
        "decision_id": "d",
        "item_ids": ["1", "2", "3"],
        "clicks": [1, 1, 0],
        "carts": None,
        "purchases": [0, 1, 0],
        "recent": None,
    }
    lists = lists_from_log(shop.pipeline, [row] * 6)
    objectives = (RELEVANCE, REVENUE, Objective("carted", "cart"), Objective("clicked", "click"))
    learned = heads_learned(lists, objectives)
    assert learned == ("relevance", "click")  # 12 clicks, 6 purchases, no cart
    assert heads_report(objectives, learned) == {
        "relevance": "learned",
        "click": "learned",
        "cart": "borrowed from click",
        "purchase": "borrowed from click",
    }


def test_values_that_read_what_the_shop_pays_are_for_those_who_tune(tmp_path: Path) -> None:
    said = Shop.parse(
        """
[attributes.cost]
type = "number"
search = false
filter = false
facet = false
sort = false
[objectives.margin]
value = "price - cost"
[objectives.costly]
value = "price * 2"
"""
    )
    frame = catalogue(attr_cost=[4.0 + number / 2 for number in range(N)])
    build_bundle(frame, tmp_path / "bundle", source="shop.csv", encoder="wordllama", shop=said)
    engine = Engine.load(tmp_path / "bundle")
    assert engine.private_objectives == {"margin"}
    slate = engine.slate(Query("shirt", k=3, weights={"margin": 1.0}))
    whole, shown = response_of(slate, engine.store), response_of(slate, engine.store, private=engine.private_objectives)
    assert set(whole["hits"][0]["objectives"]) - set(shown["hits"][0]["objectives"]) == {"margin"}
    assert "cost" not in shown["hits"][0]["attributes"]
    line, relative = whole["receipt"]["margin"], shown["receipt"]["margin"]
    assert (relative["baseline"], relative["change"]) == (1, line["change"])
    assert relative["expected"] == pytest.approx(line["expected"] / line["baseline"])
    assert shown["receipt"]["costly"] == whole["receipt"]["costly"]
    points = engine.frontier(engine.candidates(SearchPlan(Query("shirt", k=3)))).as_dicts(engine.private_objectives)
    assert max(point["expected"]["margin"] for point in points) == pytest.approx(1)
