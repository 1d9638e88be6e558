"""The terminal slate stage: from utilities to an ordered slate, batched, in tensors TorchScript can compile.

Position by position the item with the largest `utility + w_diversity * novelty` is taken, or one is drawn with
probability `softmax(. / temperature)` (Plackett-Luce where `w_diversity = 0`). Novelty is `core.diversity`'s: the mean
over aspects of `(1 - alpha) ** repeats`. With `w_diversity = 0` and no draw this is a sort, the exact maximiser of any
position-discounted sum. Pins stay where they are put and nothing reorders afterwards.

`trimtab.ranker.artifact` compiles these functions into the served module; replay calls them on whole logs at once.
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
    """Greedy with the novelty bonus; arguments as `sorted_slate`, `aspects` [B, n, A], `w_diversity` [B]."""
    slate, _ = _walk(utilities, eligible, aspects, w_diversity, pins, 0.0, torch.zeros(pins.shape), False)
    return slate


def drawn_slate(
    utilities: Tensor,
    eligible: Tensor,
    aspects: Tensor,
    w_diversity: Tensor,
    pins: Tensor,
    temperature: float,
    uniforms: Tensor,
) -> tuple[Tensor, Tensor]:
    """Draw a slate; position p uses `uniforms[:, p]` by inverse CDF, so that a longer slate extends a shorter one.

    Args:
        temperature: tau > 0.
        uniforms: [B, k] in [0, 1).

    Returns:
        slate [B, k], conditional propensities [B, k] (1 for a pin).
    """
    return _walk(utilities, eligible, aspects, w_diversity, pins, temperature, uniforms, False)


def slate_propensities(
    utilities: Tensor, eligible: Tensor, aspects: Tensor, w_diversity: Tensor, slate: Tensor, temperature: float
) -> Tensor:
    """Conditional propensities [B, k] with which `drawn_slate` would have shown `slate`; 1 where slate is -1."""
    _, propensities = _walk(
        utilities, eligible, aspects, w_diversity, slate, temperature, torch.zeros(slate.shape), True
    )
    return propensities


def _codes(aspects: Tensor) -> list[Tensor]:
    """A [B, n] array an aspect. An unknown aspect repeats nothing: it gets a code of its own."""
    n = aspects.shape[1]
    known = torch.where(aspects < 0, -1 - torch.arange(n).view(1, n, 1), aspects)
    return [known[:, :, number].contiguous() for number in range(aspects.shape[2])]


def _with_novelty(base: Tensor, freshness: list[Tensor], share: Tensor) -> Tensor:
    """[B, n] utilities and `share` [B, 1] of the bonus for the freshness of each aspect."""
    total = freshness[0].clone()
    for other in freshness[1:]:
        total.add_(other)
    return total.mul_(share).add_(base)


def _worn(freshness: Tensor, table: Tensor, chosen: Tensor, repeat_factor: float) -> Tensor:
    """[B, n] freshness, worn by showing `chosen` [B, 1]; the table is of `_repeats`, or an aspect's codes [B, n]."""
    if table.dtype == freshness.dtype:
        return freshness.mul_(table.index_select(0, chosen.squeeze(1)))
    return torch.where(table == table.gather(1, chosen), freshness * repeat_factor, freshness)


def _repeats(codes: Tensor, repeat_factor: float, like: Tensor) -> Tensor:
    """[n, n] what showing the item of the row leaves of the freshness of the item of the column."""
    same = codes.unsqueeze(0) == codes.unsqueeze(1)
    return torch.where(same, repeat_factor, 1.0).to(like.dtype)


def _walk(
    utilities: Tensor,
    eligible: Tensor,
    aspects: Tensor,
    w_diversity: Tensor,
    pins: Tensor,
    temperature: float,
    uniforms: Tensor,
    replaying: bool,
    repeat_factor: float = 0.5,  # 1 - alpha of trimtab.core.diversity
    many_lists: int = 16,  # from so many on, a table of repeats pays for its making
) -> tuple[Tensor, Tensor]:
    """Walk down the positions. `replaying` takes `pins` as a slate that was drawn and returns its propensities.

    Freshness is an array an aspect, and only ever multiplied. Where many lists share their candidates, what an item
    does to the freshness of the others is looked up in a table instead of compared for each list.
    """
    n_lists, n = utilities.shape
    k = pins.shape[1]
    if n == 0 or k == 0:
        return torch.full_like(pins, -1), torch.ones(pins.shape, dtype=torch.float64)
    taken_value = -float("inf")
    # In doubles utilities that differ go on differing when novelty is added, so that no tie comes of rounding.
    utilities = utilities.double()
    pinned = pins >= 0
    any_pin = bool(pinned.any())
    free = eligible if replaying else _unpinned(eligible, pins)
    base = utilities.masked_fill(~free, taken_value)
    # Position p has something to show while fewer than all free candidates were taken above it.
    turn = torch.cumsum((~pinned).long(), dim=1) - 1
    left = turn < free.sum(dim=1, keepdim=True)
    codes = _codes(aspects)
    diverse = len(codes) > 0 and bool((w_diversity > 0).any())
    are_shared = diverse and n_lists >= many_lists and aspects.stride(0) == 0
    tables = [_repeats(one[0], repeat_factor, utilities) for one in codes] if are_shared else codes
    freshness = [torch.ones(utilities.shape, dtype=utilities.dtype) for _ in codes]
    share = w_diversity.double().unsqueeze(1) / max(len(codes), 1)
    # A [n_lists, 1] column a position: what is done once for all positions is not done at each.
    uniform = uniforms.double().unsqueeze(2).unbind(1)
    given, is_given = pins.clamp(min=0).unsqueeze(2).unbind(1), pinned.unsqueeze(2).unbind(1)
    slate: list[Tensor] = []
    propensities: list[Tensor] = []
    for position in range(k):
        scores = _with_novelty(base, freshness, share) if diverse else base
        chances = torch.softmax(scores / temperature, dim=1) if temperature > 0.0 else scores
        if replaying:
            chosen = given[position]
        elif temperature > 0.0:
            cumulated = torch.cumsum(chances, dim=1)
            threshold = uniform[position] * cumulated[:, -1:]
            chosen = torch.searchsorted(cumulated, threshold, right=True).clamp(max=n - 1)
        else:
            chosen = torch.argmax(scores, dim=1, keepdim=True)
        if any_pin and not replaying:
            chosen = torch.where(is_given[position], given[position], chosen)
        slate.append(chosen)
        propensities.append(chances.gather(1, chosen))
        base.scatter_(1, chosen, taken_value)
        if diverse and position + 1 < k:
            freshness = [_worn(one, tables[number], chosen, repeat_factor) for number, one in enumerate(freshness)]
    shown = torch.where(pinned | left, torch.cat(slate, dim=1), torch.full_like(pins, -1))
    drawn = pinned if replaying else ~pinned & left
    certain = torch.ones(pins.shape, dtype=torch.float64)
    return shown, torch.where(drawn, torch.cat(propensities, dim=1), certain) if temperature > 0.0 else certain
