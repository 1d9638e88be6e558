"""Plans a search from its request: who asks, which engine answers, which query under which constraints, by when."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf

from trimtab.core.errors import BadParameter
from trimtab.core.records import Constraints, Query, Side
from trimtab.core.seeds import seed_of
from trimtab.engine import Engine
from trimtab.engine.plan.deadline import Deadline, Shape, measured_costs
from trimtab.engine.plan.search_plan import SearchPlan
from trimtab.retrieval.filters import parse_filter, parse_near, parse_sort
from trimtab.service.bundles.serving import Bundles
from trimtab.service.catalogue.live_catalogue import LiveCatalogue
from trimtab.service.experiments.assignment import Assigned
from trimtab.service.experiments.running import Experiments
from trimtab.service.search.profiles import DEFAULT, Profile, Profiles, profile_named
from trimtab.service.search.pseudonyms import Pseudonyms
from trimtab.service.search.records import SHOPPER, Caller, PlannedSearch
from trimtab.service.search.request import SearchRequest
from trimtab.service.search.wording import Wording
from trimtab.service.settings import Settings

N_SEEDS = 1 << 63
"""Seeds are spread evenly over this many values."""
NOBODY = Assigned()


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Under which a search is looked at that no shopper sees.

    Attributes:
        wording: rules and synonyms; None for those that are defined.
        profiles: by name; None for those that are defined.
        bundle: a loaded one by its name; None for the one that serves.
        moment: at which it would be made; None for now.
    """

    wording: Wording | None = None
    profiles: Mapping[str, Profile] | None = None
    bundle: str | None = None
    moment: datetime | None = None


