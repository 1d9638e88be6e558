"""`trimtab backup` and `trimtab restore`: a shop in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trimtab.cli.console import AsJson, Quiet, print_json, progress, results

app = typer.Typer()

Data = Annotated[Path, typer.Option("--data", help="the data folder of the service")]
Bundles = Annotated[Path, typer.Option("--bundles", help="the folder that its bundles are in")]


@app.command()
def backup(
    out: Annotated[Path, typer.Argument(metavar="ARCHIVE", help="file to write")],
    data: Data = Path("data"),
    bundles: Bundles = Path("bundles"),
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Copy logs, keys, rules, experiments, the catalogue's changes and bundles into one file, while the shop serves."""
    from trimtab.service.backups import back_up

    with progress(quiet or as_json) as report:
        found = back_up(data, bundles, out, progress=report)
    if as_json:
        print_json(found.as_dict())
        return
    results.print(f"{found.n_files:,} files, {found.n_bytes / 1e6:,.1f} MB in {out}", highlight=False, soft_wrap=True)
    results.print(f"Put it back with:  trimtab restore {out} --data DATA --bundles BUNDLES", highlight=False)


@app.command()
def restore(
    archive: Annotated[Path, typer.Argument(metavar="ARCHIVE", help="what `trimtab backup` wrote")],
    data: Data = Path("data"),
    bundles: Bundles = Path("bundles"),
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Restore a backup into empty folders; every file is compared with what was written."""
    from trimtab.service.backups import restore as run

    with progress(quiet or as_json) as report:
        found = run(archive, data, bundles, progress=report)
    if as_json:
        print_json(found.as_dict())
        return
    results.print(
        f"{found.n_files:,} files of {found.created:%Y-%m-%d %H:%M} UTC in {data} and {bundles}",
        highlight=False,
        soft_wrap=True,
    )
    results.print(f"Next:  trimtab serve {bundles}/NAME --data-folder {data}", highlight=False, soft_wrap=True)
