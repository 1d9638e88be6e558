"""A loaded bundle as a library has it: a search with its parameters as keywords, and what it answers."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, overload

from trimtab.core.errors import BadParameter, did_you_mean
from trimtab.core.records import MAX_K, MAX_OFFSET, Constraints, Query, ReceiptLine, Slate
from trimtab.core.understood import AS_TYPED, Understood
from trimtab.core.weights import loss_parameter, objective_of_loss
from trimtab.engine.response import response_of
from trimtab.engine.search import Engine
from trimtab.retrieval.filters import parse_filter, parse_near, parse_sort, words_asked
from trimtab.retrieval.understanding.understand import Wishes
from trimtab.text.analyser import language_code

Mode = Literal["weights", "attainment"]
_MODES = get_args(Mode)
Hit = Mapping[str, Any]


@dataclass(frozen=True, repr=False)
class SearchResult(Sequence[Hit]):
    """One answered search, a sequence of its hits.

    Attributes:
        response: what `GET /search` answers.
        slate: the record behind it: candidates, propensities, seed, weights as asked for and as used.
    """

    response: Mapping[str, Any]
    slate: Slate

    @property
    def hits(self) -> tuple[Hit, ...]:
        """The items shown, each with the fields of a hit of `GET /search`."""
        return tuple(self.response["hits"])

    @property
    def n_matches(self) -> int:
        """How many items meet the filters and the query."""
        return self.slate.n_matches

    @property
    def understood(self) -> Understood:
        """What the words were understood as: corrected, excluded, read as attributes."""
        return self.slate.query.wording

    @property
    def infeasible(self) -> bool:
        """Whether a bound on what may be given up cannot hold here."""
        return self.slate.infeasible

    @property
    def degraded(self) -> tuple[str, ...]:
        """The stages that were left out."""
        return self.slate.degraded

    @property
    def receipt(self) -> Mapping[str, ReceiptLine]:
        """What the weights changed of each objective against the pure-relevance slate."""
        return self.slate.receipt

    @property
    def facets(self) -> Mapping[str, Mapping[str, int]]:
        """The values of the attributes that were asked for, and how many of what was found has each."""
        return {name: dict(facet.counts) for name, facet in self.slate.facets.items()}

    @property
    def weights(self) -> Mapping[str, float]:
        """The weights used, which sum to 1; after `max_relevance_loss` they may differ from those asked for."""
        return self.slate.weights

    def __repr__(self) -> str:
        """What was found, and what the weights changed, a line each."""
        lines = [f"{self.slate.query.text!r}: {len(self)} of {self.n_matches:,}"]
        lines += (f"{hit['position'] + 1:4}  {hit['title']}" for hit in self)
        known = {name: line.change for name, line in self.receipt.items() if line.change is not None}
        if known:
            lines.append("against pure relevance: " + ", ".join(f"{name} {one:+.1%}" for name, one in known.items()))
        return "\n".join(lines)

    def __len__(self) -> int:
        return len(self.response["hits"])

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.response["hits"])

    @overload
    def __getitem__(self, place: int) -> Hit: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Hit, ...]: ...
    def __getitem__(self, place: int | slice) -> Hit | tuple[Hit, ...]:
        return self.hits[place]


class SearchIndex:
    """A bundle, loaded and ready to search.

    Attributes:
        engine: for what this class does not do: exploration, pins, frontiers, the log row of a slate.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @property
    def objectives(self) -> tuple[str, ...]:
        """The names that `search` takes weights for."""
        return self.engine.known_weights

    @property
    def default_weights(self) -> Mapping[str, float]:
        """The weights of a search that gives none."""
        return self.engine.default_weights

    def __len__(self) -> int:
        return len(self.engine.store)

    def search(  # noqa: PLR0913  # a keyword for each thing that a search may ask for
        self,
        query: str | None = None,
        *,
        k: int = 10,
        offset: int = 0,
        weights: Mapping[str, float] | None = None,
        mode: Mode = "weights",
        max_relevance_loss: float | None = None,
        max_losses: Mapping[str, float] | None = None,
        filters: Sequence[str] = (),
        facets: Sequence[str] = (),
        sort: str | None = None,
        group: bool = True,
        price_list: str | None = None,
        store: str | None = None,
        near: str | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        explore: bool = False,
        explain: bool = False,
        language: str | None = None,
        exact: bool = False,
        **steering: float,
    ) -> SearchResult:
        """Search, steered by objective weights.

        Args:
            query: the words; `*` is every item, and filters or an order need none.
            k: how many items to show, 1 to 200.
            offset: how many to leave out before the first.
            weights: a weight for each objective, any scale; without any, the bundle's default weights hold.
            mode: what the weights are: weights, or (`attainment`) the share, 0 to 1, of what each objective can gain
                over pure relevance.
            max_relevance_loss: the share of the pure-relevance slate's relevance that may be given up.
            max_losses: by other objectives, the share of their own best slates that may be given up.
            filters: conditions as `GET /search` takes them: `brand:Acme`, `price:0..20`.
            facets: attributes whose values are counted in `facets` of the result.
            sort: an order instead of the weights: `price`, `price:desc`.
            group: show the variants of a product as one hit.
            price_list, store: by which prices of `shop.toml`, and where, somebody buys.
            near: where somebody is, `48.857,2.352`, for `distance`.
            user_id: rank for this user's history.
            session_id, explore: draw the slate for a session instead of sorting it, as exploration does.
            explain: give each hit its features and the words that it matched.
            language: of the words, `de` or `de-AT`; those of the catalogue by default.
            exact: search as typed: correct nothing, read nothing as an attribute.
            steering: weights and bounds by name, `revenue=0.3` and `max_revenue_loss=0.1`; other words for `weights`
                and `max_losses`.

        Raises:
            BadParameter: nothing says what is looked for, something named is not known, or a value is not valid.
        """
        self._refuse_unknown(steering)
        if mode not in _MODES:
            raise BadParameter("mode", f"cannot be {mode!r}", ", ".join(_MODES))
        _require("k", k, 1, MAX_K)
        _require("offset", offset, 0, MAX_OFFSET)
        given, losses = dict(weights or {}), dict(max_losses or {})
        for name, value in steering.items():
            bounded = objective_of_loss(name)
            (given if bounded is None else losses)[bounded or name] = value
        asked = Query(
            text=words_asked(query, has_conditions=bool(filters) or sort is not None),
            k=k,
            offset=offset,
            weights=self.engine.weights_for(given) if mode == "attainment" else given or None,
            constraints=Constraints(max_relevance_loss=max_relevance_loss, max_losses=losses),
            filters=tuple(parse_filter(condition) for condition in filters),
            facets=tuple(facets),
            sort=None if sort is None else parse_sort(sort),
            group=group,
            price_list=price_list,
            store=store,
            near=None if near is None else parse_near(near),
            user_id=user_id,
            session_id=session_id,
            explore=explore,
            explain=explain,
        )
        engine = self.engine.in_market(asked)  # sale prices hold by the clock
        code = None if language is None else language_code(language)
        slate = engine.slate(engine.understood(asked, Wishes(steps=AS_TYPED if exact else None, language=code)))
        return SearchResult(response_of(slate, engine.store), slate)

    def _refuse_unknown(self, steering: Mapping[str, float]) -> None:
        """Refuse keywords that are neither `search`'s own nor of an objective.

        Raises:
            BadParameter: names the nearest of both.
        """
        known = (*self.objectives, *map(loss_parameter, self.objectives))
        name = next((name for name in steering if name not in known), None)
        if name is not None:
            every = (*known, *_SEARCH_KEYWORDS)
            problem = f"no such keyword, and no such objective in this bundle{did_you_mean(name, every)}"
            raise BadParameter(name, problem, ", ".join((*self.objectives, *_SEARCH_KEYWORDS)))


_SEARCH_KEYWORDS = tuple(
    name for name, one in inspect.signature(SearchIndex.search).parameters.items() if one.kind is one.KEYWORD_ONLY
)


def _require(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise BadParameter(name, f"cannot be {value}", f"{low} to {high}")


def engine_of(index: SearchIndex | Engine) -> Engine:
    """The engine of what a caller has loaded, by `trimtab.load` or `Engine.load`."""
    return index.engine if isinstance(index, SearchIndex) else index
