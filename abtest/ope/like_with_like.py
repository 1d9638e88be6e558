"""How the policies of a replay are served, alike for all of them, chosen before any outcome is looked at.

What people ask is what weights do when they are deployed, and slates are deployed sorted. A log that explored so gently
that it mostly shows the sorted slate answers that by those slates. One that explored more has most items of the sorted
slate somewhere on the page, and what happened to them there is moved to where the sorted slate has them, by a
position-based model (`trimtab.abtest.ope.moves`). Where too little was clicked for that, policies are compared as they
would be drawn at one exploration: not at one temperature, at which weights that set items further apart draw less at
random, but at temperatures at which each is expected to lose as much of its own sorted slate's relevance as the log
did. A log that never explored has bounds (`trimtab.abtest.ope.never_explored`).

Which estimator is reported follows from that, and from no value that an estimator finds. Cascade-DR takes the place of
`snips` where the measured table has its intervals narrower by a tenth or more at the same coverage, which is so in none
of its cells (`docs/evaluation.md`): the rule's answer is `snips` everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from trimtab.abtest.ope.asked import LOGGED
from trimtab.abtest.ope.contexts import (
    LookUp,
    before_the_draw,
    bound_policies,
    candidates_of,
    contexts_of,
    weights_of,
)
from trimtab.abtest.ope.estimators import Floats, prefix_weights
from trimtab.abtest.ope.evidence import Deployment, evidence_of
from trimtab.abtest.ope.examination import Examination, assumed, examination_of
from trimtab.abtest.ope.log.logged_slates import ReplayLog
from trimtab.abtest.ope.reliability import MIN_SHARE_TO_BE_SURE
from trimtab.abtest.ope.sums import Ints, Overlap
from trimtab.core.errors import BadParameter
from trimtab.core.metrics import discounts
from trimtab.engine import Engine
from trimtab.ranker.slate.exploration import crossing, losses
from trimtab.ranker.slate.log_policy import QueryContexts

N_LOOKED_AT = 5000
"""Impressions that the choice is made from, and the examination of positions is estimated from."""

N_SORTED = 1000
"""Impressions among them whose sorted slates are looked for."""

N_LISTS = 40
"""Impressions that the temperatures of equal exploration are found from."""

MIN_SORTED_SHARE = MIN_SHARE_TO_BE_SURE
"""Sorted slates are compared by themselves where the logged weights' own have this effective share of the log."""

FACTORS = tuple(2.0**number for number in range(-3, 4))
"""What a logged temperature may be multiplied by."""

Served = Literal["sorted", "explored"]

BOUNDS = "bounds"
"""Name of the estimator of a log that never explored."""


@dataclass(frozen=True)
class LikeWithLike:
    """How policies are compared.

    Attributes:
        served: sorted, or drawn at equal exploration.
        sorted_share: effective share of the log that the logged weights' own sorted slates have.
        expected_loss: share of the sorted slates' expected relevance that the log's exploration lost.
        deployment: the same, as evidence is made.
    """

    served: Served
    sorted_share: float
    expected_loss: float
    deployment: Deployment

    @property
    def examination(self) -> Examination | None:
        """How often positions are looked at, where outcomes are moved to where sorted slates have their items."""
        return self.deployment.examination

    @property
    def estimator(self) -> str:
        """Name of the estimator that is reported."""
        if self.deployment.never_explored:
            return BOUNDS
        return "snips" if self.examination is None else "position"

    @property
    def not_normalised(self) -> str:
        """Name of the same without normalisation."""
        return "ips" if self.examination is None else "position, not normalised"

    def as_dict(self) -> dict[str, Any]:
        return {
            "served": self.served,
            "never_explored": self.deployment.never_explored,
            "sorted_share": self.sorted_share,
            "examination": None if self.examination is None else self.examination.as_dict(),
            "expected_exploration_loss": self.expected_loss,
            "temperature_factors": dict(self.deployment.factors),
        }


