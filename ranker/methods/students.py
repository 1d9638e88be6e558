"""One network that learns the raw scores of a teacher, which may be as large as one likes: it is not served.

A teacher answers for any features, so that a student need not make do with the lists that there are: it is also asked
about mixtures of two candidates and, as the networks of a shop are, about candidates as though they were new. What a
student is worth is then what its teacher is worth, up to what its size allows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from trimtab.ranker.calibration import Calibration
from trimtab.ranker.methods.boosted import Blend, BoostedHeads, blended
from trimtab.ranker.methods.heads import CalibratedHeads, Taught
from trimtab.ranker.model import Average, Heads
from trimtab.ranker.training.heads import Recipe, fit_heads, one_thread, raw_scores, standardise
from trimtab.ranker.training.lists import RankingLists
from trimtab.ranker.training.new_items import some_as_new
from trimtab.ranker.training.optimiser import AdamW

LONGER = 6
"""A student's steps in those of a network of its teacher: what is asked of a teacher costs no labels."""
ITEMS_PER_STEP = 512
LEARNING_RATE = 5e-3
FARTHEST = 0.5
"""How much of another candidate there is at most in a mixture."""
WIDER = 1.5
"""The width of a student's layers in those of one network of its teacher."""
NARROWEST = (32,)
"""The layers of a student whose teacher's networks are linear."""


class Student(Taught):
    """A student of three networks."""

    name = "student"

    def fit_raw(self, lists: RankingLists) -> nn.Module:
        return self._imitating(self.teacher().fit_raw(lists), lists)

    def student_of(self, teacher: nn.Module, calibrations: list[Calibration], lists: RankingLists) -> nn.Module:
        return self._imitating(teacher, lists)

    def _imitating(self, teacher: nn.Module, lists: RankingLists) -> Heads:
        n_steps = LONGER * self.recipe.n_steps
        return imitate(
            teacher,
            lists,
            layers_of_student(self.recipe),
            n_steps=n_steps,
            new_share=self.recipe.new_share,
            seed=self.seed,
        )


class StudentOfBlend(Student):
    """A student of five networks and three forests."""

    name = "student_of_blend"

    def teacher(self) -> CalibratedHeads:
        return LargeBlend(self.recipe, seed=self.seed)


class LargeBlend(Blend):
    """More networks and trees than a search has time for."""

    name = "large_blend"
    n_networks = 5
    n_forests = 3

    def fit_raw(self, lists: RankingLists) -> nn.Module:
        recipe = replace(self.recipe, n_members=self.n_networks)
        seeds = range(self.n_forests * self.seed, self.n_forests * (self.seed + 1))
        forests = [BoostedHeads(self.recipe, seed=seed).fit_raw(lists) for seed in seeds]
        return blended(fit_heads(lists, recipe, seed=self.seed), Average(forests), lists)


def layers_of_student(recipe: Recipe) -> tuple[int, ...]:
    """The widths of a student's hidden layers, where a recipe is that of a network of its teacher."""
    return tuple(int(WIDER * width) for width in recipe.hidden) or NARROWEST


def imitate(
    teacher: nn.Module,
    lists: RankingLists,
    hidden: tuple[int, ...],
    *,
    n_steps: int,
    new_share: float = 0.0,
    seed: int,
) -> Heads:
    """A network of these layers that gives the raw scores of a teacher, for candidates like those of the lists.

    Args:
        new_share: as in a recipe.
    """
    there = lists.rows >= 0
    candidates = lists.features[there]
    spreads = np.maximum(raw_scores(teacher, lists)[there].std(axis=0), 1e-6)
    torch.manual_seed(seed)
    student = Heads(candidates.shape[1], len(spreads), hidden, is_rectified=True)
    standardise(student, lists)
    optimiser = AdamW(student.parameters(), lr=LEARNING_RATE, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, n_steps)
    unit = torch.from_numpy(spreads)
    with one_thread():
        for mixed in _mixtures(torch.from_numpy(candidates), n_steps, seed):
            features = some_as_new(mixed, new_share)
            with torch.no_grad():
                wanted = teacher(features)
            loss = (((student(features) - wanted) / unit) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return student.eval()


def _mixtures(candidates: Tensor, n_steps: int, seed: int) -> Iterator[Tensor]:
    """Candidates [B, F] for each step, half of them mixed with others."""
    rng = np.random.Generator(np.random.PCG64(seed))
    for _ in range(n_steps):
        ours, others = (torch.from_numpy(one) for one in rng.integers(0, len(candidates), (2, ITEMS_PER_STEP)))
        shares = np.maximum(rng.uniform(-FARTHEST, FARTHEST, (ITEMS_PER_STEP, 1)), 0).astype(np.float32)
        yield torch.lerp(candidates[ours], candidates[others], torch.from_numpy(shares))
