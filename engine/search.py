"""The two-stage search as one object without web: retrieve, featurise, score, constrain, choose."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trimtab.catalog.store import ItemStore
from trimtab.core.diversity import slate_diversity
from trimtab.core.errors import BadParameter, NotFound
from trimtab.core.log import Impression
from trimtab.core.metrics import discounted_sum
from trimtab.core.records import (
    Candidates,
    Filter,
    FloatArray,
    IntArray,
    Query,
    ReceiptLine,
    ScoredCandidates,
    Shopper,
    Slate,
)
from trimtab.core.seeds import seed_of
from trimtab.core.weights import DIVERSITY, normalise
from trimtab.engine.bundle.storage import Bundle, load_bundle
from trimtab.engine.plan.degradation import (
    CANDIDATES,
    DENSE,
    FEW_CANDIDATES,
    LIVE_FEATURES,
    RANKING,
    UNHURRIED,
    Levels,
    Pace,
    in_order,
)
from trimtab.engine.plan.degradation import DIVERSITY as NO_DIVERSITY
from trimtab.engine.stages.loss_budget import within_budget
from trimtab.engine.stages.pipeline import Pipeline, Stopwatch
from trimtab.engine.stages.slate_stage import SlateStage
from trimtab.ranker.artifact import warm_up
from trimtab.ranker.attainment import weights_for
from trimtab.ranker.features import FEATURES
from trimtab.retrieval.filters import filter_mask, format_filter
from trimtab.retrieval.retriever import Retriever

RELEVANCE = "relevance"
Floats = NDArray[np.float64]


class Engine:
    """Searches one bundle. Stateless between calls, safe to share between threads that only search.

    Attributes:
        catalogue_version: of the last change to the catalogue that it knows of; 0 as built.
        state: a name of bundle and catalogue that no other state has, on whatever machine.
    """

    def __init__(self, bundle: Bundle) -> None:
        # torch and faiss each bring a libgomp; more than one thread each makes the median 10 times worse.
        torch.set_num_threads(1)
        self.pipeline = bundle.pipeline
        self._ranker = bundle.ranker
        self.bundle_id = bundle.bundle_id
        self.manifest: Mapping[str, Any] = bundle.manifest
        self.objectives = bundle.objectives
        self.known_weights = (*bundle.objectives, DIVERSITY)
        self.default_weights: Mapping[str, float] = bundle.manifest["default_weights"]
        self.temperature = float(bundle.manifest["temperature"])
        self._relevance = self.objectives.index(RELEVANCE)
        self.catalogue_version = 0
        self.state = self.bundle_id
        self.attainment = bundle.attainment
        self.population = bundle.population

    def at_state(self, pipeline: Pipeline, version: int, timestamp: datetime | None) -> Engine:
        """The same ranker over a later state of the catalogue, see `trimtab.engine.live.states`."""
        other = copy(self)
        other.pipeline, other.catalogue_version = pipeline, version
        other.state = f"{self.bundle_id}@{version}@{timestamp}"
        return other

    @classmethod
    def load(cls, folder: Path) -> Engine:
        """Load, verify and warm up a bundle.

        Raises:
            BundleDamaged, BundleMismatch: see `trimtab.engine.bundle.storage.load_bundle`.
        """
        engine = cls(load_bundle(folder))
        engine.warm_up()
        return engine

    @property
    def store(self) -> ItemStore:
        return self.pipeline.store

    @property
    def retriever(self) -> Retriever:
        return self.pipeline.retriever

    @property
    def user_ids(self) -> tuple[str, ...]:
        """Users with a history in the bundle."""
        return self.pipeline.histories.user_ids()

    def with_users_renamed(self, rename: Callable[[str], str]) -> Engine:
        """This engine, with users' histories under other ids."""
        other = copy(self)
        other.pipeline = replace(self.pipeline, histories=self.pipeline.histories.renamed(rename))
        return other

    def warm_up(self) -> None:
        """Run every stage until the first real request meets no slow first call."""
        warm_up(self._ranker, n_objectives=len(self.objectives))
        if len(self.store):
            title = self.store.titles([0])[0]
            for explore in (False, True):
                self.search(
                    Query(title, explore=explore, session_id="warm-up", weights={DIVERSITY: 0.5, RELEVANCE: 0.5})
                )

    def weights_for(self, shares: Mapping[str, float]) -> dict[str, float]:
        """The weights of a query that asks for shares of what objectives can gain over pure relevance.

        Raises:
            BadParameter: see `trimtab.ranker.attainment.weights_for`.
        """
        return weights_for(self.attainment, shares, rest=RELEVANCE)

    def search(self, query: Query, pace: Pace = UNHURRIED) -> Slate:
        """Both stages.

        Raises:
            BadParameter: a weight, filter or offset that this bundle does not allow.
        """
        watch = Stopwatch()
        scored = self.score(query, watch, pace)
        return self.choose(query, scored, watch, pace)

    def score(self, query: Query, watch: Stopwatch | None = None, pace: Pace = UNHURRIED) -> ScoredCandidates:
        """First stage and heads. Depends on text, filters, user and pins alone, so the result may be cached where it
        is not `degraded`."""
        watch = watch or Stopwatch()
        levels = pace.before("retrieve")
        candidates = self.pipeline.retrieve(query.text, filters=query.filters, by_meaning=DENSE not in levels)
        watch.lap("retrieve")
        levels = pace.before("rank")
        n_ranked = max(FEW_CANDIDATES, query.offset + query.k) if CANDIDATES in levels else len(candidates)
        degraded = in_order(levels & {RANKING, DENSE} | ({CANDIDATES} if n_ranked < len(candidates) else set()))
        candidates = self.pipeline.extended(candidates.first(n_ranked), self._pinned(query))
        rows = candidates.rows
        if RANKING in levels:
            features = np.zeros((len(rows), len(FEATURES)), dtype=np.float32)
            gains = np.zeros((len(rows), len(self.objectives)), dtype=np.float32)
        else:
            features = self.pipeline.featurise(query.text, candidates, query.user_id, query.recent)
            watch.lap("featurise")
            gains = self.gains(features, rows)
            watch.lap("rank")
        return ScoredCandidates(rows, features, gains, self.store.aspects(rows), degraded)

    def predict(self, text: str, candidates: Candidates, user_id: str | None = None) -> FloatArray:
        """[n, n_objectives] gains of any candidates of a query."""
        return self.gains(self.pipeline.featurise(text, candidates, user_id), candidates.rows)

    def predict_for_users(self, text: str, candidates: Candidates, shoppers: Sequence[Shopper]) -> FloatArray:
        """[n_users, n, n_objectives] gains of one query's candidates for many users: `score`, for whole logs."""
        features = self.pipeline.featurise_for_users(text, candidates, shoppers)
        prices = torch.from_numpy(self.store.prices[candidates.rows]).repeat(len(shoppers))
        with torch.inference_mode():
            gains = self._ranker.gains(torch.from_numpy(features.reshape(-1, features.shape[-1])), prices)
        shaped: FloatArray = gains.numpy().reshape(len(shoppers), len(candidates), len(self.objectives))
        return shaped

    def gains(self, features: FloatArray, rows: IntArray) -> FloatArray:
        """[n, F] features and [n] rows -> [n, n_objectives]."""
        prices = self.store.prices[rows]
        with torch.inference_mode():
            gains: FloatArray = self._ranker.gains(torch.from_numpy(features), torch.from_numpy(prices)).numpy()
        return gains

    def choose(
        self, query: Query, scored: ScoredCandidates, watch: Stopwatch | None = None, pace: Pace = UNHURRIED
    ) -> Slate:
        """The terminal stage: weights, constraints, diversity or a draw, receipt. Nothing reorders afterwards."""
        watch = watch or Stopwatch()
        levels = pace.before("choose")
        requested = normalise(query.weights or self.default_weights, self.known_weights)
        wanted = _without_diversity(requested) if NO_DIVERSITY in levels else requested
        n = len(scored)
        if query.offset > 0 and query.offset >= max(n, 1) and DENSE not in scored.degraded:
            raise BadParameter("offset", f"{query.offset} is past the end", f"0 to {max(n - 1, 0)} for this query")
        stage = self.stage(query, scored)
        baseline = stage.best(self._relevance)
        weights, infeasible = self._settle_weights(query, np.array(list(wanted.values())), stage, baseline)
        # A draw from candidates that nothing is known of would be any order at all.
        seed = self._seed(query, requested) if query.explore and stage.is_ranked else None
        utilities, w_diversity = stage.utilities(weights[None, :])[0], float(weights[-1])
        if seed is None:
            order = stage.slate(utilities, w_diversity)
            propensities = np.ones(len(order))
        else:
            uniforms = np.random.Generator(np.random.PCG64(seed)).random(stage.depth)
            order, propensities = stage.draw(utilities, w_diversity, uniforms, self.temperature)
        shown = order[query.offset : query.offset + query.k]
        facets = self.retriever.facets(query.text, query.facets, query.filters) if query.facets else {}
        receipt = self._receipt(scored, order, baseline)
        watch.lap("choose")
        effective = dict(zip(self.known_weights, weights.tolist(), strict=True))
        return Slate(
            query=query,
            rows=scored.rows[shown],
            item_ids=self.store.item_ids(scored.rows[shown]),
            scores=utilities[shown],
            gains=scored.gains[shown, : len(self.objectives)],
            features=scored.features[shown],
            propensities=propensities[query.offset : query.offset + query.k],
            n_candidates=n,
            objectives=self.objectives,
            weights=effective,
            requested_weights=requested,
            receipt=receipt,
            infeasible=infeasible,
            seed=seed,
            bundle=self.bundle_id,
            decision_id=_decision_id(self.bundle_id, effective, seed, query, scored.rows),
            facets=facets,
            degraded=_degraded(scored, levels, is_less_diverse=wanted != requested),
            seconds=watch.total(),
        )

    def impression(self, slate: Slate, timestamp: datetime, *, arm: str | None = None) -> Impression:
        """The log row of a slate that is being shown."""
        query = slate.query
        return Impression(
            decision_id=slate.decision_id,
            timestamp=timestamp,
            user_id=query.user_id,
            session_id=query.session_id,
            query=query.text,
            bundle=slate.bundle,
            catalogue=self.catalogue_version,
            feature_schema=self.manifest["feature_schema"],
            arm=arm,
            weights=slate.weights,
            requested_weights=slate.requested_weights,
            temperature=self.temperature if slate.seed is not None else 0.0,
            seed=slate.seed,
            k=query.k,
            offset=query.offset,
            item_ids=slate.item_ids,
            propensities=tuple(slate.propensities.tolist()),
            max_relevance_loss=query.constraints.max_relevance_loss,
            filters=tuple(text for condition in query.filters for text in format_filter(condition)),
            pins=dict(sorted(query.constraints.pins.items())),
            exclusions=query.constraints.exclusions,
            boosts=dict(sorted(query.constraints.boosts.items())),
            degraded=slate.degraded,
            interleaving=None if slate.interleaving is None else json.dumps(asdict(slate.interleaving)),
            recent=query.recent or None,
        )

    def _row(self, item_id: str) -> int | None:
        """Row of an item a rule names; a rule may outlive its item and must not fail the search."""
        try:
            return self.store.row_of(item_id)
        except NotFound:
            return None

    def _pinned(self, query: Query) -> list[int]:
        """Rows of the pinned items. A pin shows an item where the words did not find it, but not against a filter."""
        rows = [row for row in map(self._row, query.constraints.pins.values()) if row is not None]
        passes = filter_mask(self.store, query.filters) if rows else None
        return rows if passes is None else [row for row in rows if passes[row]]

    def stage(self, query: Query, scored: ScoredCandidates) -> SlateStage:
        """The terminal stage under the query's constraints. Exclusions win over pins."""
        rules = query.constraints
        is_ruled = bool(rules.pins or rules.exclusions or rules.boosts)
        position_of = {int(row): position for position, row in enumerate(scored.rows)} if is_ruled else {}
        eligible = np.ones(len(scored), dtype=bool)
        for item_id in rules.exclusions:
            row = self._row(item_id)
            if row in position_of:
                eligible[position_of[row]] = False
        pins = np.full(min(query.offset + query.k, len(scored)), -1, dtype=np.int64)
        for position, item_id in rules.pins.items():
            row = self._row(item_id)
            if row in position_of and position < len(pins) and eligible[position_of[row]]:
                pins[position] = position_of[row]
        boosts = np.zeros(len(scored), dtype=np.float32) if rules.boosts else None
        for item_id, boost in rules.boosts.items():
            row = self._row(item_id)
            if boosts is not None and row in position_of:
                boosts[position_of[row]] = boost
        is_ranked = RANKING not in scored.degraded
        return SlateStage(self._ranker, scored, eligible=eligible, pins=pins, boosts=boosts, is_ranked=is_ranked)

    def _settle_weights(
        self, query: Query, requested: Floats, stage: SlateStage, baseline: NDArray[np.int64]
    ) -> tuple[Floats, bool]:
        """Settled on the first page whatever the offset, so that all pages of a query have the same weights."""
        loss = query.constraints.max_relevance_loss
        if loss is None or len(baseline) == 0:
            return requested, False
        k = min(query.k, stage.depth)
        floor = (1 - loss) * stage.expected(baseline[None, :k], self._relevance)[0]
        weights, holds = within_budget(
            requested,
            self._relevance,
            floor,
            lambda path: stage.expected(stage.slates(path, depth=k), self._relevance),
        )
        return weights, not holds

    def _seed(self, query: Query, requested: Mapping[str, float]) -> int:
        if query.session_id is None:
            raise BadParameter("explore", "there is no session_id", "explore together with a session_id")
        return exploration_seed(query.session_id, query.text, self.bundle_id, requested, query.filters)

    def _receipt(
        self, scored: ScoredCandidates, order: NDArray[np.int64], baseline: NDArray[np.int64]
    ) -> dict[str, ReceiptLine]:
        lines = {}
        for number, name in enumerate(self.objectives):
            gains = scored.gains[:, number].astype(np.float64)
            lines[name] = ReceiptLine(discounted_sum(gains[order]), discounted_sum(gains[baseline]))
        aspects = scored.aspects
        lines[DIVERSITY] = ReceiptLine(slate_diversity(aspects[order]), slate_diversity(aspects[baseline]))
        return lines


