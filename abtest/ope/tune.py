"""`trimtab tune`: weights chosen on a log, before they are served to anybody.

Candidates are the log's own weights with each weight made larger or smaller. A candidate is allowed where the log is
sure that every metric with a floor keeps it, and the allowed one whose gain the log is surest of is chosen: both by
lower bounds that hold for all candidates at once, because the best of many estimates is too good to be true. Where none
surely gains, the log's own weights stay.

Candidates are compared like with like, as policies are in a replay (`trimtab.abtest.ope.like_with_like`): sorted, or
drawn so that each is expected to lose as much to exploration as the log did.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.abtest.ope import estimators
from trimtab.abtest.ope.asked import LOGGED
from trimtab.abtest.ope.evidence import WRONG_SHARE, Evidence
from trimtab.abtest.ope.evidence_tasks import evidence_by_query
from trimtab.abtest.ope.intervals import assess, estimate, influence, lower_bounds, relative_base
from trimtab.abtest.ope.like_with_like import N_LOOKED_AT, Served, like_with_like
from trimtab.abtest.ope.log.partitions import partitioned
from trimtab.abtest.ope.outcomes import novelty, outcomes_of, promise_of, weighted_rewards
from trimtab.abtest.ope.reliability import Reliability
from trimtab.abtest.ope.segments import OTHER
from trimtab.abtest.ope.sums import Sums, add_up
from trimtab.abtest.report.tuning import OWN
from trimtab.core.atomic import new_file
from trimtab.core.errors import BadLog, BadParameter
from trimtab.core.weights import DIVERSITY, RELEVANCE, format_weights, normalise
from trimtab.core.work.progress import Progress, silent
from trimtab.core.work.tasks import Tasks, Threads
from trimtab.engine import Engine
from trimtab.engine.search_index import SearchIndex, engine_of
from trimtab.engine.stages.frontier import knee_of

FACTORS = (0.5, 1.0, 1.6)
"""What each weight is multiplied by; a weight of 0 is tried at `NEW_WEIGHT`."""

FEW_WEIGHTS, MOST_CHANGED = 4, 2
"""Up to how many weights all are changed at once, and how many of more: each candidate is replayed on the log."""

NEW_WEIGHT = 0.05
MIN_CANDIDATE_ESS = 400.0
"""Below this effective sample size a candidate is not chosen, whatever its bound says: the bound leans on the normal
distribution of sums, and clicks and purchases are rare and skewed. Its own log needs as much."""
MOST_THREADS = 4
N_TUNED = 50_000
"""Impressions looked at; of a longer log, an even sample."""


@dataclass(frozen=True)
class Choice:
    """The chosen weights and what speaks for them.

    Attributes:
        name: the candidate chosen, `OWN` where none surely gains.
        gains: candidate -> lower bound and value of its gain in the objective, in the objective's unit.
        kept: candidate -> whether it surely keeps every floor.
        refused: candidate -> why there is no number.
    """

    name: str
    gains: dict[str, tuple[float, float]]
    kept: dict[str, bool]
    refused: dict[str, str]


def tune(  # noqa: PLR0913  # the options of `trimtab tune`, keyword-only
    log: Path | str,
    index: SearchIndex | Engine,
    out: Path | str | None = None,
    *,
    maximise: str,
    keep: Mapping[str, float],
    served: Served | None = None,
    confidence: float = 0.95,
    tasks: Tasks | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Choose weights and write them as a profile that the service takes.

    Args:
        maximise: an objective.
        keep: objective -> share of the log's own value that must be kept.
        out: the profile, `{"weights": {...}}`.
        served: how candidates are compared, as in `trimtab.abtest.ope.replay.replay`.
        tasks: where candidates are replayed; in threads of this process by default.

    Returns:
        the object of `trimtab tune --json`.

    Raises:
        BadLog: see `trimtab.abtest.ope.log.partitions.partitioned`; or its propensities are not the bundle's.
        BadParameter: an objective the bundle does not have, a share outside 0..1, or a log of several weights.
    """
    log, engine = Path(log), engine_of(index)
    _check(engine, maximise, keep)
    with partitioned(log, engine, tasks=tasks) as partitions:
        read, segments_of_log = partitions.sample(N_TUNED), partitions.segments
        (asked, _), *_ = partitions.requested.most_common(1)
        own = dict(asked)
        candidates = candidates_around(own)
        compared = like_with_like(engine, partitions.sample_by_seed(N_LOOKED_AT), candidates, served)
    tasks = tasks or Threads(min(os.cpu_count() or 1, MOST_THREADS))
    evidence = evidence_by_query(engine, read, candidates, progress, tasks, deployment=compared.deployment)
    wrong = float(evidence.wrong_propensities.mean()) if len(evidence.drawn) else 0.0
    if wrong > WRONG_SHARE:
        raise BadLog(
            f"{log}: {wrong:.1%} of the logged propensities are not what this bundle gives for the logged weights, so "
            "no weights can be chosen on it"
        )
    everything = np.ones(len(evidence.slates), dtype=bool)
    tables = Tables(evidence, engine)
    sums = tables.sums(everything)
    choice = choose(sums, maximise=maximise, keep=keep, confidence=confidence)
    base = relative_base(estimate(sums[OWN][maximise], confidence=confidence))
    segments = {}
    of_impressions = segments_of_log.of_slates(evidence.slates)
    for number, segment in enumerate(segments_of_log.names):
        which = (of_impressions == number).any(axis=0)
        if segment == OTHER or not which.any() or which.all():
            continue
        of_part = tables.sums(which)
        of_segment = choose(of_part, maximise=maximise, keep=keep, confidence=confidence)
        base_of_part = relative_base(estimate(of_part[OWN][maximise], confidence=confidence))
        segments[segment] = {"share": float(which.mean()), **_described(of_segment, candidates, base_of_part)}
    values = {name: {metric: one.value for metric, one in by.items()} for name, by in sums.items()}
    front = front_of(
        {n: v for n, v in values.items() if n not in choice.refused}, (next(iter(keep), DIVERSITY), maximise)
    )
    result = {
        "bundle": engine.bundle_id,
        "maximise": maximise,
        "keep": dict(keep),
        "confidence": confidence,
        "compared": compared.as_dict(),
        "warnings": list(partitions.left_out_warning(partitions.left_out)),
        "n_impressions": len(evidence.slates),
        "promise": tables.promise(confidence),
        **_described(choice, candidates, base),
        "candidates": {
            name: {
                "weights": dict(candidates[name]),
                "values": values[name],
                **_gain(choice, name, base),
                "keeps": choice.kept.get(name, False),
                "refusal": choice.refused.get(name),
                "on_front": name in front,
            }
            for name in candidates
        },
        "knee": knee_candidate(values, front, (next(iter(keep), DIVERSITY), maximise)),
        "segments": segments,
    }
    if out is not None:
        with new_file(Path(out)) as file:
            file.write((json.dumps({"weights": result["weights"]}, indent=1) + "\n").encode())
    return result


