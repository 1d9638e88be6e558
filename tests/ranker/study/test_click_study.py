"""The study of biased clicks always has the naive baseline and the truth beside the corrections."""

from __future__ import annotations

from tests.ranker.problems import small_problem
from trimtab.ranker.study.click_study import ClickStudy, study_clicks
from trimtab.ranker.training.heads import Recipe


def test_the_baseline_and_the_truth_stand_beside_every_correction() -> None:
    lists = small_problem().lists
    small = ClickStudy(n_shown=3, n_impressions=300, n_randomised=300, recipe=Recipe(hidden=(), n_steps=10))
    rows = {row["learner"]: row for row in study_clicks(lists, lists, seed=0, study=small)}
    assert rows["naive clicks"]["recovered"] == 0
    assert rows["true labels"]["recovered"] == 1
    assert len(rows) == 6
    assert all(0 < row["ndcg"] <= 1 for row in rows.values())
