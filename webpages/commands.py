"""One function for each of the package's subcommands; `trimtab.cli.pages` only passes arguments on and prints."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from trimtab.core.errors import BadFile
from trimtab.webpages.analyze import analyze_page
from trimtab.webpages.counters import PageCounters
from trimtab.webpages.ingest import ingest, read_html
from trimtab.webpages.items import item_of, provenance_of
from trimtab.webpages.page import Page
from trimtab.webpages.parse.render import rendering
from trimtab.webpages.tracking import Visit, Watch, append_history, revisit, watch


def page(file: Path, *, url: str | None = None, render: bool = False) -> dict[str, Any]:
    """`trimtab page FILE.html [--url URL] [--render] --json`: the page's object.

    Args:
        render: let Chromium draw the page where confidence asks for it; without Chromium the page is analysed without.

    Raises:
        BadFile: the file cannot be read.
    """
    html = read_html(file)
    if not render:
        return analyze_page(html, url).as_dict()
    with rendering() as browser:
        return analyze_page(html, url, browser).as_dict()


def pages(folder: Path, into: Path, *, urls: Path | None = None, currency: str | None = None) -> dict[str, Any]:
    """`trimtab pages FOLDER --into CATALOGUE.jsonl [--urls MAP.json] [--currency EUR]`: analyse, de-duplicate, merge.

    Args:
        urls: JSON object, file name -> address.

    Raises:
        BadFile: no pages in the folder, a catalogue that is no JSON-lines file, or a map that is no JSON object.
    """
    named = _read_object(urls) if urls is not None else None
    columns = (TextColumn("pages"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_stderr()) as bar:
        task = bar.add_task("pages")
        run = ingest(
            folder,
            into,
            urls=named,
            currency=currency,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    return {
        "pages": sum(run.counters.kinds.values()),
        "products": len(run.provenance),
        "items": len(run.items),
        "left_out": run.left_out,
        "into": str(into),
        "disagreement": run.counters.disagreement(),
    }


def pages_eval(data: Path, *, out: Path | None = None) -> dict[str, Any]:
    """`trimtab pages-eval --data DIR [--out DIR] --json`: every figure of docs/webpages.md; plots into `out`.

    Needs the development dependencies (LightGBM, formasaurus).
    """
    from trimtab.webpages.evaluation.elements import evaluate  # noqa: PLC0415  # LightGBM is a development dependency

    console = _stderr()
    with console.status("reading pages") as status:
        figures = evaluate(data, progress=status.update)
    if out is not None:
        from trimtab.webpages.evaluation.report import write_report  # noqa: PLC0415  # matplotlib takes a second to import

        write_report(figures, out)
    return figures


def track(
    file: Path, *, url: str, state: Path, history: Path | None = None, at: datetime | None = None
) -> dict[str, Any]:
    """`trimtab track FILE.html --url URL --state STATE.json [--history HISTORY.parquet]`: one visit of one page.

    The state file remembers every address it was given; it is written aside and renamed.

    Raises:
        BadFile: the page or the state cannot be read.
    """
    known = _read_object(state) if state.exists() else {}
    visit, kept = track_page(read_html(file), url, known.get(url), at or datetime.now(UTC))
    if kept is not None:
        known[url] = kept
        aside = state.with_name(f".{state.name}.aside")
        aside.write_text(json.dumps(known, indent=1, sort_keys=True), encoding="utf-8")
        aside.replace(state)
    if history is not None:
        append_history(history, [Visit.of(visit)])
    return visit


def track_page(
    html: bytes | str, url: str, known: Mapping[str, Any] | None, at: datetime
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """One visit as plain values, for `/tracked`: (visit, what to remember; None where there is no price to follow).

    Args:
        known: what the last visit said to remember, None on the first.
    """
    if known is None:
        kept, visit = watch(html, url, at)
    else:
        kept, visit = revisit(Watch(**known), html, at)
    return visit.as_dict(), None if kept is None else {name: getattr(kept, name) for name in Watch.__slots__}


def post_page(
    html: bytes | str,
    url: str | None,
    *,
    counters: PageCounters | None = None,
    render: Callable[..., Any] | None = None,
    currency: str | None = None,
) -> dict[str, Any]:
    """What `POST /pages` answers: the analysis, the catalogue item it makes (None for no product), and its
    provenance."""
    found: Page = analyze_page(html, url, render)
    if counters is not None:
        counters.add(found)
    item = item_of(found, currency=currency)
    provenance = provenance_of(found, str(item["item_id"]), url or "") if item is not None else None
    return {"page": found.as_dict(), "item": item, "provenance": provenance}


def _read_object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise BadFile(path, f"cannot be read as JSON: {problem}") from None
    if not isinstance(found, dict):
        raise BadFile(path, "is no JSON object")
    return found


def _stderr() -> Console:
    return Console(stderr=True)


__all__ = ["page", "pages", "pages_eval", "post_page", "track", "track_page"]
