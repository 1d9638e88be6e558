"""Differences in words: what a policy surely gains and loses, what is too small to matter, what the log cannot show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trimtab.abtest.ope.intervals import Estimate, relative_base

MATTERS = 0.01
"""A relative difference below this is not worth a change, however sure."""

LOOKED_FOR = 0.05
"""The relative difference for which the searches needed are named."""

FAR = 0.1
"""A share by which what was realised may differ from what was promised without a word."""

TO_SHOW = 2.80
"""Standard errors that a difference must be away from 0 to be called sure in 80 % of logs at 95 %."""


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
    return " ".join(
        [f"{name} {', '.join(parts)}.", *filter(None, needed), _advice(gains, losses, open_, silent)],
    )


def _advice(gains: list[str], losses: list[str], open_: list[str], silent: list[str]) -> str:
    if silent:
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
    """About how many searches like these would show a difference of `LOOKED_FOR` in 80 % of logs; None where this log
    cannot say."""
    base = relative_base(before)
    if one.low is None or not one.standard_error or not base:
        return None
    return round(one.n * (TO_SHOW * one.standard_error / (LOOKED_FOR * base)) ** 2)


def _needed(metric: str, one: Estimate, before: Estimate) -> str:
    thin = "" if one.caution is None else f"{metric.capitalize()}: {one.caution}. "
    n = searches_needed(one, before)
    if n is None or n <= one.n:
        return thin.rstrip()
    return f"{thin}A difference of {LOOKED_FOR:.0%} in {metric} takes about {_rounded(n):,} searches to show."


def _rounded(n: int) -> int:
    """To two digits."""
    return int(float(f"{n:.2g}"))


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
