"""What shoppers did, as files beside the impressions of a service's folder, and joined to them.

    <folder>/spool/interactions/*.jsonl                   being written, or left by a process that was killed
    <folder>/interactions/date=2025-03-01/*.parquet       compacted
    <folder>/unmatched/date=2025-03-01/*.parquet          compacted, kept apart: late, or of no slate that is known here

`date` is when the segment was begun. Events of one `event_id` and one `source` (the key that sent them) are one event.
What is unmatched in one folder may have its impression in another (a shopper whose requests went to two machines), so
whoever joins looks at all of them again.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import polars as pl

from trimtab.catalog.files import UNREADABLE
from trimtab.core.errors import BadLog
from trimtab.engine.log.rows import frame_of_lines, whole_lines

INTERACTIONS, UNMATCHED, SPOOL = "interactions", "unmatched", "spool"

MATCHED, LATE, UNKNOWN = "matched", "late", "unknown"
"""What an event is to the impressions: the outcome of one, one that came after `IN_TIME`, or of none. A clock that is
behind stamps an outcome before its impression, which it cannot have been: it counts as of the impression's time."""

_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "event_id": pl.String,
    "decision_id": pl.String,
    "timestamp": pl.Datetime("us", "UTC"),
    "action": pl.String,
    "item_id": pl.String,
    "user_id": pl.String,
    "position": pl.Int64,
    "quantity": pl.Float64,
    "value": pl.Float64,
    "source": pl.String,
    "variant_of": pl.String,
}
_LATER = ("source", "variant_of")
"""Columns that earlier parts do not have."""
SCHEMA = pl.Schema(_COLUMNS)
"""Columns of the Parquet parts; `unmatched` has `reason` (`late` or `unknown`) beside them."""

_SHOWN: dict[str, pl.DataType | type[pl.DataType]] = {
    "decision_id": pl.String,
    "timestamp": pl.Datetime("us", "UTC"),
    "item_ids": pl.List(pl.String),
    "variants": pl.String,
    "price_list": pl.String,
    "store": pl.String,
}
SHOWN = pl.Schema(_SHOWN)
"""What of an impression says whether an event is its outcome, and what something cost there."""

IN_TIME = timedelta(days=1)
"""How long after an impression what is done still counts as its outcome."""

LOOK_BACK = timedelta(days=7)
"""How old an impression may be for an event to be called late, not unknown."""

NO_VARIANTS = "{}"

OUTCOMES = ("clicks", "carts", "purchases", "revenue")


def read_spooled(segment: Path) -> pl.DataFrame:
    """Rows of a JSON-lines segment; a last line that a killed process left half written is dropped."""
    return pl.concat([pl.DataFrame(schema=SCHEMA), *(frame_of_lines(lines, SCHEMA) for lines in whole_lines(segment))])


def read_interactions(folder: Path) -> pl.DataFrame:
    """All events of a service's folder, each once, with the columns of `SCHEMA`.

    Raises:
        BadLog: a file is none of these; names it.
    """
    # Spooled ones first: what is compacted while this reads is seen twice, and not missed.
    spooled = [_read(part) for part in _spooled(folder)]
    frames = [pl.DataFrame(schema=SCHEMA), *spooled, *map(_read, _compacted(folder))]
    return pl.concat(frames).unique(["event_id", "source"], keep="first", maintain_order=True)


def _read(part: Path) -> pl.DataFrame:
    try:
        return read_spooled(part) if part.suffix == ".jsonl" else _read_parquet(part)
    except FileNotFoundError:
        return pl.DataFrame(schema=SCHEMA)  # compacted since it was listed
    except UNREADABLE as error:
        raise BadLog(f"{part}: cannot be read as interactions ({error})") from error


def _read_parquet(part: Path) -> pl.DataFrame:
    there = pl.read_parquet_schema(part)
    lacking = [name for name in _LATER if name not in there]
    frame = pl.read_parquet(part, columns=[name for name in SCHEMA if name not in lacking])
    return frame.with_columns(pl.lit(None, pl.String).alias(name) for name in lacking).select(list(SCHEMA))


def _spooled(folder: Path) -> list[Path]:
    return sorted((folder / SPOOL / INTERACTIONS).glob("*.jsonl"))


def _compacted(folder: Path) -> list[Path]:
    parts = [part for kind in (INTERACTIONS, UNMATCHED) for part in (folder / kind).glob("date=*/*.parquet")]
    return sorted(parts, key=lambda part: part.name)


def split(interactions: pl.DataFrame, impressions: pl.DataFrame) -> pl.DataFrame:
    """The interactions with `reason`: null where they are an outcome, else `LATE` or `UNKNOWN`.

    Args:
        impressions: of `SHOWN`; of a decision the first counts.
    """
    shown = impressions.select("decision_id", "item_ids", shown_at="timestamp").unique("decision_id", keep="first")
    hits = of_hits(interactions, impressions)["item_id"]
    found = interactions.with_columns(hit=hits).join(shown, on="decision_id", how="left", maintain_order="left")
    reason = (
        pl.when(pl.col("item_ids").is_null() | ~pl.col("item_ids").list.contains(pl.col("hit")))
        .then(pl.lit(UNKNOWN))
        .when(pl.col("timestamp") - pl.col("shown_at") > IN_TIME)
        .then(pl.lit(LATE))
    )
    return found.select(*interactions.columns, reason=reason)


