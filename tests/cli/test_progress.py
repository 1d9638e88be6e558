"""Long commands show how far they are and how long it takes, to somebody who looks at a terminal and to nobody else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.cli.terminal import a_terminal
from tests.ranker.problems import small_problem
from trimtab.cli import app
from trimtab.ranker.study import compare as comparing
from trimtab.ranker.study.prepared import save_problem
from trimtab.ranker.training.heads import Recipe

Command = tuple[str, ...]


@pytest.fixture(params=["build", "compare"])
def command(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A long command in its shortest form; `simulate` and `replay` are in `test_commands`."""
    if request.param == "build":
        (tmp_path / "shop.csv").write_text("item_id,title\n1,Red shirt\n2,Leather boots\n3,Wool scarf\n")
        return ("build", str(tmp_path / "shop.csv"), "--out", str(tmp_path / "bundle"))
    monkeypatch.setitem(comparing.RECIPES, "icecat", Recipe(hidden=(), n_steps=5))
    (tmp_path / "cache").mkdir()
    save_problem(small_problem(n_lists=40), tmp_path / "cache" / "prepared-icecat.npz")
    return ("compare", "--data", "icecat", "--methods", "heads", "--seeds", "1", "--out", str(tmp_path))


def test_a_terminal_shows_bars_with_the_time_left(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_terminal(monkeypatch) as shown:
        app(command, standalone_mode=False)
        bars = shown()
    assert "━" in bars
    assert len(re.findall(r"\d:\d\d:\d\d", bars)) >= 2, "the time it took and the time left"


def test_quiet_is_quiet_on_a_terminal_too(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_terminal(monkeypatch) as shown:
        app((*command, "--quiet"), standalone_mode=False)
        assert "━" not in shown()


def test_without_a_terminal_there_are_no_bars(command: Command) -> None:
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0
    assert "━" not in done.output
