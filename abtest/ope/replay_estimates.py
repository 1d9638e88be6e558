"""The estimates of a replay, from its totals: of policies, of their differences, and by segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trimtab.abtest.ope.asked import LOGGED
from trimtab.abtest.ope.evidence import WRONG_SHARE
from trimtab.abtest.ope.intervals import Estimate, estimate
from trimtab.abtest.ope.like_with_like import LikeWithLike
from trimtab.abtest.ope.outcomes import MEASURED, NDCG, NDCG_FILLED
from trimtab.abtest.ope.sums import Sums
from trimtab.abtest.ope.totals import EVERYTHING, Totals

UNJUDGED = "it is not the same where items without a judgment are as good as the judged ones"

MISFIT = "the logged propensities are not this bundle's"


class Estimates:
    """The estimates of policies and segments, from totals.

    Attributes:
        wrong: share of the draws with propensities that are not the bundle's.
    """

    def __init__(self, totals: Totals, confidence: float) -> None:
        self._totals = totals
        self._confidence = confidence
        self.wrong = totals.n_wrong / totals.n_drawn if totals.n_drawn else 0.0

    @property
    def fit(self) -> bool:
        """Whether the logged propensities are the bundle's own; where they are not, no estimate has an interval."""
        return self.wrong <= WRONG_SHARE

    def sums(self, policy: str, metric: str, segments: Sequence[int] = EVERYTHING) -> Sums:
        """Sums for the estimator that is reported."""
        totals = self._totals
        if metric in MEASURED:
            return totals.measured[policy][metric].sums(metric, segments)
        return totals.weighted.get(policy, totals.logged_outcomes).sums(metric, segments)

    def of(self, policy: str, metric: str) -> Estimate:
        """What a policy is worth; what the log itself brought is certain whatever its propensities are."""
        found = estimate(self.sums(policy, metric), confidence=self._confidence)
        return self._if_fit(found) if policy in self._totals.weighted else found

    def difference(
        self, after: str, before: str, metric: str, segments: Sequence[int] = EVERYTHING, **options: int
    ) -> Estimate:
        """What one policy is worth more than another; of nDCG not sure where it hangs on items without a judgment."""
        sums = self.sums(after, metric, segments).minus(self.sums(before, metric, segments))
        found = self._if_fit(estimate(sums, confidence=self._confidence, **options))
        if metric != NDCG or not found.sure_sign:
            return found
        filled = self.difference(after, before, NDCG_FILLED, segments, **options)
        return found if filled.sure_sign == found.sure_sign else replace(found, caution=UNJUDGED)

    def lost_to_exploration(self, metric: str) -> Estimate:
        """The log's own sorted slates less what was shown, where sorted slates are compared."""
        totals = self._totals
        sums = totals.weighted[LOGGED].sums(metric).minus(totals.logged_outcomes.sums(metric))
        return self._if_fit(estimate(sums, confidence=self._confidence))

    def _if_fit(self, found: Estimate) -> Estimate:
        return found if self.fit else replace(found, low=None, high=None, caution=MISFIT)

    def by_estimator(self, policy: str, metric: str, compared: LikeWithLike) -> dict[str, Estimate]:
        """The estimates of every estimator, the reported one first."""
        totals = self._totals
        kinds = {
            compared.estimator: totals.weighted[policy].sums(metric),
            compared.not_normalised: totals.weighted[policy].sums(metric, normalised=False),
            "matched": totals.matched[policy].sums(metric),
        }
        if metric in MEASURED:
            kinds = {"direct": self.sums(policy, metric), **kinds}
        return {kind: self._if_fit(estimate(one, confidence=self._confidence)) for kind, one in kinds.items()}
