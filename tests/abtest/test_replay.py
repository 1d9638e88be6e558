"""From log to report: a policy's own value comes back, others' truth is covered, and a report says what it rests on."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trimtab.abtest.ope.contexts import bounds_of
from trimtab.abtest.ope.like_with_like import Served
from trimtab.abtest.ope.log.logged_slates import BAD_BOUND
from trimtab.abtest.ope.replay import replay
from trimtab.abtest.ope.tune import tune
from trimtab.abtest.simulation.deployment import deploy, value_of
from trimtab.abtest.simulation.simulate import simulate
from trimtab.abtest.simulation.world import World
from trimtab.core.errors import BadLog, BadParameter
from trimtab.core.log import impression_row
from trimtab.core.metrics import discounts
from trimtab.core.records import Constraints, Query
from trimtab.engine import Engine
from trimtab.engine.build.labelled_lists import behaviour_gain
from trimtab.engine.log.impressions import read_log, write_part
from trimtab.engine.log.rows import frame_of, json_line, rows_of

OTHER = {"relevance": 0.75, "revenue": 0.2, "diversity": 0.05}
OPENINGS = ("b may change", "b surely")

pytestmark = pytest.mark.usefixtures("temperatures_of_few_lists")


@pytest.fixture(scope="module")
def result_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports") / "report"


@pytest.fixture(scope="module")
def result(engine: Engine, log: Path, result_folder: Path) -> dict:
    policies = {"same": dict(engine.default_weights), "costlier": OTHER}
    found = replay(log, engine, policies, result_folder, served="explored")
    assert json.loads((result_folder / "report.json").read_text()) == found
    return found


def logged_value(log: Path, metric: str) -> float:
    """The plain mean over the log, straight from its columns."""
    frame = pl.concat(read_log(log))
    if metric == "revenue":
        return float(frame["revenue"].list.sum().mean())  # type: ignore[arg-type]
    gains = []
    for clicks, purchases in frame.select("clicks", "purchases").iter_rows():
        grades = np.where(np.array(purchases) > 0, 2, np.array(clicks))
        gains.append(behaviour_gain(grades) @ discounts(len(grades)))
    return float(np.mean(gains))


@pytest.mark.parametrize("metric", ["relevance", "revenue"])
def test_the_logging_policys_own_value_comes_back(result: dict, log: Path, metric: str) -> None:
    expected = logged_value(log, metric)
    assert result["log"][metric]["value"] == pytest.approx(expected, rel=1e-6)
    for estimator in ("snips", "ips", "matched"):
        assert result["estimators"]["same"][metric][estimator]["value"] == pytest.approx(expected, rel=1e-4), estimator
    own = result["policies"]["same"][metric]
    assert own["ess"] == pytest.approx(3000, rel=1e-3)
    assert own["support"] == pytest.approx(1)
    assert own["low"] < own["value"] < own["high"]


def test_its_diversity_comes_back_from_the_policys_own_slates(result: dict) -> None:
    same = result["policies"]["same"]["diversity"]
    assert same["value"] == pytest.approx(result["log"]["diversity"]["value"])
    assert result["estimators"]["same"]["diversity"]["snips"]["value"] == pytest.approx(same["value"], rel=1e-4)


def test_another_policys_truth_is_covered(engine: Engine, world: World, result: dict) -> None:
    """Truth by letting the other policy serve, four times the log's size in searches."""
    bounds = bounds_of(engine.default_max_relevance_loss, {})
    deployed = deploy(engine, world, OTHER, 12_000, np.random.Generator(np.random.PCG64(9)), bounds=bounds)
    spent, its_error = value_of(engine, deployed, "revenue")
    revenue = result["policies"]["costlier"]["revenue"]
    # 3 standard errors of either side: a fixed seed, and not a coin that fails one time in twenty.
    assert abs(revenue["value"] - spent) < 3 * np.hypot(revenue["standard_error"], its_error)
    assert revenue["ess"] < 3000


