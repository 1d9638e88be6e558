"""The slate stage against its definition in plain numpy, and as it is served."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.core.diversity import novelties
from trimtab.core.errors import BundleDamaged
from trimtab.core.policy import conditional_propensities
from trimtab.ranker.artifact import FILE, load_ranker, save_ranker
from trimtab.ranker.features import FEATURES
from trimtab.ranker.objectives import objectives_of
from trimtab.ranker.slate.batched import drawn_slate, novelty_slate, slate_propensities, sorted_slate
from trimtab.ranker.slate.draw import drawn_list
from trimtab.ranker.slate.greedy import lazy_slate
from trimtab.ranker.training.cold_start import cold_start_ranker

QUICK = settings(max_examples=60, deadline=None)
shapes = st.tuples(st.integers(1, 4), st.integers(1, 12), st.integers(1, 12), st.integers(0, 10_000))


def lists(shape: tuple[int, int, int, int]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    n_lists, n, k, seed = shape
    generator = torch.Generator().manual_seed(seed)
    utilities = torch.rand(n_lists, n, generator=generator)
    eligible = torch.rand(n_lists, n, generator=generator) > 0.2
    aspects = torch.randint(-1, 3, (n_lists, n, 2), generator=generator)
    return utilities, eligible, aspects, torch.full((n_lists, min(k, n)), -1)


def greedy(utilities: np.ndarray, eligible: np.ndarray, aspects: np.ndarray, w_diversity: float, k: int) -> list[int]:
    """The definition, one list at a time."""
    chosen: list[int] = []
    while len(chosen) < k:
        left = [i for i in range(len(utilities)) if eligible[i] and i not in chosen]
        if not left:
            break
        fresh = [novelties(aspects[[*chosen, i]])[-1] for i in left]
        chosen.append(left[int(np.argmax(utilities[left] + w_diversity * np.array(fresh)))])
    return chosen


@QUICK
@given(shapes)
def test_without_diversity_the_slate_is_the_sorted_eligible_candidates(shape: tuple[int, int, int, int]) -> None:
    utilities, eligible, _, pins = lists(shape)
    slates = sorted_slate(utilities, eligible, pins).numpy()
    for row, slate in enumerate(slates):
        assert slate[slate >= 0].tolist() == greedy(
            utilities[row].numpy(), eligible[row].numpy(), np.zeros((shape[1], 0)), 0.0, pins.shape[1]
        )


@QUICK
@given(shapes, st.floats(0.01, 2))
def test_with_diversity_it_is_the_greedy_choice(shape: tuple[int, int, int, int], w_diversity: float) -> None:
    utilities, eligible, aspects, pins = lists(shape)
    slates = novelty_slate(utilities, eligible, aspects, torch.full((shape[0],), w_diversity), pins).numpy()
    for row, slate in enumerate(slates):
        expected = greedy(
            utilities[row].double().numpy(), eligible[row].numpy(), aspects[row].numpy(), w_diversity, pins.shape[1]
        )
        assert slate[slate >= 0].tolist() == expected


@QUICK
@given(shapes, st.sampled_from([0.0, 0.2, 1.7]), st.booleans(), st.data())
def test_one_list_alone_is_chosen_as_among_many(
    shape: tuple[int, int, int, int], w_diversity: float, has_ties: bool, data: st.DataObject
) -> None:
    utilities, eligible, aspects, pins = lists(shape)
    if has_ties:
        utilities = (utilities * 4).floor() / 7
    positions = data.draw(st.permutations(range(pins.shape[1])))[: data.draw(st.integers(0, 2))]
    for position, pin in zip(positions, data.draw(st.permutations(range(shape[1]))), strict=False):
        pins[:, position] = pin
    bonus = torch.full((shape[0],), w_diversity, dtype=torch.float64)
    if w_diversity > 0:
        together = novelty_slate(utilities, eligible, aspects, bonus, pins).numpy()
    else:
        together = sorted_slate(utilities, eligible, pins).numpy()
    for row, slate in enumerate(together):
        alone = lazy_slate(
            utilities[row].numpy(), eligible[row].numpy(), aspects[row].numpy(), w_diversity, pins[row].tolist()
        )
        assert alone.tolist() == slate.tolist()


@QUICK
@given(shapes, st.sampled_from([0.01, 0.3, 5.0]), st.sampled_from([0.0, 0.2, 1.7]), st.data())
def test_one_list_alone_is_drawn_as_among_many(
    shape: tuple[int, int, int, int], temperature: float, w_diversity: float, data: st.DataObject
) -> None:
    utilities, eligible, aspects, pins = lists(shape)
    positions = data.draw(st.permutations(range(pins.shape[1])))[: data.draw(st.integers(0, 2))]
    for position, pin in zip(positions, data.draw(st.permutations(range(shape[1]))), strict=False):
        pins[:, position] = pin
    uniforms = torch.rand(pins.shape, generator=torch.Generator().manual_seed(shape[3])).double()
    bonus = torch.full((shape[0],), w_diversity, dtype=torch.float64)
    slates, propensities = drawn_slate(utilities, eligible, aspects, bonus, pins, temperature, uniforms)
    for row in range(shape[0]):
        slate, chances = drawn_list(
            utilities[row].numpy(),
            eligible[row].numpy(),
            aspects[row].numpy(),
            w_diversity,
            pins=pins[row].tolist(),
            temperature=temperature,
            uniforms=uniforms[row].numpy(),
        )
        assert slate.tolist() == slates[row].tolist()
        np.testing.assert_allclose(chances, propensities[row].numpy(), rtol=1e-12)


def test_a_draw_never_falls_off_the_list() -> None:
    """Where the chance is rounded up to the whole, the last candidate that can be drawn is taken."""
    eligible, nothing = np.array([True, True, False]), np.empty((3, 0), dtype=np.int64)
    almost_one = np.nextafter(1.0, 0.0)
    for odd in range(1, 200):
        utilities = np.array([0.0, odd / 7, 0.0], dtype=np.float32)
        slate, _ = drawn_list(
            utilities, eligible, nothing, 0.0, pins=[-1, -1, -1], temperature=0.1, uniforms=np.full(3, almost_one)
        )
        assert sorted(slate.tolist()) == [-1, 0, 1]


@QUICK
@given(st.tuples(st.integers(16, 40), st.integers(1, 12), st.integers(1, 12), st.integers(0, 10_000)))
def test_many_lists_of_the_same_candidates_are_chosen_as_each_alone(
    shape: tuple[int, int, int, int],
) -> None:
    utilities, eligible, aspects, pins = lists(shape)
    shared = aspects[:1].expand(shape[0], -1, -1)
    w_diversity = torch.linspace(0, 2, shape[0])
    tau, uniforms = 0.3, torch.rand(pins.shape, generator=torch.Generator().manual_seed(shape[3]))
    together = drawn_slate(utilities, eligible, shared, w_diversity, pins, tau, uniforms)
    apart = drawn_slate(utilities, eligible, shared.contiguous(), w_diversity, pins, tau, uniforms)
    assert torch.equal(together[0], apart[0])
    assert torch.equal(together[1], apart[1])
    assert torch.equal(
        novelty_slate(utilities, eligible, shared, w_diversity, pins),
        novelty_slate(utilities, eligible, shared.contiguous(), w_diversity, pins),
    )


@QUICK
@given(shapes, st.sampled_from([0.05, 0.5, 5.0]), st.sampled_from([0.0, 0.7]))
def test_a_drawn_slate_comes_with_the_propensities_replay_computes(
    shape: tuple[int, int, int, int], temperature: float, w_diversity: float
) -> None:
    utilities, eligible, aspects, pins = lists(shape)
    uniforms = torch.rand(pins.shape, generator=torch.Generator().manual_seed(shape[3]))
    bonus = torch.full((shape[0],), w_diversity)
    slates, logged = drawn_slate(utilities, eligible, aspects, bonus, pins, temperature, uniforms)
    replayed = slate_propensities(utilities, eligible, aspects, bonus, slates, temperature)
    torch.testing.assert_close(logged, replayed)
    if w_diversity == 0:
        for row in range(shape[0]):
            shown = slates[row][slates[row] >= 0].numpy()
            place = {candidate: n for n, candidate in enumerate(np.flatnonzero(eligible[row].numpy()))}
            expected = conditional_propensities(
                utilities[row][eligible[row]].numpy(), np.array([place[i] for i in shown], dtype=int), temperature
            )
            np.testing.assert_allclose(logged[row][slates[row] >= 0], expected, rtol=1e-4)


def test_draws_follow_their_propensities() -> None:
    n_draws = 20_000
    utilities = torch.tensor([[0.0, 0.5, 1.0]]).expand(n_draws, -1)
    eligible = torch.ones(n_draws, 3, dtype=torch.bool)
    uniforms = torch.rand(n_draws, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    slates, propensities = drawn_slate(
        utilities,
        eligible,
        torch.zeros(n_draws, 3, 0, dtype=torch.long),
        torch.zeros(n_draws),
        torch.full((n_draws, 2), -1),
        0.5,
        uniforms,
    )
    for first in range(3):
        shown = slates[:, 0] == first
        chance = float(propensities[shown, 0][0])
        standard_error = (chance * (1 - chance) / n_draws) ** 0.5
        assert abs(float(shown.double().mean()) - chance) < 4 * standard_error


@QUICK
@given(shapes, st.integers(0, 11), st.integers(0, 11))
def test_a_pin_stays_where_it_is_put(shape: tuple[int, int, int, int], position: int, candidate: int) -> None:
    utilities, eligible, aspects, pins = lists(shape)
    position, candidate = position % pins.shape[1], candidate % shape[1]
    pins[:, position] = candidate
    for slates in (
        sorted_slate(utilities, eligible, pins),
        novelty_slate(utilities, eligible, aspects, torch.full((shape[0],), 0.5), pins),
    ):
        assert (slates[:, position] == candidate).all()
        for slate in slates.numpy():
            shown = slate[slate >= 0]
            assert len(set(shown.tolist())) == len(shown)


def test_the_artefact_computes_what_the_module_computes(tmp_path: Path) -> None:

    module, _ = cold_start_ranker(objectives_of(has_prices=True), np.array([2.0, np.nan], dtype=np.float32))
    save_ranker(module, tmp_path)
    served = load_ranker(tmp_path)
    features = torch.randn(30, len(FEATURES), generator=torch.Generator().manual_seed(0))
    prices = torch.tensor([float("nan"), *range(1, 30)])
    with torch.inference_mode():
        torch.testing.assert_close(served.gains(features, prices), module.gains(features, prices))
        assert served.gains(features, prices)[0, 1] == 0  # no price, no promised revenue


def test_a_file_that_is_no_ranker_is_called_damaged(tmp_path: Path) -> None:

    (tmp_path / FILE).write_bytes(b"not a zip archive")
    with pytest.raises(BundleDamaged, match=r"ranker\.ts"):
        load_ranker(tmp_path)