def _without_diversity(weights: Mapping[str, float]) -> dict[str, float]:
    """The other weights, on the simplex; pure relevance where there is no other."""
    others = {name: weight for name, weight in weights.items() if name != DIVERSITY}
    return normalise(others if any(others.values()) else {RELEVANCE: 1.0}, weights)


def _degraded(scored: ScoredCandidates, levels: Levels, *, is_less_diverse: bool) -> tuple[str, ...]:
    """The levels that made a difference to the slate."""
    late = {NO_DIVERSITY} if is_less_diverse else set()
    return in_order({*scored.degraded, *late, *(levels & {LIVE_FEATURES})})


def exploration_seed(
    session_id: str, text: str, bundle_id: str, requested: Mapping[str, float], filters: tuple[Filter, ...]
) -> int:
    """Seed of a session's draw for one query: its pages are pages of one draw."""
    return seed_of("explore", session_id, text, bundle_id, dict(requested), filters)


def _decision_id(
    bundle_id: str, weights: Mapping[str, float], seed: int | None, query: Query, rows: NDArray[np.int64]
) -> str:
    """16 hex digits that are new, then 16 that bind bundle, weights, seed, candidates and constraints."""
    bound = hashlib.blake2b(digest_size=8)
    constraints = query.constraints
    bound.update(
        json.dumps(
            [
                bundle_id,
                weights,
                seed,
                query.text,
                query.k,
                query.offset,
                constraints.max_relevance_loss,
                sorted(constraints.pins.items()),
                sorted(constraints.exclusions),
                sorted(constraints.boosts.items()),
            ]
        ).encode()
    )
    bound.update(rows.tobytes())
    return f"{uuid.uuid4().hex[:16]}-{bound.hexdigest()}"
