"""Impressions as arrays for replay: what can be replayed, and a count of what cannot with the reason."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trimtab.abtest.ope.contexts import Search
from trimtab.abtest.ope.estimators import Floats
from trimtab.abtest.ope.sums import Ints, groups_of
from trimtab.core.errors import BadWeight
from trimtab.core.log import BY_POSITION, COLUMNS
from trimtab.core.records import Shopper
from trimtab.core.weights import normalise
from trimtab.engine import Engine
from trimtab.engine.plan.degradation import OTHER_CANDIDATES
from trimtab.engine.stages.scoring import SECONDS_KEPT

OTHER_BUNDLE = "logged under another bundle or feature schema"
LATER_PAGE = "a later page, whose upper part is in another row"
SORTED = "sorted and not drawn, which says nothing about other weights"
NOTHING_SHOWN = "nothing was shown"
DUPLICATE = "delivered again: a row of their decision was before them"
MORE_THAN_ASKED = "shows more items than were asked for"
DEGRADED = "made without the time for a whole search, whose candidates other weights would not have had"
BAD_BOUND = "has a bound on losses that is not a share, or of what is not an objective here"
BAD_WEIGHTS = "has weights that this bundle cannot have served or been asked for"
UNKNOWN_SEARCH = "asks by a filter, place, item, store, price list or understanding that the bundle does not know"
UNKNOWN_ITEM = "shows an item that the bundle does not have"


@dataclass(frozen=True)
class LoggedSlates:
    """First pages that were drawn, or those of a log that never drew; one row an impression, k the longest slate.

    Attributes:
        numbers: [n] place in the log.
        queries: [n] code into `ReplayLog.queries`.
        users: [n] code into `ReplayLog.users`.
        groups: [n] group of the user, the unit of resampling.
        weights: [n] code into `ReplayLog.weights`, what it was drawn with.
        temperatures: [n].
        seeds: [n] of the draw, -1 unknown.
        moments: [n] when they were shown, in seconds since 1970.
        rows: [n, k] rows in the item store, -1 beyond the slate's end.
        propensities: [n, k] conditional on the items above, 1 beyond the end.
        clicks, carts, purchases: [n, k] 0/1.
        revenue: [n, k].
    """

    numbers: Ints
    queries: Ints
    users: Ints
    groups: Ints
    weights: Ints
    temperatures: Floats
    seeds: Ints
    moments: Floats
    rows: NDArray[np.int32]
    propensities: Floats
    clicks: NDArray[np.int8]
    carts: NDArray[np.int8]
    purchases: NDArray[np.int8]
    revenue: Floats

    def __len__(self) -> int:
        return len(self.queries)

    def take(self, which: NDArray[Any]) -> LoggedSlates:
        return LoggedSlates(*(getattr(self, column.name)[which] for column in fields(self)))


NamedWeights = tuple[tuple[str, float], ...]

NO_RULE = "{}"
DIGITS = 12
"""Weights as asked for that are the same to this many digits are the same, however they were written."""
NUMBER = "number in the frame"
UNNAMED = -1
"""The group of an impression without user and session, until its number in the log is known, which makes it one."""
SEPARATOR = "\x1f"

REPLAYED = (
    "decision_id", "timestamp", "user_id", "session_id", "query", "understood", "bundle", "feature_schema", "weights",
    "requested_weights", "max_relevance_loss", "max_losses", "k", "temperature", "seed", "offset", "item_ids",
    "propensities", "filters", "pins", "exclusions", "boosts", "degraded", "recent",
    "variants", "price_list", "store", "near", "related",
    "clicks", "carts", "purchases", "revenue", "schema_version",
)  # fmt: skip
"""What a replay reads of a log; the columns that no estimate needs stay on the disk."""

BEYOND_THE_END = {"rows": -1, **BY_POSITION}
"""What stands at a position beyond the end of a slate."""

_DTYPES = {"list[int]": np.int8, "list[float]": np.float64}


@dataclass(frozen=True)
class ReplayLog:
    """A log, or the part of one that is in memory.

    Attributes:
        queries: what was asked, by code.
        users: who asked, by code.
        weights: effective weights by code, normalised.
    """

    slates: LoggedSlates
    queries: Sequence[Search]
    users: Sequence[Shopper]
    weights: Sequence[dict[str, float]]

    def take(self, which: NDArray[Any]) -> ReplayLog:
        return replace(self, slates=self.slates.take(which))


@dataclass
class Codes:
    """Codes for values in the order of their first appearance."""

    values: list[Any] = field(default_factory=list)
    _code_of: dict[Any, int] = field(default_factory=dict)

    def of(self, column: Iterable[Any]) -> Ints:
        """[n] code of each value."""
        codes = []
        for value in column:
            code = self._code_of.setdefault(value, len(self.values))
            if code == len(self.values):
                self.values.append(value)
            codes.append(code)
        return np.array(codes, dtype=np.int64)

    def of_series(self, column: pl.Series, key: Callable[[Any], Any] = lambda value: value) -> Ints:
        """The same, each distinct value looked up once, under its key."""
        distinct = column.unique(maintain_order=True)
        codes = pl.Series(self.of(map(key, distinct)), dtype=pl.Int64)
        return column.replace_strict(distinct, codes, return_dtype=pl.Int64).to_numpy().astype(np.int64)


@dataclass(frozen=True)
class FrameSlates:
    """What can be replayed of one frame of a log, with codes and numbers of its own.

    Attributes:
        slates: the impressions; the group of those without user and session is -1.
        queries, users, weights: what the codes of the frame stand for.
        requested: weights as asked for, normalised, to `DIGITS` -> impressions.
        n_read: rows of the frame.
        n_out_of_order: rows stamped before the one above them in their session.
        left_out: reason -> rows that cannot be replayed.
    """

    slates: LoggedSlates
    queries: Sequence[Search]
    users: Sequence[str]
    weights: Sequence[Any]
    requested: Counter[NamedWeights]
    n_read: int
    n_out_of_order: int
    left_out: Counter[str]


class FrameArrays:
    """Converts frames of a log to arrays, each by itself.

    Args:
        drawn_alone: without the pages that were sorted and not drawn.
    """

    def __init__(self, engine: Engine, *, drawn_alone: bool = True) -> None:
        self._engine = engine
        self._drawn_alone = drawn_alone
        store = engine.store
        self._item_ids = pl.Series(store.item_ids(np.arange(len(store))), dtype=pl.String)
        self._item_rows = pl.Series(np.arange(len(store), dtype=np.int32))

    def slates_of(self, frame: pl.DataFrame) -> FrameSlates:
        """What can be replayed of a frame."""
        numbered = frame.with_columns(pl.int_range(pl.len()).alias(NUMBER))
        n_read, n_out_of_order = len(frame), _n_backwards(frame)
        frame, left_out = self._replayable(numbered)
        lengths = frame["item_ids"].list.len().to_numpy()
        k = int(lengths.max(initial=0))
        there = np.arange(k) < lengths[:, None]
        shown = frame["item_ids"].explode(empty_as_null=False)
        cells = {name: frame[name].explode(empty_as_null=False) for name in BY_POSITION}
        cells["rows"] = shown.replace_strict(self._item_ids, self._item_rows, default=-1, return_dtype=pl.Int32)
        users, weights = Codes(), Codes()
        searches, which = _searches(frame, self._engine)
        slates = LoggedSlates(
            numbers=frame[NUMBER].to_numpy(),
            queries=which,
            users=users.of_series(_shoppers(frame, self._engine)),
            groups=_groups(frame.select(pl.coalesce("user_id", "session_id")).to_series()),
            weights=weights.of_series(frame["weights"], key=self._weights),
            temperatures=frame["temperature"].to_numpy(),
            seeds=frame["seed"].fill_null(-1).to_numpy(),
            moments=frame["timestamp"].dt.epoch("us").to_numpy() / 1e6,
            **{name: _table(name, column, there) for name, column in cells.items()},
        )
        known = np.ones(len(slates), dtype=bool)
        for reason, is_known in (
            (UNKNOWN_SEARCH, np.array([search.is_for(self._engine) for search in searches], dtype=bool)[which]),
            (UNKNOWN_ITEM, ((slates.rows >= 0) | ~there).all(axis=1)),
        ):
            left_out[reason] += int((known & ~is_known).sum())
            known &= is_known
        counted = frame.filter(known)["requested_weights"].value_counts(name="n").iter_rows()
        requested = Counter[NamedWeights]()
        for text, n in counted:
            requested[tuple((name, round(weight, DIGITS)) for name, weight in self._weights(text))] += n
        return FrameSlates(
            slates.take(known), searches, users.values, weights.values, requested, n_read, n_out_of_order, +left_out
        )

    def _weights(self, text: str) -> NamedWeights:
        """Normalised weights from their JSON text, whatever its spaces and order."""
        return tuple(normalise(json.loads(text), self._engine.known_weights).items())

    def _replayable(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, Counter[str]]:
        """The rows that can be replayed, and reasons -> how many of the rest."""
        manifest = self._engine.manifest
        ours = (pl.col("bundle") == self._engine.bundle_id) & (pl.col("feature_schema") == manifest["feature_schema"])
        reason = (
            pl.when(~ours)
            .then(pl.lit(OTHER_BUNDLE))
            .when(pl.col("offset") > 0)
            .then(pl.lit(LATER_PAGE))
            .when(pl.col("item_ids").list.len() == 0)
            .then(pl.lit(NOTHING_SHOWN))
            .when(pl.col("item_ids").list.len() > pl.col("k"))
            .then(pl.lit(MORE_THAN_ASKED))
            .when(pl.col("degraded").list.set_intersection(list(OTHER_CANDIDATES)).list.len() > 0)
            .then(pl.lit(DEGRADED))
            .when((pl.col("temperature") <= 0) & self._drawn_alone)
            .then(pl.lit(SORTED))
            .when(_has_bad_bound(frame, self._engine))
            .then(pl.lit(BAD_BOUND))
            .when(_has_bad_weights(frame, self._engine))
            .then(pl.lit(BAD_WEIGHTS))
        )
        reasons = frame.select(reason.alias("reason")).to_series()
        return frame.filter(reasons.is_null()), Counter(reasons.drop_nulls().to_list())


class SlateArrays:
    """The frames of a log, one after the other, with codes that are the same for all of them.

    Attributes:
        queries, users, weights: what the codes stand for.
        requested: see `FrameSlates`.
        n_read: rows so far.
        n_out_of_order, left_out: see `FrameSlates`.
    """

    def __init__(self) -> None:
        self.queries, self.users, self.weights = Codes(), Codes(), Codes()
        self.requested = Counter[NamedWeights]()
        self.n_read = 0
        self.n_out_of_order = 0
        self.left_out: Counter[str] = Counter()

    def shoppers(self) -> tuple[Shopper, ...]:
        """Who asked, by code."""
        return tuple(map(_shopper, self.users.values))

    def add(self, frame: FrameSlates) -> LoggedSlates:
        """The impressions of the next frame, with the codes and numbers of the log."""
        slates = frame.slates
        numbers = slates.numbers + self.n_read
        groups = slates.groups.copy()
        unnamed = groups == UNNAMED
        groups[unnamed] = groups_of(map(str, numbers[unnamed].tolist()))
        self.n_read += frame.n_read
        self.n_out_of_order += frame.n_out_of_order
        self.left_out.update(frame.left_out)
        self.requested.update(frame.requested)
        return replace(
            slates,
            numbers=numbers,
            groups=groups,
            queries=self.queries.of(frame.queries)[slates.queries],
            users=self.users.of(frame.users)[slates.users],
            weights=self.weights.of(frame.weights)[slates.weights],
        )


def _has_bad_bound(frame: pl.DataFrame, engine: Engine) -> pl.Expr:
    """Whether a row was asked under bounds that this bundle cannot have served."""
    bad = [
        text
        for text in frame["max_losses"].drop_nulls().unique()
        if not all(name in engine.objectives and 0 <= loss <= 1 for name, loss in json.loads(text).items())
    ]
    is_share = pl.col("max_relevance_loss").fill_null(0).is_between(0, 1)
    return ~is_share | pl.col("max_losses").fill_null(NO_RULE).is_in(bad)


def _has_bad_weights(frame: pl.DataFrame, engine: Engine) -> pl.Expr:
    """Whether a row was served with, or asked for, weights of an unknown objective, below 0 or all 0."""
    columns = ("weights", "requested_weights")
    bad = []
    for text in pl.concat([frame[name] for name in columns]).unique():
        try:
            normalise(json.loads(text), engine.known_weights)
        except BadWeight:
            bad.append(text)
    return pl.any_horizontal(pl.col(columns).is_in(bad))


def _n_backwards(frame: pl.DataFrame) -> int:
    """The number of rows that are stamped before the one above them in their session."""
    before = pl.col("timestamp").shift(1).over("session_id")
    is_backwards = pl.col("session_id").is_not_null() & (before > pl.col("timestamp"))
    return int(frame.select(is_backwards.sum()).item())


def _shoppers(frame: pl.DataFrame, engine: Engine) -> pl.Series:
    """[n] who asked, and when where that matters, as one text that `_shopper` reads."""
    seconds = pl.col("timestamp").dt.epoch("s")
    minute = seconds - seconds % int(SECONDS_KEPT) if engine.uses_clock else pl.lit("")
    user_id = pl.col("user_id").fill_null("").str.replace_all(SEPARATOR, " ", literal=True)
    recent = pl.col("recent").list.join(SEPARATOR).fill_null("")
    columns = (user_id, minute, pl.when(recent != "").then(recent))
    return frame.select(pl.concat_str(*columns, separator=SEPARATOR, ignore_nulls=True).alias("shopper"))["shopper"]


def _shopper(text: str) -> Shopper:
    user_id, minute, *recent = text.split(SEPARATOR)
    return Shopper(user_id or None, tuple(recent), float(minute) if minute else None)


def _searches(frame: pl.DataFrame, engine: Engine) -> tuple[list[Search], Ints]:
    """The different searches of a frame, and [n] which of them each row is."""
    lists = ("filters", "exclusions")
    is_bound = pl.col("max_relevance_loss").is_not_null() | (pl.col("max_losses").fill_null(NO_RULE) != NO_RULE)
    moments = engine.sale_moments(frame["timestamp"].dt.epoch("us").to_numpy() / 1e6)
    asked = frame.select(
        "query",
        "understood",
        "pins",
        "boosts",
        pl.col("variants").is_not_null().alias("is_grouped"),
        "price_list",
        "store",
        "near",
        "related",
        pl.Series("moment", moments, dtype=pl.Float64),
        "max_relevance_loss",
        pl.col("max_losses").fill_null(NO_RULE),
        pl.when(is_bound).then("k").otherwise(0).alias("k"),
        pl.when(pl.col("pins") == NO_RULE).then(0).otherwise(pl.col("item_ids").list.len()).alias("depth"),
        *lists,
        *(pl.col(name).list.join(SEPARATOR).alias(f"key of {name}") for name in lists),
    )
    keys = [name for name in asked.columns if name not in lists]
    distinct = asked.unique(keys, maintain_order=True).with_row_index("code")
    codes = asked.join(distinct.select("code", *keys), on=keys, how="left", maintain_order="left", nulls_equal=True)[
        "code"
    ]
    return list(map(Search.of, distinct.iter_rows(named=True))), codes.to_numpy().astype(np.int64)


def _table(name: str, cells: pl.Series, there: NDArray[np.bool_]) -> NDArray[Any]:
    """[n, k] from cells in reading order."""
    dtype = np.int32 if name == "rows" else _DTYPES[COLUMNS[name].kind]
    table = np.full(there.shape, BEYOND_THE_END[name], dtype=dtype)
    table[there] = cells.to_numpy()
    return table


def _groups(units: pl.Series) -> Ints:
    """[n] group of each user, or of the session where there is none; -1 where there is neither."""
    distinct = units.drop_nulls().unique()
    groups = pl.Series(groups_of(distinct), dtype=pl.Int64)
    found = units.replace_strict(distinct, groups, default=UNNAMED, return_dtype=pl.Int64)
    return found.fill_null(UNNAMED).to_numpy().astype(np.int64)


def concatenated(parts: Sequence[LoggedSlates]) -> LoggedSlates:
    """One table, of the longest slate's length."""
    k = max(part.rows.shape[1] for part in parts)
    together = [widened(part, k) for part in parts]
    names = (column.name for column in fields(LoggedSlates))
    return LoggedSlates(*(np.concatenate([getattr(part, name) for part in together]) for name in names))


def widened(slates: LoggedSlates, k: int) -> LoggedSlates:
    """Slates of k positions, nothing being shown at the new ones."""
    missing = ((0, 0), (0, k - slates.rows.shape[1]))
    wider = {
        name: np.pad(getattr(slates, name), missing, constant_values=nothing)
        for name, nothing in BEYOND_THE_END.items()
    }
    return replace(slates, **wider)
