"""How purchases answer to price, fitted on the grocery data: the one number by which the simulated world is sensitive
to it.

In a week, items of one kind compete for the shoppers who want the kind: the chance that one is taken goes as
`quality * (price / usual price) ** -beta` (a conditional logit; McFadden 1974). Counted by item and week this is a
Poisson regression with an effect of every item and one of every kind and week (Guimaraes, Figueiredo & Woodward 2003),
so that neither an item's popularity, nor a season, nor a crowd that comes for a kind's promotion is taken for an answer
to price: what is left is one item cheaper than usual while others of its kind are not.

A price is known only where somebody paid it. Weeks without a sale would be missing more often where the price was high,
so only items that sell in nearly every week are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from trimtab.abtest.ope.estimators import Floats
from trimtab.abtest.ope.sums import Ints

LEAST_SHARE_OF_WEEKS = 0.9
"""Share of the weeks in which an item must have been sold."""

LARGEST_CHANGE = np.log(3.0)
"""Prices further from the usual one are slips of the till."""

N_STEPS = 500
TOLERANCE = 1e-8


@dataclass(frozen=True, slots=True)
class PriceResponse:
    """A fitted price response.

    Attributes:
        beta: a price 1 % higher makes an item beta % less often taken, among items of its kind.
        standard_error: clustered by item.
        n_items, n_cells: items, and items by week, behind it.
        by_price: (log price over usual, log of how much more often it is taken) in twentieths of the cells, for a plot.
    """

    beta: float
    standard_error: float
    n_items: int
    n_cells: int
    by_price: tuple[tuple[float, float], ...]


def fit_price_response(purchases: pl.DataFrame) -> PriceResponse:
    """
    Args:
        purchases: of `trimtab.catalog.datasets.grocery.Grocery`.
    """
    cells = _cells(purchases)
    changes = cells["change"].to_numpy()
    counts = cells["baskets"].to_numpy().astype(np.float64)
    items, groups = (cells[name].rank("dense").to_numpy().astype(np.int64) - 1 for name in ("item_id", "group"))
    beta, expected = _poisson(counts, changes, items, groups)
    own = _without_effects(changes, expected, items, groups)
    information = float((expected * own**2).sum())
    scores = np.bincount(items, weights=own * (counts - expected))
    # What price moves beyond the two effects: residuals of the same fit, around its line.
    edges = np.quantile(own, np.linspace(0, 1, 21))
    which = np.clip(np.searchsorted(edges, own, side="right") - 1, 0, 19)
    weight = np.bincount(which, weights=expected, minlength=20)
    mean_change = np.bincount(which, weights=expected * own, minlength=20) / weight
    rest = np.bincount(which, weights=counts - expected, minlength=20) / weight
    return PriceResponse(
        beta=beta,
        standard_error=float(np.sqrt((scores**2).sum()) / information),
        n_items=int(items.max()) + 1,
        n_cells=len(cells),
        by_price=tuple(zip(mean_change.tolist(), (rest - beta * mean_change).tolist(), strict=True)),
    )


def _cells(purchases: pl.DataFrame) -> pl.DataFrame:
    """item_id, group (kind and week), baskets, change (log price over the item's median); groups of 2 and more."""
    n_weeks = purchases["week"].n_unique()
    paid = pl.col("unit_price_paid") * pl.col("quantity")
    return (
        purchases.group_by("item_id", "product_type", "week")
        .agg(pl.col("basket_id").n_unique().alias("baskets"), (paid.sum() / pl.col("quantity").sum()).alias("price"))
        .filter(pl.len().over("item_id") >= LEAST_SHARE_OF_WEEKS * n_weeks)
        .with_columns(change=(pl.col("price") / pl.col("price").median().over("item_id")).log())
        .filter(pl.col("change").abs() <= LARGEST_CHANGE)
        .with_columns(group=pl.struct("product_type", "week").rank("dense"))
        .filter(pl.len().over("group") > 1)
        .sort("group", "item_id")
    )


def _poisson(counts: Floats, changes: Floats, items: Ints, groups: Ints) -> tuple[float, Floats]:
    """beta, and [n] expected counts, at the largest likelihood: the effects in turn, then a Newton step."""
    beta = 0.0
    log_items = np.zeros(items.max() + 1)
    total_items, total_groups = np.bincount(items, weights=counts), np.bincount(groups, weights=counts)
    expected = counts
    for _ in range(N_STEPS):
        odds = np.exp(log_items[items] - beta * changes)
        expected = odds * (total_groups / np.bincount(groups, weights=odds))[groups]
        moved = np.log(total_items / np.bincount(items, weights=expected))
        log_items += moved
        expected *= np.exp(moved)[items]
        within = (
            changes - (np.bincount(groups, weights=expected * changes) / np.bincount(groups, weights=expected))[groups]
        )
        step = float(-(within * (counts - expected)).sum() / (expected * within**2).sum())
        beta += step
        if abs(step) < TOLERANCE and np.abs(moved).max() < TOLERANCE:
            break
    return beta, expected


def _without_effects(values: Floats, weights: Floats, items: Ints, groups: Ints) -> Floats:
    """[n] what neither effect explains of values, by weighted means in turn."""
    rest = values
    for _ in range(N_STEPS):
        before = rest
        for codes in (items, groups):
            rest = rest - (np.bincount(codes, weights=weights * rest) / np.bincount(codes, weights=weights))[codes]
        if np.abs(rest - before).max() < TOLERANCE:
            break
    return rest
