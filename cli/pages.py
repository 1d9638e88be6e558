"""The subcommands that read the pages of shops."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trimtab.cli.console import AsJson, notes, print_json, results

app = typer.Typer()


@app.command()
def page(
    file: Annotated[Path, typer.Argument(help="HTML file, may be .gz", metavar="FILE.html")],
    url: Annotated[str | None, typer.Option(help="where the page is from")] = None,
    render: Annotated[bool, typer.Option(help="let Chromium draw the page where that is worth it")] = False,
    as_json: AsJson = False,
) -> None:
    """Recognise what is what on a shop's page."""
    from trimtab.cli.tables import page_table
    from trimtab.webpages.commands import page as run

    found = run(file, url=url, render=render)
    if as_json:
        print_json(found)
        return
    results.print(page_table(found))
    for form in found["forms"]:
        notes.print_json(data=form)


@app.command()
def pages(
    folder: Annotated[Path, typer.Argument(help="folder of HTML files")],
    into: Annotated[Path, typer.Option(help="catalogue (JSON lines) to make or add to")],
    urls: Annotated[Path | None, typer.Option(help="JSON object, file name -> address")] = None,
    currency: Annotated[str | None, typer.Option(help="keep offers in this currency only")] = None,
) -> None:
    """Turn product pages into a catalogue."""
    from trimtab.webpages.commands import pages as run

    print_json(run(folder, into, urls=urls, currency=currency))


@app.command("pages-eval")
def pages_eval(
    data: Annotated[Path, typer.Option(help="the folder of the labelled sets")],
    out: Annotated[Path | None, typer.Option(help="docs folder to write tables and plots to")] = None,
) -> None:
    """Measure page analysis on labelled pages, each by a model that never saw its site."""
    from trimtab.webpages.commands import pages_eval as run

    print_json(run(data, out=out))


@app.command()
def track(
    file: Annotated[Path, typer.Argument(help="HTML file of this visit", metavar="FILE.html")],
    url: Annotated[str, typer.Option(help="the page's address")],
    state: Annotated[Path, typer.Option(help="JSON file that remembers what is followed")],
    history: Annotated[Path | None, typer.Option(help="Parquet file of all visits")] = None,
) -> None:
    """Follow a page's price from visit to visit."""
    from trimtab.webpages.commands import track as run

    print_json(run(file, url=url, state=state, history=history))
