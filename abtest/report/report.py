"""A replay's result: `report.html` and `report.md` for people, `report.json` for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from trimtab.abtest.ope.never_explored import UNSHOWN
from trimtab.abtest.report.plots import differences_plot, front_plot, outcomes_of, overlap_plot, weights_plot
from trimtab.abtest.report.verdict import kept_promise
from trimtab.core.weights import format_weights

REPORT = "report.json"

NAMES = {
    "alpha_ndcg": "alpha-nDCG",
    "ild": "intra-list distance",
    "categories": "categories shown",
    "ndcg": "nDCG, judged",
    "ndcg_filled": "the same, unjudged items as good as judged ones",
}
"""Headings of the metrics that are measured on slates."""

THIN = "†"
"""Marks a value with a caution."""


def write_report(result: Mapping[str, Any], folder: Path) -> None:
    """Write the three files into a folder."""
    (folder / REPORT).write_text(json.dumps(result, indent=1, allow_nan=False) + "\n")
    (folder / "report.md").write_text("\n".join(_markdown(result)) + "\n")
    (folder / "report.html").write_text(_page(result))


def _page(result: Mapping[str, Any]) -> str:
    """The report as one page that loads nothing from the network."""
    environment = Environment(autoescape=True, loader=FileSystemLoader(Path(__file__).parent))
    return environment.get_template("report.html").render(
        result=result,
        metrics=outcomes_of(result),
        measured=_measured(result),
        names=NAMES,
        plots={
            "weights": weights_plot(result),
            "differences": differences_plot(result),
            "front": front_plot(result),
            "overlap": overlap_plot(result),
        },
        cell=cell,
        compared=compared_as(result["compared"]),
        promise=kept_promise(result["promise"]),
        cost=cost_of_exploration(result["exploration_cost"]),
        format_weights=format_weights,
    )


def compared_as(compared: Mapping[str, Any]) -> str:
    """How policies are compared, in a sentence or two."""
    if compared.get("never_explored"):
        return _bounds_as(compared["examination"]["by_position"])
    cost = f"the log's exploration is expected to cost {compared['expected_exploration_loss']:.1%} of relevance"
    examined = compared.get("examination")
    if examined is not None:
        chances = ", ".join(f"{chance:.2f}" for chance in examined["by_position"])
        return (
            "Compared as they would be deployed: the sorted slates of each policy with the sorted slates of the logged "
            f"weights ({cost}). What happened to an item is moved from where the log showed it to where a policy shows "
            "it. This assumes that how often a position is looked at depends on nothing but the position: by rank, "
            f"{chances}, from {examined['n_clicks']:,} clicked items."
        )
    if compared["served"] == "sorted":
        return (
            "Compared as they would be deployed: the sorted slates of each policy with the sorted slates of the logged "
            f"weights ({cost})."
        )
    return (
        "Compared at equal exploration: each policy is drawn at the temperature at which it is expected to lose "
        f"as much of its own sorted slate's relevance as the log did ({cost}). Sorted slates have an effective "
        f"{compared['sorted_share']:.1%} of this log; `--served sorted` compares those, on so little."
    )


def _bounds_as(chances: Sequence[float]) -> str:
    by_rank = ", ".join(f"{chance:.2f}" for chance in chances)
    least, most = UNSHOWN
    return (
        "This log never explored. Compared are the sorted slates of each policy with what was shown; what happened to "
        "an item is moved from where the log showed it to where a policy shows it. Three things are assumed that no "
        "such log can show: how often a position is looked at depends on nothing but the position; it is so by rank, "
        f"{by_rank}, or somewhat steeper or flatter; and an item that a page did not show is worth between {least:g} "
        f"and {most:g} times what the ranker expects of it, at the scale of this log's outcomes. Where pages are read "
        "down to the first click the bounds do not hold, so nothing that rests on them is called sure."
    )


def cost_of_exploration(cost: Mapping[str, Any] | None) -> str:
    """What exploring was expected to cost, what it cost, and what to ask for where the two are far apart."""
    if cost is None:
        return ""
    expected, value, low, high = (cost[name] for name in ("expected", "value", "low", "high"))
    between = "" if low is None else f" ({low:.1%} to {high:.1%})"
    text = f"Exploring was expected to cost {expected:.1%} of relevance; by this log it cost {value:.1%}{between}."
    if cost["caution"] is not None or low is None or not (low > expected > 0 or 0 < high < expected):
        return text
    # A draw swaps items that the ranker has near each other. Where it knows which of them is taken, shoppers lose in
    # proportion to it; where it does not, it loses their small distance and shoppers any, so that theirs grows with the
    # root of its loss. Less is asked for than either says, and upwards what the line says.
    ratio = expected / value
    ask = expected * ratio * min(ratio, 1)
    return (
        f"{text} Shoppers set these items {'further apart' if value > expected else 'less far apart'} than the ranker "
        f"does: `--explore {100 * ask:.2g}%` would cost them about {expected:.1%} or less."
    )


def _measured(result: Mapping[str, Any]) -> list[str]:
    """The metrics measured on the policies' own slates beside diversity."""
    return [metric for metric in NAMES if metric in result["log"]]


