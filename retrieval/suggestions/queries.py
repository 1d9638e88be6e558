"""Queries worth suggesting, out of a log: typed by several, shareable, and of use to those who typed them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import polars as pl

from trimtab.retrieval.suggestions.entries import Entry
from trimtab.retrieval.suggestions.safety import is_shareable
from trimtab.text.analyser import Analyser

LOGGED = (
    "decision_id", "user_id", "session_id", "query", "understood", "offset", "item_ids", "propensities", "clicks",
    "purchases", "revenue",
)  # fmt: skip
"""What is read of a log."""
MIN_USERS = 5
"""Users who must have typed a query before it is shown to others."""
SUMS = ("searches", "users", "clicks", "purchases")
PURCHASE = 5.0
"""What a purchase says for a query, in clicks."""


def counted(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """How often each query was searched, by how many, and what came of it.

    Args:
        frames: of an impression log, in the columns `LOGGED`.

    Returns:
        query, searches, users, clicks, purchases.
    """
    by_user = [_by_user(frame) for frame in frames]
    if not by_user:
        return pl.DataFrame(schema={"query": pl.String, **dict.fromkeys(SUMS, pl.Int64)})
    whole = pl.concat(by_user).group_by("query", "user").agg(pl.col("searches", "clicks", "purchases").sum())
    return whole.group_by("query").agg(
        pl.col("searches").sum(), pl.len().cast(pl.Int64).alias("users"), pl.col("clicks", "purchases").sum()
    )


def _by_user(frame: pl.DataFrame) -> pl.DataFrame:
    """Sums by query and user of the searches that found something and were spelt well.

    Whoever is nobody is one user each session.
    """
    user = pl.coalesce("user_id", "session_id", "decision_id").alias("user")
    is_misspelt = pl.col("understood").str.contains('"corrected"', literal=True).fill_null(value=False)
    found = frame.filter((pl.col("item_ids").list.len() > 0) & (pl.col("offset") == 0) & ~is_misspelt)
    return (
        found.with_columns(pl.col("query").str.strip_chars().str.to_lowercase(), user)
        .group_by("query", "user")
        .agg(
            pl.len().cast(pl.Int64).alias("searches"),
            pl.col("clicks").list.sum().sum().cast(pl.Int64),
            pl.col("purchases").list.sum().sum().cast(pl.Int64),
        )
    )


def queries_of(
    counts: pl.DataFrame, analyser: Analyser, *, min_users: int = MIN_USERS, blocked: Collection[str] = ()
) -> Iterator[Entry]:
    """The queries of a log that may be suggested: in a log with purchases those that sold something, else those that
    were clicked."""
    sold = "purchases" if counts["purchases"].sum() else "clicks"
    weight = (PURCHASE * pl.col("purchases") + pl.col("clicks")).alias("weight")
    kept = counts.filter((pl.col("users") >= min_users) & (pl.col(sold) > 0)).with_columns(weight)
    rows = kept.sort("weight", "query", descending=[True, False]).select("query", "weight", "searches")
    for query, weight_, searches in rows.iter_rows():
        if is_shareable(query, analyser, blocked):
            yield Entry("query", query, weight_, n=searches)
