"""Logs that never explored have bounds under assumptions that the report states, and nothing of them is sure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trimtab.abtest import add_up, between, click_dr, click_ips
from trimtab.abtest.ope.examination import assumed
from trimtab.abtest.ope.never_explored import NEVER_EXPLORED, READ_NO_FURTHER
from trimtab.abtest.ope.replay import replay
from trimtab.abtest.simulation.clicks import CLICK_MODELS
from trimtab.abtest.simulation.deployment import deploy, value_of
from trimtab.abtest.simulation.simulate import simulate
from trimtab.abtest.simulation.world import World
from trimtab.core.errors import BadParameter
from trimtab.engine import Engine
from trimtab.engine.log.impressions import read_log

NEAR = {"relevance": 0.78, "revenue": 0.19, "diversity": 0.03}
FAR = {"diversity": 1.0}
SORTED = 1e-9


def sorted_log(engine: Engine, world: World, folder: Path, clicks: str, n: int) -> Path:
    """What a service logs that does not explore."""
    temperature, engine.temperature = engine.temperature, SORTED
    try:
        own = dict(engine.default_weights)
        simulate(engine, n, folder / "drawn", seed=3, weights=own, world=world, click_model=CLICK_MODELS[clicks])
    finally:
        engine.temperature = temperature
    frame = pl.concat(read_log(folder / "drawn"))
    ones = pl.col("propensities").list.eval(pl.element() * 0 + 1.0)
    frame.with_columns(ones, temperature=0.0, seed=None, exploration=None).write_parquet(folder / "sorted.parquet")
    return folder / "sorted.parquet"


@pytest.fixture(scope="module")
def report(engine: Engine, world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, str]:
    folder = tmp_path_factory.mktemp("never explored")
    log = sorted_log(engine, world, folder, "position", 1500)
    policies = {"same": engine.default_weights, "near": NEAR, "far": FAR}
    found = replay(log, engine, policies, folder / "report")
    with pytest.raises(BadParameter, match="never explored"):
        replay(log, engine, policies, served="explored")
    return found, (folder / "report" / "report.md").read_text()


def test_what_is_assumed_is_in_the_report(report: tuple[dict, str]) -> None:
    found, text = report
    assert found["compared"]["never_explored"]
    assert [metric for metric, name in found["estimator"].items() if name == "bounds"] == ["relevance", "revenue"]
    assert "This log never explored" in text
    assert "by rank, 1.00, 0.66" in text
    assert "between 0.5 and 2 times what the ranker expects" in text
    assert all("trimtab serve --explore 0.1%" in sentence for sentence in found["verdicts"])
    assert found["exploration_cost"] is None


def test_nothing_differs_from_itself_and_nothing_else_is_sure(report: tuple[dict, str]) -> None:
    found, _ = report
    same, near, _ = found["verdicts"]
    assert "does not differ in relevance and revenue" in same
    assert "may change relevance by" in near
    for metric in ("relevance", "revenue"):
        one = found["differences"]["near - logged"][metric]
        assert one["caution"] == NEVER_EXPLORED
        assert one["low"] < one["value"] < one["high"]
        beside = found["estimators"]["near"][metric]
        assert list(beside) == ["bounds", "doubly robust", "self-normalised", "click IPS"]
        assert {beside[name]["low"] for name in list(beside)[1:]} == {None}
        assert beside["doubly robust"]["value"] - found["log"][metric]["value"] == pytest.approx(one["value"])


def test_bounds_hold_what_is_true(engine: Engine, world: World, report: tuple[dict, str]) -> None:
    found, _ = report
    luck = np.random.Generator(np.random.PCG64(5))
    served = deploy(engine, world, NEAR, 10_000, luck, temperature=SORTED)
    for metric in ("relevance", "revenue"):
        truth, error = value_of(engine, served, metric)
        bounds = found["policies"]["near"][metric]
        assert bounds["low"] - 2 * error < truth < bounds["high"] + 2 * error


def test_what_the_log_hardly_shows_has_no_bounds(report: tuple[dict, str]) -> None:
    found, _ = report
    assert "of its slates are in this log" in found["policies"]["far"]["revenue"]["refusal"]
    assert "too little overlap" in found["verdicts"][2]
    assert found["differences"]["far - logged"]["diversity"]["low"] is not None


def test_pages_that_are_read_no_further_than_a_click_have_no_bounds(
    engine: Engine, world: World, tmp_path: Path
) -> None:
    found = replay(sorted_log(engine, world, tmp_path, "cascade", 200), engine, {"near": NEAR})
    assert found["differences"]["near - logged"]["relevance"]["refusal"] == READ_NO_FURTHER


def test_slates_that_the_bundle_would_not_sort_have_no_interval(engine: Engine, log: Path, tmp_path: Path) -> None:
    pl.concat(read_log(log)).head(200).with_columns(temperature=0.0).write_parquet(tmp_path / "drawn.parquet")
    found = replay(tmp_path / "drawn.parquet", engine, {"near": NEAR})
    assert "of the logged slates are not what this bundle sorts" in found["warnings"][0]
    assert found["verdicts"] == ["Nothing can be said of near: the logged slates are not this bundle's."]
    assert {one["low"] for one in found["differences"]["near - logged"].values()} == {None}


def test_the_librarys_estimators_say_what_clicks_and_a_model_say() -> None:
    """Two items change places, and a third that no page shows takes the last position."""
    rng = np.random.default_rng(1)
    exam, n = assumed(3).chances, 4000
    clicks = rng.random((n, 3)) < exam * np.array([0.3, 0.5, 0.2])
    logged, target = np.tile(exam, (n, 1)), np.tile([exam[1], exam[0], 0.0], (n, 1))
    unshown = np.tile([0.0, 0.0, exam[2] * 0.2], (n, 1))
    seen = add_up(click_ips(clicks, logged, target))
    low, middle, high = (add_up(click_dr(clicks, logged, target, times * unshown)) for times in (0.5, 1.0, 2.0))
    assert middle.value - seen.value == pytest.approx(exam[2] * 0.2)
    found = between(low, middle, high)
    truth = 0.5 + exam[1] * 0.3 + exam[2] * 0.3
    assert found.low < truth < found.high