def test_more_diversity_is_more_diverse_and_the_difference_is_sure(engine: Engine, log: Path, tmp_path: Path) -> None:
    pl.concat(read_log(log)).head(300).write_parquet(tmp_path / "short.parquet")
    policies = {"plain": {"relevance": 1}, "mixed": {"relevance": 0.7, "diversity": 0.3}}
    found = replay(tmp_path / "short.parquet", engine, policies)
    assert found["differences"]["mixed - plain"]["diversity"]["low"] > 0
    assert "mixed - logged" in found["differences"]


def test_segments_share_the_traffic_and_answer_for_themselves(result: dict) -> None:
    shares = {name: part["share"] for name, part in result["segments"].items()}
    assert sum(shares[name] for name in ("frequent queries", "middling queries", "rare queries")) == pytest.approx(1)
    for part in result["segments"].values():
        assert part["differences"]["same - logged"]["relevance"]["value"] == pytest.approx(0, abs=1e-4)
    assert any(name.startswith("category ") for name in shares)


def test_a_policy_far_from_the_log_is_refused_with_the_reason(engine: Engine, log: Path, tmp_path: Path) -> None:
    short = pl.concat(read_log(log)).head(300).with_columns(max_relevance_loss=pl.lit(None, pl.Float64))
    short.write_parquet(tmp_path / "short.parquet")
    found = replay(tmp_path / "short.parquet", engine, {"far": {"diversity": 1}})
    far = found["policies"]["far"]["revenue"]
    assert far["value"] is None
    assert far["refusal"]
    assert any("far, revenue: no number" in warning for warning in found["warnings"])
    assert found["policies"]["far"]["diversity"]["value"] is not None  # measured on its own slates


@pytest.mark.usefixtures("result")
def test_the_report_is_for_people_and_replaces_only_a_report(
    engine: Engine, log: Path, result_folder: Path, tmp_path: Path
) -> None:
    pl.concat(read_log(log)).head(300).write_parquet(tmp_path / "short.parquet")
    shutil.copytree(result_folder, tmp_path / "report")
    assert "costlier" in (tmp_path / "report" / "report.md").read_text()
    (verdict,) = replay(tmp_path / "short.parquet", engine, {"b": OTHER}, tmp_path / "report")["verdicts"]
    text = (tmp_path / "report" / "report.md").read_text()
    assert "w_revenue:0.2" in text
    assert "b - logged" in text
    assert "costlier" not in text
    page = (tmp_path / "report" / "report.html").read_text()
    assert page.count("<svg") == 4
    assert f"- {verdict}" in text.splitlines()
    assert [opening in page for opening in OPENINGS] == [opening in verdict for opening in OPENINGS]
    assert any(opening in verdict for opening in OPENINGS)
    assert not re.search(r"(src|href)=\"http", page)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(BadParameter, match=r"^out: "):
        replay(log, engine, {"b": OTHER}, tmp_path / "mine")
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "mine",
        "report",
        "report.html",
        "report.json",
        "report.md",
        "short.parquet",
        "thesis.txt",
    ]


@pytest.mark.parametrize(
    ("policies", "names"),
    [
        ({"a": {"profit": 1.0}}, "profit: no such objective"),
        ({"a": {"relevance": -1.0}}, "relevance: -1.0 cannot"),
        ({"a": {"relevance": 0.0}}, "weights"),
        ({}, "policies: no policy"),
        ({"logged": {"relevance": 1.0}}, "policies: 'logged'"),
    ],
)
def test_a_policy_that_makes_no_sense_is_named(
    engine: Engine, log: Path, policies: dict[str, dict[str, float]], names: str
) -> None:
    with pytest.raises(BadParameter, match=names):
        replay(log, engine, policies)


