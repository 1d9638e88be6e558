"""Tables and plots of docs/webpages.md from the figures of `trimtab pages evaluate`; nothing is typed by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

from trimtab.webpages.evaluation.shops import CONDITIONS

mpl.use("Agg")
import matplotlib.pyplot as plt

BEGIN, END = "<!-- figures: written by `trimtab pages evaluate` -->", "<!-- end of figures -->"
_OURS = {
    "text": "ours, level 1 (text)",
    "style": "ours, level 2 (style)",
    "layout": "ours, level 3 (rendered)",
    "static": "**ours, as shipped without rendering**",
    "auto": "**ours, as shipped with rendering**",
    "first": "the same without rendering, pages whose names are new to the process",
}


def write_report(figures: Mapping[str, Any], folder: Path) -> None:
    """Write `img/webpages-*.svg` and `webpages-figures.json` into `folder`, and the tables between the marks of
    `webpages.md` there."""
    images = folder / "img"
    images.mkdir(parents=True, exist_ok=True)
    (folder / "webpages-figures.json").write_text(json.dumps(figures, indent=1, sort_keys=True, ensure_ascii=False))
    _plot_levels(figures, images / "webpages-levels.svg")
    _plot_systems(figures, images / "webpages-systems.svg")
    page = folder / "webpages.md"
    if page.is_file():
        text = page.read_text(encoding="utf-8")
        before, _, rest = text.partition(BEGIN)
        _, _, after = rest.partition(END)
        page.write_text(f"{before}{BEGIN}\n\n{tables(figures)}\n{END}{after}", encoding="utf-8")


def tables(figures: Mapping[str, Any]) -> str:
    return "\n".join(
        [
            _systems_table(figures["product-pages"]),
            _layouts_table(figures["product-layouts"]),
            _groups_table(figures["groups"]),
            _calibration_table(figures["calibration"]),
            _rest_table(figures),
            _fields_table(figures["fields"]),
            _times_table(figures["milliseconds"]),
        ]
    )


def _cell(measured: Mapping[str, float]) -> str:
    return f"{measured['value']:.3f} ({measured['low']:.3f}–{measured['high']:.3f})"


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)]
    return f"**{title}**\n\n" + "\n".join(lines) + "\n"


def _systems_table(systems: Mapping[str, Any]) -> str:
    names = [*_OURS, *(name for name in systems if name not in _OURS)]
    rows = [
        [
            _OURS.get(name, name),
            *(_cell(systems[name][kind]) for kind in ("price", "price_errata", "sku", "availability")),
        ]
        for name in names
        if name in systems
    ]
    head = ("system", "price F1, official labels", "price F1, errata", "sku F1", "availability F1")
    return _table("The benchmark pages, each by a model that never saw its site (95 % bootstrap interval)", head, rows)


def _layouts_table(levels: Mapping[str, Any]) -> str:
    rows = [[_OURS[name], *(_cell(levels[name][kind]) for kind in ("price", "price_node", "image"))] for name in levels]
    head = ("levels", "price value", "price node", "main image")
    return _table("The 39 rendered shops (share right)", head, rows)


def _groups_table(groups: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [
            row["kind"],
            row["group"],
            f"{row['statements']['n_pages']} of {row['statements']['n_shops']}",
            *(_cell(row[condition]) if condition in row else "" for condition in CONDITIONS),
        ]
        for row in groups
    ]
    head = ("element", "group of shops", "pages of shops", "without statements", "as it is", "rendered")
    return _table("By group of shops, each shop weighing the same, the worst group first (share right)", head, rows)


def _calibration_table(kinds: Mapping[str, Mapping[str, float]]) -> str:
    columns = ("expected_calibration_error", "right_where_answered", "confident_and_wrong", "abstained")
    rows = [[kind, str(row["n_answers"]), *(f"{row[name]:.3f}" for name in columns)] for kind, row in kinds.items()]
    head = ("element", "answers", "calibration error", "right where answered", "wrong with .9 and more", "abstained")
    return _table("Confidence on shops not seen, with and without their statements", head, rows)


def _rest_table(figures: Mapping[str, Any]) -> str:
    named = {
        "product-detection": "product page or not, F1 (product sets and formasaurus)",
        "name": "name node, share right",
        "add_to_cart": "add-to-cart node, share right",
        "cart-forms": "add-to-cart and order forms of formasaurus, F1",
    }
    rows = [
        [text, _cell(figures[key]), str(int(figures[key]["n_pages"]))] for key, text in named.items() if key in figures
    ]
    return _table("Other elements, sites left out", ("what", "figure", "cases"), rows)


def _fields_table(fields: Mapping[str, Any]) -> str:
    columns = [(name, corpus) for name in fields for corpus in fields[name]]
    kinds = list(dict.fromkeys(kind for name, corpus in columns for kind in fields[name][corpus]))
    rows = [[kind, *(_figure(fields[name][corpus].get(kind)) for name, corpus in columns)] for kind in kinds]
    head = ("field", *(f"{corpus}, {name}" for name, corpus in columns))
    title = (
        "Fields of sites not seen: by models of all sets (`folds`), by one of DuckDuckGo's set alone (`across`);"
        " F1 of a type, shares in the first three rows"
    )
    return _table(title, head, rows)


def _figure(measured: Mapping[str, float] | float | None) -> str:
    if measured is None:
        return ""
    return f"{measured:.3f}" if isinstance(measured, float) else _cell(measured)


def _times_table(times: Mapping[str, Any]) -> str:
    rows = [[_OURS.get(name, name), f"{row['median']:.1f}", f"{row['p95']:.1f}"] for name, row in times.items()]
    head = ("levels", "median", "95th percentile")
    return _table(
        "Milliseconds a page: processor time of one core; `render` is wall time of Chromium alone", head, rows
    )


def _plot_levels(figures: Mapping[str, Any], path: Path) -> None:
    """Accuracy against milliseconds: what each level of abstraction costs and buys."""
    times, systems, shops = figures["milliseconds"], figures["product-pages"], figures["product-layouts"]
    figure, axes = plt.subplots(figsize=(6.4, 3.6))
    render = times.get("render", {}).get("median", 0.0)
    cost = {
        "text": times["text"]["median"],
        "style": times["style"]["median"],
        "layout": times["style"]["median"] + render,
    }
    # Intervals would lie on each other: each line is moved a little to the side.
    for shift, label, values in (
        (0.985, "price F1, benchmark pages, errata", [systems[level]["price_errata"] for level in cost]),
        (1.0, "price, 39 shops", [shops[level]["price"] for level in cost]),
        (1.015, "main image, 39 shops", [shops[level]["image"] for level in cost]),
    ):
        heights = [value["value"] for value in values]
        spread = [
            [value["value"] - value["low"] for value in values],
            [value["high"] - value["value"] for value in values],
        ]
        axes.errorbar([ms * shift for ms in cost.values()], heights, yerr=spread, marker="o", capsize=3, label=label)
    axes.set(xscale="log", xlabel="milliseconds a page (median)", ylabel="right", ylim=(0.7, 1.01))
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.xaxis.set_minor_formatter("{x:.0f}")
    axes.legend(fontsize=8)
    _save(figure, path)


def _plot_systems(figures: Mapping[str, Any], path: Path) -> None:
    systems = figures["product-pages"]
    names = [name for name in ("extruct", "Diffbot", "Zyte", "static", "auto") if name in systems]
    figure, axes = plt.subplots(figsize=(6.4, 3.2))
    for offset, (kind, label) in enumerate(
        (("price", "price, official"), ("price_errata", "price, errata"), ("sku", "sku"))
    ):
        values = [systems[name][kind] for name in names]
        spread = [[v["value"] - v["low"] for v in values], [v["high"] - v["value"] for v in values]]
        axes.bar(
            [x + 0.27 * offset for x in range(len(names))],
            [v["value"] for v in values],
            0.25,
            yerr=spread,
            label=label,
            capsize=2,
        )
    axes.set_xticks(
        [x + 0.27 for x in range(len(names))], [{"static": "ours", "auto": "ours, rendered"}.get(n, n) for n in names]
    )
    axes.set(ylabel="F1", ylim=(0.4, 1.0))
    axes.legend(fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=3, frameon=False)
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)
