"""A student gives what its teacher gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.ranker.problems import small_problem
from trimtab.ranker.features import AT, FEATURES
from trimtab.ranker.methods.boosted import BoostedHeads
from trimtab.ranker.methods.students import Student, StudentOfBlend, imitate
from trimtab.ranker.training.heads import Recipe, fit_heads, raw_scores
from trimtab.ranker.training.new_items import as_new

RECIPE = Recipe(hidden=(8,), n_members=3, n_steps=60, lists_per_step=32, learning_rate=3e-2)


def test_a_student_has_the_scores_of_its_teacher_for_lists_it_never_saw() -> None:
    lists, others = small_problem().lists, small_problem(seed=1).lists
    teacher = fit_heads(lists, RECIPE)
    student = imitate(teacher, lists, (16,), n_steps=400, seed=0)
    there = others.rows >= 0
    wanted, found = (raw_scores(one, others)[there] for one in (teacher, student))
    for head in range(wanted.shape[1]):
        assert np.corrcoef(wanted[:, head], found[:, head])[0, 1] > 0.99
    assert np.abs(wanted - found).mean() < 0.1 * wanted.std()


def test_trees_and_students_know_of_items_that_are_new_yet() -> None:
    """Relevance is what the title or the type says, and a new item has no type."""
    pytest.importorskip("lightgbm")
    rng = np.random.Generator(np.random.PCG64(0))
    small = small_problem(n_lists=150).lists
    features = np.zeros((*small.rows.shape, len(FEATURES)), dtype=np.float32)
    in_title = rng.random(small.rows.shape) < 0.5
    features[..., AT["title_coverage"]] = in_title
    features[..., AT["type_coverage"]] = in_title
    labels = np.where(np.isnan(small.labels), np.nan, in_title[..., None]).astype(np.float32)
    lists = replace(small, features=features, labels=labels)
    recipe = replace(RECIPE, new_share=0.3)
    new = as_new(torch.from_numpy(features), torch.ones(in_title.shape, dtype=torch.bool))
    for made in (BoostedHeads(recipe), StudentOfBlend(recipe)):
        scores = raw_scores(made.fit_raw(lists), replace(lists, features=new.numpy()))
        there = lists.rows >= 0
        assert scores[there & in_title].min() > scores[there & ~in_title].max(), made.name


def test_trees_learn_from_some_of_many_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("lightgbm")
    lists = small_problem(n_lists=300).lists
    whole = raw_scores(BoostedHeads(RECIPE).fit_raw(lists), lists)
    monkeypatch.setattr("trimtab.ranker.methods.boosted.MOST_CANDIDATES", 400)
    first, again = (raw_scores(BoostedHeads(RECIPE).fit_raw(lists), lists) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    there = lists.rows >= 0
    assert (first != whole).any()
    assert np.corrcoef(first[there][:, 0], whole[there][:, 0])[0, 1] > 0.8


@pytest.mark.parametrize("kind", [Student, pytest.param(StudentOfBlend, marks=pytest.mark.slow)])
def test_a_student_is_heads_with_one_network(kind: type[Student]) -> None:
    made, data = kind(replace(RECIPE, n_steps=5)), small_problem(n_lists=30)
    if kind is StudentOfBlend:
        pytest.importorskip("lightgbm")
    made.fit(data, np.empty((0, 2)))
    gains = made.predict(data.inputs, torch.from_numpy(data.mask))
    assert gains.shape == data.gains.shape
    assert torch.isfinite(gains).all()
