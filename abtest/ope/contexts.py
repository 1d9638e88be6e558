"""The engine's candidates and policy for whole logs: each query is retrieved once, each user of it scored once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from trimtab.abtest.ope.estimators import Floats
from trimtab.abtest.ope.sums import Ints
from trimtab.core.errors import BadParameter, NotFound
from trimtab.core.metrics import discounts
from trimtab.core.places import parse_place
from trimtab.core.records import Candidates, Constraints, Query, Related, Shopper
from trimtab.core.understood import Understood, wording_of
from trimtab.core.weights import RELEVANCE
from trimtab.engine import Engine
from trimtab.ranker.slate.exploration import DrawnList
from trimtab.ranker.slate.log_policy import QueryContexts, SlatePolicy
from trimtab.retrieval.filters import parse_filter

USERS_AT_ONCE = 64
"""Users scored in one pass of the heads: their features stay in the cache."""

Bounds = tuple[tuple[str, float], ...]
"""Objectives, ascending, each with the largest share of its best slate to give up."""


def bounds_of(max_relevance_loss: float | None, max_losses: Mapping[str, float]) -> Bounds:
    """The bounds of a search, as in a log."""
    losses = {name: float(loss) for name, loss in max_losses.items()}
    if max_relevance_loss is not None:
        losses[RELEVANCE] = max_relevance_loss
    return tuple(sorted(losses.items()))


@dataclass(frozen=True, slots=True)
class Search:
    """What was asked and the rules it was answered under: equal searches have the same candidates.

    Attributes:
        text: the words.
        filters: as in a log.
        pins: (position, item_id), ascending.
        exclusions: item_ids.
        depth: positions shown, where there are pins: one further down is not on this page.
        boosts: (item_id, what was added to its utility), ascending.
        understood: as in a log; None leaves it to the engine.
        is_grouped: whether variants were one hit.
        price_list, store, near, related: as in a log.
        moment: when it was asked, where prices change with the time; None is now.
        bounds: what the weights may cost.
        k: number of items asked for, where there are bounds: they are of a page of as many.
    """

    text: str
    filters: tuple[str, ...] = ()
    pins: tuple[tuple[int, str], ...] = ()
    exclusions: tuple[str, ...] = ()
    depth: int = 0
    boosts: tuple[tuple[str, float], ...] = ()
    understood: str | None = None
    is_grouped: bool = False
    price_list: str | None = None
    store: str | None = None
    near: str | None = None
    related: str | None = None
    moment: float | None = None
    bounds: Bounds = ()
    k: int = 0

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """The search of one row of a log's distinct searches, whose mappings are JSON."""
        pins, boosts = json.loads(row["pins"]), json.loads(row["boosts"])
        return cls(
            text=row["query"],
            filters=tuple(row["filters"]),
            pins=tuple(sorted((int(position), item_id) for position, item_id in pins.items())),
            exclusions=tuple(row["exclusions"]),
            depth=row["depth"],
            boosts=tuple(sorted((item_id, float(boost)) for item_id, boost in boosts.items())),
            understood=row["understood"],
            is_grouped=row["is_grouped"],
            price_list=row["price_list"],
            store=row["store"],
            near=row["near"],
            related=row["related"],
            moment=row["moment"],
            bounds=bounds_of(row["max_relevance_loss"], json.loads(row["max_losses"])),
            k=row["k"],
        )

    def engine_of(self, engine: Engine) -> Engine:
        """The engine over the catalogue as it was for this search."""
        return engine.in_market(self.query)

    @property
    def constraints(self) -> Constraints:
        """Its rules and bounds; boosts apart, which are in the contexts."""
        losses = dict(self.bounds)
        return Constraints(losses.pop(RELEVANCE, None), dict(self.pins), frozenset(self.exclusions), max_losses=losses)

    @property
    def query(self) -> Query:
        """What is looked for and where: the words as they were understood, where that is known."""
        wording = wording_of({"query": self.text, "understood": self.understood})
        return Query(
            self.text,
            filters=tuple(map(parse_filter, self.filters)),
            constraints=self.constraints,
            group=self.is_grouped,
            understood=wording if isinstance(wording, Understood) else None,
            price_list=self.price_list,
            store=self.store,
            near=parse_place(self.near or ""),
            related=Related.parse(self.related),
            moment=self.moment,
        )

    def is_for(self, engine: Engine) -> bool:
        """Whether it can be read, and names nothing that the engine does not have."""
        try:
            query = self.query
            engine.require(query)
        except (BadParameter, NotFound, ValueError, TypeError):
            return False
        return (query.near is not None) == bool(self.near) and (query.related is not None) == bool(self.related)


def candidates_of(engine: Engine, search: Search) -> tuple[Query, Candidates]:
    """A search as it is understood, and its candidates; whoever looks at it again may keep them."""
    engine = search.engine_of(engine)
    query = engine.understood(search.query)
    return query, engine.retrieved(query)


