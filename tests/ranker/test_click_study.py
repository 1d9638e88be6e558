"""The study of biased clicks always has the naive baseline and the truth beside the corrections."""

from __future__ import annotations

import pytest

from tests.ranker.methods.conftest import small_problem
from trimtab.ranker.study import click_study
from trimtab.ranker.study.click_study import study_clicks
from trimtab.ranker.training.heads import Recipe


def test_the_baseline_and_the_truth_stand_beside_every_correction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(click_study, "RECIPE", Recipe(hidden=(), n_steps=10))
    monkeypatch.setattr(click_study, "N_IMPRESSIONS", 300)
    monkeypatch.setattr(click_study, "N_RANDOMISED", 300)
    monkeypatch.setattr(click_study, "N_SHOWN", 3)
    lists = small_problem().lists
    rows = {row["learner"]: row for row in study_clicks(lists, lists, seed=0)}
    assert rows["naive clicks"]["recovered"] == 0
    assert rows["true labels"]["recovered"] == 1
    assert len(rows) == 6
    assert all(0 < row["ndcg"] <= 1 for row in rows.values())
