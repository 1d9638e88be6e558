"""`trimtab backup`, `trimtab restore` and `trimtab upgrade`: a shop in one file, and one of an earlier version."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trimtab.cli.console import AsJson, Quiet, plain, print_json, progress, results
from trimtab.core.counted import counted

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


@app.command()
def upgrade(
    archive: Annotated[Path, typer.Argument(metavar="ARCHIVE", help="file that the shop is backed up to first")],
    data: Data = Path("data"),
    bundles: Bundles = Path("bundles"),
    judgments: Annotated[
        Path | None, typer.Option(help="CSV of query,item_id,grade, where bundles learned from judgments")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Back a shop up, and build again what this version does not read of it: bundles of an earlier one."""
    from trimtab.catalog.judgments import read_judgments
    from trimtab.service.upgrades import upgrade as run

    judged = read_judgments(judgments) if judgments else None
    with progress(quiet or as_json) as report:
        done = run(data, bundles, archive, judgments=judged, progress=report)
    if as_json:
        print_json(done.as_dict())
        return
    lines = [
        f"{data} stays as it is: {counted(done.n_impressions, 'search', 'searches')} of its log and "
        f"{counted(done.n_changes, 'change')} to the catalogue are read"
        + (f", {counted(done.n_left_out, 'row')} of the log left out" if done.n_left_out else ""),
        *(
            f"{bundles / name}: {'is read as it is' if built is None else f'built again, {built}'}"
            for name, built in done.bundles.items()
        ),
        f"Next:  start trimtab again    or, with the version before, after all:  trimtab restore {archive}",
    ]
    for line in lines:
        results.print(plain(line), highlight=False, soft_wrap=True)
