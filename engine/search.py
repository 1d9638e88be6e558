"""The two-stage search of one bundle, without a web: the one place that knows the order of the stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import replace
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.catalog.attributes.definition import DISTANCE
from trimtab.catalog.market import MOST_KEPT, Market, Markets
from trimtab.catalog.shop import names_in
from trimtab.core.compiled import compile_kernels
from trimtab.core.errors import Unavailable
from trimtab.core.log import Impression
from trimtab.core.records import Candidates, Constraints, Query, ScoredCandidates, Slate, changed
from trimtab.core.weights import DIVERSITY, RELEVANCE
from trimtab.core.work.stopwatch import Stopwatch
from trimtab.engine.bundle.storage import Bundle, load_bundle
from trimtab.engine.log.writing import impression_of
from trimtab.engine.plan.degradation import (
    CANDIDATES,
    DENSE,
    FEW_CANDIDATES,
    LIVE_FEATURES,
    NO_DEGRADATION,
    RANKING,
    REMOTE,
    Degradation,
    Levels,
)
from trimtab.engine.plan.search_plan import NO_HOOKS, EngineResult, Hooks, ScoredSearch, SearchPlan
from trimtab.engine.stages.bounds import bound_weights
from trimtab.engine.stages.candidate_source import CandidateSource
from trimtab.engine.stages.choosing import choose
from trimtab.engine.stages.frontier import Frontier, frontier_of
from trimtab.engine.stages.interleaving import interleave
from trimtab.engine.stages.pipeline import Pipeline
from trimtab.engine.stages.scoring import Scoring
from trimtab.engine.stages.shown_page import with_facets, with_matched_words, with_variants
from trimtab.engine.stages.slate_stage import SlateStage, slate_stage
from trimtab.ranker.artifact import warm_up
from trimtab.ranker.attainment import weights_for
from trimtab.ranker.slate.log_policy import QueryContexts
from trimtab.retrieval.facets import require_facets
from trimtab.retrieval.filters import conditions_of, parse_filter
from trimtab.retrieval.live_retrieval import retriever_with
from trimtab.retrieval.understanding.bounds import PRICE
from trimtab.retrieval.understanding.relaxation import with_bounds_relaxed
from trimtab.retrieval.understanding.understand import NO_WISHES, Wishes

Floats = NDArray[np.float64]


class Engine:
    """Searches one bundle. Stateless between calls, safe to share between threads that only search.

    Attributes:
        catalogue_version: of the last change to the catalogue that it knows of; 0 as built.
        state: a name of bundle and catalogue that no other state has, on whatever machine.
        folder: of the bundle, where other processes may load the same engine; None where they cannot.
        scoring: gains of items by the bundle's heads.
        renaming: what the users of its histories are called instead; None for as they are.
    """

    folder: Path | None = None
    renaming: Callable[[str], str] | None = None

    def __init__(self, bundle: Bundle, *, catalogue_version: int = 0, state: str | None = None) -> None:
        self._bundle = bundle
        self.bundle_id = bundle.bundle_id
        self.catalogue_version = catalogue_version
        self.state = bundle.bundle_id if state is None else state
        self.manifest: Mapping[str, Any] = bundle.manifest
        self.objectives = bundle.objectives
        self.served = bundle.served
        self.uses_clock = bundle.values.uses_clock
        self.units = bundle.units
        self._markets = Markets(bundle.pipeline.store, bundle.shop)
        self._in_market = lru_cache(MOST_KEPT)(self._of_market)
        self._source = CandidateSource(bundle.pipeline)
        self.scoring = Scoring(bundle, self._source)
        self.known_weights = bundle.known_weights
        self.default_weights = bundle.default_weights
        self.default_max_relevance_loss = bundle.default_max_relevance_loss
        self.temperature = bundle.temperature
        self.population = bundle.population
        self.shop = bundle.shop
        self.pipeline = bundle.pipeline
        self.store = bundle.pipeline.store
        self.retriever = bundle.pipeline.retriever

    @classmethod
    def load(cls, folder: Path) -> Engine:
        """Load, verify and warm up a bundle.

        Raises:
            BundleDamaged, BundleMismatch: see `trimtab.engine.bundle.storage.load_bundle`.
        """
        engine = cls(load_bundle(folder))
        engine.folder = folder.absolute()
        engine.warm_up()
        return engine

    def at_state(self, pipeline: Pipeline, version: int, timestamp: datetime | None) -> Engine:
        """The same ranker at a later state of the catalogue, see `trimtab.engine.live.states`."""
        bundle = replace(self._bundle, pipeline=pipeline)
        return Engine(bundle, catalogue_version=version, state=_state(self.bundle_id, version, timestamp))

    def dated(self, version: int, timestamp: datetime) -> Engine:
        """This engine for the same state of the catalogue, by the place that it has got in the order of changes."""
        other = copy(self)
        other.catalogue_version, other.state = version, _state(self.bundle_id, version, timestamp)
        other._in_market = lru_cache(MOST_KEPT)(other._of_market)  # noqa: SLF001  # a copy of its own kind
        return other

    def prepare(self) -> None:
        """Compute what the first search would."""
        self.retriever.prepare()
        self.scoring.prepare()

    def in_market(self, query: Query) -> Engine:
        """The engine over the catalogue as a query's price list, store, place and moment have it.

        Raises:
            BadParameter: there is no such price list or store, or no distance.
        """
        return self._in_market(self._markets.market(query))

    def require(self, query: Query) -> None:
        """Check that there is what a query names beside its words.

        Raises:
            BadParameter: a filter, price list or store that there is not, or no distance.
            NotFound: the item that others are looked for beside.
        """
        self._markets.market(query)
        conditions_of(self.store, query.filters)
        if query.related is not None:
            self.store.row_of(query.related.item_id)

    def sale_moments(self, moments: Floats) -> Floats:
        """[n] moments of equal prices: for each the last at which a sale began or ended, or one before the first."""
        changes = self._markets.changes
        if len(changes) == 0:
            return np.zeros(len(moments))
        places = np.searchsorted(changes, moments, side="right")
        return np.where(places > 0, changes[places - 1], changes[0] - 1)

    def _of_market(self, market: Market) -> Engine:
        has_prices = market.is_priced or self._markets.has_sales(None)
        if market.near is None and not has_prices:
            return self
        store = self._markets.at(market)
        stale = {DISTANCE, "price", "discount", "in_stock"} if has_prices else {DISTANCE}
        retriever = retriever_with(self.retriever, store, stale=frozenset(stale))
        pipeline = replace(self.pipeline, store=store, retriever=retriever)
        bundle = self._bundle.in_price_list(market.price_list, pipeline)
        state = f"{self.state}#{market.price_list}#{market.store}#{market.period}#{market.near or ''}"
        return Engine(bundle, catalogue_version=self.catalogue_version, state=state)

    def with_users_renamed(self, rename: Callable[[str], str]) -> Engine:
        """This engine, with users' histories under other ids."""
        pipeline = replace(self.pipeline, histories=self.pipeline.histories.renamed(rename))
        bundle = replace(self._bundle, pipeline=pipeline)
        renamed = Engine(bundle, catalogue_version=self.catalogue_version, state=self.state)
        renamed.folder, renamed.renaming = self.folder if self.renaming is None else None, rename
        return renamed

    @property
    def user_ids(self) -> tuple[str, ...]:
        """Users with a history in the bundle."""
        return self.pipeline.histories.user_ids()

    def warm_up(self) -> None:
        """Run every stage until the first real request meets no slow first call."""
        self.prepare()
        compile_kernels()
        warm_up(self._bundle.ranker.scorer, n_objectives=len(self.objectives))
        if len(self.store):
            title = self.store.titles([0])[0]
            usual = Query(title, session_id="warm-up", weights={DIVERSITY: 0.5, RELEVANCE: 0.5})
            facets = tuple(name for name in self.store.role_names if self.store.roles[name].facet)
            for explore in (False, True):
                with suppress(Unavailable):  # another machine that finds candidates was asked when they were opened
                    self.slate(replace(usual, explore=explore, facets=facets))

    def with_defaults(self, query: Query) -> Query:
        """The query with what one gets that names no weights."""
        return self._bundle.with_defaults(query)

    def weights_for(self, shares: Mapping[str, float]) -> dict[str, float]:
        """The weights of a query that asks for shares of what objectives can gain over pure relevance.

        Raises:
            BadParameter: see `trimtab.ranker.attainment.weights_for`.
        """
        return weights_for(self._bundle.attainment, shares, rest=RELEVANCE)

    def understood(self, query: Query, wishes: Wishes = NO_WISHES) -> Query:
        """The query with its words understood, and with the filters that follow from them.

        Raises:
            BadParameter: a filter on an unknown field.
        """
        return query if query.understood is not None else changed(query, **self._wording_of(query, wishes))

    def _wording_of(self, query: Query, wishes: Wishes) -> dict[str, Any]:
        """The fields of a query that its words being understood changes."""
        wishes = replace(wishes, currency=self.store.currency)
        if query.filters:
            wishes = replace(wishes, filtered=frozenset(condition.field for condition in query.filters))
        understood = self.retriever.understand(query.text, wishes)
        if (self.retriever.knowledge.steps if wishes.steps is None else wishes.steps).relax:
            filters = (*query.filters, *map(parse_filter, understood.filters))
            understood = with_bounds_relaxed(
                understood,
                n_within=lambda: len(self.retriever.results(understood, filters)),
                n_meeting=lambda: len(self.retriever.results(understood)),
                may_filter=self.retriever.knowledge.filter_on_prices and PRICE not in wishes.filtered,
            )
        return {"understood": understood, "filters": (*query.filters, *map(parse_filter, understood.filters))}

    @cached_property
    def private_objectives(self) -> frozenset[str]:
        """Objectives that read an attribute which nobody may filter, sort or count by: what the shop pays."""
        known = self.store.attributes.definitions

        def is_unseen(name: str) -> bool:
            return name in known and not (known[name].facet or known[name].filter or known[name].sort)

        served = (one.objective for one in self._bundle.served)
        return frozenset(one.name for one in served if any(map(is_unseen, names_in(one.value))))

    def search(self, plan: SearchPlan, hooks: Hooks = NO_HOOKS) -> EngineResult:
        """Recent events, candidates, features, gains, then the slate.

        Raises:
            BadParameter: a weight, filter, facet or order that this bundle does not allow.
        """
        require_facets(self.store, plan.query.facets)
        found = self.candidates(plan, hooks)
        levels = plan.degradation.levels_before("choose")
        if plan.sides and found.scored.n_candidates:
            slate = interleave(self._bundle, found.query, plan.sides, found.scored, levels=levels, watch=found.watch)
        else:
            slate = choose(self._bundle, found.query, found.scored, levels=levels, watch=found.watch)
        slate = with_facets(slate, found, self._source, plan.degradation)
        slate = with_variants(slate, self._source)
        related = self._source.related(found.query)
        if related is not None:
            slate = changed(slate, note=related.note)
        return EngineResult(found.scored, with_matched_words(slate, self.pipeline) if slate.query.explain else slate)

    def slate(self, query: Query, degradation: Degradation = NO_DEGRADATION) -> Slate:
        """What `search` shows for a query, without hooks."""
        return self.search(SearchPlan(query, degradation)).slate

    def candidates(self, plan: SearchPlan, hooks: Hooks = NO_HOOKS) -> ScoredSearch:
        """The first half of `search`, up to the scored candidates.

        They depend on what the key of a `CandidateCache` names and on nothing else, so they may be kept where nothing
        was left out.
        """
        watch, degradation = Stopwatch(), plan.degradation
        query = plan.query
        wording = {} if query.understood is not None else self._wording_of(query, NO_WISHES)
        query = changed(query, moment=self.scoring.moment(query.moment), **wording)
        watch.lap("understand")
        ask, user_id, cache = hooks.recent_events, query.user_id, hooks.candidates
        if ask is not None and user_id is not None and LIVE_FEATURES not in degradation.levels_before("live"):
            recent = ask(user_id)
            watch.lap("live")
            if recent is None:
                degradation.skip(LIVE_FEATURES)
            elif recent:
                query = changed(query, recent=recent)
        key = b"" if cache is None else cache.key(self.state, query)
        kept = None if cache is None else cache.get(key, self.scoring.fits)
        if kept is not None:
            watch.lap("cache")
            return self._with_rest(query, kept, watch)
        levels = degradation.levels_before("retrieve")
        try:
            found = self._source.found(query, levels)
        except Unavailable:
            degradation.skip(REMOTE)
            levels = degradation.levels_before("retrieve")
            if REMOTE not in levels:
                raise
            found = self._source.found(query, levels)
        watch.lap("retrieve")
        levels = degradation.levels_before("rank")
        scored = self._ranked(query, found, levels, watch)
        if cache is not None and not scored.degraded:
            cache.put(key, scored)
        return self._with_rest(query, scored, watch)

    def retrieved(self, query: Query) -> Candidates:
        """The candidates of a query whose words are understood, and the pinned items behind them."""
        return self.pipeline.extended(self._source.found(query, frozenset()), self._source.pinned_rows(query))

    def _with_rest(self, query: Query, scored: ScoredCandidates, watch: Stopwatch) -> ScoredSearch:
        """The candidates, and behind them what the page shows of the rest of the result set.

        In an order that was asked for there are no candidates: all of the result set stands in it.
        """
        hidden = self._source.hidden_rows(query)
        n_shown = int(np.count_nonzero(~np.isin(scored.rows, hidden))) if len(hidden) else len(scored)
        page = slice(query.offset, query.offset + query.k)
        if query.sort is None and (page.stop <= n_shown or len(scored) < self._source.n_candidates(query)):
            return ScoredSearch(query, scored, watch)
        results = self._source.results(query)
        if query.sort is not None:
            n_ranked, n_skipped = 0, query.offset
            rows = results.sorted(query.sort, page)
        else:
            n_ranked, n_skipped = len(scored), max(query.offset - n_shown, 0)
            rest = results.popular(slice(n_skipped, page.stop - n_shown), but=scored.rows)
            rows = np.concatenate([scored.rows, rest])
        watch.lap("rest")
        scored = replace(self.scoring.rescored(query, scored, rows), n_ranked=n_ranked, n_skipped=n_skipped)
        return ScoredSearch(query, scored, watch, results)

    def frontier(self, found: ScoredSearch) -> Frontier:
        """The trade-offs that a query's candidates allow."""
        factors = list(self._bundle.receipt_factors.values())
        return frontier_of(self.stage(found.query, found.scored), found.scored, self.known_weights, factors)

    def score(self, query: Query, degradation: Degradation = NO_DEGRADATION) -> ScoredCandidates:
        """The candidates of a query with what the ranker predicts of them, without hooks."""
        return self.candidates(SearchPlan(query, degradation)).scored

    def choose(self, query: Query, scored: ScoredCandidates, degradation: Degradation = NO_DEGRADATION) -> Slate:
        """The slate of a query's scored candidates."""
        return choose(self._bundle, query, scored, levels=degradation.levels_before("choose"))

    def stage(self, query: Query, scored: ScoredCandidates) -> SlateStage:
        """A query's scored candidates in front of the slate methods, under its constraints."""
        return slate_stage(self._bundle, query, scored)

    def bound_weights(
        self, asked: Sequence[Mapping[str, float]], constraints: Constraints, contexts: QueryContexts, *, k: int
    ) -> Floats:
        """[B, n_users, M + 1] see `trimtab.engine.stages.bounds.bound_weights`."""
        return bound_weights(self._bundle, asked, constraints, contexts, k=k)

    def impression(self, slate: Slate, timestamp: datetime, *, arm: str | None = None) -> Impression:
        """The log row of a slate that is being shown."""
        return impression_of(
            slate,
            timestamp,
            catalogue_version=self.catalogue_version,
            manifest=self.manifest,
            remote=self.retriever.remote,
            arm=arm,
        )

    def _ranked(self, query: Query, found: Candidates, levels: Levels, watch: Stopwatch) -> ScoredCandidates:
        """What was found and what is pinned, with features and gains, unless `ranking` is left out."""
        n_ranked = max(FEW_CANDIDATES, query.offset + query.k) if CANDIDATES in levels else len(found)
        degraded = levels & {RANKING, DENSE, REMOTE} | ({CANDIDATES} if n_ranked < len(found) else set())
        candidates = self.pipeline.extended(found.first(n_ranked), self._source.pinned_rows(query))
        return self.scoring.scored(query, candidates, degraded, watch)


def _state(bundle_id: str, version: int, timestamp: datetime | None) -> str:
    """The name of a state of a bundle's catalogue."""
    return f"{bundle_id}@{version}@{timestamp}"
