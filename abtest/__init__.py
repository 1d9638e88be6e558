"""Off-policy evaluation, simulation and A/B statistics of searches.

`from trimtab.abtest import snips, add_up, estimate` and the other names of `__all__` are the public ones; each is
imported when it is first asked for, so that an offline replay loads no simulation.

- From logs to reports: `replay`, `tune`, `convert`, `simulate`, `agree`.
- Estimators of a policy's value from logged rewards and importance weights, for single actions and for slates; `add_up`
  and `estimate` make a value with an interval of what they return.
- Tests of experiments: `moments` and `compare` (with CUPED), `unit_difference` and `always_valid` (sequential),
  `sample_ratio_p_value`, `holm`, `benjamini_hochberg`, `users_needed`, `run_online_test` (ramped, simulated).
- Interleaving: `team_draft`, `credits`, `preferences`, `credited`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimtab.abtest.importers.conversion import convert
    from trimtab.abtest.ope.estimators import (
        cascade_dr,
        click_dr,
        click_ips,
        clipped_ips,
        direct_method,
        doubly_robust,
        dr_with_shrinkage,
        ips,
        matched_replay,
        slate_cascade,
        slate_independent,
        slate_standard,
        snips,
        switch_dr,
    )
    from trimtab.abtest.ope.intervals import between, empirical_bernstein, estimate
    from trimtab.abtest.ope.replay import replay
    from trimtab.abtest.ope.sums import add_up, groups_of
    from trimtab.abtest.ope.tune import tune
    from trimtab.abtest.simulation.agree import agree
    from trimtab.abtest.simulation.online import OnlineTest, run_online_test
    from trimtab.abtest.simulation.simulate import simulate
    from trimtab.abtest.statistics.comparison import (
        benjamini_hochberg,
        compare,
        holm,
        minimum_detectable_effect,
        moments,
        pooled_cap,
        users_needed,
        winsorised,
    )
    from trimtab.abtest.statistics.interleaving import credited, credits, preferences
    from trimtab.core.experiments.interleaving import team_draft
    from trimtab.core.experiments.sample_ratio import sample_ratio_p_value
    from trimtab.core.experiments.sequential import always_valid, unit_difference

_ESTIMATORS = (
    "cascade_dr", "click_dr", "click_ips", "clipped_ips", "direct_method", "doubly_robust", "dr_with_shrinkage", "ips",
    "matched_replay", "slate_cascade", "slate_independent", "slate_standard", "snips", "switch_dr",
)  # fmt: skip
_COMPARISON = (
    "benjamini_hochberg", "compare", "holm", "minimum_detectable_effect", "moments", "pooled_cap",
    "users_needed", "winsorised",
)  # fmt: skip
_MODULE_OF = {
    "convert": "trimtab.abtest.importers.conversion",
    **dict.fromkeys(_ESTIMATORS, "trimtab.abtest.ope.estimators"),
    **dict.fromkeys(("between", "empirical_bernstein", "estimate"), "trimtab.abtest.ope.intervals"),
    "replay": "trimtab.abtest.ope.replay",
    **dict.fromkeys(("add_up", "groups_of"), "trimtab.abtest.ope.sums"),
    "tune": "trimtab.abtest.ope.tune",
    "agree": "trimtab.abtest.simulation.agree",
    **dict.fromkeys(("OnlineTest", "run_online_test"), "trimtab.abtest.simulation.online"),
    "simulate": "trimtab.abtest.simulation.simulate",
    **dict.fromkeys(_COMPARISON, "trimtab.abtest.statistics.comparison"),
    **dict.fromkeys(("credited", "credits", "preferences"), "trimtab.abtest.statistics.interleaving"),
    "team_draft": "trimtab.core.experiments.interleaving",
    "sample_ratio_p_value": "trimtab.core.experiments.sample_ratio",
    **dict.fromkeys(("always_valid", "unit_difference"), "trimtab.core.experiments.sequential"),
}

__all__ = [
    "OnlineTest",
    "add_up",
    "agree",
    "always_valid",
    "benjamini_hochberg",
    "between",
    "cascade_dr",
    "click_dr",
    "click_ips",
    "clipped_ips",
    "compare",
    "convert",
    "credited",
    "credits",
    "direct_method",
    "doubly_robust",
    "dr_with_shrinkage",
    "empirical_bernstein",
    "estimate",
    "groups_of",
    "holm",
    "ips",
    "matched_replay",
    "minimum_detectable_effect",
    "moments",
    "pooled_cap",
    "preferences",
    "replay",
    "run_online_test",
    "sample_ratio_p_value",
    "simulate",
    "slate_cascade",
    "slate_independent",
    "slate_standard",
    "snips",
    "switch_dr",
    "team_draft",
    "tune",
    "unit_difference",
    "users_needed",
    "winsorised",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'trimtab.abtest' has no attribute {name!r}")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
