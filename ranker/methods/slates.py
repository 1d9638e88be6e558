"""Slates of many lists by utilities, and what they are worth: discounted sums of the true gains, diversity last."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trimtab.core.diversity import ALPHA
from trimtab.core.metrics import discounts
from trimtab.ranker.methods.problem import Problem
from trimtab.ranker.slate.batched import novelty_slate, sorted_slate

K = 10
Floats = NDArray[np.float64]
Slates = NDArray[np.int64]


def slates_of(utilities: Tensor, problem: Problem, *, w_diversity: float = 0.0, k: int = K) -> Slates:
    """[L, k] indices of items by position, -1 where a list is shorter; utilities [L, n]."""
    eligible = torch.from_numpy(problem.mask)
    pins = torch.full((len(problem), k), -1)
    if w_diversity == 0:
        return np.asarray(sorted_slate(utilities, eligible, pins).numpy())
    bonus = torch.full((len(problem),), w_diversity)
    return np.asarray(novelty_slate(utilities, eligible, torch.from_numpy(problem.aspects), bonus, pins).numpy())


def discounted_values(slates: Slates, gains: NDArray[np.floating]) -> Floats:
    """[L, M] discounted sums of gains [L, n, M] over slates [L, k]."""
    taken = np.take_along_axis(gains, np.maximum(slates, 0)[:, :, None], axis=1) * (slates >= 0)[:, :, None]
    values: Floats = np.einsum("lkm,k->lm", taken.astype(np.float64), discounts(slates.shape[1]))
    return values


def diversity_values(slates: Slates, aspects: NDArray[np.integer]) -> Floats:
    """[L] `trimtab.core.diversity.slate_diversity` of each slate, all lists at once."""
    codes = shown_aspects(slates, aspects)
    n_lists, k, n_aspects = codes.shape
    above = np.tril(np.ones((k, k), dtype=bool), -1)
    novelty = np.zeros((n_lists, k))
    for aspect in range(n_aspects):
        column = codes[..., aspect]
        same = (column[:, :, None] == column[:, None, :]) & (column >= 0)[:, :, None]
        novelty += (1 - ALPHA) ** (same & above).sum(axis=2) / n_aspects
    return np.asarray(np.where(slates >= 0, novelty if n_aspects else 1.0, 0.0) @ discounts(k), dtype=np.float64)


def shown_aspects(slates: Slates, aspects: NDArray[np.integer]) -> NDArray[np.int64]:
    """[L, k, A] codes by position; -1 unknown, or past the end of a short list."""
    taken = np.take_along_axis(aspects, np.maximum(slates, 0)[:, :, None], axis=1)
    return np.where((slates >= 0)[:, :, None], taken, -1).astype(np.int64)


def covered(slates: Slates, aspects: NDArray[np.integer]) -> Floats:
    """[L, A] how many different known codes of each aspect a slate shows."""
    codes = np.sort(shown_aspects(slates, aspects), axis=1)
    new = np.concatenate([codes[:, :1] >= 0, (codes[:, 1:] != codes[:, :-1]) & (codes[:, 1:] >= 0)], axis=1)
    return np.asarray(new.sum(axis=1), dtype=np.float64)


def slate_values(slates: Slates, problem: Problem) -> Floats:
    """[L, M + 1] true values of slates, diversity last."""
    return np.column_stack([discounted_values(slates, problem.gains), diversity_values(slates, problem.aspects)])
