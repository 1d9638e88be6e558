"""Fit the served ranker: heads on a training part, calibration and ranges on a held-out part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trimtab.core.errors import BadInput
from trimtab.core.work.progress import Progress, silent
from trimtab.ranker.calibration import Calibration, fit_calibration
from trimtab.ranker.methods.problem import Problem
from trimtab.ranker.model import Average, Heads, ServedRanker
from trimtab.ranker.training.lists import RankingLists
from trimtab.ranker.training.losses import pointwise_loss, softmax_loss
from trimtab.ranker.training.new_items import some_as_new
from trimtab.ranker.training.optimiser import AdamW
from trimtab.ranker.training.rules import lean_on_rules
from trimtab.ranker.training.unjudged import some_as_irrelevant


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the heads are fitted.

    Attributes:
        pointwise_share: weight of the pointwise loss beside the listwise one.
        n_members: independently seeded networks whose raw scores are averaged.
        new_share: share of the candidates of each step that are seen as though they were new.
        irrelevant_share: share of the candidates without a label that each network learns from as irrelevant.
        rules_share: how much of the rules is added to one of what each network has learned of relevance.
        device: where networks are trained, as torch names it; they are used where everything else is.
    """

    hidden: tuple[int, ...] = (64, 32)
    n_members: int = 1
    n_steps: int = 1500
    lists_per_step: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 1e-3
    dropout: float = 0.0
    pointwise_share: float = 0.1
    new_share: float = 0.0
    irrelevant_share: float = 0.0
    rules_share: float = 0.0
    device: str = "cpu"


FEW_LISTS = Recipe(hidden=(16,), n_members=5, n_steps=300, weight_decay=0.3, dropout=0.3, pointwise_share=0.5)
MANY_LISTS = Recipe(n_members=3)
ENOUGH_LISTS = 1000
"""The number of lists from which they are many: larger networks are worth fitting, and students of them."""


def fit_heads(lists: RankingLists, recipe: Recipe, *, seed: int = 0, progress: Progress = silent) -> nn.Module:
    """Fit raw heads on lists; every head learns from its own labels.

    Raises:
        BadInput: a feature is not finite, or no list has a label above 0.
    """
    members = fit_members(lists, recipe, seed=seed, progress=progress)
    return members[0] if len(members) == 1 else Average([*members])


def fit_members(lists: RankingLists, recipe: Recipe, *, seed: int = 0, progress: Progress = silent) -> list[Heads]:
    """The networks of `fit_heads`, each by itself."""
    if not np.isfinite(lists.features).all():
        raise BadInput("training features: a value is not finite")
    if not (np.nan_to_num(lists.labels) > 0).any():
        raise BadInput("training labels are all 0 or unknown: there is nothing to learn")
    with one_thread():
        return [_fit_member(lists, recipe, seed=one, progress=progress) for one in seeds_of_members(recipe, seed)]


def seeds_of_members(recipe: Recipe, seed: int) -> range:
    """A seed for each network of a recipe."""
    return range(seed * 1000, seed * 1000 + recipe.n_members)


@contextmanager
def one_thread() -> Iterator[None]:
    """torch in one thread: steps of networks this small wait for a second thread longer than it saves."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


def _fit_member(lists: RankingLists, recipe: Recipe, *, seed: int, progress: Progress) -> Heads:
    seen = some_as_irrelevant(lists, recipe.irrelevant_share, seed=seed).labelled()
    heads = untrained(seen, recipe, seed=seed)
    descend([heads], sampled(seen, recipe, seed=seed), recipe, progress=progress)
    lean_on_rules(heads, lists, recipe.rules_share)
    return heads


def untrained(lists: RankingLists, recipe: Recipe, *, seed: int) -> Heads:
    """A network before training, standardised on the lists."""
    torch.manual_seed(seed)
    heads = Heads(lists.features.shape[2], lists.labels.shape[2], recipe.hidden, recipe.dropout)
    standardise(heads, lists)
    return heads


def sampled(lists: RankingLists, recipe: Recipe, *, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Features [B, n, F] and labels [B, n, H] of lists drawn with replacement, for each step of a recipe."""
    rng = np.random.Generator(np.random.PCG64(seed))
    features, labels = (torch.from_numpy(one).to(recipe.device) for one in (lists.features, lists.labels))
    for _ in range(recipe.n_steps):
        which = rng.integers(0, len(lists), min(recipe.lists_per_step, len(lists)))
        batch = torch.from_numpy(which).to(recipe.device)
        yield some_as_new(features[batch], recipe.new_share), labels[batch]