def candidates_around(own: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """`OWN` and its neighbours by name; no two are the same weights."""
    found: dict[tuple[float, ...], dict[str, float]] = {}
    plain = (1.0,) * len(own)
    for factors in sorted(_factors(len(own)), key=lambda one: one != plain):
        raw = {
            name: weight * factor if weight > 0 else NEW_WEIGHT * (factor - min(FACTORS))
            for (name, weight), factor in zip(own.items(), factors, strict=True)
        }
        weights = dict(own) if factors == plain else normalise(raw, own)
        found.setdefault(tuple(round(value, 4) for value in weights.values()), weights)
    return {OWN if not number else format_weights(_short(one)): one for number, one in enumerate(found.values())}


def _factors(n_weights: int) -> Iterator[tuple[float, ...]]:
    """The factors of the weights: all combinations of a few, of many those that change no more than `MOST_CHANGED`."""
    most = n_weights if n_weights <= FEW_WEIGHTS else MOST_CHANGED
    for factors in product(FACTORS, repeat=n_weights):
        if sum(factor != 1.0 for factor in factors) <= most:
            yield factors


class Tables:
    """What every candidate would earn, over some of the impressions.

    Outcomes of one candidate at a time are there: of all at once, [n, k] of each objective would be most of what
    choosing weights takes in memory.
    """

    def __init__(self, evidence: Evidence, engine: Engine) -> None:
        self._engine = engine
        self._diversity = {name: novelty(rows, engine).sum(axis=1) for name, rows in evidence.own_rows.items()}
        self._evidence = replace(evidence, own_rows={})

    def sums(self, which: NDArray[np.bool_]) -> dict[str, dict[str, Sums]]:
        """candidate -> metric -> sums over the impressions that are true in `which`."""
        some = which[self._evidence.drawn]
        evidence = self._evidence.take(which)
        groups = evidence.slates.groups
        found: dict[str, dict[str, Sums]] = {}
        for name, one in weighted_rewards(evidence, self._engine, outcomes_of):
            if name == LOGGED:  # sorted, which is `OWN`
                continue
            found[name] = {
                metric: add_up(estimators.snips(values, one.weights), groups, slopes=one.slopes.get(metric))
                for metric, values in one.rewards.items()
            }
            diversity = estimators.direct_method(self._diversity[name][some])
            found[name][DIVERSITY] = add_up(diversity, groups[evidence.drawn])
        return found

    def promise(self, confidence: float) -> dict[str, Any]:
        """What receipts promised of the relevance of what was shown, beside what came of it."""
        evidence = self._evidence
        groups, known = evidence.slates.groups, ~np.isnan(evidence.promised)
        promised = estimators.direct_method(evidence.promised[known])
        realised = estimators.direct_method(outcomes_of(evidence.slates, self._engine)[RELEVANCE])
        sums = add_up(promised, groups[evidence.drawn[known]]), add_up(realised, groups)
        return promise_of(self._engine, *sums, confidence)


def choose(
    sums: Mapping[str, Mapping[str, Sums]], *, maximise: str, keep: Mapping[str, float], confidence: float = 0.95
) -> Choice:
    """The candidate whose gain is surest among those that surely keep the floors.

    Args:
        sums: candidate -> metric -> sums, `OWN` among the candidates.
    """
    own = sums[OWN]
    asked = [(maximise, 1.0), *((metric, _floor(own[metric], share)) for metric, share in keep.items())]
    refused, compared = {}, {}
    for name, by in sums.items():
        compared[name] = [by[metric].minus(own[metric], share=share) for metric, share in asked]
        reasons = [_refusal(by[metric]) for metric, _ in asked]
        if name != OWN:
            reasons += [_caution(one) for one in compared[name] if one.value is not None]
        if any(reasons):
            refused[name] = next(reason for reason in reasons if reason)
    if refused.get(OWN):
        return Choice(OWN, {}, {}, refused)
    others = [name for name in sums if name != OWN and name not in refused]
    bounds = lower_bounds([one for name in others for one in compared[name]], confidence=confidence)
    bounds = bounds.reshape(len(others), len(asked))
    gains = {name: (float(bounds[i, 0]), compared[name][0].value or 0.0) for i, name in enumerate(others)}
    kept = {OWN: True, **{name: bool((bounds[i, 1:] >= 0).all()) for i, name in enumerate(others)}}
    allowed = {name: gains[name][0] for name in others if kept[name] and gains[name][0] > 0}
    return Choice(max(allowed, key=lambda name: allowed[name], default=OWN), gains, kept, refused)


def _floor(own: Sums, share: float) -> float:
    """What a value may not fall below, as a multiple of the own one; a loss may grow by `1 - share` of itself."""
    return share if own.value is None or own.value >= 0 else 2 - share


def _caution(difference: Sums) -> str | None:
    return Reliability.of(difference, influence(difference)).caution


def _refusal(sums: Sums) -> str | None:
    """Why weights cannot be judged: too little of the log speaks for them, or too few searches at all."""
    estimate = assess(sums)
    if estimate.refusal is not None:
        return estimate.refusal
    if estimate.ess < MIN_CANDIDATE_ESS:
        return (
            f"effective sample size {estimate.ess:,.0f}, at least {MIN_CANDIDATE_ESS:,.0f} is needed to choose weights"
        )
    return None


def front_of(values: Mapping[str, Mapping[str, float | None]], metrics: tuple[str, str]) -> list[str]:
    """Candidates that no other beats in both metrics, by rising first metric."""
    across, up = metrics
    points = {
        name: (x, y) for name, by in values.items() if (x := by[across]) is not None and (y := by[up]) is not None
    }
    front: list[str] = []
    best = -np.inf
    for name, (_, height) in sorted(points.items(), key=lambda point: point[1], reverse=True):
        if height > best:
            front.insert(0, name)
            best = height
    return front


def knee_candidate(
    values: Mapping[str, Mapping[str, float | None]], front: Sequence[str], metrics: tuple[str, str]
) -> str | None:
    """The candidate at the knee of the front; None below three points, which have none."""
    if len(front) < 3:
        return None
    points = np.array([[values[name][metric] for metric in metrics] for name in front], dtype=np.float64)
    return front[knee_of(points)]


def _check(engine: Engine, maximise: str, keep: Mapping[str, float]) -> None:
    known = ", ".join(engine.known_weights)
    for parameter, name in (("maximise", maximise), *(("keep", name) for name in keep)):
        if name not in engine.known_weights:
            raise BadParameter(parameter, f"{name!r} is not an objective of this bundle", known)
    for name, share in keep.items():
        if not 0 < share <= 1:
            raise BadParameter("keep", f"{share} is not a share of {name}", "above 0 up to 1")


def _described(choice: Choice, candidates: Mapping[str, Mapping[str, float]], base: float) -> dict[str, Any]:
    return {"weights": _short(candidates[choice.name]), "chosen": choice.name, **_gain(choice, choice.name, base)}


def _gain(choice: Choice, name: str, base: float) -> dict[str, float | None]:
    """The gain of a candidate as a share of the own value; None where that is not surely different from 0."""
    at_least, gain = choice.gains.get(name, (None, None))
    return {
        "gain": None if gain is None or not base else gain / base,
        "gain_at_least": None if at_least is None or not base else at_least / base,
    }


def _short(weights: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in weights.items()}
