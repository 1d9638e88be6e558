"""The commands of this package as they are typed: one JSON object on stdout, bad input named."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from trimtab.abtest.report.tuning import tuning_verdict
from trimtab.cli import app
from trimtab.cli.logs import parse_loss
from trimtab.core.errors import BadParameter
from trimtab.engine.log.impressions import read_log

RUNNER = CliRunner()

pytestmark = pytest.mark.usefixtures("temperatures_of_few_lists")


def printed(*arguments: object) -> str:
    result = RUNNER.invoke(app, [str(one) for one in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_profile_is_tuned_from_a_log(small_bundle: Path, log: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.parquet"
    pl.concat(read_log(log)).head(60).write_parquet(short)
    asked = ("tune", short, "--bundle", small_bundle, "--maximise", "revenue", "--keep", "relevance=0.98")
    found = json.loads(printed(*asked, "--out", tmp_path / "profile.json", "--json"))
    assert json.loads((tmp_path / "profile.json").read_text()) == {"weights": found["weights"]}
    assert found["keep"] == {"relevance": 0.98}
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["profile.json", "profile.report.html", "short.parquet"]
    page = (tmp_path / "profile.report.html").read_text()
    assert escape(tuning_verdict(found)) in page
    assert page.count("<tr>") == 1 + len(found["candidates"])


@pytest.mark.usefixtures("grocery_is_loaded")
def test_policies_are_ranked_five_ways(small_bundle: Path) -> None:
    sizes = ("--policies", 3, "--impressions", 150, "--truth", 100)
    table = printed("agree", small_bundle, *sizes, "--quiet")
    for word in ("judged", "replay", "interleaving", "Kendall", "default"):
        assert word in table


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("simulate", "BUNDLE", "--impressions", 5, "--out", "LOG", "--clicks", "psychic"), "--clicks"),
        (("tune", "LOG", "--bundle", "BUNDLE", "--maximise", "x", "--out", "P", "--keep", "relevance"), "--keep"),
    ],
)
def test_bad_usage_is_named(arguments: tuple[object, ...], names: str) -> None:
    with pytest.raises(BadParameter, match=names):
        RUNNER.invoke(app, [str(one) for one in arguments], catch_exceptions=False)


@pytest.mark.parametrize(("text", "loss"), [("1%", 0.01), ("0.01", 0.01), (" 2.5 %", 0.025), ("50%", 0.5)])
def test_what_exploration_may_cost_is_a_share(text: str, loss: float) -> None:
    assert parse_loss(text) == pytest.approx(loss)


@pytest.mark.parametrize("text", ["", "%", "a lot", "0", "-1%", "1%%", "1", "nan", "51%"])
def test_what_exploration_cannot_cost_is_named(text: str) -> None:
    with pytest.raises(BadParameter, match="as in 1%"):
        parse_loss(text)
