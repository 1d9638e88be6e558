"""Prepared lists as files, and as folds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trimtab.core.atomic import new_file
from trimtab.core.errors import BadInput
from trimtab.ranker.features import schema_hash
from trimtab.ranker.methods.problem import Problem
from trimtab.ranker.objectives import Objective
from trimtab.ranker.study.cell import Fold
from trimtab.ranker.training.crossval import folds_of
from trimtab.ranker.training.lists import RankingLists


def folds_by_query(whole: Problem, *, seed: int) -> list[Fold]:
    """Folds of few lists, whose training part is also the validation part."""
    folds = folds_of(whole.lists.groups, seed=seed)
    pairs = [(whole.take(folds != fold), whole.take(folds == fold)) for fold in range(int(folds.max()) + 1)]
    return [Fold(train, train, test) for train, test in pairs]


def save_problem(problem: Problem, path: Path) -> None:
    """The objectives travel as columns."""
    lists, objectives = problem.lists, problem.objectives
    with new_file(path) as file:
        np.savez(
            file,
            schema=schema_hash(),
            features=lists.features,
            prices=lists.prices,
            labels=lists.labels,
            groups=lists.groups,
            labelled=lists.heads,
            rows=lists.rows,
            multipliers=problem.multipliers,
            aspects=problem.aspects,
            names=[one.name for one in objectives],
            heads=[one.head for one in objectives],
            values=[one.value for one in objectives],
            units=[one.unit for one in objectives],
        )


def load_problem(path: Path) -> Problem:
    """
    Raises:
        BadInput: other features were kept than are computed now, so that nothing measured beside them can be continued.
    """
    with np.load(path, allow_pickle=False) as kept:
        if "schema" not in kept or kept["schema"] != schema_hash():
            raise BadInput(f"{path}: made of other features than are computed now; begin in another folder")
        arrays = {name: kept[name] for name in ("features", "prices", "labels", "groups", "rows")}
        lists = RankingLists(**arrays, heads=tuple(map(str, kept["labelled"])))
        columns = zip(kept["names"], kept["heads"], kept["values"], kept["units"], strict=True)
        objectives = tuple(Objective(*map(str, column)) for column in columns)
        return Problem(lists, objectives, kept["multipliers"], kept["aspects"])
