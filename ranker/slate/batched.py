"""Sorted and greedy slates of many lists at once, in tensors that TorchScript can compile.

They equal `trimtab.ranker.slate.reference`. Without diversity the slate is sorted, which maximises any
position-discounted sum exactly. `trimtab.ranker.artifact` compiles these functions into the served module.
No `from __future__ import annotations` here: TorchScript reads the annotations.
"""

import torch
from torch import Tensor


def _unpinned(eligible: Tensor, pins: Tensor) -> Tensor:
    """`eligible` without the candidates that are pinned somewhere."""
    n_lists, n = eligible.shape
    extended = torch.cat([eligible, torch.ones(n_lists, 1, dtype=torch.bool)], dim=1)
    return extended.scatter(1, torch.where(pins >= 0, pins, torch.full_like(pins, n)), False)[:, :n]


def sorted_slate(utilities: Tensor, eligible: Tensor, pins: Tensor) -> Tensor:
    """Sort by utility around the pins.

    Args:
        utilities: [B, n] float.
        eligible: [B, n] bool; pinned candidates may be eligible or not, they are shown where pinned.
        pins: [B, k] candidate index pinned at a position, -1 where none.

    Returns:
        [B, k] candidate indices, -1 where nothing eligible is left. Ties keep the candidates' order.
    """
    n = utilities.shape[1]
    pinned = pins >= 0
    free = _unpinned(eligible, pins)
    order = torch.argsort(utilities.masked_fill(~free, -float("inf")), dim=1, descending=True, stable=True)
    # The r-th free position takes the r-th best free candidate.
    turn = torch.cumsum((~pinned).long(), dim=1) - 1
    n_free = free.sum(dim=1, keepdim=True)
    taken = order.gather(1, turn.clamp(min=0, max=max(n - 1, 0))) if n > 0 else torch.full_like(pins, -1)
    taken = torch.where(turn < n_free, taken, torch.full_like(taken, -1))
    return torch.where(pinned, pins, taken)


def novelty_slate(utilities: Tensor, eligible: Tensor, aspects: Tensor, w_diversity: Tensor, pins: Tensor) -> Tensor:
    """Take the largest `utility + w_diversity * novelty` position by position, around the pins.

    Freshness is an array an aspect, and only ever multiplied. Where many lists share their candidates, what an item
    does to the freshness of the others is looked up in a table instead of compared for each list.

    Args:
        utilities, eligible, pins: as for `sorted_slate`.
        aspects: [B, n, A] codes, -1 unknown.
        w_diversity: [B], 0 or more.

    Returns:
        [B, k] candidate indices, -1 where nothing eligible is left.
    """
    n_lists, n = utilities.shape
    k = pins.shape[1]
    codes = _codes(aspects)
    if n == 0 or k == 0 or len(codes) == 0 or not bool((w_diversity > 0).any()):
        return sorted_slate(utilities, eligible, pins)
    pinned = pins >= 0
    any_pin = bool(pinned.any())
    free = _unpinned(eligible, pins)
    # In doubles utilities that differ go on differing when novelty is added, so that no tie comes of rounding.
    base = utilities.double().masked_fill(~free, -float("inf"))
    # Position p has something to show while fewer than all free candidates were taken above it.
    turn = torch.cumsum((~pinned).long(), dim=1) - 1
    left = turn < free.sum(dim=1, keepdim=True)
    are_shared = n_lists >= _many_lists() and aspects.stride(0) == 0
    tables = [_repeats(one[0], base) for one in codes] if are_shared else codes
    freshness = [torch.ones(base.shape, dtype=base.dtype) for _ in codes]
    share = w_diversity.double().unsqueeze(1) / len(codes)
    # A [n_lists, 1] column a position: what is done once for all positions is not done at each.
    given, is_given = pins.clamp(min=0).unsqueeze(2).unbind(1), pinned.unsqueeze(2).unbind(1)
    slate: list[Tensor] = []
    for position in range(k):
        chosen = torch.argmax(_with_novelty(base, freshness, share), dim=1, keepdim=True)
        if any_pin:
            chosen = torch.where(is_given[position], given[position], chosen)
        slate.append(chosen)
        base.scatter_(1, chosen, -float("inf"))
        if position + 1 < k:
            freshness = [_after_showing(one, tables[number], chosen) for number, one in enumerate(freshness)]
    return torch.where(pinned | left, torch.cat(slate, dim=1), torch.full_like(pins, -1))


def _codes(aspects: Tensor) -> list[Tensor]:
    """One [B, n] array of codes for each aspect. An unknown aspect repeats nothing: it gets a code of its own."""
    n = aspects.shape[1]
    known = torch.where(aspects < 0, -1 - torch.arange(n).view(1, n, 1), aspects)
    return [known[:, :, number].contiguous() for number in range(aspects.shape[2])]


def _with_novelty(base: Tensor, freshness: list[Tensor], share: Tensor) -> Tensor:
    """[B, n] `base` plus `share` [B, 1] times the sum of the aspects' freshness."""
    total = freshness[0].clone()
    for other in freshness[1:]:
        total.add_(other)
    return total.mul_(share).add_(base)


def _after_showing(freshness: Tensor, table: Tensor, chosen: Tensor) -> Tensor:
    """[B, n] freshness after `chosen` [B, 1] is shown; the table is one of `_repeats`, or an aspect's codes [B, n]."""
    if table.dtype == freshness.dtype:
        return freshness.mul_(table.index_select(0, chosen.squeeze(1)))
    return torch.where(table == table.gather(1, chosen), freshness * _repeat_factor(), freshness)


def _repeats(codes: Tensor, like: Tensor) -> Tensor:
    """[n, n] factor on the freshness of the column's item when the row's item is shown."""
    same = codes.unsqueeze(0) == codes.unsqueeze(1)
    return torch.where(same, _repeat_factor(), 1.0).to(like.dtype)


def _repeat_factor() -> float:
    """`1 - ALPHA` of `trimtab.core.diversity`; a function, because TorchScript compiles no module constant."""
    return 0.5


def _many_lists() -> int:
    """The number of lists from which on a table of repeats takes less time than comparing codes for each list."""
    return 16
