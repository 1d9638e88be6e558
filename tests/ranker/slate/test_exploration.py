"""The temperature at which a draw costs a given share of relevance."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from trimtab.core.metrics import discounted_sum
from trimtab.ranker.slate.exploration import DrawnList, crossing, expected_relevance, losses, temperature_within
from trimtab.ranker.slate.reference import ReferencePolicy

UTILITIES, RELEVANCE = np.array([0.9, 0.8, 0.5, 0.45, 0.1]), np.array([0.8, 0.9, 0.3, 0.5, 0.05])
ASPECTS = np.array([[0, 1], [0, 2], [1, -1], [2, 1], [0, -1]])


def a_list(*, w_diversity: float = 0.0, pins: tuple[int, ...] = (-1, -1, -1)) -> DrawnList:
    free = [candidate for candidate in range(5) if candidate not in pins]
    pinned = {position: float(RELEVANCE[pin]) for position, pin in enumerate(pins) if pin >= 0}
    return DrawnList(UTILITIES[free], RELEVANCE[free], ASPECTS[free], w_diversity, len(pins), pinned)


def by_every_slate(temperature: float, w_diversity: float, pins: tuple[int, ...]) -> float:
    """The expectation as a sum over all slates that may be drawn."""
    policy = ReferencePolicy(UTILITIES, np.ones(5, dtype=bool), ASPECTS, w_diversity, pins)
    slates = [
        slate
        for slate in permutations(range(5), 3)
        if all(pin in (-1, shown) for pin, shown in zip(pins, slate, strict=True))
        and not any(shown in pins and pins.index(shown) != at for at, shown in enumerate(slate))
    ]
    chances = [policy.propensities(np.array(slate), temperature).prod() for slate in slates]
    assert sum(chances) == pytest.approx(1)
    return sum(c * discounted_sum(RELEVANCE[list(s)]) for c, s in zip(chances, slates, strict=True))


@pytest.mark.parametrize("temperature", [0.01, 0.1, 0.5])
@pytest.mark.parametrize(("w_diversity", "pins"), [(0.0, (-1, -1, -1)), (0.3, (-1, -1, -1)), (0.0, (-1, 3, -1))])
def test_it_is_the_mean_over_all_slates_that_may_be_drawn(
    temperature: float, w_diversity: float, pins: tuple[int, ...]
) -> None:
    drawn = a_list(w_diversity=w_diversity, pins=pins)
    exact = by_every_slate(temperature, w_diversity, pins)
    assert expected_relevance(drawn, [temperature], n_draws=4000)[0] == pytest.approx(exact, rel=2e-3)
    assert expected_relevance(drawn, [temperature])[0] == pytest.approx(exact, rel=0.05)


@pytest.mark.parametrize("loss", [0.01, 0.05])
@pytest.mark.parametrize("scale", [0.2, 1.0, 5.0])
def test_weights_that_set_items_further_apart_explore_as_much(loss: float, scale: float) -> None:
    falling = np.sort(RELEVANCE)[::-1]
    drawn = DrawnList(UTILITIES, falling, ASPECTS, 0.0, 3, {})
    scaled = DrawnList(scale * UTILITIES, falling, ASPECTS, 0.0, 3, {})
    best = discounted_sum(falling[:3])
    temperature, lost = temperature_within(drawn, best, loss=loss, highest=1.0)
    other, also_lost = temperature_within(scaled, best, loss=loss, highest=scale)
    assert other == pytest.approx(scale * temperature)
    assert lost == also_lost == loss
    assert losses(drawn, best, [temperature], n_draws=2000)[0] == pytest.approx(loss, rel=0.3)


def test_a_draw_that_loses_nothing_has_the_highest_temperature() -> None:
    alike = DrawnList(np.zeros(4), np.ones(4), np.zeros((4, 0), dtype=np.int64), 0.0, 2, {})
    assert temperature_within(alike, discounted_sum([1, 1]), loss=0.01, highest=0.3) == (0.3, 0.0)
    nothing = DrawnList(np.zeros(0), np.zeros(0), np.zeros((0, 2), dtype=np.int64), 0.1, 0, {})
    assert temperature_within(nothing, 0.0, loss=0.01, highest=0.3) == (0.3, 0.0)


def test_it_stays_at_the_first_of_several_crossings() -> None:
    found, temperatures = np.array([0.0, 0.02, 0.005, 0.04]), np.array([0.1, 0.2, 0.4, 0.8])
    temperature, lost = crossing(found, temperatures, 0.01)
    assert 0.1 < temperature < 0.2
    assert lost == 0.01
    assert crossing(found, temperatures, 0.5) == (0.8, 0.04)
    assert crossing(found + 0.02, temperatures, 0.01) == (0.1, 0.02)
