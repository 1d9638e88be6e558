"""The answer to price comes back from purchases made with it, and real households answer as they should."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from trimtab.abtest.simulation.price_response import fit_price_response
from trimtab.abtest.simulation.world import PRICE_RESPONSE
from trimtab.catalog.datasets.grocery import Grocery

N_ITEMS, N_WEEKS = 24, 50


def purchases(beta: float, seed: int) -> pl.DataFrame:
    """Baskets of items of 6 kinds, with popularity, a season and promotions that bring a crowd to the kind."""
    rng = np.random.Generator(np.random.PCG64(seed))
    item, week = (axis.ravel() for axis in np.meshgrid(np.arange(N_ITEMS), np.arange(N_WEEKS), indexing="ij"))
    kind = item % 6
    promoted = rng.random((6, N_WEEKS)) < 0.2
    change = rng.normal(0, 0.1, len(item)) - 0.2 * promoted[kind, week]
    crowd = np.exp(0.5 * np.sin(week / 8) + 0.8 * promoted[kind, week])
    counts = rng.poisson(30 * np.exp(rng.normal(0, 0.5, N_ITEMS))[item] * crowd * np.exp(-beta * change))
    at = np.repeat(np.arange(len(item)), counts)
    return pl.DataFrame(
        {
            "item_id": item[at].astype(str),
            "product_type": kind[at].astype(str),
            "week": week[at],
            "basket_id": np.arange(len(at)).astype(str),
            "quantity": np.ones(len(at)),
            "unit_price_paid": 4 * np.exp(change)[at],
        }
    )


@pytest.mark.parametrize("beta", [0.0, 2.0])
def test_it_is_found_whatever_the_season_and_the_crowd(beta: float) -> None:
    found = fit_price_response(purchases(beta, seed=3))
    assert found.n_items == N_ITEMS
    assert abs(found.beta - beta) < 4 * found.standard_error
    assert 0 < found.standard_error < 0.1
    slopes = np.polyfit(*zip(*found.by_price, strict=True), 1)
    assert slopes[0] == pytest.approx(-found.beta, abs=0.2)


def test_real_households_buy_less_of_what_is_more_expensive(small_grocery: Grocery) -> None:
    found = fit_price_response(small_grocery.purchases)
    assert found.beta > 4 * found.standard_error
    assert abs(found.beta - PRICE_RESPONSE) < 1.5
