"""`trimtab replay`: what other weights would have done, from one explored log.

A policy is a weighting served by the log's own bundle at the log's own temperature, so that its slates are drawn as the
logged ones were. Rewards of a position are judged as a shopper makes them who reads downwards: they may depend on the
items above and on none below, so each position is weighted by everything down to it (`estimators.slate_cascade`).

What is estimated is `abtest.outcomes`. Diversity needs no outcome, so the policies' own slates are drawn and measured;
the weighted estimates stand beside it as a check.

Estimators: `snips` is what is reported; `ips` and `matched` stand beside it, and `direct` for diversity. Matched replay
draws the policy's slate from the logged seed and keeps the positions down to which it equals the logged one: it trusts
no propensity, and answers for the searches where the policies agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from abtest import estimators
from abtest.evidence import Evidence, gather
from abtest.folders import published
from abtest.intervals import Estimate, estimate
from abtest.logs import ReplayLog, read_slates
from abtest.outcomes import novelty, rewards_of
from abtest.report import REPORT, write_report
from abtest.segments import segments_of
from abtest.sums import Sums, add_up
from abtest.verdict import verdict
from core.errors import BadParameter
from core.weights import normalise
from engine import Engine
from ranker.training import Progress, silent

HEADLINE = {"relevance": "snips", "revenue": "snips", "diversity": "direct"}
"""The estimator reported for each metric."""

COUNTED = ("relevance", "revenue")
"""Metrics made of outcomes; a bundle without prices has no revenue."""

SEGMENT_RESAMPLES = 200

LOGGED = "logged"
"""Name of the log's own policy in the report; no policy may have it."""


