"""`trimtab pages`: the subcommands that read the pages of shops.

Each prints a few lines for a person, and with `--json` one JSON object for a program; a pipe changes nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from trimtab.cli.console import AsJson, Quiet, notes, print_json, progress, results


def warn_renamed(old: str, new: str) -> None:
    notes.print(f"[yellow]trimtab:[/] `{old}` is deprecated, use `{new}`", highlight=False, soft_wrap=True)


class _PagesGroup(TyperGroup):
    """`trimtab pages FOLDER --into CATALOGUE`, as it was called before, is `trimtab pages ingest --json`."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        is_old = any(argument == "--into" or argument.startswith("--into=") for argument in args)
        if is_old and args[0] not in self.commands:
            warn_renamed("trimtab pages FOLDER", "trimtab pages ingest FOLDER")
            args = ["ingest", "--json", *args]
        return super().parse_args(ctx, args)


app = typer.Typer()
pages = typer.Typer(cls=_PagesGroup, no_args_is_help=True)
app.add_typer(pages, name="pages", help="Read product pages of shops: elements, a catalogue, prices over time.")


@pages.command()
def analyze(
    file: Annotated[Path, typer.Argument(help="HTML file, may be .gz", metavar="FILE.html")],
    url: Annotated[str | None, typer.Option(help="address of the page")] = None,
    render: Annotated[bool, typer.Option(help="let Chromium draw the page where confidence is low")] = False,
    as_json: AsJson = False,
) -> None:
    """Recognise price, name, image and other elements on one page."""
    from trimtab.cli.page_tables import page_tables
    from trimtab.webpages.commands import analyze_file

    found = analyze_file(file, url=url, render=render)
    if as_json:
        print_json(found)
    else:
        results.print(*page_tables(found))


@pages.command()
def ingest(
    folder: Annotated[Path, typer.Argument(help="folder of HTML files")],
    into: Annotated[Path, typer.Option(help="catalogue (JSON lines) to make or add to")],
    urls: Annotated[Path | None, typer.Option(help="JSON object, file below the folder -> address")] = None,
    currency: Annotated[str | None, typer.Option(help="keep prices in this currency only")] = None,
    own_hosts: Annotated[str, typer.Option(help="hosts, by commas, whose pages alone make and change items")] = "",
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Turn a folder of product pages into a catalogue."""
    from trimtab.cli.page_tables import ingested_lines
    from trimtab.webpages.commands import ingest_folder

    with progress(quiet) as report:
        run = ingest_folder(
            folder,
            into,
            urls=urls,
            currency=currency,
            own_hosts=tuple(filter(None, own_hosts.split(","))),
            progress=lambda done, total: report("pages", done, total),
        )
    if as_json:
        print_json(run)
    else:
        for line in ingested_lines(run):
            results.print(line, markup=False, highlight=False, soft_wrap=True)


@pages.command()
def track(
    file: Annotated[Path, typer.Argument(help="HTML file of this visit", metavar="FILE.html")],
    url: Annotated[str, typer.Option(help="address of the page")],
    state: Annotated[Path, typer.Option(help="JSON file that remembers the followed pages")],
    history: Annotated[Path | None, typer.Option(help="Parquet file of all visits")] = None,
    as_json: AsJson = False,
) -> None:
    """Follow the price of a page from visit to visit."""
    from trimtab.cli.page_tables import visit_table
    from trimtab.webpages.commands import track_file

    visit = track_file(file, url=url, state=state, history=history)
    if as_json:
        print_json(visit)
    else:
        results.print(visit_table(visit))


@pages.command()
def evaluate(
    data: Annotated[Path, typer.Option(help="folder of the labelled sets")],
    out: Annotated[Path | None, typer.Option(help="docs folder to write tables and plots to")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure page analysis on labelled pages, each by a model that never saw its site."""
    from trimtab.cli.page_tables import figures_table
    from trimtab.webpages.commands import evaluate_pages

    with notes.status("reading pages") as status:
        figures = evaluate_pages(data, out=out, progress=status.update)
    if as_json:
        print_json(figures)
    else:
        results.print(figures_table(figures))


def _add_old_name(old: str, new: str, *options: str) -> None:
    """A deprecated command that passes its arguments on to one of `trimtab pages`."""
    accept_all = {"allow_extra_args": True, "ignore_unknown_options": True}

    @app.command(old, hidden=True, add_help_option=False, context_settings=accept_all)
    def run(context: typer.Context) -> None:
        warn_renamed(f"trimtab {old}", f"trimtab pages {new}")
        command = typer.main.get_command(pages)
        command.main([new, *options, *context.args], prog_name="trimtab pages", standalone_mode=False)


_add_old_name("page", "analyze")
_add_old_name("track", "track", "--json")
_add_old_name("pages-eval", "evaluate", "--json")