def like_with_like(
    engine: Engine, sample: ReplayLog, weights: Mapping[str, Mapping[str, float]], asked: Served | None = None
) -> LikeWithLike:
    """How to compare policies on a log.

    Args:
        sample: some impressions of the log, evenly spread over it.
        weights: normalised, by name of the policy.
        asked: what the caller wants; None leaves it to the overlap.
    """
    temperatures = sample.slates.temperatures
    if len(temperatures) and (temperatures <= 0).all():
        if asked == "explored":
            raise BadParameter("served", "this log never explored", "sorted")
        examination = assumed(sample.slates.rows.shape[1])
        return LikeWithLike(
            "sorted", 1.0, 0.0, Deployment(is_sorted=True, examination=examination, never_explored=True)
        )
    look_up = lru_cache(None)(candidates_of)  # the same searches are looked at three times below
    share = _sorted_share(engine, sample.take(_by_seed(sample)[:N_SORTED]), look_up)
    lists = _Lists(engine, sample, look_up)
    lost = lists.loss()
    found = examination_of(engine, sample, look_up) if asked != "explored" and share < MIN_SORTED_SHARE else None
    if found is not None:
        return LikeWithLike("sorted", share, lost, Deployment(is_sorted=True, examination=found))
    if asked == "sorted" or (asked is None and share >= MIN_SORTED_SHARE):
        return LikeWithLike("sorted", share, lost, Deployment(is_sorted=True))
    factors = {name: lists.factor(one, lost) for name, one in weights.items()}
    return LikeWithLike("explored", share, lost, Deployment(factors=factors))


def _sorted_share(engine: Engine, sample: ReplayLog, look_up: LookUp) -> float:
    """Effective share of the log at the logged weights' own sorted slates: the harmonic mean over positions."""
    evidence = evidence_of(engine, sample, {}, deployment=Deployment(is_sorted=True), look_up=look_up)
    if len(evidence.slates) == 0:
        return 0.0
    shares = Overlap.of(prefix_weights(evidence.ratios[LOGGED])).ess / len(evidence.slates)
    weight = discounts(len(shares))
    return float(weight.sum() / (weight / shares).sum()) if (shares > 0).all() else 0.0


def _by_seed(sample: ReplayLog) -> Ints:
    """[n] places by seed, so that the order of a log makes no difference."""
    return np.argsort(sample.slates.seeds, kind="stable")


class _Lists:
    """Some of the logged lists, before they are drawn under any weights."""

    def __init__(self, engine: Engine, sample: ReplayLog, look_up: LookUp) -> None:
        self._engine = engine
        slates = sample.slates
        some = _by_seed(sample)[:N_LISTS]
        self._depths = (slates.rows[some] >= 0).sum(axis=1).tolist()
        self._temperatures = slates.temperatures[some].tolist()
        self._own = [sample.weights[code] for code in slates.weights[some]]
        self._searches = [sample.queries[query] for query in slates.queries[some].tolist()]
        self._contexts: list[QueryContexts] = [
            contexts_of(engine, search, [sample.users[user]], look_up)
            for search, user in zip(self._searches, slates.users[some].tolist(), strict=True)
        ]

    def loss(self) -> float:
        """Mean expected loss of the log's own draws."""
        # From the same sums as those of a policy, so that the log's own weights have a factor of exactly 1.
        return float(self._losses(None)[FACTORS.index(1.0)])

    def factor(self, weights: Mapping[str, float], loss: float) -> float:
        """Times the logged temperature at which a policy loses that share."""
        return crossing(self._losses(weights), np.array(FACTORS), loss)[0]

    def _losses(self, weights: Mapping[str, float] | None) -> Floats:
        """[len(FACTORS)] mean expected loss of a policy, or else of the log's own."""
        found = [self._losses_of(number, weights) for number in range(len(self._contexts))]
        return np.sum(found, axis=0) / len(found) if found else np.zeros(len(FACTORS))

    def _losses_of(self, number: int, weights: Mapping[str, float] | None) -> Floats:
        contexts, engine = self._contexts[number], self._engine
        if weights is None:
            served = weights_of(engine, self._own[number])
        else:
            bound = bound_policies(engine, self._searches[number], contexts, {LOGGED: weights})
            served = np.atleast_2d(bound[LOGGED])[0]
        drawn, kept = before_the_draw(engine, served, contexts, 0, depth=self._depths[number])
        return losses(drawn, kept, [factor * self._temperatures[number] for factor in FACTORS])