def replay(
    log: Path,
    engine: Engine,
    policies: Mapping[str, Mapping[str, float]],
    out: Path | None = None,
    *,
    confidence: float = 0.95,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Estimate policies from a log and write the report.

    Args:
        policies: name -> raw weights.
        out: folder for `report.json`, `report.md` and `report.html`; an earlier report there is replaced.

    Returns:
        the object of `trimtab replay --json`.

    Raises:
        BadLog: see `abtest.logs.read_slates`.
        BadParameter: an unknown objective, a bad weight, no policy or the name `logged`; `out` is something else.
    """
    weights = _checked(policies, engine)
    read = read_slates(log, engine)
    evidence = gather(engine, read, weights, progress)
    result = _result(evidence, read, weights, engine, confidence)
    if out is not None:
        with published(out, replaces=REPORT) as folder:
            write_report(result, folder)
    return result


def _checked(policies: Mapping[str, Mapping[str, float]], engine: Engine) -> dict[str, dict[str, float]]:
    if not policies:
        raise BadParameter("--policy", "there is none", "at least one NAME=w_relevance:0.7,w_revenue:0.3")
    if LOGGED in policies:
        raise BadParameter("--policy", f"{LOGGED!r} is the log's own policy", "another name")
    return {name: normalise(raw, engine.known_weights) for name, raw in policies.items()}


def _sums_of_policies(evidence: Evidence, engine: Engine) -> dict[str, dict[str, dict[str, Sums]]]:
    """policy -> metric -> estimator -> sums; `logged` among the policies."""
    slates, drawn = evidence.slates, evidence.drawn
    rewards = rewards_of(slates, engine)
    groups, drawn_groups = slates.groups, slates.groups[drawn]
    ones = np.ones(slates.rows.shape)
    logged_diversity = add_up(estimators.direct_method(rewards["diversity"][drawn].sum(axis=1)), drawn_groups)
    sums: dict[str, dict[str, dict[str, Sums]]] = {LOGGED: {}}
    for metric in rewards.keys() & COUNTED:
        mean = add_up(estimators.ips(rewards[metric], ones), groups)
        sums[LOGGED][metric] = {HEADLINE[metric]: mean}
    sums[LOGGED]["diversity"] = {"direct": logged_diversity}
    for name, ratios in evidence.ratios.items():
        weights = estimators.prefix_weights(ratios)
        own = evidence.own_rows[name]
        agree = np.cumprod(own == slates.rows[drawn], axis=1)
        sums[name] = {}
        for metric in rewards:
            sums[name][metric] = {
                "snips": add_up(estimators.snips(rewards[metric], weights), groups),
                "ips": add_up(estimators.ips(rewards[metric], weights), groups),
                "matched": add_up(estimators.matched_replay(rewards[metric][drawn], agree), drawn_groups),
            }
        own_diversity = novelty(own, engine).sum(axis=1)
        sums[name]["diversity"]["direct"] = add_up(estimators.direct_method(own_diversity), drawn_groups)
    return sums


def _segment_differences(
    evidence: Evidence, read: ReplayLog, engine: Engine, confidence: float
) -> dict[str, dict[str, Any]]:
    """Each segment's share of the searches, and every policy's differences to the log within it."""
    slates, drawn = evidence.slates, evidence.drawn
    rewards = rewards_of(slates, engine)
    own = {name: novelty(rows, engine).sum(axis=1) for name, rows in evidence.own_rows.items()}
    found: dict[str, dict[str, Any]] = {}
    for segment, which in segments_of(slates, read, engine).items():
        some = which[drawn]
        groups, drawn_groups = slates.groups[which], slates.groups[drawn[some]]
        differences: dict[str, dict[str, Any]] = {}
        for name, ratios in evidence.ratios.items():
            weights = estimators.prefix_weights(ratios[which])
            by: dict[str, Sums] = {}
            for metric, values in rewards.items():
                if metric in COUNTED:
                    before = add_up(estimators.ips(values[which], np.ones_like(weights)), groups)
                    by[metric] = add_up(estimators.snips(values[which], weights), groups).minus(before)
                else:
                    before = add_up(estimators.direct_method(values[drawn[some]].sum(axis=1)), drawn_groups)
                    by[metric] = add_up(estimators.direct_method(own[name][some]), drawn_groups).minus(before)
            estimated = {
                metric: estimate(one, confidence=confidence, n_resamples=SEGMENT_RESAMPLES)
                for metric, one in by.items()
            }
            differences[f"{name} - {LOGGED}"] = _plain(estimated)
        found[segment] = {"share": float(which.mean()), "differences": differences}
    return found


def _result(
    evidence: Evidence, read: ReplayLog, weights: Mapping[str, Mapping[str, float]], engine: Engine, confidence: float
) -> dict[str, Any]:
    sums = _sums_of_policies(evidence, engine)
    metrics = [metric for metric in HEADLINE if metric in sums[LOGGED]]
    estimates = {
        name: {
            metric: {kind: estimate(one, confidence=confidence) for kind, one in by[metric].items()}
            for metric in metrics
        }
        for name, by in sums.items()
    }
    values = {name: {metric: by[metric][HEADLINE[metric]] for metric in metrics} for name, by in estimates.items()}
    logged = values.pop(LOGGED)
    names = list(weights)
    pairs = [(LOGGED, name) for name in names] + [(names[0], name) for name in names[1:]]
    differences = {
        f"{after} - {before}": {
            metric: estimate(
                sums[after][metric][HEADLINE[metric]].minus(sums[before][metric][HEADLINE[metric]]),
                confidence=confidence,
            )
            for metric in metrics
        }
        for before, after in pairs
    }
    return {
        "bundle": engine.bundle_id,
        "confidence": confidence,
        "estimator": HEADLINE,
        "warnings": _warnings(evidence, read, values, names),
        "log": {
            "n_read": read.n_read,
            "n_replayed": len(evidence.slates),
            "left_out": dict(evidence.left_out),
            "n_user_groups": len(np.unique(evidence.slates.groups)),
            "weights": [dict(one) for one in read.weights],
            **_plain(logged),
        },
        "weights": {name: dict(one) for name, one in weights.items()},
        "policies": {name: _plain(by) for name, by in values.items()},
        "differences": {name: _plain(by) for name, by in differences.items()},
        "verdicts": [verdict(name, differences[f"{name} - {LOGGED}"], logged) for name in names],
        "segments": _segment_differences(evidence, read, engine, confidence),
        "overlap": {name: sums[name]["relevance"]["snips"].overlap.ess.tolist() for name in names},
        "estimators": {name: {metric: _plain(by) for metric, by in estimates[name].items()} for name in names},
    }


def _plain(estimates: Mapping[str, Estimate]) -> dict[str, dict[str, Any]]:
    return {name: one.as_dict() for name, one in estimates.items()}


def _warnings(
    evidence: Evidence, read: ReplayLog, values: Mapping[str, Mapping[str, Estimate]], names: Sequence[str]
) -> list[str]:
    """What a reader must know before any number."""
    warnings = []
    wrong = float(evidence.wrong_propensities.mean()) if len(evidence.wrong_propensities) else 0.0
    if wrong > 0.01:
        warnings.append(
            f"{wrong:.1%} of the logged propensities are not what this bundle gives for the logged weights: "
            "the log was drawn under rules, pins or a scoring that the log does not show, and every estimate is off"
        )
    left_out = sum(evidence.left_out.values())
    if left_out:
        reasons = "; ".join(f"{n:,} {reason}" for reason, n in evidence.left_out.most_common())
        warnings.append(f"{left_out:,} of {read.n_read:,} impressions were left out: {reasons}")
    if (evidence.slates.seeds < 0).any():
        warnings.append("some impressions have no seed: matched replay draws its own slates there")
    for name in names:
        for metric, one in values[name].items():
            if one.refusal is not None:
                warnings.append(f"{name}, {metric}: no number, {one.refusal}")
    return warnings