def descend(
    networks: Sequence[Heads],
    batches: Iterable[tuple[Tensor, Tensor]],
    recipe: Recipe,
    *,
    progress: Progress = silent,
) -> None:
    """Fit networks in place on the same batches of features and labels, as many as the recipe has steps."""
    trained = [_Descent(one.to(recipe.device).train(), recipe) for one in networks]
    for step, (features, labels) in enumerate(batches):
        for one in trained:
            one.step(features, labels)
        if step % 50 == 0:
            progress("train", step, recipe.n_steps)
    progress("train", recipe.n_steps, recipe.n_steps)
    for network in networks:
        network.cpu().eval()


class _Descent:
    """One network while it is trained."""

    def __init__(self, heads: Heads, recipe: Recipe) -> None:
        self.heads, self.recipe = heads, recipe
        # Decay goes to the weights alone: a bias adds no complexity.
        decayed = [parameter for parameter in heads.parameters() if parameter.ndim > 1]
        plain = [parameter for parameter in heads.parameters() if parameter.ndim == 1]
        self.optimiser = AdamW(
            [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": plain, "weight_decay": 0.0}],
            lr=recipe.learning_rate,
        )
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimiser, recipe.n_steps)

    def step(self, features: Tensor, labels: Tensor) -> None:
        loss = _loss(self.heads(features), labels, self.recipe.pointwise_share)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch ships it untyped
        self.optimiser.step()
        self.schedule.step()


def standardise(heads: Heads, lists: RankingLists) -> None:
    """Set the network's mean and scale to those of the labelled candidates."""
    known = ~np.isnan(lists.labels).all(axis=2)
    seen = lists.features[known]
    heads.mean.copy_(torch.from_numpy(seen.mean(axis=0)))
    heads.scale.copy_(torch.from_numpy(np.maximum(seen.std(axis=0), 1e-3)))


def _loss(raw: Tensor, labels: Tensor, pointwise_share: float) -> Tensor:
    total = torch.zeros(())
    for head in range(labels.shape[2]):
        values = labels[..., head]
        mask = ~torch.isnan(values)
        scores = raw[..., head]
        total = total + (1 - pointwise_share) * softmax_loss(scores, values, mask)
        total = total + pointwise_share * pointwise_loss(scores, values, mask)
    return total


@torch.inference_mode()
def raw_scores(heads: nn.Module, lists: RankingLists) -> NDArray[np.float32]:
    """[L, n, H] raw scores."""
    return np.asarray(heads(torch.from_numpy(lists.features)).numpy(), dtype=np.float32)


class Calibrated(NamedTuple):
    """One calibration for each head, calibrated gains [L, n, M] of the lists, ranges [M] above 0."""

    calibrations: list[Calibration]
    gains: NDArray[np.float64]
    ranges: NDArray[np.float32]


def calibrate(raw: NDArray[np.float32], problem: Problem) -> Calibrated:
    """Calibrate each head and measure each objective's population range on held-out lists."""
    calibrations = fit_calibrations(raw, problem.lists)
    gains = problem.gains_of(calibrated(calibrations, raw))
    return Calibrated(calibrations, gains, population_ranges(gains, problem.lists.rows >= 0))


def fit_calibrations(raw: NDArray[np.float32], lists: RankingLists) -> list[Calibration]:
    """A calibration for each head, on raw scores [L, n, H] of lists the heads were not fitted on."""
    calibrations = []
    for head in range(lists.labels.shape[2]):
        values = lists.labels[..., head]
        known = ~np.isnan(values)
        calibrations.append(fit_calibration(raw[..., head][known], values[known]))
    return calibrations


def population_ranges(gains: NDArray[np.floating], there: NDArray[np.bool_]) -> NDArray[np.float32]:
    """[M] median over lists of the spread between the best and the worst candidate's gain, above 0.

    `gains` [L, n, M]; `there` [L, n], false in the padding.
    """
    spreads = [np.ptp(row[kept], axis=0) for row, kept in zip(gains, there, strict=True) if kept.any()]
    return np.asarray(np.maximum(np.median(spreads, axis=0), 1e-6), dtype=np.float32)


def assemble(
    heads: nn.Module,
    calibrations: Sequence[Calibration],
    ranges: NDArray[np.float32],
    head_of: Sequence[int],
) -> ServedRanker:
    """Put the parts into the module that is served."""
    return ServedRanker(
        heads,
        torch.from_numpy(np.stack([c.x for c in calibrations])),
        torch.from_numpy(np.stack([c.y for c in calibrations])),
        torch.tensor(head_of),
        torch.from_numpy(ranges),
    ).eval()


def calibrated(calibrations: Sequence[Calibration], raw: NDArray[np.float32]) -> NDArray[np.float64]:
    """[L, n, H] expected values of raw scores [L, n, H]."""
    return np.stack([one(raw[..., head]) for head, one in enumerate(calibrations)], axis=2)
