"""`trimtab feed`: a feed that comes again, into the catalogue that serves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from trimtab.cli.build import feed_notes
from trimtab.cli.console import AsJson, BundleFolder, load_engine, notes, plain, print_json, results

if TYPE_CHECKING:
    from trimtab.engine.live.feeding import FeedChanges

app = typer.Typer()

ADVICE = "--delta where it has only what changed, --max-removed-share where it is meant"


@app.command()
def feed(
    bundle: BundleFolder,
    source: Annotated[Path, typer.Argument(help="the feed, as the one that the bundle was built from", metavar="FEED")],
    data_folder: Annotated[
        Path | None, typer.Option(help="the service's, whose log of changes is written; TRIMTAB_DATA_FOLDER, else data")
    ] = None,
    delta: Annotated[
        bool, typer.Option("--delta", help="the feed has only what is new or has changed; nothing is removed")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show the difference and change nothing")] = False,
    max_removed_share: Annotated[
        float, typer.Option(min=0, max=1, help="refuse a feed that lacks a larger share of the catalogue")
    ] = 0.2,
    max_rejected_share: Annotated[float, typer.Option(help="fail where a larger share of the rows is rejected")] = 0.05,
    as_json: AsJson = False,
) -> None:
    """Add, change and remove items by a feed that came again; what serves follows within a second."""
    from trimtab.engine.live.feeding import apply_difference, read_again, refuse_vanishing
    from trimtab.engine.live.live_engine import LiveEngine
    from trimtab.engine.live.order import OWN_ORDER
    from trimtab.service.catalogue.live_catalogue import FOLDER, limits_of
    from trimtab.service.catalogue.shared_order import shared_order_of
    from trimtab.service.settings import read_settings

    settings = read_settings()
    folder = settings.data_folder if data_folder is None else data_folder
    order = shared_order_of(settings) or OWN_ORDER
    live = LiveEngine(load_engine(bundle), folder / FOLDER, order, limits=limits_of(settings), is_searched=False)
    found, difference = read_again(live, source, is_full=not delta, max_rejected_share=max_rejected_share)
    if not as_json:
        for part in feed_notes(str(source), found.rejections.summary, found.rejections.as_dict()):
            notes.print(part, highlight=False, soft_wrap=isinstance(part, str))
        _print_difference(difference)
    refuse_vanishing(difference, max_removed_share, advice=ADVICE)
    version = None if dry_run else apply_difference(live, difference, max_removed_share=max_removed_share)
    if as_json:
        print_json({**difference.as_dict(), "version": version, "rows": found.rejections.as_dict()})
    elif version is None:
        results.print("Nothing was changed. Next: the same without --dry-run")
    else:
        results.print(f"Done: version {version} of the catalogue")


def _print_difference(difference: FeedChanges) -> None:
    results.print(difference.summary, highlight=False)
    changed = difference.changed_columns()
    if changed:
        table = Table("column", "items that change in it", box=None, padding=(0, 2))
        for name, n in changed.items():
            table.add_row(plain(name), f"{n:,}")
        results.print(table)
    for what, ids in (
        ("to add", [item["item_id"] for item in difference.added]),
        ("to remove", list(difference.removed)),
    ):
        if ids:
            more = f" and {len(ids) - 5:,} more" if len(ids) > 5 else ""
            results.print(f"  {what}: {plain(', '.join(ids[:5]))}{more}", highlight=False, soft_wrap=True)
