"""Tables of slates and of their quality, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Column, Table

from trimtab.cli.console import plain
from trimtab.core.metrics import Interval

MOST_FEATURES = 3
"""Features that a table names for each objective of a hit."""


def slate_tables(response: Mapping[str, Any], *, is_wide: bool = False) -> Iterator[RenderableType]:
    """What the query was understood as, the slate, its receipt, facets, and whether the bound on relevance gave in.

    Args:
        response: as `GET /search` answers.
        is_wide: whether there is room for what each hit brings to each objective.
    """
    yield from (plain(line) for line in understood_lines(response["understood"]))
    if not response["hits"]:
        yield "no item matches"
        return
    yield _hits_table(response, list(response["hits"][0]["objectives"]) if is_wide else [])
    yield _receipt_table(response)
    for name, counts in response["facets"].items():
        yield plain(f"{name}: " + (", ".join(f"{value} {n:,}" for value, n in counts.items()) or "no values"))
    if response["infeasible"]:
        yield "[yellow]max_relevance_loss cannot hold here: the slate is as relevant as it can be[/]"


def understood_lines(understood: Mapping[str, Any]) -> Iterator[str]:
    """What the words of a query were taken for, where that is not the words themselves."""
    if understood["corrected"]:
        yield f"searched for “{understood['corrected']}” instead of “{understood['query']}”"
    if understood["excluded"]:
        yield f"without {_listed(understood['excluded'])}"
    if understood["relaxed"]:
        yield f"no item has {_listed(understood['relaxed'])} beside the rest"
    for one in understood["synonyms"]:
        yield f"“{one['from']}” also as “{one['to']}”"
    for one in understood["attributes"]:
        how = "filters by" if one["applied"] else "read as"
        yield f"“{one['text']}” {how} {one['field'].replace('_', ' ')} {one['value']}"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"“{word}”" for word in words)


def _hits_table(response: Mapping[str, Any], objectives: Sequence[str]) -> Table:
    table = Table(
        "#",
        Column("title", overflow="fold", ratio=1),
        Column("item_id", no_wrap=True, overflow="ellipsis", max_width=16),
        Column("price", justify="right"),
        *(Column(name, justify="right") for name in objectives),
        Column("score", justify="right"),
        title=f"“{plain(response['query'])}”",
        caption="score: what a hit brings to each objective by its weight, to compare within this query",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        expand=True,  # so that the title has what the numbers leave
    )
    for hit in response["hits"]:
        price = "" if hit["price"] is None else f"{hit['price']:.2f}"
        values = [f"{hit['objectives'][name]:.3f}" for name in objectives]
        rank, names = str(hit["position"] + 1), (plain(hit["title"]), plain(hit["item_id"]))
        table.add_row(rank, *names, price, *values, f"{hit['score']:.2f}")
    return table


def _receipt_table(response: Mapping[str, Any]) -> Table:
    columns: tuple[Column | str, ...] = (
        "objective",
        *(Column(name, justify="right") for name in ("weight", "expected", "pure relevance", "change")),
    )
    receipt = Table(*columns, title="receipt", box=SIMPLE_HEAD, pad_edge=False)
    for name, line in response["receipt"].items():
        change = "" if line["change"] is None else f"{line['change']:+.1%}"
        weight = f"{response['weights'][name]:.2f}"
        receipt.add_row(name, weight, f"{line['expected']:.3f}", f"{line['baseline']:.3f}", change)
    return receipt


def decision_tables(decision: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Whether a logged decision comes out again, the slate with its receipt, and why its hits stand where they do.

    Args:
        decision: of `trimtab.engine.log.decisions.replay_decision`.
    """
    how = "[green]the same, to the bit[/]" if decision["reproduced"] else "[yellow]not the same[/]"
    yield f"decision {plain(decision['decision_id'])} of {decision['timestamp']:%Y-%m-%d %H:%M:%S}: {how}"
    if decision["differences"]:
        differing = Table("differs", "logged", "now", box=SIMPLE_HEAD, pad_edge=False)
        for one in decision["differences"]:
            differing.add_row(*(plain(str(one[name])) for name in ("what", "logged", "replayed")))
        yield differing
    yield from slate_tables(decision)
    if decision["hits"]:
        yield _contributions_table(decision["hits"])


def _contributions_table(hits: Sequence[Mapping[str, Any]]) -> Table:
    objectives = list(hits[0]["contributions"])
    title = "what goes of a gain without a feature, the largest first"
    table = Table("#", "item_id", *objectives, title=title, box=SIMPLE_HEAD, pad_edge=False)
    for hit in hits:
        parts = (list(hit["contributions"][name].items())[:MOST_FEATURES] for name in objectives)
        cells = ("\n".join(f"{feature} {value:+.3f}" for feature, value in of_one) for of_one in parts)
        table.add_row(str(hit["position"] + 1), plain(hit["item_id"]), *cells)
    return table


def intervals_table(intervals: Mapping[str, Interval], *, title: str) -> Table:
    """Metrics of `trimtab evaluate`."""
    table = Table("metric", "value", "95 % interval", "queries", title=plain(title))
    for name, one in intervals.items():
        table.add_row(name, f"{one.value:.3f}", f"{one.low:.3f} to {one.high:.3f}", str(one.n_queries))
    return table
