"""`trimtab replay`: estimates of what other weights would have done, from one explored log.

A policy is a weighting served by the log's own bundle, sorted or drawn at equal exploration, all policies and the log's
own alike (`trimtab.abtest.ope.like_with_like`). What is assumed of shoppers is in the report. Either they read
downwards: a reward may depend on the items above and not on those below, so each position is weighted by everything
down to it (`estimators.slate_cascade`). Or how often a position is looked at depends on nothing but the position, so
that what happened to an item can be moved to where a policy shows it (`abtest.ope.moves`). Of a log that never explored
there are bounds (`abtest.ope.never_explored`).

What is estimated is `abtest.ope.outcomes`. Diversity needs no outcome, so the policies' own slates are drawn and
measured; the weighted estimates stand beside it as a check. So is nDCG where there are judgments.

Estimators: `snips` is what is reported, or `position` where outcomes are moved to where a sorted slate has their items;
the same without normalisation and `matched` stand beside it, and `direct` for diversity. Matched replay draws the
policy's slate from the logged seed and keeps the positions down to which it equals the logged one: it trusts no
propensity, and answers for the searches where the policies agree.

A log may be larger than memory: its partitions (`abtest.ope.log.partitions`) are replayed one by one, in as many
threads as there are cores or on other machines (`trimtab.core.work.tasks`), and only sums are kept
(`trimtab.abtest.ope.totals`).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from trimtab.abtest.ope.asked import LOGGED
from trimtab.abtest.ope.evidence import Deployment, evidence_of
from trimtab.abtest.ope.intervals import Estimate, relative_base
from trimtab.abtest.ope.like_with_like import N_LOOKED_AT, LikeWithLike, Served, like_with_like
from trimtab.abtest.ope.log.logged_slates import LoggedSlates, ReplayLog
from trimtab.abtest.ope.log.partitions import PartitionedLog, partitioned
from trimtab.abtest.ope.never_explored import TO_EXPLORE
from trimtab.abtest.ope.outcomes import MEASURED, Judged, judged_gains, promise_of
from trimtab.abtest.ope.replay_estimates import Estimates
from trimtab.abtest.ope.segments import OTHER, Segments
from trimtab.abtest.ope.totals import EVERYTHING, Totals, totals_of
from trimtab.abtest.report.report import REPORT, write_report
from trimtab.abtest.report.verdict import verdict
from trimtab.catalog.judgments import unasked_queries, unknown_items
from trimtab.core.atomic import new_folder
from trimtab.core.errors import BadParameter
from trimtab.core.weights import RELEVANCE, normalise
from trimtab.core.work.progress import Progress, silent
from trimtab.core.work.tasks import Tasks, Threads
from trimtab.engine import Engine
from trimtab.engine.cluster.reference import EngineReference
from trimtab.engine.log.interactions import IN_TIME, LATE, UNKNOWN
from trimtab.engine.search_index import SearchIndex, engine_of

N_DRAWN = 100_000
"""Impressions with policies' own slates drawn, about: for what is measured, matched replay and the check of
propensities."""

SEGMENT_RESAMPLES = 200

MOST_THREADS = 4

MOST_BLOCKS = 64
"""Sums that are added up apart before they are added to one another."""

IN_NO_IMPRESSION = "of an item that no impression in this log shows under their decision"

TOO_LATE = f"more than {IN_TIME.days * 24} hours after the search"

IMPOSSIBLE = "shows what no draw for its query could: an item that is not a candidate, or a pin not where it was put"


def replay(  # noqa: PLR0913  # what a report may be asked for, all by keyword
    log: Path | str,
    index: SearchIndex | Engine,
    policies: Mapping[str, Mapping[str, float]],
    out: Path | str | None = None,
    *,
    judgments: pl.DataFrame | None = None,
    served: Served | None = None,
    confidence: float = 0.95,
    channel: str | None = None,
    tasks: Tasks | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Estimate policies from a log and write the report.

    Args:
        policies: name -> raw weights.
        out: folder for `report.json`, `report.md` and `report.html`; an earlier report there is replaced.
        judgments: query, item_id, grade (`trimtab.catalog.judgments`), for nDCG.
        served: compare policies `sorted` or `explored` alike; None takes sorted, and explored where the log can say
            nothing of that (`trimtab.abtest.ope.like_with_like`).
        tasks: where files are read and partitions replayed; in threads of this process by default.
        channel: whose searches are replayed, by their own propensities and outcomes; None for shoppers'.

    Returns:
        the object of `trimtab replay --json`.

    Raises:
        BadLog: see `trimtab.abtest.ope.log.partitions.partitioned`.
        BadParameter: an unknown objective, a bad weight, no policy or the name `logged`; `out` is something else.
    """
    log, engine = Path(log), engine_of(index)
    weights = _checked(policies, engine)
    judged = {} if judgments is None else judged_gains(judgments, engine)
    with partitioned(log, engine, channel, tasks=tasks, or_sorted=True) as partitions:
        compared = like_with_like(engine, partitions.sample_by_seed(N_LOOKED_AT), weights, served)
        how = Replaying(
            EngineReference(engine),
            weights,
            judged,
            compared.deployment,
            max(-(-partitions.n_distinct // N_DRAWN), 1),
            partitions.labels,
            partitions.segments,
        )
        totals = _totals_of_log(partitions, how, progress, tasks)
    result = _result(totals, partitions, weights, engine, compared, confidence=confidence)
    if judgments is not None:
        texts = {query.text for query in partitions.labels.queries}
        found = (unknown_items(judgments, engine.store), unasked_queries(judgments, texts))
        result["warnings"] += [warning for warning in found if warning is not None]
    if out is not None:
        with new_folder(Path(out), replaces=REPORT) as folder:
            write_report(result, folder)
    return result


def _checked(policies: Mapping[str, Mapping[str, float]], engine: Engine) -> dict[str, dict[str, float]]:
    if not policies:
        raise BadParameter("policies", "no policy is given", "at least one name with its weights")
    if LOGGED in policies:
        raise BadParameter("policies", f"{LOGGED!r} is the log's own policy", "another name")
    return {name: normalise(raw, engine.known_weights) for name, raw in policies.items()}


@dataclass(frozen=True)
class Replaying:
    """What every task of a replay is given.

    Attributes:
        engine: of the bundle that served.
        policies: normalised weights by name.
        draw_every: the policies' own slates are drawn for one in this many impressions.
        labels: what the codes of impressions stand for.
    """

    engine: EngineReference
    policies: Mapping[str, Mapping[str, float]]
    judged: Judged
    deployment: Deployment
    draw_every: int
    labels: ReplayLog
    segments: Segments


Slates = Sequence[Callable[[], LoggedSlates]]


def totals_of_block(how: Replaying, block: Slates) -> tuple[Totals, int]:
    """Totals over some partitions, added up in their order, and how many impressions that are."""
    total, n = Totals(), 0
    texts = [query.text for query in how.labels.queries]
    for slates_of in block:
        read = replace(how.labels, slates=slates_of())
        engine = how.engine.engine
        evidence = evidence_of(engine, read, how.policies, draw_every=how.draw_every, deployment=how.deployment)
        total += totals_of(evidence, texts, how.segments, engine, logged=LOGGED, judged=how.judged)
        n += len(read.slates)
    return total, n


def _totals_of_log(partitions: PartitionedLog, how: Replaying, progress: Progress, tasks: Tasks | None) -> Totals:
    """Totals over every partition.

    They are added up in blocks of partitions, and the blocks in their order. How many blocks there are is a matter of
    the log alone, so that the sums are the same to the last digit wherever and in whatever order blocks are done.
    """
    n_partitions = partitions.n_partitions
    tasks = tasks or Threads(min(os.cpu_count() or 1, n_partitions, MOST_THREADS))
    size = -(-n_partitions // MOST_BLOCKS)
    is_here = tasks.is_here

    def slates_of(number: int) -> Callable[[], LoggedSlates]:
        return partial(partitions.slates, number) if is_here else Sent(partitions.slates(number))

    blocks = (
        [slates_of(number) for number in range(start, min(start + size, n_partitions))]
        for start in range(0, n_partitions, size)
    )
    total, done = Totals(), 0
    for part, n in tasks.map(totals_of_block, how, blocks):
        total += part
        done += n
        progress("impressions", done, partitions.n)
    return total


@dataclass(frozen=True)
class Sent:
    """Impressions that are sent to where they are asked for."""

    slates: LoggedSlates

    def __call__(self) -> LoggedSlates:
        """The impressions."""
        return self.slates


def _result(
    totals: Totals,
    partitions: PartitionedLog,
    weights: Mapping[str, Mapping[str, float]],
    engine: Engine,
    compared: LikeWithLike,
    *,
    confidence: float,
) -> dict[str, Any]:
    estimates = Estimates(totals, confidence)
    outcomes = list(engine.known_weights)
    metrics = [*outcomes, *(name for name in MEASURED if name in totals.measured[LOGGED] and name not in outcomes)]
    names = list(weights)
    logged = {metric: estimates.of(LOGGED, metric) for metric in metrics}
    values = {name: {metric: estimates.of(name, metric) for metric in metrics} for name in names}
    pairs = [(LOGGED, name) for name in names] + [(names[0], name) for name in names[1:]]
    differences = {
        f"{after} - {before}": {metric: estimates.difference(after, before, metric) for metric in metrics}
        for before, after in pairs
    }
    left_out = Counter(partitions.left_out)
    if totals.n_impossible:
        left_out[IMPOSSIBLE] += totals.n_impossible
    everything = totals.logged_outcomes.counts[list(EVERYTHING)].sum(axis=0)
    assert totals.promised is not None  # of a log that is not empty
    return {
        "bundle": engine.bundle_id,
        "objectives": outcomes,
        "confidence": confidence,
        "compared": compared.as_dict(),
        "promise": promise_of(
            engine, totals.promised.sums(RELEVANCE), totals.logged_outcomes.sums(RELEVANCE), confidence
        ),
        "exploration_cost": _exploration_cost(estimates, compared),
        "estimator": {metric: "direct" if metric in MEASURED else compared.estimator for metric in metrics},
        "warnings": list(_warnings(estimates, totals, left_out, partitions, values)),
        "log": {
            "n_read": partitions.n_read,
            "n_replayed": int(everything.sum()),
            "left_out": dict(left_out),
            "n_out_of_order": partitions.n_out_of_order,
            "events": dict(partitions.events),
            "n_user_groups": int((everything > 0).sum()),
            "weights": [dict(one) for one, _ in partitions.requested.most_common()],
            **_plain(logged),
        },
        "weights": {name: dict(one) for name, one in weights.items()},
        "policies": {name: _plain(by) for name, by in values.items()},
        "differences": {name: _plain(by) for name, by in differences.items()},
        "verdicts": [
            verdict(
                name,
                {metric: differences[f"{name} - {LOGGED}"][metric] for metric in outcomes},
                logged,
                advice=TO_EXPLORE if estimates.never_explored else None,
            )
            if estimates.fit
            else f"Nothing can be said of {name}: {estimates.misfit}."
            for name in names
        ],
        "segments": dict(_segments(estimates, totals, partitions, names, outcomes)),
        "overlap": {name: totals.weighted[name].sums("relevance").overlap.ess.tolist() for name in names},
        "estimators": {
            name: {metric: _plain(estimates.by_estimator(name, metric, compared)) for metric in outcomes}
            for name in names
        },
    }


def _exploration_cost(estimates: Estimates, compared: LikeWithLike) -> dict[str, Any] | None:
    """What exploring cost the log's shoppers in relevance, as a share of what sorted slates are worth to them, beside
    what it was expected to cost; None where those slates are not looked at, or their worth is not surely above 0."""
    if compared.served != "sorted" or estimates.never_explored:
        return None
    kept = relative_base(estimates.of(LOGGED, RELEVANCE))
    lost = estimates.lost_to_exploration(RELEVANCE)
    if not kept or lost.value is None:
        return None
    shares = {name: None if end is None else end / kept for name, end in (("low", lost.low), ("high", lost.high))}
    return {"expected": compared.expected_loss, "value": lost.value / kept, **shares, "caution": lost.caution}


def _segments(
    estimates: Estimates, totals: Totals, partitions: PartitionedLog, names: Sequence[str], metrics: Sequence[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each segment's share of the searches, and every policy's differences to the log within it; a segment of all
    searches, or of none, is left out."""
    counts = totals.logged_outcomes.counts.sum(axis=1)
    total = counts[list(EVERYTHING)].sum()
    for number, segment in enumerate(partitions.segments.names):
        if segment == OTHER or not 0 < counts[number] < total:
            continue
        differences = {
            f"{name} - {LOGGED}": _plain(
                {
                    metric: estimates.difference(name, LOGGED, metric, [number], n_resamples=SEGMENT_RESAMPLES)
                    for metric in metrics
                }
            )
            for name in names
        }
        yield segment, {"share": float(counts[number] / total), "differences": differences}


def _plain(estimates: Mapping[str, Estimate]) -> dict[str, dict[str, Any]]:
    return {name: one.as_dict() for name, one in estimates.items()}


def _warnings(
    estimates: Estimates,
    totals: Totals,
    left_out: Counter[str],
    partitions: PartitionedLog,
    values: Mapping[str, Mapping[str, Estimate]],
) -> Iterator[str]:
    """The warnings that stand before the numbers of a report."""
    events = partitions.events
    if not estimates.fit and estimates.never_explored:
        yield (
            f"{estimates.wrong:.1%} of the logged slates are not what this bundle sorts for the logged weights: the "
            "log was served under rules, a catalogue or a scoring that it does not show, and every estimate is off"
        )
    elif not estimates.fit:
        yield (
            f"{estimates.wrong:.1%} of the logged propensities are not what this bundle gives for the logged weights: "
            "the log was drawn under rules, pins or a scoring that the log does not show, and every estimate is off"
        )
    yield from partitions.left_out_warning(left_out)
    if partitions.n_out_of_order:
        yield (
            f"{partitions.n_out_of_order:,} impressions are stamped before the one above them in their session: the "
            "rows are not in order of time, or a clock went backwards; they count"
        )
    lost = {IN_NO_IMPRESSION: events.get(UNKNOWN, 0), TOO_LATE: events.get(LATE, 0)}
    if any(lost.values()):
        reasons = "; ".join(f"{n:,} {reason}" for reason, n in lost.items() if n)
        n_lost, n_events = sum(lost.values()), sum(events.values())
        yield f"{n_lost:,} of {n_events:,} events are not the outcome of an impression here: {reasons}"
    if totals.n_seedless and not estimates.never_explored:
        yield "some impressions have no seed: matched replay draws its own slates there"
    for name, by in values.items():
        for metric, one in by.items():
            if one.refusal is not None:
                yield f"{name}, {metric}: no number, {one.refusal}"
