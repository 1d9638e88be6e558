"""The records that travel between the packages. All are frozen; the arrays in them are never written to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from trimtab.core.places import Place
from trimtab.core.understood import Understood

MAX_K = 200
"""The most items that one search shows."""
MAX_OFFSET = 10**9
"""More than any catalogue has items, and what a log and its readers can hold."""

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]

Record = TypeVar("Record")


def changed(record: Record, **values: object) -> Record:
    """`dataclasses.replace` in a tenth of its time, for records without slots: a search makes some of its widest anew.

    Raises:
        TypeError: there is no such field.
    """
    fields = vars(record)
    if not values.keys() <= fields.keys():
        raise TypeError(f"{type(record).__name__} has no {', '.join(values.keys() - fields.keys())}")
    other = object.__new__(type(record))
    vars(other).update(fields, **values)
    return other


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on one attribute of an item: any of `values`, or none of them where it is negated.

    Conditions on one attribute widen (any of them), negated ones and those on different attributes narrow (all of
    them). A value is as it stands in a request: `Acme`, `5..20`, `Shoes > Boots`, `2024-05`.
    """

    field: str
    values: tuple[str, ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Sort:
    """The order of a result set by an attribute."""

    field: str
    descending: bool = False


SIMILAR, TOGETHER = "similar", "together"


class Related(NamedTuple):
    """What is looked for without words: items that are `similar` to one, or had `together` with it."""

    kind: str
    item_id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.item_id}"

    @classmethod
    def parse(cls, text: str | None) -> Related | None:
        """What `str` wrote; None of anything else."""
        kind, _, item_id = (text or "").partition(":")
        return cls(kind, item_id) if kind in (SIMILAR, TOGETHER) else None


@dataclass(frozen=True, slots=True)
class FacetRange:
    """How many items have a value within a range, both ends of which belong to it."""

    low: float | str
    high: float | str
    count: int


