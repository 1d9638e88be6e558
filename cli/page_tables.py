"""What the subcommands of `trimtab pages` print for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.table import Column, Table

from trimtab.cli.console import plain

MAX_SITES = 5
FIGURES = (
    ("price F1, 98 pages, official labels", ("product-pages", "static", "price")),
    ("price F1, 98 pages, errata", ("product-pages", "static", "price_errata")),
    ("SKU F1", ("product-pages", "static", "sku")),
    ("availability F1", ("product-pages", "static", "availability")),
    ("price, 39 shops, share right", ("product-layouts", "static", "price")),
    ("main image, 39 shops, share right", ("product-layouts", "static", "image")),
    ("product page or not, F1", ("product-detection",)),
)
"""Figures without rendering; `--json` and the report have all."""


def page_tables(page: Mapping[str, Any]) -> Iterator[Table]:
    """The elements of an analysed page, and its forms where it has any."""
    table = Table("element", Column("value", min_width=28), "confidence", "evidence", title=page["kind"])
    for name, element in page["elements"].items():
        evidence = ", ".join(element["evidence"])
        table.add_row(name, plain(str(element["value"])), f"{element['confidence']:.2f}", evidence)
    for name, reason in page["abstained"].items():
        table.add_row(name, plain(reason), "", "")
    yield table
    if page["forms"]:
        forms = Table("form", "path", "fields", "can be filled")
        for form in page["forms"]:
            fields = ", ".join(field["type"] for field in form.get("fields", ()))
            forms.add_row(form["kind"], plain(form["path"]), fields, str(len(form.get("fill", ()))))
        yield forms


def ingested_lines(run: Mapping[str, Any]) -> Iterator[str]:
    """What became of a folder of pages, and the next command."""
    yield f"{run['pages']} pages: {run['products']} product pages, {run['into']} now has {run['items']} items"
    if run["left_out"]:
        yield "left out: " + ", ".join(f"{n} {reason}" for reason, n in sorted(run["left_out"].items()))
    differing = sorted(((share, site) for site, share in run["disagreement"].items() if share), reverse=True)
    for share, site in differing[:MAX_SITES]:
        yield f"{site or 'unknown site'}: the stated price differs from the shown one on {share:.0%} of its pages"
    yield f"next: trimtab build {run['into']} --out bundles/pages"


def visit_table(visit: Mapping[str, Any]) -> Table:
    """The price a visit found, what spoke for it, and whether it is a change to report."""
    price = f"{visit['price']} {visit['currency'] or ''}".strip() if visit["price"] else f"none ({visit['role']})"
    table = Table("price", "status", "before", "evidence", "report", title=plain(visit["url"]))
    report = "a confirmed change" if visit["alert"] else "nothing new"
    table.add_row(price, visit["status"], visit["previous"] or "", ", ".join(visit["signals"]), report)
    return table


def figures_table(figures: Mapping[str, Any]) -> RenderableType:
    """The main figures of an evaluation."""
    table = Table("figure", "value", "95 % interval", title="pages of sites that the models did not see")
    for title, path in FIGURES:
        measured: Any = figures
        for name in path:
            measured = measured[name]
        table.add_row(title, f"{measured['value']:.3f}", f"{measured['low']:.3f} to {measured['high']:.3f}")
    return table
