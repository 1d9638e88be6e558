"""Tables of slates and of their quality, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Column, Table

from trimtab.cli.console import plain
from trimtab.core.metrics import Interval


def slate_tables(response: Mapping[str, Any]) -> Iterator[RenderableType]:
    """The slate, its receipt, and whether the bound on relevance gave in.

    Args:
        response: as `GET /search` answers.
    """
    hits = response["hits"]
    if not hits:
        yield "no item matches"
    else:
        objectives = list(hits[0]["objectives"])
        table = Table(
            "#",
            Column("title", no_wrap=True, overflow="ellipsis", ratio=1),
            Column("item_id", no_wrap=True, overflow="ellipsis", max_width=16),
            Column("price", justify="right"),
            *(Column(name, justify="right") for name in objectives),
            Column("score", justify="right"),
            title=f"“{plain(response['query'])}”",
            box=SIMPLE_HEAD,
            pad_edge=False,
            padding=(0, 1, 0, 0),
            expand=True,  # so that the title has what the numbers leave
        )
        for hit in hits:
            price = "" if hit["price"] is None else f"{hit['price']:.2f}"
            values = [f"{hit['objectives'][name]:.3f}" for name in objectives]
            rank, names = str(hit["position"] + 1), (plain(hit["title"]), plain(hit["item_id"]))
            table.add_row(rank, *names, price, *values, f"{hit['score']:.2f}")
        yield table
    columns: tuple[Column | str, ...] = (
        "objective",
        *(Column(name, justify="right") for name in ("weight", "expected", "pure relevance", "change")),
    )
    receipt = Table(*columns, title="receipt", box=SIMPLE_HEAD, pad_edge=False)
    for name, line in response["receipt"].items():
        change = "" if line["change"] is None else f"{line['change']:+.1%}"
        weight = f"{response['weights'][name]:.2f}"
        receipt.add_row(name, weight, f"{line['expected']:.3f}", f"{line['baseline']:.3f}", change)
    yield receipt
    if response["infeasible"]:
        yield "[yellow]max_relevance_loss cannot hold here: the slate is as relevant as it can be[/]"


def intervals_table(intervals: Mapping[str, Interval], *, title: str) -> Table:
    """Metrics of `trimtab evaluate`."""
    table = Table("metric", "value", "95 % interval", "queries", title=plain(title))
    for name, one in intervals.items():
        table.add_row(name, f"{one.value:.3f}", f"{one.low:.3f} to {one.high:.3f}", str(one.n_queries))
    return table