def test_a_log_without_exploration_says_how_to_explore(engine: Engine, log: Path, tmp_path: Path) -> None:
    pl.concat(read_log(log)).with_columns(temperature=0.0).write_parquet(tmp_path / "sorted.parquet")
    with pytest.raises(BadLog, match=r"3,000 sorted and not drawn.*trimtab serve --explore 1%"):
        tune(tmp_path / "sorted.parquet", engine, maximise="revenue", keep={})


def test_propensities_of_another_policy_are_noticed(engine: Engine, log: Path, tmp_path: Path) -> None:
    frame = pl.concat(read_log(log)).head(100)
    frame.with_columns(pl.col("propensities").list.eval(pl.element() * 0.9)).write_parquet(tmp_path / "off.parquet")
    found = replay(tmp_path / "off.parquet", engine, {"b": OTHER})
    assert "100.0% of the logged propensities" in found["warnings"][0]
    assert found["verdicts"] == ["Nothing can be said of b: the logged propensities are not this bundle's."]
    everywhere = [found["differences"], *(part["differences"] for part in found["segments"].values())]
    assert {one["low"] for part in everywhere for by in part.values() for one in by.values()} == {None}
    with pytest.raises(BadLog, match="no weights can be chosen on it"):
        tune(tmp_path / "off.parquet", engine, maximise="revenue", keep={})


def test_pins_and_exclusions_of_a_log_are_replayed(engine: Engine, tmp_path: Path) -> None:
    """A pin stands where it was put under any weights, an excluded item is nobody's choice."""
    plain = engine.slate(Query("yogurt", k=6))
    constraints = Constraints(
        pins={1: plain.item_ids[5], 3: "no such item"}, exclusions=frozenset(plain.item_ids[:1]), max_relevance_loss=1.0
    )
    now = datetime(2026, 1, 2, tzinfo=UTC)
    rows = [
        impression_row(
            engine.impression(
                engine.slate(Query("yogurt", k=6, constraints=constraints, session_id=f"s-{number}", explore=True)),
                now,
            )
        )
        for number in range(60)
    ]
    write_part(frame_of(rows), tmp_path / "pinned.parquet")
    result = replay(tmp_path / "pinned.parquet", engine, {"same": dict(engine.default_weights), "b": OTHER})
    assert result["log"]["n_replayed"] == 60
    assert not any("propensities" in warning for warning in result["warnings"])
    assert result["policies"]["same"]["diversity"]["value"] == pytest.approx(result["log"]["diversity"]["value"])
    assert result["estimators"]["same"]["relevance"]["ips"]["ess"] == pytest.approx(60, rel=1e-3)

    for row in rows:
        row["pins"] = {}
    write_part(frame_of(rows), tmp_path / "forgotten.parquet")
    result = replay(tmp_path / "forgotten.parquet", engine, {"b": OTHER})
    assert "of the logged propensities are not what this bundle gives" in result["warnings"][0]


def test_boosted_and_buried_items_are_replayed(engine: Engine, tmp_path: Path) -> None:
    """What a rule adds to a utility it adds under any weights; a log that hides its rules is noticed."""
    plain = engine.slate(Query("yogurt", k=6))
    boosts = {plain.item_ids[4]: 0.4, plain.item_ids[0]: -0.3, "no such item": 1.0}
    constraints = Constraints(boosts=boosts, max_relevance_loss=1.0)
    now = datetime(2026, 1, 2, tzinfo=UTC)
    queries = (Query("yogurt", k=6, constraints=constraints, session_id=f"s-{n}", explore=True) for n in range(60))
    rows = [impression_row(engine.impression(engine.slate(query), now)) for query in queries]
    write_part(frame_of(rows), tmp_path / "boosted.parquet")
    result = replay(tmp_path / "boosted.parquet", engine, {"same": dict(engine.default_weights), "b": OTHER})
    assert result["log"]["n_replayed"] == 60
    assert not any("propensities" in warning for warning in result["warnings"])
    assert result["estimators"]["same"]["relevance"]["ips"]["ess"] == pytest.approx(60, rel=1e-3)

    for row in rows:
        row["boosts"] = {}
    write_part(frame_of(rows), tmp_path / "hidden.parquet")
    result = replay(tmp_path / "hidden.parquet", engine, {"b": OTHER})
    assert "of the logged propensities are not what this bundle gives" in result["warnings"][0]


