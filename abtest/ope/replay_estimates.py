"""The estimates of a replay, from its totals: of policies, of their differences, and by segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trimtab.abtest.ope.asked import LOGGED
from trimtab.abtest.ope.evidence import WRONG_SHARE
from trimtab.abtest.ope.intervals import Estimate, assess, estimate
from trimtab.abtest.ope.like_with_like import BOUNDS, LikeWithLike
from trimtab.abtest.ope.never_explored import NEVER_EXPLORED, Bounded, refusal, scale_of, size_of
from trimtab.abtest.ope.outcomes import MEASURED, NDCG, NDCG_FILLED
from trimtab.abtest.ope.sums import Sums
from trimtab.abtest.ope.totals import EVERYTHING, Totals

UNJUDGED = "it is not the same where items without a judgment are as good as the judged ones"

MISFIT = "the logged propensities are not this bundle's"

NOT_SORTED = "the logged slates are not this bundle's"


class Estimates:
    """The estimates of policies and segments, from totals; of a log that never explored, bounds.

    Attributes:
        wrong: share of the draws with propensities that are not the bundle's.
    """

    def __init__(self, totals: Totals, confidence: float) -> None:
        self._totals = totals
        self._confidence = confidence
        self.wrong = totals.n_wrong / totals.n_drawn if totals.n_drawn else 0.0

    @property
    def fit(self) -> bool:
        """Whether what was logged is the bundle's own; where it is not, no estimate has an interval."""
        return self.wrong <= WRONG_SHARE

    @property
    def never_explored(self) -> bool:
        return bool(self._totals.unshown)

    @property
    def misfit(self) -> str:
        """What is said where what was logged is not the bundle's own."""
        return NOT_SORTED if self.never_explored else MISFIT

    def sums(self, policy: str, metric: str, segments: Sequence[int] = EVERYTHING) -> Sums:
        """Sums for the estimator that is reported."""
        totals = self._totals
        if metric in MEASURED:
            return totals.measured[policy][metric].sums(metric, segments)
        return totals.weighted.get(policy, totals.logged_outcomes).sums(metric, segments)

    def of(self, policy: str, metric: str) -> Estimate:
        """What a policy is worth; what the log itself brought is certain whatever its propensities are."""
        if self._is_bounded(metric) and policy != LOGGED:
            return self._between([policy], metric, self._bounded(policy, metric))
        found = estimate(self.sums(policy, metric), confidence=self._confidence)
        return self._if_fit(found) if policy in self._totals.weighted else found

    def difference(
        self, after: str, before: str, metric: str, segments: Sequence[int] = EVERYTHING, **options: int
    ) -> Estimate:
        """What one policy is worth more than another; of nDCG not sure where it hangs on items without a judgment."""
        if self._is_bounded(metric):
            bounded = self._bounded(after, metric, segments).minus(self._bounded(before, metric, segments))
            return self._between([after, before], metric, bounded, **options)
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
        return found if self.fit else replace(found, low=None, high=None, caution=self.misfit)

    def _is_bounded(self, metric: str) -> bool:
        return self.never_explored and metric not in MEASURED

    def _bounded(self, policy: str, metric: str, segments: Sequence[int] = EVERYTHING) -> Bounded:
        """A policy of a log that never explored."""
        totals = self._totals
        logged = totals.logged_outcomes.sums(metric, segments)
        if policy == LOGGED:
            return Bounded.exactly(logged)
        unshown = totals.unshown[policy]
        return Bounded.of(
            logged,
            totals.weighted[policy].sums(metric, segments),
            unshown.sums(metric, segments),
            unshown.sums(size_of(metric), segments),
            scale_of(totals.logged_outcomes.sums(metric), totals.unshown[LOGGED].sums(metric)),
        )

    def _between(self, policies: Sequence[str], metric: str, bounded: Bounded, **options: int) -> Estimate:
        """Bounds of a policy or of a difference of two, or why there are none."""
        totals = self._totals
        overlaps = [assess(totals.weighted[policy].sums(metric)) for policy in policies]
        least = min(overlaps, key=lambda overlap: overlap.support)
        found = bounded.estimate(confidence=self._confidence, **options)
        found = replace(found, support=least.support, ess=least.ess, max_weight=least.max_weight)
        n_rewarded = int((totals.logged_outcomes.sums(metric).numerators != 0).any(axis=1).sum())
        refused = refusal(least.support, n_rewarded, totals.n_clicked, totals.n_clicked_again)
        if refused is not None:
            return replace(found, value=None, low=None, high=None, refusal=refused)
        return self._if_fit(found)

    def by_estimator(self, policy: str, metric: str, compared: LikeWithLike) -> dict[str, Estimate]:
        """The estimates of every estimator, the reported one first."""
        totals = self._totals
        if self._is_bounded(metric):
            return self._beside_bounds(policy, metric)
        kinds = {
            compared.estimator: totals.weighted[policy].sums(metric),
            compared.not_normalised: totals.weighted[policy].sums(metric, normalised=False),
            "matched": totals.matched[policy].sums(metric),
        }
        if metric in MEASURED:
            kinds = {"direct": self.sums(policy, metric), **kinds}
        return {kind: self._if_fit(estimate(one, confidence=self._confidence)) for kind, one in kinds.items()}

    def _beside_bounds(self, policy: str, metric: str) -> dict[str, Estimate]:
        """Bounds, and estimators that pick one value; those do not cover the truth, and have no interval."""
        weighted, bounded = self._totals.weighted[policy], self._bounded(policy, metric)
        kinds = {
            "doubly robust": bounded.middle,
            "self-normalised": weighted.sums(metric),
            "click IPS": weighted.sums(metric, normalised=False),
        }
        found = {kind: estimate(one, confidence=self._confidence) for kind, one in kinds.items()}
        return {
            BOUNDS: self.of(policy, metric),
            **{kind: replace(one, low=None, high=None, caution=NEVER_EXPLORED) for kind, one in found.items()},
        }
