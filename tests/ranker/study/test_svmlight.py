"""Readers of public learning-to-rank data, and the training stack on one of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from trimtab.core.errors import BadFile
from trimtab.core.metrics import ndcg_at_k
from trimtab.ranker.methods.problem import check_problem
from trimtab.ranker.study.svmlight import MSLR_N_FEATURES, MSLR_OBJECTIVES, read_lambdarank, read_mslr, read_svmlight
from trimtab.ranker.training.heads import Recipe, fit_heads, raw_scores
from trimtab.ranker.training.lists import RankingLists

NDCG_AT_1, NDCG_AT_3 = 0.5674, 0.578  # what LightGBM's own tests ask of its ranker on this data


def mslr_line(grade: int, query: str, value: float) -> str:
    return f"{grade} qid:{query} " + " ".join(f"{column}:{value * column:g}" for column in range(1, 137)) + "\n"


@pytest.mark.shared_data
def test_the_training_stack_reaches_the_thresholds_of_lightgbm(shared_data: Path) -> None:
    torch.set_num_threads(1)
    train, test = (read_lambdarank(shared_data / "lambdarank" / f"rank.{part}.gz") for part in ("train", "test"))
    assert train.features.shape == (201, 27, 300)
    gains = ((np.exp2(train.labels) - 1) / 15).astype(np.float32)
    recipe = Recipe(hidden=(16,), n_steps=300, weight_decay=0.3, dropout=0.3)
    heads = fit_heads(replace(train, labels=gains), recipe)
    scores = raw_scores(heads, test)[..., 0]
    at_1, at_3 = (mean_ndcg(scores, test, k=k) for k in (1, 3))
    assert at_1 > NDCG_AT_1
    assert at_3 > NDCG_AT_3


def mean_ndcg(scores: np.ndarray, lists: RankingLists, *, k: int) -> float:
    """As LightGBM counts: a list without a relevant item has 1."""
    values = []
    for row, grades in zip(scores, lists.labels[..., 0], strict=True):
        known = ~np.isnan(grades)
        value = ndcg_at_k(row[known], grades[known], k=k)
        values.append(1.0 if np.isnan(value) else value)
    return float(np.mean(values))


def test_mslr_becomes_a_problem_with_its_columns_as_objectives(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    path.write_text(mslr_line(2, "7", 1) + mslr_line(0, "7", 2) + mslr_line(4, "9", 3))
    problem = read_mslr(path)
    check_problem(problem)
    assert [one.name for one in problem.objectives] == ["relevance", *MSLR_OBJECTIVES]
    assert problem.lists.features.shape == (2, 2, MSLR_N_FEATURES - len(MSLR_OBJECTIVES))
    assert problem.lists.groups.tolist() == ["7", "9"]
    assert problem.gains[0, 0, 0] == pytest.approx(3 / 15)
    assert problem.gains[1, 0].max() == pytest.approx(1)  # the largest of each column
    assert not problem.mask[1, 1]


@pytest.mark.parametrize(
    ("text", "row", "problem"),
    [
        ("0 qid:1 1:0.5\nx qid:1 1:0.5\n", 2, "SVMlight"),
        ("0 qid:1 1:nan\n", 1, "not finite"),
        ("0 qid:1 1=0.5\n", 1, "SVMlight"),
        ("0 qid:1 0:0.5\n", 1, "below 1"),
        ("\n", None, "no lines"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, text: str, row: int | None, problem: str) -> None:
    path = tmp_path / "data.txt"
    path.write_text(text)
    with pytest.raises(BadFile, match=problem) as caught:
        read_svmlight(path)
    assert caught.value.row == row


def test_lengths_that_do_not_add_up_are_named(tmp_path: Path) -> None:
    (tmp_path / "rank.train").write_text("0 1:0.5\n1 1:0.7\n")
    with pytest.raises(BadFile, match=r"rank.train.query.*not hold list lengths"):
        read_lambdarank(tmp_path / "rank.train")
    (tmp_path / "rank.train.query").write_text("3\n")
    with pytest.raises(BadFile, match="add up to 3"):
        read_lambdarank(tmp_path / "rank.train")


def test_mslr_with_other_columns_or_without_queries_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "few.txt"
    path.write_text("0 qid:1 1:0.5\n")
    with pytest.raises(BadFile, match="136"):
        read_mslr(path)
    path.write_text(mslr_line(1, "1", 1).replace("qid:1 ", ""))
    with pytest.raises(BadFile, match="without qid"):
        read_mslr(path)
    with pytest.raises(BadFile, match="cannot be read"):
        read_mslr(tmp_path / "none.txt")