def _markdown(result: Mapping[str, Any]) -> Iterator[str]:
    yield "# What other weights would have done"
    yield ""
    for warning in result["warnings"]:
        yield f"> **Warning:** {warning}."
        yield ">"
    yield ""
    for sentence in result["verdicts"]:
        yield f"- {sentence}"
    yield ""
    yield compared_as(result["compared"])
    yield ""
    yield " ".join(filter(None, (kept_promise(result["promise"]), cost_of_exploration(result["exploration_cost"]))))
    yield ""
    yield from _policies(result)
    yield from _differences(result)
    if measured := _measured(result):
        yield from _on_own_slates(result, measured)
    yield from _by_segment(result)
    yield from _every_estimator(result)


def _policies(result: Mapping[str, Any]) -> Iterator[str]:
    log, metrics = result["log"], outcomes_of(result)
    yield (
        f"{log['n_replayed']:,} of {log['n_read']:,} logged impressions of bundle `{result['bundle']}`, "
        f"{log['n_user_groups']:,} groups of users. In brackets: {result['confidence']:.0%} intervals."
    )
    yield ""
    yield "| policy | weights | " + " | ".join(metrics) + " | effective sample | support | largest weight |"
    yield "|---|---|" + "---|" * (len(metrics) + 3)
    yield "| logged | |" + "".join(f" {cell(log[metric])} |" for metric in metrics) + " | | |"
    for name, estimates in result["policies"].items():
        overlap = estimates["relevance"]
        cells = "".join(f" {cell(estimates[metric])} |" for metric in metrics)
        yield (
            f"| {name} | `{format_weights(result['weights'][name])}` |{cells} {overlap['ess']:,.0f} |"
            f" {overlap['support']:.0%} | {overlap['max_weight']:,.1f} |"
        )
    yield ""


def _differences(result: Mapping[str, Any]) -> Iterator[str]:
    metrics = outcomes_of(result)
    yield "## Differences"
    yield ""
    yield "| | " + " | ".join(metrics) + " |"
    yield "|---|" + "---|" * len(metrics)
    for name, estimates in result["differences"].items():
        yield f"| {name} |" + "".join(f" {cell(estimates[metric], signed=True)} |" for metric in metrics)
    yield ""
    yield (
        "Where an interval does not include 0 the difference is significant, for one policy and one metric at a time. "
        f"{THIN} rests on too few users, searches or judgments for a statement."
    )
    yield ""


def _on_own_slates(result: Mapping[str, Any], measured: Sequence[str]) -> Iterator[str]:
    yield "## Measured on the policies' own slates"
    yield ""
    yield "| policy | " + " | ".join(NAMES[metric] for metric in measured) + " |"
    yield "|---|" + "---|" * len(measured)
    for name, estimates in {"logged": result["log"], **result["policies"]}.items():
        yield f"| {name} |" + "".join(f" {cell(estimates[metric])} |" for metric in measured)
    yield ""


def _by_segment(result: Mapping[str, Any]) -> Iterator[str]:
    metrics = outcomes_of(result)
    yield "## By segment"
    yield ""
    yield "| segment | searches | policy | " + " | ".join(metrics) + " |"
    yield "|---|---|---|" + "---|" * len(metrics)
    for segment, part in result["segments"].items():
        for name, estimates in part["differences"].items():
            cells = "".join(f" {cell(estimates[metric], signed=True)} |" for metric in metrics)
            yield f"| {segment} | {part['share']:.0%} | {name} |{cells}"
    yield ""


def _every_estimator(result: Mapping[str, Any]) -> Iterator[str]:
    yield "## Every estimator"
    yield ""
    yield "| policy | metric | estimator | value | effective sample | mean weight |"
    yield "|---|---|---|---|---|---|"
    for name, by_metric in result["estimators"].items():
        for metric, kinds in by_metric.items():
            for kind, one in kinds.items():
                mean = "" if one["mean_weight"] is None else f"{one['mean_weight']:.3f}"
                yield f"| {name} | {metric} | {kind} | {cell(one)} | {one['ess']:,.0f} | {mean} |"
    yield ""
    yield (
        "Relevance is the discounted gain of purchases and clicks, a purchase at the top being 1; revenue is money a "
        "search; diversity is the discounted novelty of the slate. `snips` weights what was logged by how much more "
        "often the policy would show it (self-normalised, position by position), `ips` the same without "
        "normalisation, `position` moves what was logged to where the policy shows it, `matched` keeps what both "
        "would show from the same draw, `direct` measures slates drawn from the policy itself. Where a log never "
        "explored, `bounds` moves what was logged and has items that were not shown worth as assumed above, `doubly "
        "robust` as much as the ranker expects, `self-normalised` as much as those shown, and `click IPS` nothing."
    )


def cell(one: Mapping[str, Any], *, signed: bool = False) -> str:
    """An estimate as text: its value, its interval where there is one, and `THIN` where it has a caution."""
    if one["value"] is None:
        return "no number"
    form = "+.4f" if signed else ".4f"
    mark = "" if one["caution"] is None else f" {THIN}"
    if one["low"] is None:
        return f"{one['value']:{form}}{mark}"
    return f"{one['value']:{form}} ({one['low']:{form}} to {one['high']:{form}}){mark}"
