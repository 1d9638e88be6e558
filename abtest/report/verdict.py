"""Differences in words: what a policy surely gains and surely loses, and what the log does not decide."""

from __future__ import annotations

from collections.abc import Mapping

from trimtab.abtest.ope.intervals import Estimate


def verdict(name: str, differences: Mapping[str, Estimate], before: Mapping[str, Estimate]) -> str:
    """One sentence that compares a policy with the log's own.

    Args:
        differences: metric -> policy minus logged.
        before: metric -> the log's own value, for percentages.
    """
    gains, losses, open_, silent = [], [], [], []
    for metric, one in differences.items():
        if one.value is None or one.low is None or one.high is None:
            silent.append(metric)
        elif one.low > 0:
            gains.append(f"{metric} {_change(one, before[metric])}")
        elif one.high < 0:
            losses.append(f"{metric} {_change(one, before[metric])}")
        else:
            open_.append(f"{metric} {_change(one, before[metric])}")
    parts = [
        f"{word} {' and '.join(found)}"
        for word, found in (("surely gains", gains), ("surely loses", losses), ("may change", open_))
        if found
    ]
    if silent:
        parts.append(f"has too little overlap with the log for a statement on {' and '.join(silent)}")
    return f"{name} {', '.join(parts)}. {_advice(gains, losses, silent)}"


def _advice(gains: list[str], losses: list[str], silent: list[str]) -> str:
    if silent:
        return "Explore closer to these weights before deciding."
    if gains and losses:
        return "Decide whether the gain is worth the loss."
    if gains:
        return "Nothing is surely lost: worth an A/B test."
    if losses:
        return "Nothing is surely gained: leave it."
    return "This log is too short to tell a difference from what was served."


def _change(one: Estimate, before: Estimate) -> str:
    assert one.value is not None
    assert one.low is not None
    assert one.high is not None
    if not before.value:
        return f"by {one.value:+.4f} ({one.low:+.4f} to {one.high:+.4f})"
    value, low, high = (number / before.value for number in (one.value, one.low, one.high))
    return f"by {value:+.1%} ({low:+.1%} to {high:+.1%})"