LookUp = Callable[[Engine, Search], tuple[Query, Candidates]]


def contexts_of(
    engine: Engine, search: Search, shoppers: Sequence[Shopper], look_up: LookUp = candidates_of
) -> QueryContexts:
    """Candidates of a search and their gains for each shopper, as `engine.score` gives them to `engine.choose`."""
    query, candidates = look_up(engine, search)
    engine = search.engine_of(engine)
    store = engine.store
    pinned = store.rows_of([item_id for _, item_id in search.pins])
    gains = np.empty((len(shoppers), len(candidates), len(engine.objectives)), dtype=np.float32)
    for start in range(0, len(shoppers), USERS_AT_ONCE):
        some = shoppers[start : start + USERS_AT_ONCE]
        gains[start : start + len(some)] = engine.scoring.predict_for_users(query, candidates, some)
    if engine.units is not None:
        gains *= engine.units  # in units of the catalogue's own prices, in which a policy's ranges are
    # Candidates are compared with one another before any is excluded, as in serving.
    allowed = ~np.isin(candidates.rows, store.rows_of(list(search.exclusions)))
    rows = candidates.rows[allowed]
    place = {row: at for at, row in enumerate(rows.tolist())} if search.pins else {}
    pins = {
        position: place[row]
        for (position, _), row in zip(search.pins, pinned.tolist(), strict=True)
        if row in place and position < search.depth
    }
    return QueryContexts(rows, gains[:, allowed], store.aspects(rows), pins, _boosts(engine, search, rows))


def _boosts(engine: Engine, search: Search, rows: Ints) -> Floats | None:
    """[n] added to the candidates' utilities; None where no rule adds anything."""
    if not search.boosts:
        return None
    boosted = engine.store.rows_of([item_id for item_id, _ in search.boosts])
    added = np.zeros(len(rows))
    for row, (_, boost) in zip(boosted.tolist(), search.boosts, strict=True):
        added[rows == row] = boost if row >= 0 else 0.0
    return added


def bound_policies(
    engine: Engine, search: Search, contexts: QueryContexts, asked: Mapping[str, Mapping[str, float]]
) -> dict[str, Floats]:
    """Policy -> the weights that those who ask for the policy's are served with: [M + 1] where the search has no
    bounds, and otherwise [n_users, M + 1]."""
    if not search.bounds or not asked:
        return {name: weights_of(engine, one) for name, one in asked.items()}
    engine = search.engine_of(engine)
    found = engine.bound_weights(list(asked.values()), search.constraints, contexts, k=search.k)
    return dict(zip(asked, found, strict=True))


def weights_of(engine: Engine, weights: Mapping[str, float]) -> Floats:
    """[M + 1] normalised weights as numbers, diversity last."""
    return np.array([weights[name] for name in engine.known_weights])


def policy_of(engine: Engine, weights: Mapping[str, float] | Floats, temperature: float | Floats) -> SlatePolicy:
    """The engine's policy at normalised weights, of all users or [n_users, M + 1] of each; the temperature likewise."""
    numbers = weights_of(engine, weights) if isinstance(weights, Mapping) else weights
    return SlatePolicy.of(numbers, [one.range for one in engine.served], temperature)


def before_the_draw(
    engine: Engine, weights: Floats, contexts: QueryContexts, user: int, *, depth: int
) -> tuple[DrawnList, float]:
    """A user's list before it is drawn, and the expected relevance of its sorted slate.

    Args:
        weights: [M + 1] the user's.
    """
    policy, users = policy_of(engine, weights, 1.0), np.array([user], dtype=np.int64)
    relevance = contexts.gains[user, :, engine.objectives.index(RELEVANCE)].astype(np.float64)
    own = policy.sorted_slates(contexts, users, depth)[0]
    free = np.delete(np.arange(len(relevance)), list(contexts.pins.values()))
    drawn = DrawnList(
        policy.logits(contexts, users)[0, free],
        relevance[free],
        contexts.aspects[free],
        float(weights[-1]),
        depth,
        {position: float(relevance[pin]) for position, pin in contexts.pins.items()},
    )
    return drawn, float(np.where(own >= 0, relevance[own], 0.0) @ discounts(depth)) if len(relevance) else 0.0


def with_history(engine: Engine, shoppers: Sequence[Shopper]) -> Ints:
    """[n] each shopper's own place, or -1 of whom the ranker knows nothing: all of those are nobody to it."""
    known = set(engine.user_ids)
    known_at = (
        at if one.user_id in known or one.recent or one.moment is not None else -1 for at, one in enumerate(shoppers)
    )
    return np.fromiter(known_at, dtype=np.int64, count=len(shoppers))


def by_code(codes: Ints) -> Iterator[tuple[int, Ints]]:
    """Each distinct code with the places where it stands, in order."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=codes[order[:1]] - 1))
    for start, stop in zip(starts, np.append(starts[1:], len(codes)), strict=True):
        yield int(codes[order[start]]), order[start:stop]