def of_hits(interactions: pl.DataFrame, impressions: pl.DataFrame) -> pl.DataFrame:
    """The interactions with the item shown in place of a variant that it stood for.

    A page lists the first variants of a product; others are known by one of those, their `variant_of`.
    """
    grouped = impressions.filter(pl.col("variants").is_not_null() & (pl.col("variants") != NO_VARIANTS))
    grouped = grouped.filter(among(interactions["decision_id"])).unique("decision_id", keep="first")
    triples = [
        (decision_id, variant, hit)
        for decision_id, shown, text in grouped.select("decision_id", "item_ids", "variants").iter_rows()
        for variant, hit in (json.loads(text) | {one: one for one in shown}).items()
    ]
    if not triples:
        return interactions
    hits = pl.DataFrame(triples, schema=["decision_id", "item_id", "hit"], orient="row")
    others = hits.rename({"item_id": "variant_of", "hit": "other"})
    found = interactions.join(hits, on=["decision_id", "item_id"], how="left", maintain_order="left")
    found = found.join(others, on=["decision_id", "variant_of"], how="left", maintain_order="left")
    return found.with_columns(item_id=pl.coalesce("hit", "other", "item_id")).drop("hit", "other")


def among(decision_ids: pl.Series) -> pl.Expr:
    """Whether a row is of one of these decisions."""
    return pl.col("decision_id").is_in(decision_ids.unique().implode())


def outcomes_of(interactions: pl.DataFrame) -> pl.DataFrame:
    """`decision_id`, `item_id`, `variant_of`, when (`at`), and what each event adds to an outcome.

    A row an event; `with_outcomes` adds up those of an item: clicked, put in a cart, bought or not, and what was paid.
    """
    action = pl.col("action")
    return interactions.select(
        "decision_id",
        "item_id",
        "variant_of",
        at="timestamp",
        clicks=(action == "click").cast(pl.Int64),
        carts=(action == "cart").cast(pl.Int64),
        purchases=(action == "purchase").cast(pl.Int64),
        revenue=pl.when(action == "purchase").then(pl.col("value")).otherwise(0.0),
    )


def with_outcomes(impressions: pl.DataFrame, outcomes: pl.DataFrame) -> pl.DataFrame:
    """Impressions with what came in time added to the outcomes they were logged with.

    Args:
        impressions: `SHOWN` and any columns of `OUTCOMES`, as in `trimtab.engine.log.impressions.SCHEMA`.
        outcomes: of `outcomes_of`.
    """
    names = [name for name in OUTCOMES if name in impressions.columns]
    of_these = outcomes.join(impressions.select("decision_id"), on="decision_id", how="semi")
    if not names or not len(of_these):
        return impressions
    of_these = of_hits(of_these, impressions)
    numbered = impressions.with_row_index("row")
    cells = (
        numbered.filter(pl.col("decision_id").is_in(of_these["decision_id"].unique().implode()))
        .select("row", "decision_id", "timestamp", *names, item_id="item_ids")
        .filter(pl.col("item_id").list.len() > 0)
        .explode("item_id", *names)
        .with_row_index("cell")
    )
    came = (
        cells.select("cell", "decision_id", "item_id", "timestamp")
        .join(of_these, on=["decision_id", "item_id"])
        .filter(pl.col("at") - pl.col("timestamp") <= IN_TIME)
        .group_by("cell")
        .agg(pl.col("clicks", "carts", "purchases").max(), pl.col("revenue").sum())
    )
    added = {
        "clicks": pl.max_horizontal("clicks", "clicks_came"),
        "carts": pl.max_horizontal("carts", "carts_came"),
        "purchases": pl.max_horizontal("purchases", "purchases_came"),
        "revenue": pl.col("revenue") + pl.col("revenue_came").fill_null(0.0),
    }
    came = came.select("cell", pl.col(names).name.suffix("_came"))
    lists = (
        cells.join(came, on="cell", how="left", maintain_order="left")
        .with_columns(added[name].alias(name) for name in names)
        .group_by("row", maintain_order=True)
        .agg(names)
    )
    return (
        numbered.join(lists, on="row", how="left", suffix="_new", maintain_order="left")
        .with_columns(pl.coalesce(f"{name}_new", name).alias(name) for name in names)
        .select(impressions.columns)
    )


def newest_events(folder: Path, n: int) -> list[tuple[str | None, str]]:
    """`source` and `event_id` of the last `n` events or a few more, oldest first; what cannot be read is left out."""
    found: list[tuple[str | None, str]] = []
    for part in (*reversed(_spooled(folder)), *reversed(_compacted(folder))):
        try:
            found[:0] = _read(part).select("source", "event_id").iter_rows()
        except BadLog:
            continue
        if len(found) >= n:
            break
    return found[-n:]
