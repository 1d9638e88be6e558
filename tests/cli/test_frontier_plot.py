"""`trimtab frontier`: the plot in the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trimtab.cli import app
from trimtab.core.errors import BadParameter


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["frontier", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_it_draws_the_front_and_the_knee(small_bundle: Path) -> None:
    drawn = run(small_bundle, "ice cream").splitlines()
    canvas = [line.partition("│")[2] for line in drawn if "│" in line][:18]
    assert "revenue of “ice cream”" in drawn[0]
    assert sum(line.count("◆") for line in canvas) == 1
    assert canvas[0].count("●") >= 1, "the best of the objective is on the upper edge"
    assert any(line.rstrip().endswith("●") and len(line.rstrip()) == 64 for line in canvas), (
        "pure relevance is rightmost"
    )


def test_json_has_every_point(small_bundle: Path) -> None:
    points = json.loads(run(small_bundle, "coffee", "--json", "--k", 5))["points"]
    assert len(points) == 190
    assert sum(point["knee"] for point in points) == 1


def test_nothing_matches(small_bundle: Path) -> None:
    assert run(small_bundle, "zzzzqqqq") == "no item matches\n"


def test_an_objective_it_cannot_trade(small_bundle: Path) -> None:
    with pytest.raises(BadParameter, match="'margin' cannot be traded here; allowed: revenue, diversity"):
        run(small_bundle, "coffee", "--against", "margin")
