"""The losses against rax (recorded by golden_losses.py), and what padding may never do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from trimtab.ranker.training.losses import (
    approx_ndcg_loss,
    gain_cross_entropy,
    lambda_loss,
    pointwise_loss,
    regression_compatible_loss,
    soft_alpha_dcg,
    softmax_loss,
)

CASES = json.loads((Path(__file__).parent / "golden_losses.json").read_text())
MAX_GRADE = 3


@pytest.fixture(params=range(len(CASES)))
def case(request: pytest.FixtureRequest) -> dict[str, Tensor]:
    return {name: torch.tensor(value) for name, value in CASES[request.param].items()}


def test_gain_cross_entropy_is_the_softmax_loss_of_rax(case: dict[str, Tensor]) -> None:
    gains = case["grades"] * case["mask"]
    ours = gain_cross_entropy(case["scores"][None], gains[..., None], case["mask"])
    torch.testing.assert_close(ours[0, 0], case["softmax"].mean(), atol=1e-5, rtol=1e-5)


def test_softmax_loss_is_that_of_rax_for_normalised_gains(case: dict[str, Tensor]) -> None:
    totals = (case["grades"] * case["mask"]).sum(dim=1)
    expected = (case["softmax"] / totals)[totals > 0].mean()
    ours = softmax_loss(case["scores"], case["grades"], case["mask"])
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)


def test_lambda_loss_is_that_of_rax(case: dict[str, Tensor]) -> None:
    ours = lambda_loss(case["scores"], case["grades"], case["mask"])
    torch.testing.assert_close(ours, case["lambda"], atol=1e-5, rtol=1e-5)


def test_approx_ndcg_is_that_of_rax(case: dict[str, Tensor]) -> None:
    ours = approx_ndcg_loss(case["scores"], case["grades"], case["mask"])
    torch.testing.assert_close(ours, case["approx_ndcg"], atol=1e-5, rtol=1e-5)


def test_pointwise_and_regression_compatible_losses_are_those_of_rax(case: dict[str, Tensor]) -> None:
    values = case["grades"] / MAX_GRADE
    pointwise = pointwise_loss(case["scores"], values, case["mask"])
    torch.testing.assert_close(pointwise, case["sigmoid"], atol=1e-5, rtol=1e-5)
    has_gain = (values * case["mask"]).sum(dim=1) > 0
    expected = 0.5 * case["sigmoid"] + 0.5 * case["compatible"][has_gain].mean()
    ours = regression_compatible_loss(case["scores"], values, case["mask"])
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), n_padding=st.integers(1, 5))
def test_padding_changes_no_loss_and_gets_no_gradient(seed: int, n_padding: int) -> None:
    torch.manual_seed(seed)
    scores, grades = torch.randn(3, 6), torch.randint(0, 4, (3, 6)).float()
    mask, aspects = torch.ones(3, 6, dtype=torch.bool), torch.randint(0, 3, (3, 6, 2))
    padded = torch.cat([scores, torch.randn(3, n_padding)], dim=1).requires_grad_()
    longer = torch.cat([grades, torch.zeros(3, n_padding)], dim=1)
    there = torch.cat([mask, torch.zeros(3, n_padding, dtype=torch.bool)], dim=1)
    codes = torch.cat([aspects, torch.full((3, n_padding, 2), -1)], dim=1)
    losses = [
        (softmax_loss(scores, grades, mask), softmax_loss(padded, longer, there)),
        (approx_ndcg_loss(scores, grades, mask).sum(), approx_ndcg_loss(padded, longer, there).sum()),
        (lambda_loss(scores, grades, mask) / 6, lambda_loss(padded, longer, there) / (6 + n_padding)),
        (
            regression_compatible_loss(scores, grades / MAX_GRADE, mask),
            regression_compatible_loss(padded, longer / MAX_GRADE, there),
        ),
        (soft_alpha_dcg(scores, aspects, mask), soft_alpha_dcg(padded, codes, there)),
    ]
    for alone, with_padding in losses:
        torch.testing.assert_close(with_padding, alone, atol=1e-5, rtol=1e-4)
    total = torch.stack([one for _, one in losses]).sum()
    (gradient,) = torch.autograd.grad(total, padded)
    assert torch.isfinite(gradient).all()
    assert (gradient[:, 6:] == 0).all()


def test_repeats_on_top_are_less_diverse() -> None:
    aspects = torch.tensor([[[0], [0], [0], [1], [2]]])
    mask = torch.ones(1, 5, dtype=torch.bool)
    together = soft_alpha_dcg(torch.tensor([[5.0, 4, 3, 2, 1]]) * 10, aspects, mask)
    apart = soft_alpha_dcg(torch.tensor([[5.0, 2, 1, 4, 3]]) * 10, aspects, mask)
    assert apart > together