def test_judged_queries_have_an_ndcg(engine: Engine, log: Path, tmp_path: Path) -> None:
    frame = pl.concat(read_log(log)).head(500)
    frame.write_parquet(tmp_path / "short.parquet")
    query = frame["query"].mode()[0]
    shown = frame.filter(pl.col("query") == query)["item_ids"]
    best = shown[0][0]
    judgments = pl.DataFrame({"query": [query, query], "item_id": [best, "no such item"], "grade": [2, 1]})
    policies = {"same": dict(engine.default_weights)}
    found = replay(tmp_path / "short.parquet", engine, policies, judgments=judgments, served="explored")
    ideal = 3 + 1 / np.log2(3)  # of all that was judged, though the bundle does not have it
    gains = [3 * discounts(10)[list(ids).index(best)] / ideal if best in list(ids) else 0.0 for ids in shown]
    assert "1 of 2 judged items are not in the catalogue (the first that is not: 'no such item')" in found["warnings"]
    assert found["log"]["ndcg"]["value"] == pytest.approx(np.mean(gains))
    assert found["policies"]["same"]["ndcg"]["value"] == pytest.approx(np.mean(gains))
    assert found["log"]["ndcg"]["n"] == len(shown)
    measured = {name: found["log"][name]["value"] for name in ("alpha_ndcg", "ild", "categories")}
    assert 0 < measured["alpha_ndcg"] <= 1
    assert 0 <= measured["ild"] <= 1
    assert 1 <= measured["categories"] <= 10


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        (pl.col("query").str.to_uppercase(), "none of 1 judged queries is in the log; 1 are in another case, as "),
        (pl.col("item_id") + ".0", "none of 1 judged items is in the catalogue (the first that is not: "),
        (pl.lit("words of nobody").alias("query"), "none of 1 judged queries is in the log"),
    ],
)
def test_judgments_that_match_nothing_are_said(
    engine: Engine, log: Path, tmp_path: Path, change: pl.Expr, warning: str
) -> None:
    frame = pl.concat(read_log(log)).head(20)
    frame.write_parquet(tmp_path / "short.parquet")
    judgments = pl.DataFrame({"query": [frame["query"][0]], "item_id": [frame["item_ids"][0][0]], "grade": [2]})
    found = replay(tmp_path / "short.parquet", engine, {"b": OTHER}, judgments=judgments.with_columns(change))
    assert any(one.startswith(warning) for one in found["warnings"])
    assert "ndcg" not in found["log"]


def test_the_spooled_lines_of_a_service_replay_as_well(engine: Engine, world: World, tmp_path: Path) -> None:
    simulate(engine, 60, tmp_path / "log", seed=3, world=world)
    frame = pl.concat(read_log(tmp_path / "log"))
    (tmp_path / "spool.jsonl").write_bytes(b"".join(map(json_line, rows_of(frame))))
    first, second = (replay(tmp_path / name, engine, {"b": OTHER}) for name in ("log", "spool.jsonl"))
    assert first == second


