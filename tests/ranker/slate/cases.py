"""The matrix of slate problems on which every form of the policy must equal the reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from trimtab.ranker.slate.reference import NOTHING, ReferencePolicy


@dataclass(frozen=True)
class Case:
    """Several lists with as many candidates and positions each.

    Attributes:
        lists: what the reference says of each.
        are_shared: the lists are one query: they differ in their utilities alone.
        temperature: of draws.
        uniforms: [B, k] in [0, 1).
        orders: [B, n] any order of the candidates.
    """

    lists: list[ReferencePolicy]
    are_shared: bool
    temperature: float
    uniforms: np.ndarray
    orders: np.ndarray

    def any_slates(self) -> np.ndarray:
        """[B, k] slates that the policy could draw, however unlikely."""
        slates = []
        for one, order in zip(self.lists, self.orders, strict=True):
            left = iter([item for item in order.tolist() if one.eligible[item] and item not in one.pins])
            slates.append([pin if pin >= 0 else next(left, NOTHING) for pin in one.pins])
        return np.array(slates)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Every mix of pins, ineligible candidates, ties, unknown aspects, diversity, more positions than candidates,
    temperatures, and utilities so far apart that all odds but one vanish in a double."""
    rng = np.random.Generator(np.random.PCG64(draw(st.integers(0, 100_000))))
    n, k = draw(st.integers(1, 12)), draw(st.integers(1, 14))
    n_lists = draw(st.sampled_from([1, 3, 17]))  # 17: many enough for a table of repeats
    spread = draw(st.sampled_from([0.0, 1.0, 30.0, 5000.0]))
    levels = draw(st.sampled_from([2, 4, 0]))  # few levels are ties
    n_aspects = draw(st.sampled_from([0, 1, 2, 3]))
    share_eligible = draw(st.sampled_from([1.0, 0.7, 0.2]))
    n_pins = draw(st.integers(0, 3))
    w_diversity = draw(st.sampled_from([0.0, 0.05, 0.2, 1.7]))
    has_boosts = draw(st.booleans())
    are_shared = draw(st.booleans())

    def candidates() -> dict:
        pins = np.full(k, NOTHING)
        for position, pin in zip(rng.permutation(k)[:n_pins], rng.permutation(n), strict=False):
            pins[position] = pin
        return {
            "eligible": rng.random(n) < share_eligible,
            "aspects": rng.integers(-1, 3, (n, n_aspects)),
            "pins": pins.tolist(),
            "boosts": rng.integers(-2, 3, n) / 4 if has_boosts else 0.0,
        }

    def utilities() -> np.ndarray:
        drawn = rng.random(n) if levels == 0 else rng.integers(0, levels, n) / 7
        return (spread * drawn).astype(np.float32)

    one_query = candidates()
    lists = [
        ReferencePolicy(utilities(), w_diversity=w_diversity, **(one_query if are_shared else candidates()))
        for _ in range(n_lists)
    ]
    temperature = draw(st.sampled_from([0.01, 0.1, 0.5, 5.0]))
    orders = rng.permuted(np.tile(np.arange(n), (n_lists, 1)), axis=1)
    return Case(lists, are_shared, temperature, rng.random((n_lists, k)), orders)
