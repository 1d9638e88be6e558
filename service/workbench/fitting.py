"""Whether a definition fits what serves: its weights, its items and filters, the bundles and profiles of its arms."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.core.errors import BadParameter, NotFound
from trimtab.core.weights import normalise, require_bounds
from trimtab.engine import Engine
from trimtab.retrieval.filters import filter_mask, parse_filter
from trimtab.service.bundles.serving import Bundles
from trimtab.service.experiments.definition import Experiment
from trimtab.service.experiments.running import Experiments
from trimtab.service.search.profiles import Profile, Profiles, profile_named
from trimtab.service.search.rules import Rule
from trimtab.service.search.search_service import SearchService
from trimtab.service.workbench.drafts import Drafted


@dataclass(frozen=True, slots=True)
class Fitting:
    """Checks definitions against the engine, the profiles and the bundles of the moment."""

    search: SearchService
    experiments: Experiments
    profiles: Profiles
    bundles: Bundles

    def require(self, name: str, definition: Drafted) -> None:
        """Refuse a definition that does not fit; a synonym fits anything.

        Raises:
            BadParameter: it names what is not there.
        """
        if isinstance(definition, Profile):
            normalise(definition.weights, self.search.known_weights)
            require_bounds(definition.max_losses, self.search.engine.objectives)
        elif isinstance(definition, Rule):
            _require_rule(self.search.engine, definition)
        elif isinstance(definition, Experiment):
            self._require_arms(name, definition)

    def _require_arms(self, name: str, experiment: Experiment) -> None:
        self.experiments.check(name, experiment)
        loaded = self.bundles.plan.loaded
        for arm in experiment.arms.values():
            profile_named(arm.profile, self.profiles.all())
            if arm.bundle is not None and arm.bundle not in loaded:
                raise BadParameter.unknown("bundle", "loaded bundle", arm.bundle, loaded)


def _require_rule(engine: Engine, rule: Rule) -> None:
    filter_mask(engine.store, map(parse_filter, rule.filters))
    for item_id in rule.item_ids:
        try:
            engine.store.row_of(item_id)
        except NotFound:
            raise BadParameter("item_ids", f"there is no item {item_id!r}", "items of the catalogue") from None
