"""`trimtab compare`: a run that is interrupted goes on where it was, and becomes a report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.ranker.problems import small_problem
from trimtab.core.errors import BadInput, BadParameter
from trimtab.engine.build.study_problems import load_folds
from trimtab.ranker.methods.registry import DEFAULT
from trimtab.ranker.study import compare as comparing
from trimtab.ranker.study import prepared
from trimtab.ranker.study.cell import Fold
from trimtab.ranker.study.prepared import save_problem
from trimtab.ranker.study.report import write_experiments
from trimtab.ranker.training.heads import Recipe

METHODS = ("scalarisation", DEFAULT, "film")


def compare(data: str, methods: Sequence[str], *, n_seeds: int, out: Path) -> pl.DataFrame:
    def folds_of(name: str, seed: int) -> list[Fold]:
        return load_folds(name, out / "cache", data=None, seed=seed)

    return comparing.compare(data, methods, n_seeds=n_seeds, out=out, folds_of=folds_of)


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose prepared lists are small."""
    monkeypatch.setitem(comparing.RECIPES, "icecat", Recipe(hidden=(), n_steps=5))
    cache = tmp_path / "cache"
    cache.mkdir()
    save_problem(small_problem(n_lists=40), cache / "prepared-icecat.npz")
    return tmp_path


def test_a_comparison_is_taken_up_where_it_stopped_and_reported(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = compare("icecat", METHODS, n_seeds=1, out=out)
    assert set(first["method"].unique()) == set(METHODS)
    front = first.filter((pl.col("kind") == "front") & (pl.col("method") == DEFAULT))
    assert len(front) == 28
    assert front.select("value_0", "value_1", "value_2").to_numpy().max() <= 1 + 1e-9

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("this cell was measured before")

    monkeypatch.setattr(comparing, "compare_one", refuse)
    again = compare("icecat", METHODS, n_seeds=1, out=out)
    assert again.equals(first)
    with pytest.raises(AssertionError, match="measured before"):
        compare("icecat", METHODS, n_seeds=2, out=out)

    report = write_experiments(out, out / "docs").read_text()
    assert f"| **{DEFAULT}** | yes |" in report
    figures = json.loads((out / "docs" / "paper" / "results" / "comparison.json").read_text())["icecat"]
    assert f"{figures[DEFAULT]['hypervolume']['value']:.4f}" in report
    assert figures["scalarisation"]["percent"]["value"] == 100
    assert figures[DEFAULT]["percent_of_ensemble"] is None  # it was not compared
    assert "| predicted monotone | 1 or more | 1.000 |" in report  # the one figure that no training can miss
    assert sorted(path.name for path in (out / "docs" / "img").iterdir()) == [
        "experiments-icecat-costs.png",
        "experiments-icecat-fronts.png",
        "experiments-icecat-paths.png",
    ]


def test_prepared_lists_come_back_as_they_were(out: Path) -> None:
    folds = load_folds("icecat", out / "cache", data=None, seed=0)
    whole = small_problem(n_lists=40)
    assert sum(len(fold.test) for fold in folds) == len(whole)
    assert folds[0].test.objectives == whole.objectives
    for fold in folds:
        assert not set(fold.train.lists.groups) & set(fold.test.lists.groups)
    number = int(np.flatnonzero(whole.lists.groups == folds[0].test.lists.groups[0])[0])
    np.testing.assert_array_equal(folds[0].test.gains[0], whole.gains[number])


def test_lists_of_other_features_are_not_continued(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "schema_hash", lambda: "another")
    with pytest.raises(BadInput, match="made of other features"):
        compare("icecat", METHODS, n_seeds=1, out=out)


def test_what_cannot_be_compared_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match="grocery, icecat"):
        compare("books", ["heads"], n_seeds=1, out=tmp_path)
    with pytest.raises(BadParameter, match="headz"):
        compare("grocery", ["headz"], n_seeds=1, out=tmp_path)
    with pytest.raises(BadParameter, match="--judged"):
        compare("icecat", ["heads"], n_seeds=1, out=tmp_path)
    with pytest.raises(BadInput, match="no results"):
        write_experiments(tmp_path / "nothing", tmp_path / "docs")