class SearchPlanner:
    """Makes plans, by what is defined and loaded at the moment."""

    def __init__(
        self,
        bundles: Bundles,
        catalogue: LiveCatalogue,
        *,
        profiles: Profiles,
        wording: Callable[[], Wording],
        experiments: Experiments,
        pseudonyms: Pseudonyms,
        settings: Settings,
    ) -> None:
        self._bundles = bundles
        self._catalogue = catalogue
        self._profiles = profiles
        self._wording = wording
        self._experiments = experiments
        self._pseudonyms = pseudonyms
        self._explored_ratio = settings.effective_exploration_ratio
        self._exploration_budget = settings.exploration_max_relevance_loss_ratio
        self._timeout_ms = settings.timeout_ms
        self._costs = measured_costs(bundles.serving)

    @property
    def engine(self) -> Engine:
        """The engine that answers from now on, with the catalogue as it is now; a request takes it once."""
        return self._catalogue.newest(self._bundles.serving)

    def plan(
        self, request: SearchRequest, *, arrived: float, traceparent: str | None = None, caller: Caller = SHOPPER
    ) -> PlannedSearch:
        """The search of a shopper, who may be in experiments, or of an agent, which is in none.

        Args:
            arrived: of `time.perf_counter`; the time to answer runs from there.
            caller: who asks.

        Raises:
            BadParameter: a profile, filter or attainment that does not exist here.
        """
        timestamp = datetime.now(UTC)
        request = self._pseudonyms.request(request)
        unit_id = request.user_id or request.session_id
        profiles = self._profiles.all()
        assigned = NOBODY if caller.channel else self._assigned(request, profiles, self._bundles.loaded)
        # The bundle of the experiment's arm answers, or else the active one; outside of experiments the canary may.
        arm = None if assigned.bundle is None else self._bundles.arm(assigned.bundle)
        served = arm or self._bundles.choose(None if assigned.arms else unit_id)
        engine = self._catalogue.newest(served.engine)
        query = self._query(engine, request, assigned, profiles, timestamp)
        engine = engine.in_market(query)
        deadline = self._deadline(engine, query, arrived, request.timeout_ms or self._timeout_ms)
        return PlannedSearch(
            plan=SearchPlan(query, deadline, _sides(query, assigned, profiles)),
            deadline=deadline,
            engine=engine,
            role=served.role,
            assigned=assigned,
            arm=f"canary/{served.name}" if served.role == "canary" else assigned.label,
            unit_id=unit_id,
            timestamp=timestamp,
            arrived=arrived,
            traceparent=traceparent,
            caller=caller,
        )

    def plan_preview(
        self, request: SearchRequest, circumstances: Circumstances | None = None
    ) -> tuple[Engine, SearchPlan]:
        """The engine and the plan of a search that no shopper sees: in no experiment, without a deadline.

        Args:
            circumstances: under which it is looked at; left out, those of the moment.

        Raises:
            BadParameter: as `plan`, or there is no such bundle.
        """
        under = circumstances or Circumstances()
        engine = self.engine if under.bundle is None else self._catalogue.newest(self._loaded(under.bundle))
        request = self._pseudonyms.request(request)
        moment = under.moment or datetime.now(UTC)
        profiles = self._profiles.all() if under.profiles is None else under.profiles
        query = self._query(engine, request, NOBODY, profiles, moment, wording=under.wording)
        engine = engine.in_market(query)
        return engine, SearchPlan(query, self._deadline(engine, query, 0.0, inf))

    def _loaded(self, bundle: str) -> Engine:
        engine = self._bundles.loaded.get(bundle)
        if engine is None:
            raise BadParameter.unknown("bundle", "loaded bundle", bundle, self._bundles.loaded)
        return engine

    def _assigned(self, request: SearchRequest, profiles: Collection[str], bundles: Collection[str]) -> Assigned:
        """The experiments' arms of a request that leaves the weights to the service."""
        if request.weights or request.mode == "attainment" or request.profile is not None:
            return NOBODY
        assigned = self._experiments.assign(
            user_id=request.user_id, session_id=request.session_id, profiles=profiles, bundles=bundles
        )
        self._experiments.count(assigned)
        return assigned

    def _query(
        self,
        engine: Engine,
        request: SearchRequest,
        assigned: Assigned,
        profiles: Mapping[str, Profile],
        timestamp: datetime,
        wording: Wording | None = None,
    ) -> Query:
        if assigned.profile is None:
            profile = profile_named(request.profile, profiles)
        else:
            profile = profiles.get(assigned.profile)
        weights: Mapping[str, float] | None = request.weights or None
        if request.mode == "attainment":
            weights = engine.weights_for(request.weights)
        if profile is not None:
            weights = weights or profile.weights
        share = self._explored_ratio if assigned.exploration_share is None else assigned.exploration_share
        query = Query(
            text=request.q,
            k=request.k,
            offset=request.offset,
            weights=weights,
            constraints=_budgets(request, profile),
            filters=tuple(map(parse_filter, request.filter)),
            sort=None if request.sort is None else parse_sort(request.sort),
            facets=request.facets,
            facet_limit=request.facet_limit,
            facet_items=request.facet_count == "items",
            group=request.group,
            user_id=request.user_id,
            session_id=request.session_id,
            explore=_explores(request.session_id, share) if request.explore is None else request.explore,
            exploration_loss=_loss_of_a_draw(self._exploration_budget, share),
            explain=request.explain,
            moment=timestamp.timestamp(),
            price_list=request.price_list,
            store=request.store,
            related=request.related,
            near=None if request.near is None else parse_near(request.near),
        )
        return (wording or self._wording()).of(query, engine, request, timestamp)

    def _deadline(self, engine: Engine, query: Query, arrived: float, timeout_ms: float) -> Deadline:
        return Deadline(self._costs, Shape.of(engine.with_defaults(query)), start=arrived, seconds=timeout_ms / 1e3)


def _budgets(request: SearchRequest, profile: Profile | None) -> Constraints:
    """What may be given up of each objective: as the request says, or else the profile."""
    loss, others = request.max_relevance_loss, request.max_losses
    if profile is not None:
        loss = profile.max_relevance_loss if loss is None else loss
        others = {**profile.max_losses, **others}
    return Constraints(loss, max_losses=others)


def _explores(session_id: str | None, share: float) -> bool:
    """Whole sessions explore or do not: the pages of one session are pages of one draw."""
    if session_id is None or share == 0:
        return False
    return seed_of("exploration share", session_id) < share * N_SEEDS


def _loss_of_a_draw(budget: float | None, share: float) -> float | None:
    """What one draw may cost, so that all searches together lose no more than the budget."""
    if budget is None:
        return None
    return min(budget / share, 1.0) if share > 0 else budget


def _sides(query: Query, assigned: Assigned, profiles: Mapping[str, Profile]) -> dict[str, Side]:
    """The rankings that an interleaving arm compares.

    Empty where a pin must stay or the slate is a draw: then the first side is shown alone.
    """
    if query.constraints.pins or query.explore or not all(name in (None, *profiles) for _, name in assigned.sides):
        return {}
    chosen = {arm: profiles.get(name or DEFAULT) for arm, name in assigned.sides}
    return {
        arm: Side(None, query.constraints.max_relevance_loss, query.constraints.max_losses)
        if profile is None
        else Side(profile.weights, profile.max_relevance_loss, profile.max_losses)
        for arm, profile in chosen.items()
    }