@dataclass(frozen=True, slots=True)
class Facet:
    """How often each value of an attribute occurs in a result set.

    Attributes:
        type: `text`, `number`, `flag`, `date` or `path`.
        label: the attribute's name for people.
        counts: items by value, the most frequent first; of numbers and dates by range, ascending, as filters write it.
        n_values: how many different values there are.
        missing: items that have none.
        low, high: the least and the greatest number or date.
    """

    type: str
    label: str
    counts: Mapping[str, int]
    n_values: int
    missing: int
    low: float | str | None = None
    high: float | str | None = None
    ranges: tuple[FacetRange, ...] = ()

    def details(self) -> dict[str, Any]:
        """What `facet_details` of a response has of it."""
        return {
            "type": self.type,
            "label": self.label,
            "n_values": self.n_values,
            "missing": self.missing,
            "min": self.low,
            "max": self.high,
            "ranges": [{"from": one.low, "to": one.high, "count": one.count} for one in self.ranges],
        }


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a slate must obey beside its weights; settled in the terminal stage.

    Attributes:
        max_relevance_loss: largest share of the pure-relevance slate's expected relevance that may be given up.
        max_losses: by other objectives, largest share of the expected value of their own best slates.
        pins: item_id by position (0-based); a pin stays where it is put.
        exclusions: item_ids that must not be shown.
        boosts: added to the utility of an item_id, in population ranges of an objective (a utility without boosts is
            mostly within 0 to 1). A draw's propensities count them; the receipt, which speaks of objectives, does not.
    """

    max_relevance_loss: float | None = None
    pins: Mapping[int, str] = field(default_factory=dict)
    exclusions: frozenset[str] = frozenset()
    boosts: Mapping[str, float] = field(default_factory=dict)
    max_losses: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Query:
    """One validated search request.

    Attributes:
        text: the words as typed, stripped; empty where the filters or the order say what is looked for.
        sort: shows the whole result set in this order, instead of the candidates by weights.
        facet_limit: the most values of one facet.
        facet_items: facets count items where they would count the groups that items are variants of.
        group: shows the variants of a product as one hit; no matter where the bundle knows of none.
        understood: what the words were understood as; None leaves it to the engine.
        weights: raw objective weights, or none for the bundle's default.
        recent: what the user did since the bundle was built, the newest first: `click:<item_id>`, `cart:<item_id>`,
            `purchase:<item_id>`. What cannot be read or is not an item of the catalogue is ignored.
        moment: when it is asked, in seconds since 1970; None is now.
        price_list, store: by which prices, and where, somebody buys; None is the catalogue's own.
        near: where somebody is; items then have their distance from there.
        related: looks for what is related to an item, and needs no words.
        exploration_loss: with `explore`, the share of the sorted slate's expected relevance that the draw may cost on
            average; None draws at the bundle's own temperature, whatever it costs.
        explore: sample the slate (Plackett-Luce) instead of sorting it; needs `session_id`, because the draw
            is a function of the session, so that the pages of one session are pages of one draw.
    """

    text: str
    k: int = 20
    offset: int = 0
    weights: Mapping[str, float] | None = None
    constraints: Constraints = Constraints()
    filters: tuple[Filter, ...] = ()
    sort: Sort | None = None
    facets: tuple[str, ...] = ()
    facet_limit: int = 50
    facet_items: bool = False
    group: bool = True
    user_id: str | None = None
    recent: tuple[str, ...] = ()
    session_id: str | None = None
    explore: bool = False
    exploration_loss: float | None = None
    explain: bool = False
    moment: float | None = None
    price_list: str | None = None
    store: str | None = None
    near: Place | None = None
    related: Related | None = None
    understood: Understood | None = None

    @property
    def wording(self) -> Understood:
        """What is searched for: the words as understood, or as typed where nobody has looked at them."""
        return Understood.as_typed(self.text) if self.understood is None else self.understood


class Shopper(NamedTuple):
    """What the ranker may know of a shopper; nothing where all are empty.

    Attributes:
        recent: as in `Query`.
        moment: of the search, where values change with the time; None is now.
    """

    user_id: str | None = None
    recent: tuple[str, ...] = ()
    moment: float | None = None


@dataclass(frozen=True, slots=True)
class Candidates:
    """What the first stage retrieved, best first.

    Attributes:
        rows: [n] int64, row of each item in the bundle's item store; no repeats.
        dense: [n] float32, cosine of the item's vector and the nearest of the query's.
        lexical: [n] float32, BM25 of the lexical index, 0 where it did not match.
        fused: [n] float32, the score they are ordered by.
        query_vectors: [m, dim] float32 unit rows: of the words, and of them with synonyms in their place.
    """

    rows: IntArray
    dense: FloatArray
    lexical: FloatArray
    fused: FloatArray
    query_vectors: FloatArray

    def __len__(self) -> int:
        return len(self.rows)

    def first(self, n: int) -> Candidates:
        """The best n of them."""
        return self if n >= len(self.rows) else self.at(slice(n))

    def at(self, places: IntArray | slice) -> Candidates:
        """Those at some places."""
        return Candidates(
            self.rows[places], self.dense[places], self.lexical[places], self.fused[places], self.query_vectors
        )


@dataclass(frozen=True, slots=True)
class ScoredCandidates:
    """Candidates with what the ranker predicts for each objective; the part of a search that may be cached.

    Attributes:
        rows: [n] int64, in retrieval order.
        features: [n, n_features] float32, by `trimtab.ranker.features`.
        gains: [n, n_objectives] float32, calibrated value of showing the item first, in each objective's unit. A
            ranker that is steered by a network keeps what it knows of the items in further columns.
        aspects: [n, n_aspects] int64, codes of the attributes that diversity counts (category, brand); -1 unknown.
        degraded: levels of `engine.plan.degradation` that made them, in any order; with `ranking` among them all gains
            are 0.
        n_ranked: how many of them, the first ones, are candidates; behind them stands what a page shows of the rest of
            the result set. None for all.
        n_skipped: how many of the rest stand before those.
    """

    rows: IntArray
    features: FloatArray
    gains: FloatArray
    aspects: IntArray
    degraded: tuple[str, ...] = ()
    n_ranked: int | None = None
    n_skipped: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def n_candidates(self) -> int:
        """How many are ranked by weights."""
        return len(self.rows) if self.n_ranked is None else self.n_ranked


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """The expected value of one objective, in its own unit, of a slate and of the pure-relevance slate beside it."""

    expected: float
    baseline: float

    @property
    def change(self) -> float | None:
        """The difference as a share of the baseline, more being better whatever its sign; none where that is 0."""
        return (self.expected - self.baseline) / abs(self.baseline) if self.baseline else None


@dataclass(frozen=True, slots=True)
class Side:
    """One of the rankings of an interleaved slate, which differ only in these values."""

    weights: Mapping[str, float] | None
    max_relevance_loss: float | None = None
    max_losses: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Interleaving:
    """The rankings that an interleaved slate was drawn from, and which of them each item came from.

    Attributes:
        sides: the rankings by name; the weights as asked for.
        teams: the name of the side that each item came from, by position.
    """

    sides: Mapping[str, Side]
    teams: tuple[str, ...]


@dataclass(frozen=True)
class Slate:
    """The ordered list shown, and everything needed to say why.

    Attributes:
        rows: [n_shown] int64, rows in the item store, by position (the first is at position `offset`).
        item_ids: the same items by their ids.
        scores: [n_shown] float32, scalarised utility at the effective weights.
        gains: [n_shown, n_objectives] float32.
        features: [n_shown, n_features] float32.
        propensities: [n_shown] float64, chance of each item at its position given the items above it; 1.0 where
            the slate was sorted.
        weights: the effective weights (after `max_relevance_loss`), summing to 1.
        requested_weights: the weights asked for, summing to 1.
        temperature: of the draw; 0 where the slate was sorted.
        expected_exploration_loss: share of the sorted slate's expected relevance that the draw costs on average; None
            where it was not asked for.
        n_matches: how many items meet the filters and the query; the least there are if not exact.
        matched: with `explain`, by position the fields that have each word of the query.
        variants: by position the other items of the group that the item stands for; None where items are not grouped.
        n_variants: how many there are, of which `variants` has the first.
        note: one sentence on why nothing was found, where there is a reason.
        seconds: time spent by stage.
    """

    query: Query
    rows: IntArray
    item_ids: tuple[str, ...]
    scores: FloatArray
    gains: FloatArray
    features: FloatArray
    propensities: NDArray[np.float64]
    n_candidates: int
    objectives: tuple[str, ...]
    weights: Mapping[str, float]
    requested_weights: Mapping[str, float]
    receipt: Mapping[str, ReceiptLine]
    infeasible: bool
    seed: int | None
    temperature: float
    expected_exploration_loss: float | None
    bundle: str
    decision_id: str
    facets: Mapping[str, Facet] = field(default_factory=dict)
    n_matches: int = 0
    n_matches_exact: bool = False
    variants: tuple[tuple[str, ...], ...] | None = None
    n_variants: tuple[int, ...] | None = None
    degraded: tuple[str, ...] = ()
    interleaving: Interleaving | None = None
    matched: tuple[Mapping[str, Sequence[str]], ...] = ()
    note: str | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Interaction:
    """What a shopper did with an item of an impression: `click`, `cart` or `purchase`.

    Attributes:
        source: who sent it: the name of the key, or None where no key was asked for. Ids are unique for one source.
        variant_of: the variant of its product that a page knows it by, where the product has more than a page lists.
    """

    event_id: str
    decision_id: str
    timestamp: datetime
    action: str
    item_id: str
    user_id: str | None = None
    position: int | None = None
    quantity: float = 1.0
    value: float = 0.0
    source: str | None = None
    variant_of: str | None = None
