"""How well judgments, replay, A/B tests and interleaving rank methods and weightings whose true values are known.

Shoppers search as households did whose purchases are the test lists: every search is one of the lists, pages are read
by position, and what the household bought is bought where it is seen. So the true value of a sorted slate is a sum, and
what is compared is only what each way of evaluation makes of the same number of searches. The unit is the study's:
methods fitted on training lists, as in the comparison.

- judged: discounted gain of the sorted slates of a few lists, with what was bought as grades.
- replay: all from one log of the first policy, which explored (`snips`); what is estimated are policies that explore
  alike, and one without an interval has no number.
- ab: every policy serves an equal share of the searches.
- interleaving: an equal share of the searches each, against the first policy (`preferences`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trimtab.abtest.ope import estimators
from trimtab.abtest.ope.intervals import estimate
from trimtab.abtest.ope.sums import N_GROUPS, add_up
from trimtab.abtest.simulation.agree import kendall_tau
from trimtab.abtest.simulation.clicks import N_DRAWS, PositionBased
from trimtab.abtest.statistics.interleaving import preferences
from trimtab.core.experiments.interleaving import team_draft
from trimtab.core.metrics import discounts
from trimtab.ranker.methods.problem import Problem, lattice
from trimtab.ranker.methods.registry import make_method
from trimtab.ranker.methods.slates import K, slates_of
from trimtab.ranker.study.cell import Fold
from trimtab.ranker.study.compare import recipe_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Values = dict[str, float | None]
"""Policy -> what a way of evaluation says it is worth; None where it says nothing."""

RANKED = (
    "heads", "ensemble", "distilled", "boosted", "blend", "slim_blend", "distilled_blend", "film", "pamal",
    "scalarisation",
)  # fmt: skip
"""Methods; the first is the one that serves while the others are evaluated."""
STEERED = "ensemble"
"""The method whose weightings are ranked."""
N_DIVISIONS = 3
"""How often the lattice of weightings divides each weight."""
METRICS = ("purchases", "revenue")
N_JUDGED = (75, 500)
"""Lists that people judge."""
N_SEARCHES = (5_000, 50_000)
N_DRAWN = 25
"""How often everything is drawn anew."""
TEMPERATURE = 0.1
"""How far policies explore, in usual spreads of a list's utilities; a bundle's default."""
N_RESAMPLES = 20
"""Resamples of an interval that is only asked whether it is there."""
READING = PositionBased()


@dataclass(frozen=True)
class Contest:
    """Policies over the same lists.

    Attributes:
        utilities: policy -> [L, n] whose usual spread in a list is 1, -inf for what is not there; the first one serves.
        slates: policy -> [L, K] sorted.
        wanted: [L, n] what the household bought.
        worth: metric -> [L, n] what it is worth that an item is bought.
    """

    utilities: Mapping[str, Floats]
    slates: Mapping[str, Ints]
    wanted: NDArray[np.bool_]
    worth: Mapping[str, Floats]

    @classmethod
    def of(cls, test: Problem, utilities: Mapping[str, Floats]) -> Contest:
        """A contest over the lists that have a page of candidates."""
        enough = test.mask.sum(axis=1) >= K
        whole = test.take(enough)
        shown = {name: np.where(whole.mask, values[enough], -np.inf) for name, values in utilities.items()}
        slates = {name: slates_of(torch.from_numpy(values).float(), whole) for name, values in shown.items()}
        wanted = np.nan_to_num(whole.lists.labels[..., whole.lists.heads.index("purchase")]) > 0
        revenue = np.nan_to_num(whole.lists.prices).astype(np.float64)
        return cls(shown, slates, wanted, {"purchases": np.ones_like(revenue), "revenue": revenue})

    def __len__(self) -> int:
        return len(self.wanted)

    @property
    def serving(self) -> str:
        return next(iter(self.utilities))

    def gains(self, metric: str, lists: Ints, slates: Ints) -> Floats:
        """[n, K] what the items of slates are worth to who searches, if seen."""
        rows = lists[:, None]
        return np.asarray(self.wanted[rows, slates] * self.worth[metric][rows, slates], dtype=np.float64)

    def rewards(self, metric: str, lists: Ints, slates: Ints, rng: np.random.Generator) -> Floats:
        """[n, K] what shoppers pay."""
        wanted = self.wanted[lists[:, None], slates]
        appeal = wanted.astype(np.float64)
        _, bought = READING.browse(appeal, np.zeros_like(appeal), wanted, rng.random((*slates.shape, N_DRAWS)))
        return np.asarray(bought * self.worth[metric][lists[:, None], slates], dtype=np.float64)

    def truth(self, metric: str) -> dict[str, float]:
        """Policy -> the mean over all lists of what sorted slates are expected to bring."""
        everyone = np.arange(len(self))
        seen = READING.examination(K)
        return {
            name: float((self.gains(metric, everyone, slates) @ seen).mean()) for name, slates in self.slates.items()
        }


def judged(contest: Contest, metric: str, n: int, rng: np.random.Generator) -> Values:
    lists = rng.choice(len(contest), min(n, len(contest)), replace=False)
    return {
        name: float((contest.gains(metric, lists, slates[lists]) @ discounts(K)).mean())
        for name, slates in contest.slates.items()
    }


def ab(contest: Contest, metric: str, n: int, rng: np.random.Generator) -> Values:
    found: Values = {}
    for name, slates in contest.slates.items():
        lists = rng.integers(0, len(contest), n // len(contest.slates))
        found[name] = float(contest.rewards(metric, lists, slates[lists], rng).sum(axis=1).mean())
    return found


def interleaving(contest: Contest, metric: str, n: int, rng: np.random.Generator) -> Values:
    found: Values = {contest.serving: 0.0}
    for name, slates in contest.slates.items():
        if name != contest.serving:
            lists = rng.integers(0, len(contest), n // (len(contest.slates) - 1))
            both = np.stack([contest.slates[contest.serving][lists], slates[lists]], axis=1)
            shown = team_draft(both, k=K, rng=rng).items
            found[name] = float(preferences(both, shown, contest.rewards(metric, lists, shown, rng)).mean())
    return found


def replay(contest: Contest, metric: str, n: int, rng: np.random.Generator) -> Values:
    lists = rng.integers(0, len(contest), n)
    served = contest.utilities[contest.serving][lists] / TEMPERATURE
    slates = np.argsort(-(served + rng.gumbel(size=served.shape)), axis=1)[:, :K]  # a Plackett-Luce draw
    rewards = contest.rewards(metric, lists, slates, rng)
    logged = draw_chances(served, slates)
    found: Values = {}
    for name, values in contest.utilities.items():
        weights = estimators.prefix_weights(draw_chances(values[lists] / TEMPERATURE, slates) / logged)
        one = estimate(add_up(estimators.snips(rewards, weights), np.arange(n) % N_GROUPS), n_resamples=N_RESAMPLES)
        found[name] = None if one.low is None else one.value
    return found


def draw_chances(logits: Floats, slates: Ints) -> Floats:
    """[n, k] the chance of each item given those above it, by a Plackett-Luce draw."""
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    taken = np.take_along_axis(odds, slates, axis=1)
    np.put_along_axis(odds, slates, 0.0, axis=1)
    # Added up from the end, so that little is never the difference of much.
    left = odds.sum(axis=1, keepdims=True) + np.cumsum(taken[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(np.divide(taken, left, out=np.zeros_like(taken), where=left > 0))


Way = Callable[[Contest, str, int, np.random.Generator], Values]
WAYS: dict[str, tuple[Way, Sequence[int]]] = {
    "judgments": (judged, N_JUDGED),
    "replay": (replay, N_SEARCHES),
    "A/B test": (ab, N_SEARCHES),
    "interleaving": (interleaving, N_SEARCHES),
}


def contests(fold: Fold, name: str, seed: int) -> dict[str, Contest]:
    """What is ranked: the methods at even weights, and the weightings of one method."""
    n_objectives = len(fold.test.objectives)
    even = np.full((1, n_objectives), 1 / n_objectives)
    by_method, by_weights = {}, {}
    for method in RANKED:
        fitted = make_method(method, recipe_of(name, method), seed=seed)
        fitted.fit(fold.train, even)

        def scores(weights: Floats, fitted: Any = fitted) -> Floats:
            found = fitted.score(fold.test.inputs, torch.from_numpy(fold.test.mask), weights).numpy()
            return in_spreads(found.astype(np.float64), fold.test.mask)

        by_method[method] = scores(even[0])
        if method == STEERED:
            # Even weights first: they are what serves.
            by_weights = {
                "/".join(f"{weight:.2f}" for weight in weights): scores(weights)
                for weights in (even[0], *lattice(n_objectives, N_DIVISIONS))
            }
    return {
        "methods": Contest.of(fold.test, by_method),
        "weightings": Contest.of(fold.test, by_weights),
    }


def in_spreads(scores: Floats, mask: NDArray[np.bool_]) -> Floats:
    """Scores whose usual spread in a list is 1."""
    spread = np.median([np.ptp(row[there]) for row, there in zip(scores, mask, strict=True) if there.any()])
    return scores / max(float(spread), 1e-9)


def study(folds: Sequence[Fold], name: str, seed: int) -> list[dict[str, Any]]:
    """Rows: what is ranked, by which metric, how and from how much; `tau` and `regret` of each draw."""
    rows = []
    for ranked, contest in contests(folds[0], name, seed).items():
        for metric in METRICS:
            truth = contest.truth(metric)
            for way, (evaluate, sizes) in WAYS.items():
                for n in sizes:
                    rng = np.random.Generator(np.random.PCG64([seed, n]))
                    drawn = [evaluate(contest, metric, n, rng) for _ in range(N_DRAWN)]
                    rows.append(
                        {
                            "ranked": ranked,
                            "metric": metric,
                            "way": way,
                            "n": n,
                            "truth": truth,
                            "n_ranked": [sum(value is not None for value in found.values()) for found in drawn],
                            "tau": [kendall_tau(truth, found) for found in drawn],
                            "regret": [regret(truth, found, serving=contest.serving) for found in drawn],
                        }
                    )
    return rows


def regret(truth: Mapping[str, float], found: Values, *, serving: str) -> float:
    """The share of the best true value that is lost by whom is said to be best; who serves stays where nobody is."""
    known = {name: value for name, value in found.items() if value is not None}
    chosen = max(known, key=lambda name: known[name]) if known else serving
    return 1 - truth[chosen] / max(truth.values())


def summary_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What is ranked -> metric -> way -> number of lists or searches -> what was found over all draws.

    Intervals hold 95 % of the draws. `n_policies` is how many there are, `n_ranked` how many have a number on average,
    `span` the difference of the best and the worst true value as a share of the best.
    """
    found: dict[str, Any] = {}
    for row in rows:
        truth = list(row["truth"].values())
        ways = found.setdefault(row["ranked"], {}).setdefault(row["metric"], {})
        ways.setdefault(row["way"], {})[str(row["n"])] = {
            "n_policies": len(truth),
            "span": round(1 - min(truth) / max(truth), 4),
            "n_ranked": round(float(np.mean(row["n_ranked"])), 1),
            "tau": _of_draws([tau for tau in row["tau"] if tau is not None]),
            "regret": _of_draws(row["regret"]),
        }
    return found


def _of_draws(values: Sequence[float]) -> dict[str, float] | None:
    """The mean over draws and what holds 95 % of them; None where there is no value."""
    if not values:
        return None
    low, high = np.quantile(values, (0.025, 0.975))
    return {"value": round(float(np.mean(values)), 4), "low": round(float(low), 4), "high": round(float(high), 4)}
