"""`trimtab analytics`: what a log says of a shop's searches."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trimtab.cli.console import AsJson, plain, print_json, results
from trimtab.core.counted import counted
from trimtab.core.errors import BadParameter
from trimtab.core.spoken_moments import EXAMPLES, moment_of

if TYPE_CHECKING:
    from rich.table import Table

    from trimtab.engine.analytics.reading import Log

app = typer.Typer()

LISTS = {
    "top": "searched most",
    "trending": "searched more than before",
    "no_results": "found nothing, most often",
    "no_clicks": "left without a click, most often",
    "corrected": "read as other words",
    "revenue": "earned most",
}
SUMMARY = ("top", "trending", "no_results", "no_clicks")
"""The lists of a summary."""
REPORTS = ("summary", *LISTS, "categories", "times", "ranks", "change")
HINT = {
    "no_results": "a word that the catalogue has instead: trimtab synonyms suggest, or PUT /synonyms/NAME",
    "no_clicks": "judge what is shown, or place items by a rule: /views/analytics leads there",
}
COLUMNS = ("searches", "users", "click_rate", "purchase_rate", "revenue", "clicked_rank")


@app.command()
def analytics(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="a service's data folder, or a log")] = Path("data"),
    report: Annotated[str, typer.Option(help=", ".join(REPORTS))] = "summary",
    since: Annotated[str | None, typer.Option(help="a moment, or how long ago: 2026-11-01, 12h, 7d, 4w")] = None,
    until: Annotated[str | None, typer.Option(help="a moment, or how long ago")] = None,
    at: Annotated[str | None, typer.Option(help="of the report `change`: the moment of the change")] = None,
    channel: Annotated[str | None, typer.Option(help="whose searches: agent; left out, shoppers'")] = None,
    bundle: Annotated[Path | None, typer.Option(help="of the report `categories`: the bundle that served")] = None,
    min_users: Annotated[int, typer.Option(min=1, help="users who must have done what is a row")] = 5,
    limit: Annotated[int, typer.Option(min=1, help="the most rows of a list")] = 20,
    as_json: AsJson = False,
) -> None:
    """Say what was searched, what was found, and what came of it."""
    from trimtab.engine.analytics import report as reports
    from trimtab.engine.analytics.reading import open_log

    if report not in REPORTS:
        raise BadParameter.unknown("--report", "report", report, REPORTS)
    now = datetime.now(UTC)
    opened = open_log(log, since=_moment(since, "--since", now), until=_moment(until, "--until", now), channel=channel)
    shown = reports.Shown(min_users=min_users, limit=limit)
    if report == "summary":
        found = {"overview": reports.overview(opened)}
        found |= {of: reports.queries(opened, of, shown) for of in SUMMARY}  # type: ignore[arg-type]  # all are kinds
    elif report in LISTS:
        found = {report: reports.queries(opened, report, shown)}  # type: ignore[arg-type]  # it is a kind
    elif report == "categories":
        found = {report: reports.categories(opened, _categories(bundle), shown)}
    elif report == "change":
        found = {report: reports.change(opened, _required(_moment(at, "--at", now)))}
    else:
        found = {report: _of_time_or_rank(report, opened)}
    if as_json:
        print_json({name: [_plain(row) for row in rows] for name, rows in found.items()})
        return
    for name, rows in found.items():
        _print(name, rows)


def _of_time_or_rank(report: str, log: Log) -> list[dict[str, Any]]:
    from trimtab.engine.analytics import report as reports

    return reports.times(log, "day") if report == "times" else reports.ranks(log)


def _categories(bundle: Path | None) -> Any:
    from trimtab.catalog.store import ItemStore
    from trimtab.engine.analytics.items import categories_of

    if bundle is None:
        raise BadParameter("--bundle", "is missing", "the bundle whose items were shown, for their categories")
    return categories_of(ItemStore.load(bundle))


def _required(moment: datetime | None) -> datetime:
    if moment is None:
        raise BadParameter("--at", "is missing", "the moment of the change, 2026-11-01T12:00")
    return moment


def _moment(text: str | None, option: str, now: datetime) -> datetime | None:
    """
    Raises:
        BadParameter: it cannot be read.
    """
    try:
        return None if text is None else moment_of(text, now)
    except ValueError as error:
        raise BadParameter(option, str(error), EXAMPLES) from None


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}


def _print(name: str, rows: list[dict[str, Any]]) -> None:
    if name == "overview":
        results.print(_sentence(rows[0]), highlight=False)
        return
    if not rows:
        results.print(f"{LISTS.get(name, name)}: nothing that several users did", highlight=False)
        return
    results.print(_table(name, rows))
    missing = {"before", "after"} - {row.get("side") for row in rows} if name == "change" else ()
    for side in missing:
        results.print(f"nothing was searched {side} that moment, of what is kept", highlight=False)
    if name in HINT:
        results.print(f"what can be done: {HINT[name]}", highlight=False, soft_wrap=True)


def _sentence(total: dict[str, Any]) -> str:
    said = {name: _cell(name, value) or "none" for name, value in total.items()}
    return (
        f"{counted(total['searches'], 'search', 'searches')} by {counted(total['users'], 'user')}: "
        f"{said['click_rate']} clicked, "
        f"{said['purchase_rate']} bought, revenue {said['revenue']}.\n{said['no_results']} found nothing, "
        f"{said['no_clicks']} showed something and nothing was clicked, {said['corrected']} were read as other words."
    )


def _table(name: str, rows: list[dict[str, Any]]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Column, Table

    keys = [key for key in ("query", "category", "period", "rank", "side") if key in rows[0]]
    counted = [*({"no_results", "no_clicks", "corrected"} & {name}), *(["corrected_to"] if name == "corrected" else [])]
    names = [*keys, *counted, *(one for one in (*COLUMNS, "shown", "growth", "searches_before") if one in rows[0])]
    texts = (*keys, "corrected_to")
    heads = [Column(one.replace("_", " "), justify="left" if one in texts else "right") for one in names]
    table = Table(*heads, title=LISTS.get(name, name), box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(_cell(one, row[one]) for one in names))
    return table


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name.endswith("_rate"):
        return f"{value:.1%}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, float):
        return f"{value:,.2f}" if name in ("revenue", "growth") else f"{value:.1f}"
    return f"{value:,}" if isinstance(value, int) else plain(str(value))
