"""Every fast form of the slate policy equals the reference, over one matrix of cases."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from numpy.testing import assert_allclose

from tests.ranker.slate.cases import Case, cases
from trimtab.core.diversity import slate_diversity
from trimtab.core.metrics import discounted_sum
from trimtab.ranker.slate.batched import novelty_slate, sorted_slate
from trimtab.ranker.slate.draw import drawn_list
from trimtab.ranker.slate.greedy import greedy_slate, greedy_slates
from trimtab.ranker.slate.log_policy import QueryContexts, SlatePolicy
from trimtab.ranker.slate.receipt import receipt_of
from trimtab.ranker.slate.reference import NOTHING, ReferencePolicy

MATRIX = settings(max_examples=60, deadline=None)
Slates = np.ndarray
Draws = tuple[np.ndarray, np.ndarray]


def utilities_of(one: ReferencePolicy) -> np.ndarray:
    return one.utilities.astype(np.float64) + one.boosts


# Forms that choose.


def one_by_one(case: Case) -> Slates:
    slates = [
        greedy_slate(utilities_of(one), one.eligible, one.aspects, one.w_diversity, one.pins) for one in case.lists
    ]
    return np.array(slates)


def many_weightings(case: Case) -> Slates:
    """The lists beside others of the same candidates."""
    slates = [
        greedy_slates(
            np.stack([-utilities_of(one), utilities_of(one)]),
            one.eligible,
            one.aspects,
            np.array([3.0, one.w_diversity]),
            one.pins,
        )[1]
        for one in case.lists
    ]
    return np.array(slates)


def batched(case: Case) -> Slates:
    utilities, eligible, aspects, w_diversity, pins = tensors(case)
    if not w_diversity.any():
        return sorted_slate(utilities, eligible, pins).numpy()
    return novelty_slate(utilities, eligible, aspects, w_diversity, pins).numpy()


def batched_beside_a_list_without_diversity(case: Case) -> Slates:
    """The same rows whatever else is in the batch."""
    utilities, eligible, aspects, w_diversity, pins = (torch.cat([one, one]) for one in tensors(case))
    w_diversity[len(case.lists) :] = 0.0
    return novelty_slate(utilities, eligible, aspects, w_diversity, pins).numpy()[: len(case.lists)]


def tensors(case: Case) -> tuple[torch.Tensor, ...]:
    stacked = [
        torch.from_numpy(np.stack(arrays))
        for arrays in zip(
            *((utilities_of(one), one.eligible, one.aspects, np.array(one.pins)) for one in case.lists), strict=True
        )
    ]
    utilities, eligible, aspects, pins = stacked
    if case.are_shared:  # as the engine gives them, which makes a table of repeats possible
        aspects = aspects[:1].expand(len(case.lists), -1, -1)
    w_diversity = torch.tensor([one.w_diversity for one in case.lists], dtype=torch.float64)
    return utilities, eligible, aspects, w_diversity, pins


# Forms that draw.


def alone(case: Case) -> Draws:
    drawn = [
        drawn_list(
            utilities_of(one),
            one.eligible,
            one.aspects,
            one.w_diversity,
            pins=one.pins,
            temperature=case.temperature,
            uniforms=uniforms,
        )
        for one, uniforms in zip(case.lists, case.uniforms, strict=True)
    ]
    return np.array([slate for slate, _ in drawn]), np.array([chances for _, chances in drawn])


def over_a_log(case: Case) -> Draws:
    slates, chances = np.empty(case.uniforms.shape, dtype=np.int64), np.empty(case.uniforms.shape)
    for rows, kept, contexts, policy in queries(case):
        users = np.arange(len(rows))
        among_kept, chances[rows] = policy.draw(contexts, users, case.uniforms[rows])
        slates[rows] = np.append(kept, NOTHING)[among_kept]
    return slates, chances


# Forms that say how likely a slate was.


def summed_by_kind(case: Case, slates: Slates) -> np.ndarray:
    return _propensities(case, slates, SlatePolicy.propensities)


def candidate_by_candidate(case: Case, slates: Slates) -> np.ndarray:
    return _propensities(case, slates, SlatePolicy.exact_propensities)


def _propensities(case: Case, slates: Slates, form: Callable[..., np.ndarray]) -> np.ndarray:
    chances = np.empty(slates.shape)
    for rows, kept, contexts, policy in queries(case):
        place = np.full(len(case.lists[0].utilities) + 1, NOTHING)  # the last is read for NOTHING
        place[kept] = np.arange(len(kept))
        chances[rows] = form(policy, contexts, np.arange(len(rows)), place[slates[rows]])
    return chances


def queries(case: Case) -> list[tuple[np.ndarray, np.ndarray, QueryContexts, SlatePolicy]]:
    """Rows of lists that are one query, the candidates that are kept of it, and what replay makes of them."""
    found = []
    n_lists = len(case.lists)
    for rows in [np.arange(n_lists)] if case.are_shared else np.arange(n_lists)[:, None]:
        one = case.lists[rows[0]]
        # A log's candidates are those that were not excluded, and what is pinned.
        pinned = [pin for pin in one.pins if pin >= 0]
        kept = np.union1d(np.flatnonzero(one.eligible), np.array(pinned, dtype=np.int64))
        place = {item: at for at, item in enumerate(kept.tolist())}
        contexts = QueryContexts(
            kept,
            np.stack([case.lists[row].utilities[kept, None] for row in rows]),
            one.aspects[kept],
            {position: place[pin] for position, pin in enumerate(one.pins) if pin >= 0},
            np.broadcast_to(one.boosts, one.utilities.shape)[kept],
        )
        found.append((rows, kept, contexts, SlatePolicy(np.ones(1), one.w_diversity, case.temperature)))
    return found


@pytest.mark.parametrize("form", [one_by_one, many_weightings, batched, batched_beside_a_list_without_diversity])
@MATRIX
@given(case=cases())
def test_the_greedy_slate_is_that_of_the_reference(form: Callable[[Case], Slates], case: Case) -> None:
    assert form(case).tolist() == [one.greedy().tolist() for one in case.lists]


@pytest.mark.parametrize("form", [alone, over_a_log])
@MATRIX
@given(case=cases())
def test_a_draw_is_that_of_the_reference(form: Callable[[Case], Draws], case: Case) -> None:
    slates, chances = form(case)
    for one, uniforms, slate, own in zip(case.lists, case.uniforms, slates, chances, strict=True):
        expected, propensities = one.draw(case.temperature, uniforms)
        assert slate.tolist() == expected.tolist()
        assert_allclose(own, propensities, rtol=1e-9)


@pytest.mark.parametrize("form", [summed_by_kind, candidate_by_candidate])
@MATRIX
@given(case=cases())
def test_propensities_are_those_of_the_reference(form: Callable[[Case, Slates], np.ndarray], case: Case) -> None:
    for slates in (case.any_slates(), np.array([one.greedy() for one in case.lists])):
        expected = [one.propensities(slate, case.temperature) for one, slate in zip(case.lists, slates, strict=True)]
        # Odds start relative to the best candidate and are scaled up below 1e-200: a chance below 1e-107 may read 0.
        assert_allclose(form(case, slates), expected, rtol=1e-6, atol=1e-100)


def test_forms_that_serve_take_a_query_without_candidates() -> None:
    utilities, eligible, aspects, pins = (
        np.empty(0),
        np.empty(0, dtype=bool),
        np.empty((0, 2), dtype=np.int64),
        [-1] * 3,
    )
    assert greedy_slate(utilities, eligible, aspects, 0.5, pins).tolist() == pins
    slate, chances = drawn_list(utilities, eligible, aspects, 0.5, pins=pins, temperature=0.1, uniforms=np.full(3, 0.5))
    assert (slate.tolist(), chances.tolist()) == (pins, [1, 1, 1])
    nothing = [torch.from_numpy(one)[None] for one in (utilities, eligible, aspects)]
    assert novelty_slate(*nothing, torch.ones(1), torch.tensor([pins])).tolist() == [pins]


@pytest.mark.parametrize("form", ["alone", "over a log", "reference"])
def test_a_draw_never_falls_off_the_list(form: str) -> None:
    """Where the chance is rounded up to the whole, the last candidate that can be drawn is taken."""
    eligible, nothing = np.array([True, True, False]), np.empty((3, 0), dtype=np.int64)
    almost_one, pins = np.full(3, np.nextafter(1.0, 0.0)), [-1, -1, -1]
    for odd in range(1, 200):
        utilities = np.array([0.0, odd / 7, 0.0], dtype=np.float32)
        one = ReferencePolicy(utilities, eligible, nothing, 0.0, pins)
        if form == "alone":
            slate, _ = drawn_list(utilities, eligible, nothing, 0.0, pins=pins, temperature=0.1, uniforms=almost_one)
        elif form == "over a log":
            slate = over_a_log(Case([one], True, 0.1, almost_one[None], np.arange(3)[None]))[0][0]
        else:
            slate, _ = one.draw(0.1, almost_one)
        assert sorted(slate.tolist()) == [-1, 0, 1]


def test_what_is_not_a_number_is_shown_last() -> None:
    utilities, everything = np.array([np.nan, -np.inf, 1.0, 2.0]), np.ones(4, dtype=bool)
    slate = greedy_slate(utilities, everything, np.zeros((4, 1), dtype=np.int64), 0.5, [-1] * 5)
    assert (slate[:2].tolist(), sorted(slate[2:].tolist())) == ([3, 2], [-1, 0, 1])


@MATRIX
@given(case=cases())
def test_a_receipt_adds_up_gains_and_novelty(case: Case) -> None:
    one, gains = case.lists[0], np.stack([case.lists[0].utilities, -case.lists[0].utilities], axis=1)
    shown = one.greedy()[one.greedy() >= 0]
    receipt = receipt_of(gains.astype(np.float32), one.aspects, shown, shown[:1])
    expected = [discounted_sum(column[shown].astype(np.float32)) for column in gains.T]
    assert_allclose(receipt[:, 0], [*expected, slate_diversity(one.aspects[shown])], rtol=1e-5)
    assert_allclose(receipt[-1, 1], len(shown[:1]))
