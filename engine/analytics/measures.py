"""What a log says of searches, queries, categories, ranks and times: lazy frames in, lazy frames out.

A search is one page of a query. Who nobody knows, neither by user nor by session, is one user together with all others
of that kind, so that what one person alone did is never shown as what several did. What fewer than `min_users` did is
in the totals, and in no row of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import polars as pl

NOBODY = "nobody"
Every = Literal["hour", "day", "week"]
_EVERY = {"hour": "1h", "day": "1d", "week": "1w"}
PRIOR_SEARCHES = 5.0
"""What is added to both sides of a trend, so that three searches after one are no wonder."""

Schema = Mapping[str, pl.DataType | type[pl.DataType]]

IMPRESSIONS: Schema = {
    "decision_id": pl.String,
    "timestamp": pl.Datetime("us", "UTC"),
    "user_id": pl.String,
    "session_id": pl.String,
    "query": pl.String,
    "understood": pl.String,
    "channel": pl.String,
    "offset": pl.Int64,
    "item_ids": pl.List(pl.String),
    "propensities": pl.List(pl.Float64),
}
"""The columns of the impression log that are read; there are as many propensities as items, and they read faster."""
N_SHOWN = pl.col("propensities").list.len().cast(pl.Int64)
HAS_WORDS = pl.col("query") != ""
OUTCOMES: Schema = {
    "clicks": pl.List(pl.Int64),
    "carts": pl.List(pl.Int64),
    "purchases": pl.List(pl.Int64),
    "revenue": pl.List(pl.Float64),
}
"""Outcomes in the rows of logs that come with them."""
EVENTS: Schema = {
    "decision_id": pl.String,
    "action": pl.String,
    "position": pl.Int64,
    "value": pl.Float64,
    "event_id": pl.String,
    "source": pl.String,
}
"""The columns of the log of interactions that are read; the last two are what makes an event one event."""


def shown_once(impressions: pl.LazyFrame) -> pl.LazyFrame:
    """Each impression once, in as few bytes as the measures need: ten million fit into memory.

    Searches and users go by 64-bit hashes from here on: among ten million, two share one in 3 logs of a million.

    Args:
        impressions: of `IMPRESSIONS`.
    """
    return impressions.select(
        pl.col("decision_id").hash().alias("search"),
        pl.col("timestamp").alias("at"),
        pl.coalesce("user_id", "session_id", pl.lit(NOBODY)).hash().alias("user"),
        pl.col("query").str.strip_chars().str.to_lowercase(),
        pl.col("understood").str.contains('"corrected"', literal=True).fill_null(value=False).alias("corrected"),
        pl.col("understood").str.json_path_match("$.corrected").alias("corrected_to"),
        "offset",
        pl.col("item_ids").list.first().alias("first_item"),
        N_SHOWN.alias("shown"),
    ).unique("search", keep="any")


def done_once(events: pl.LazyFrame) -> pl.LazyFrame:
    """Each event once, as few bytes.

    Args:
        events: of `EVENTS`.
    """
    return events.select(
        pl.struct("event_id", "source").hash().alias("event"),
        pl.col("decision_id").hash().alias("search"),
        "action",
        "position",
        "value",
    ).unique("event", keep="any")


def searches_of(impressions: pl.LazyFrame, events: pl.LazyFrame) -> pl.LazyFrame:
    """One row a search: when, who, the query, the first item, how many were shown, and what came of it.

    Args:
        impressions: of `shown_once`.
        events: of `done_once`, those that count as an outcome.
    """
    is_click, is_purchase = pl.col("action") == "click", pl.col("action") == "purchase"
    came = events.group_by("search").agg(
        is_click.sum().cast(pl.Int64).alias("clicks"),
        (pl.col("action") == "cart").any().alias("carted"),
        is_purchase.any().alias("bought"),
        pl.col("value").filter(is_purchase).sum().alias("revenue"),
        (pl.col("position").filter(is_click).min() + 1).alias("clicked_rank"),
    )
    return impressions.join(came, on="search", how="left").with_columns(
        pl.col("clicks").fill_null(0),
        pl.col("carted", "bought").fill_null(value=False),
        pl.col("revenue").fill_null(0.0),
    )


def events_in_rows(impressions: pl.LazyFrame) -> pl.LazyFrame:
    """The outcomes in the rows of a log as events of `EVENTS`, each named by its search, what was done and where.

    Args:
        impressions: of `IMPRESSIONS` and `OUTCOMES`.
    """
    found = []
    for action, done in (("click", "clicks"), ("cart", "carts"), ("purchase", "purchases")):
        nothing = pl.col(done).list.eval(pl.element() * 0.0)
        rows = impressions.filter(pl.col(done).list.sum() > 0).with_columns(pl.col("revenue").fill_null(nothing))
        end = pl.col("offset") + N_SHOWN
        cells = rows.select("decision_id", done, "revenue", position=pl.int_ranges(pl.col("offset"), end)).explode(
            done, "revenue", "position"
        )
        value = pl.col("revenue") if action == "purchase" else pl.lit(0.0)
        found.append(
            cells.filter(pl.col(done) > 0).select(
                "decision_id",
                action=pl.lit(action),
                position="position",
                value=value,
                event_id=pl.format("{}-{}-{}", "decision_id", pl.lit(action), "position"),
                source=pl.lit("log"),
            )
        )
    return pl.concat(found)


def totals(searches: pl.LazyFrame) -> pl.LazyFrame:
    """One row: all searches together."""
    return _measured(searches, [])


def by_query(searches: pl.LazyFrame, *, min_users: int) -> pl.LazyFrame:
    """A row a query; who looks at every item, or by filters alone, has searched for no words."""
    corrected_to = pl.col("corrected_to").drop_nulls().mode().first().alias("corrected_to")
    return _measured(searches.filter(HAS_WORDS), ["query"], corrected_to).filter(pl.col("users") >= min_users)


def by_category(searches: pl.LazyFrame, categories: pl.LazyFrame, *, min_users: int) -> pl.LazyFrame:
    """A row a category: that of the first item shown.

    Args:
        categories: item_id, category.
    """
    known = searches.join(categories, left_on="first_item", right_on="item_id", how="inner")
    return _measured(known, ["category"]).filter(pl.col("users") >= min_users)


def by_time(searches: pl.LazyFrame, every: Every) -> pl.LazyFrame:
    """A row an hour, day or week of UTC, in their order."""
    periods = searches.with_columns(pl.col("at").dt.truncate(_EVERY[every]).alias("period"))
    return _measured(periods, ["period"]).sort("period")


def by_rank(impressions: pl.LazyFrame, events: pl.LazyFrame, *, deepest: int) -> pl.LazyFrame:
    """A row a rank: how often something was shown there, and the share of that which was clicked and bought.

    It is the position model of a channel as far as a log tells it without an experiment: what stands high is also what
    is better.
    """
    slates = impressions.group_by("offset", "shown").agg(pl.len().alias("n"))
    ranks = pl.int_ranges(pl.col("offset"), pl.col("offset") + pl.col("shown"))
    shown = (
        slates.select(pl.col("n").alias("shown"), position=ranks)
        .explode("position")
        .drop_nulls()
        .group_by("position")
        .agg(pl.col("shown").sum().cast(pl.Int64))
    )
    came = events.group_by("position").agg(
        (pl.col("action") == "click").sum().alias("clicks"), (pl.col("action") == "purchase").sum().alias("purchases")
    )
    return (
        shown.join(came, on="position", how="left")
        .filter(pl.col("position") < deepest)
        .select(
            (pl.col("position") + 1).alias("rank"),
            "shown",
            (pl.col("clicks").fill_null(0) / pl.col("shown")).alias("click_rate"),
            (pl.col("purchases").fill_null(0) / pl.col("shown")).alias("purchase_rate"),
        )
        .sort("rank")
    )


def trending(searches: pl.LazyFrame, middle: datetime, *, min_users: int) -> pl.LazyFrame:
    """A row a query that is searched more from the middle on than before, the most changed first.

    `growth` compares the shares of all searches, each with a few searches added.
    """
    late = pl.col("at") >= middle
    halves = searches.filter(HAS_WORDS & (pl.col("offset") == 0)).group_by("query").agg(
        pl.col("user").filter(late).n_unique().cast(pl.Int64).alias("users"),
        late.sum().cast(pl.Int64).alias("searches"),
        (~late).sum().cast(pl.Int64).alias("searches_before"),
        (late & (pl.col("shown") == 0)).sum().cast(pl.Int64).alias("no_results"),
    )  # fmt: skip
    after, before = pl.col("searches"), pl.col("searches_before")
    share = (after + PRIOR_SEARCHES) / (after.sum() + PRIOR_SEARCHES)
    share_before = (before + PRIOR_SEARCHES) / (before.sum() + PRIOR_SEARCHES)
    grown = halves.with_columns((share / share_before).alias("growth"))
    return grown.filter((pl.col("users") >= min_users) & (pl.col("growth") > 1)).sort("growth", descending=True)


def before_and_after(searches: pl.LazyFrame, moment: datetime) -> pl.LazyFrame:
    """Two rows: the searches before a moment and those from then on."""
    sides = searches.with_columns(
        pl.when(pl.col("at") < moment).then(pl.lit("before")).otherwise(pl.lit("after")).alias("side")
    )
    return _measured(sides, ["side"]).sort("side", descending=True)


def _measured(searches: pl.LazyFrame, keys: Sequence[str], *more: pl.Expr) -> pl.LazyFrame:
    """Sums and rates by some columns.

    Searches are first pages, and rates are shares of them; revenue and `clicked_rank`, the mean rank of the first
    click, are of all pages.
    """
    first = pl.col("offset") == 0
    answered = first & (pl.col("shown") > 0)
    counts = {
        "searches": first,
        "answered": answered,
        "no_results": first & (pl.col("shown") == 0),
        "no_clicks": answered & (pl.col("clicks") == 0),
        "corrected": first & pl.col("corrected"),
        "clicked": first & (pl.col("clicks") > 0),
        "carted": first & pl.col("carted"),
        "bought": first & pl.col("bought"),
    }
    sums = [
        *(condition.sum().cast(pl.Int64).alias(name) for name, condition in counts.items()),
        pl.col("user").n_unique().cast(pl.Int64).alias("users"),
        pl.col("clicked_rank").mean(),
        pl.col("revenue").sum(),
        *more,
    ]
    grouped = searches.group_by(keys).agg(sums) if keys else searches.select(sums)
    return grouped.select(
        *keys,
        "searches",
        "users",
        _share("clicked", "searches").alias("click_rate"),
        _share("carted", "searches").alias("cart_rate"),
        _share("bought", "searches").alias("purchase_rate"),
        "revenue",
        _share("revenue", "searches").alias("revenue_per_search"),
        "clicked_rank",
        "no_results",
        _share("no_results", "searches").alias("no_result_rate"),
        "no_clicks",
        _share("no_clicks", "answered").alias("no_click_rate"),
        "corrected",
        *(one.meta.output_name() for one in more),
    )


def _share(part: str, whole: str) -> pl.Expr:
    return pl.when(pl.col(whole) > 0).then(pl.col(part) / pl.col(whole))
