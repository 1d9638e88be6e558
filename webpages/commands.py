"""One function for each subcommand of `trimtab pages` and each task of the worker, in plain values."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trimtab.core.errors import BadFile
from trimtab.webpages.analyze import analyze_page
from trimtab.webpages.counters import PageCounters
from trimtab.webpages.history import Visit, append_history
from trimtab.webpages.ingest import ingest, read_html
from trimtab.webpages.items import PageItem
from trimtab.webpages.parse.rendered.render import rendering
from trimtab.webpages.tracking import Watch, revisit, watch


def analyze_file(file: Path, *, url: str | None = None, render: bool = False) -> dict[str, Any]:
    """Analysis of one page, for `trimtab pages analyze`.

    Args:
        render: let Chromium draw the page where confidence is low; without Chromium the page is analysed without it.

    Raises:
        BadFile: the file cannot be read.
    """
    html = read_html(file)
    if not render:
        return analyze_page(html, url).as_dict()
    with rendering() as browser:
        return analyze_page(html, url, browser).as_dict()


def ingest_folder(
    folder: Path,
    into: Path,
    *,
    urls: Path | None = None,
    currency: str | None = None,
    own_hosts: Collection[str] = (),
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> dict[str, Any]:
    """Analysis of a folder of pages, merged into a catalogue, for `trimtab pages ingest`.

    Args:
        urls: JSON object, path below the folder (or name of a file that one alone has) -> address.
        own_hosts: as in `trimtab.webpages.ingest.ingest`.
        progress: called with pages done and pages in all.

    Raises:
        BadFile: the folder has no pages, the catalogue is not a JSON-lines file, or the map is not a JSON object.
        BadInput: as `trimtab.webpages.ingest.ingest`.
    """
    addresses = _read_object(urls) if urls is not None else None
    run = ingest(folder, into, urls=addresses, currency=currency, own_hosts=own_hosts, progress=progress)
    return {
        "pages": sum(run.counters.kinds.values()),
        "products": len(run.provenance),
        "items": len(run.items),
        "left_out": dict(run.left_out),
        "into": str(into),
        "disagreement": run.counters.disagreement(),
    }


def evaluate_pages(
    data: Path, *, out: Path | None = None, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Every figure of docs/webpages.md, for `trimtab pages evaluate`; tables and plots are written into `out`.

    Needs the extras for development (LightGBM, formasaurus).
    """
    from trimtab.webpages.evaluation.run import evaluate  # noqa: PLC0415  # LightGBM is a development dependency

    figures = evaluate(data, progress=progress)
    if out is not None:
        from trimtab.webpages.evaluation.report import write_report  # noqa: PLC0415  # matplotlib takes a second

        write_report(figures, out)
    return figures


def track_file(
    file: Path, *, url: str, state: Path, history: Path | None = None, at: datetime | None = None
) -> dict[str, Any]:
    """One visit of a followed page, for `trimtab pages track`.

    The state file remembers every address it was given. It is written aside and renamed.

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
    """One visit in plain values: the visit, and what to remember of the page (None where it has no price to follow).

    Args:
        known: what the last visit left to remember, None on the first.
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
    currency: str | None = None,
) -> dict[str, Any]:
    """What `POST /pages` answers from: the analysis, and `item`, `provenance` and `left_out` as in `PageItem`."""
    found = analyze_page(html, url)
    if counters is not None:
        counters.add(found)
    return {"page": found.as_dict(), **PageItem.of(found, url or "", currency=currency)._asdict()}


def _read_object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise BadFile(path, f"cannot be read as JSON: {problem}") from None
    if not isinstance(found, dict):
        raise BadFile(path, "is not a JSON object")
    return found
