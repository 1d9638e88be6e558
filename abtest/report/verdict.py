"""Differences in words: what a policy surely gains and loses, what is too small to matter, what the log cannot show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.optimize import brentq

from trimtab.abtest.ope.intervals import Estimate, relative_base
from trimtab.abtest.ope.reliability import student_quantile

MATTERS = 0.01
"""A relative difference below this is not worth a change, however sure."""

LOOKED_FOR = 0.05
"""The relative difference for which the searches needed are named."""

FEW_DECIDE = 10.0
"""Below this effective number of users that decide a difference, the searches needed are the least: of a heavy tail so
few have not shown the largest."""

FAR = 0.1
"""A share by which what was realised may differ from what was promised without a word."""

IN_MOST_LOGS = 0.84
"""Standard errors that the end of an interval must be away from 0 on average to be so in 80 % of logs."""


def verdict(
    name: str, differences: Mapping[str, Estimate], before: Mapping[str, Estimate], *, advice: str | None = None
) -> str:
    """A few sentences that compare a policy with the log's own.

    Args:
        differences: metric -> policy minus logged.
        before: metric -> the log's own value, for percentages.
        advice: what to do, where that is the same whatever the differences are.
    """
    gains: list[str] = []
    losses: list[str] = []
    small: list[str] = []
    smaller: list[str] = []
    same: list[str] = []
    open_: list[str] = []
    silent: list[str] = []
    for metric, one in differences.items():
        if one.value is None:
            silent.append(metric)
        elif one.is_none:
            same.append(metric)
        elif _is_small(one, before[metric]):
            (small if one.sure_sign else smaller).append(metric)
        elif not one.sure_sign:
            open_.append(metric)
        else:
            (gains if one.sure_sign > 0 else losses).append(metric)

    def changes(metrics: list[str], *, sign: int = 0) -> str:
        return " and ".join(f"{metric} {_change(differences[metric], before[metric], sign)}" for metric in metrics)

    parts = [
        f"{words} {found}"
        for words, found in (
            ("surely gains", changes(gains, sign=1)),
            ("surely loses", changes(losses, sign=-1)),
            (f"surely differs by less than {MATTERS:.0%}, too little to matter, in", changes(small)),
            (f"differs by less than {MATTERS:.0%}, if at all, in", changes(smaller)),
            ("may change", changes(open_)),
            ("does not differ in", " and ".join(same)),
            ("has too little overlap with the log for a statement on", " and ".join(silent)),
        )
        if found
    ]
    if advice is not None:
        return f"{name} {', '.join(parts)}. {advice}"
    needed = [_needed(metric, differences[metric], before[metric]) for metric in open_]
    too_far = silent + [metric for metric in open_ if differences[metric].times_longer is None]
    return " ".join(
        [f"{name} {', '.join(parts)}.", *filter(None, needed), _advice(gains, losses, open_, too_far)],
    )


def _advice(gains: list[str], losses: list[str], open_: list[str], too_far: list[str]) -> str:
    if too_far:
        return "Explore closer to these weights before deciding."
    if gains and losses:
        return "Decide whether the gain is worth the loss."
    if gains:
        return "Nothing is surely lost: worth an A/B test."
    if losses:
        return "Nothing is surely gained: keep the weights that were served."
    if open_:
        return "This log is too short to tell a difference from what was served."
    return "There is nothing to gain from it."


def kept_promise(promise: Mapping[str, Any]) -> str:
    """What was promised of the relevance of the slates shown, and what came of it."""
    promised, realised = (promise[name]["value"] for name in ("promised", "realised"))
    share = f", {realised / promised:.0%} of it" if promised else ""
    text = (
        f"Of what was shown, receipts promised a relevance of {promised:.4f} a search; "
        f"shoppers gave {realised:.4f}{share}."
    )
    if abs(realised - promised) <= FAR * abs(promised):
        return text
    learned = " and ".join(promise["learned_from"]) or "rules"
    return (
        f"{text} Both count a purchase at the top as 1; the promise was learned from {learned}, which need not be what "
        "shoppers do with this page."
    )


def searches_needed(one: Estimate, before: Estimate) -> int | None:
    """About how many searches like these would show a difference of `LOOKED_FOR` in 80 % of logs, by users that are as
    many times more; None where this log cannot say.

    Of a log some times as long as many times more users decide, so that its interval is narrower by more than the root
    where few decide in this one; but it has more of a heavy tail.
    """
    base = relative_base(before)
    if one.value is None or one.low is None or one.high is None or not one.standard_error or not base:
        return None
    if one.times_longer is None:
        return None
    wider, deciding = np.sqrt(one.tail), one.deciding
    half, error = wider * max(one.value - one.low, one.high - one.value), wider * one.standard_error

    def times_needed(times: float) -> float:
        """Times as long as to show the difference, were as many users to decide as in a log `times` as long."""
        narrower = 1.0
        if deciding is not None:
            of_this, of_longer = student_quantile(0.975, np.array([deciding, deciding * times])).tolist()
            narrower = of_longer / of_this
        return float(((half * narrower + IN_MOST_LOGS * error) / (LOOKED_FOR * base)) ** 2)

    most = times_needed(1.0)
    least = brentq(lambda times: times - times_needed(times), 1.0, most) if most > 1 else most
    return round(one.n * max(least, one.times_longer))


def _needed(metric: str, one: Estimate, before: Estimate) -> str:
    thin = "" if one.caution is None else f"{metric.capitalize()}: {one.caution}. "
    n = searches_needed(one, before)
    if n is None or n <= one.n:
        return thin.rstrip()
    about = "about" if one.deciding is None or one.deciding >= FEW_DECIDE else "at least"
    shown = f"A difference of {LOOKED_FOR:.0%} in {metric} takes {about} {_rounded(n)} searches to show"
    times = _rounded(n / one.n)
    return f"{thin}{shown}." if times == "1" else f"{thin}{shown}, by {times} times as many users."


def _rounded(number: float) -> str:
    """To two digits."""
    return f"{float(f'{number:.2g}'):,.15g}"


def _is_small(one: Estimate, before: Estimate) -> bool:
    base = relative_base(before)
    return (
        one.caution is None
        and base > 0
        and one.low is not None
        and one.high is not None
        and max(-one.low, one.high) < MATTERS * base
    )


def _change(one: Estimate, before: Estimate, sign: int = 0) -> str:
    """The change relative to a base that is surely not 0, else absolutely.

    Args:
        sign: of the differences that the words before it speak of: gains (1) and losses (-1) are given by their size.
    """
    base = relative_base(before)
    form = f"{'' if sign else '+'}{'.1%' if base else '.4f'}"
    ends = (one.high, one.low) if sign < 0 else (one.low, one.high)
    value, low, high = (
        "" if number is None else f"{(sign or 1) * number / (base or 1.0):{form}}" for number in (one.value, *ends)
    )
    return f"by {value}" if not low else f"by {value} ({low} to {high})"
