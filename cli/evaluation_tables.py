"""Tables of what logs say of policies, for people: `trimtab replay`, `tune` and `agree`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Column, Table

from trimtab.abtest.report.plots import outcomes_of
from trimtab.abtest.report.report import THIN, cell
from trimtab.abtest.report.tuning import in_order, in_words, keeps_in_words, marks_of
from trimtab.cli.console import plain

MOST_TUNED = 8
"""Rows of a table of weights that were tried."""


def replay_table(result: Mapping[str, Any]) -> Table:
    """What policies of a replay would earn, and by how much each differs from what was logged."""
    metrics = outcomes_of(result)
    table = Table("policy", *metrics, title=f"{result['log']['n_replayed']:,} searches replayed")
    cells = [result["log"], *result["policies"].values(), *result["differences"].values()]
    is_thin = any(by[metric]["caution"] is not None for by in cells for metric in metrics)
    table.caption = f"{result['confidence']:.0%} intervals, compared {result['compared']['served']}"
    if is_thin:
        table.caption += f"; {THIN} too little for a statement"
    table.add_row("logged", *(cell(result["log"][metric]) for metric in metrics))
    for name, by in result["policies"].items():
        table.add_row(plain(name), *(cell(by[metric]) for metric in metrics))
        differences = result["differences"][f"{name} - logged"]
        table.add_row("  - logged", *(cell(differences[metric], signed=True) for metric in metrics), style="dim")
    return table


def tuning_table(result: Mapping[str, Any]) -> Table:
    """The first of the weights that `trimtab tune` tried, the logged ones before those that most surely gain."""
    objectives, rows = list(result["weights"]), in_order(result)
    whole = (Column(name, justify="right", no_wrap=True, min_width=len("0.000")) for name in objectives)
    numbers = (Column(name, justify="right") for name in (f"gain in {result['maximise']}", "at least"))
    table = Table(*whole, *numbers, "keeps the rest", "is", title="weights tried")
    more = f"; {len(rows) - MOST_TUNED} more in the report" if len(rows) > MOST_TUNED else ""
    table.caption = f"compared {result['compared']['served']}{more}"
    for one in rows[:MOST_TUNED]:
        weights = (f"{one['weights'][objective]:.3f}" for objective in objectives)
        gains = (in_words(one[name]) for name in ("gain", "gain_at_least"))
        table.add_row(*weights, *gains, keeps_in_words(one), marks_of(result, one["name"]))
    return table


def agreement_table(result: Mapping[str, Any], methods: Sequence[str], *, title: str) -> Table:
    """Each policy by each method of `trimtab agree`, the best first, and how well the methods rank them."""
    table = Table("policy", "truth", *methods, title=title)
    for name, one in sorted(result["policies"].items(), key=lambda item: -item[1]["truth"]):
        table.add_row(name, *("" if one[m] is None else f"{one[m]:.4f}" for m in ("truth", *methods)))
    taus = ("" if result["kendall_tau"][m] is None else f"{result['kendall_tau'][m]:.3f}" for m in methods)
    table.add_section()
    table.add_row("Kendall's tau to the truth", "", *taus)
    table.add_row("policies ranked", "", *(str(result["n_ranked"][method]) for method in methods))
    return table
