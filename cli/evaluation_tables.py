"""Tables of what logs say of policies, for people: `trimtab replay`, `tune` and `agree`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Column, Table

from trimtab.abtest.report.plots import outcomes_of
from trimtab.abtest.report.report import THIN, cell
from trimtab.cli.console import plain


def replay_table(result: Mapping[str, Any]) -> Table:
    """What policies of a replay would earn, and by how much each differs from what was logged."""
    metrics = outcomes_of(result)
    table = Table("policy", *metrics, title=f"{result['log']['n_replayed']:,} searches replayed")
    table.caption = f"95 % intervals, compared {result['compared']['served']}; {THIN} too little for a statement"
    table.add_row("logged", *(cell(result["log"][metric]) for metric in metrics))
    for name, by in result["policies"].items():
        table.add_row(plain(name), *(cell(by[metric]) for metric in metrics))
        differences = result["differences"][f"{name} - logged"]
        table.add_row("  - logged", *(cell(differences[metric], signed=True) for metric in metrics), style="dim")
    return table


def tuning_table(result: Mapping[str, Any], maximise: str, *, title: str) -> Table:
    """The weights that `trimtab tune` tried, and which it chose."""
    objectives = list(result["weights"])
    whole = (Column(name, justify="right", no_wrap=True, min_width=len("0.000")) for name in objectives)
    columns: tuple[Column | str, ...] = (*whole, f"{maximise} gain", "at least", "keeps", "")
    table = Table(*columns, title=plain(title), caption=f"compared {result['compared']['served']}")
    for name, one in result["candidates"].items():
        gain, at_least = ("" if value is None else f"{value:+.1%}" for value in (one["gain"], one["gain_at_least"]))
        marks = [mark for mark in ("chosen", "knee") if name == result[mark]] + ["front"] * one["on_front"]
        keeps = one["refusal"] or ("yes" if one["keeps"] else "not surely")
        weights = (f"{one['weights'][objective]:.3f}" for objective in objectives)
        table.add_row(*weights, gain, at_least, keeps, " ".join(marks))
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