def test_an_offline_replay_needs_neither_the_web_nor_the_simulation() -> None:
    found = subprocess.run(
        [sys.executable, "-c", "import sys, trimtab.abtest.ope.replay, trimtab.abtest.ope.tune; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"fastapi", "trimtab.service", "trimtab.abtest.simulation"} & set(found)


def test_a_policy_and_itself_do_not_differ_in_an_awkward_log(
    engine: Engine, world: World, log: Path, tmp_path: Path
) -> None:
    """Pages of 5 and of 10, rows in any order, more returned than sold."""
    frame = pl.concat(read_log(log)).head(150)
    simulate(engine, 150, tmp_path / "short", k=5, seed=3, world=world)
    awkward = pl.concat([frame, *read_log(tmp_path / "short")]).with_columns(
        pl.col("revenue").list.eval(-pl.element()), session_id=pl.lit(None, pl.String)
    )
    awkward.sample(fraction=1.0, shuffle=True, seed=1).write_parquet(tmp_path / "awkward.parquet")
    query = frame["query"].mode()[0]
    shown = frame.filter(pl.col("query") == query)["item_ids"][0].to_list()
    judgments = pl.DataFrame({"query": [query] * 8, "item_id": shown[:8], "grade": [2, 1] * 4})
    found = replay(
        tmp_path / "awkward.parquet", engine, {"same": dict(engine.default_weights), "b": OTHER}, judgments=judgments
    )
    differences = found["differences"]["same - logged"]
    assert {"relevance", "revenue", "diversity", "alpha_ndcg", "ild", "categories", "ndcg"} <= set(differences)
    for one in differences.values():
        assert (one["value"], one["low"], one["high"]) == (0, 0, 0)
    assert found["log"]["alpha_ndcg"]["value"] <= 1
    assert found["verdicts"][0] == (
        "same does not differ in relevance and revenue and diversity. There is nothing to gain from it."
    )


STEEP = {"relevance": 0.3, "revenue": 0.6, "diversity": 0.1}
"""Weights that a bound on the loss of relevance moves in most searches."""


@pytest.fixture(scope="module")
def bound_log(engine: Engine, world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Searches for `STEEP` that may give up 1 % of relevance."""
    folder = tmp_path_factory.mktemp("bound") / "log"
    few = world.among(n_queries=10, n_users=100)
    simulate(engine, 400, folder, seed=2, weights=STEEP, max_relevance_loss=0.01, world=few)
    return folder


@pytest.mark.parametrize("served", ["sorted", "explored"])
def test_under_a_binding_bound_what_a_log_asked_for_is_what_it_served(
    engine: Engine, bound_log: Path, served: Served
) -> None:
    frame = pl.concat(read_log(bound_log))
    is_bound = frame["weights"] != frame["requested_weights"]
    assert is_bound.mean() > 0.4  # type: ignore[operator]
    found = replay(bound_log, engine, {"same": STEEP}, served=served)
    for one in found["differences"]["same - logged"].values():
        assert (one["value"], one["low"], one["high"]) == (0, 0, 0)
    assert "does not differ" in found["verdicts"][0]
    assert found["log"]["weights"] == [pytest.approx(STEEP)]


def test_tune_looks_around_what_searches_asked_for(engine: Engine, bound_log: Path, tmp_path: Path) -> None:
    pl.concat(read_log(bound_log)).head(40).write_parquet(tmp_path / "bound.parquet")
    chosen = tune(tmp_path / "bound.parquet", engine, maximise="revenue", keep={})
    assert chosen["candidates"]["own"]["weights"] == pytest.approx(STEEP)


def test_a_bound_that_the_bundle_cannot_have_served_is_a_reason_to_leave_a_search_out(
    engine: Engine, bound_log: Path, tmp_path: Path
) -> None:
    frame = pl.concat(read_log(bound_log)).head(100)
    number = pl.int_range(pl.len())
    frame.with_columns(
        pl.when(number == 0).then(1.5).otherwise("max_relevance_loss").alias("max_relevance_loss"),
        pl.when(number == 1)
        .then(pl.lit('{"glamour": 0.1}'))
        .when(number == 2)
        .then(pl.lit('{"revenue": -0.1}'))
        .alias("max_losses"),
    ).write_parquet(tmp_path / "odd.parquet")
    found = replay(tmp_path / "odd.parquet", engine, {"same": STEEP})
    assert found["log"]["left_out"][BAD_BOUND] == 3
    assert found["log"]["n_replayed"] == 97
