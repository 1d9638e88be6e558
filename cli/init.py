"""`trimtab init`: from a shop's feed to its playground."""

from __future__ import annotations

import sys
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

import typer

from trimtab.cli.build import bundle_summary, feed_notes, next_line, summary_lines
from trimtab.cli.console import Encoder, Quiet, notes, plain, progress, results

if TYPE_CHECKING:
    import polars as pl

    from trimtab.catalog.feeds.columns.summary.taken import Taken
    from trimtab.catalog.feeds.reading import Feed

app = typer.Typer()

POLL_SECONDS = 0.3
MAX_EXAMPLE = 160
CURRENCY = 'To name it, write currency = "EUR" (or another) below [catalogue] there.'


@app.command()
def init(
    feed: Annotated[Path, typer.Argument(help="the catalogue, as the shop's platform exports it")],
    out: Annotated[
        Path | None, typer.Option(help="folder of the bundle; left out, bundles/ and the feed's name")
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="where it is served on this machine")] = 8000,
    yes: Annotated[bool, typer.Option("--yes", help="build without asking whether the columns are right")] = False,
    serve: Annotated[bool, typer.Option(help="serve what was built")] = True,
    browser: Annotated[bool, typer.Option(help="open the playground")] = True,
    encoder: Encoder = "auto",
    quiet: Quiet = False,
) -> None:
    """Look at a feed, build it, serve it, and open the playground on a query of the shop."""
    from trimtab.catalog.feeds.columns.summary.inference import shop_of
    from trimtab.catalog.feeds.columns.summary.taken import NOTHING, columns_taken
    from trimtab.catalog.feeds.reading import inferred_layout
    from trimtab.catalog.shop import FILE
    from trimtab.catalog.shop_text import shop_text

    bundle = out or Path("bundles") / feed.name.partition(".")[0]
    edited = bundle.with_name(f"{bundle.name}.{FILE}")
    shop_file = edited if edited.exists() else None
    shop, layout = inferred_layout(feed, shop_file)
    taken = columns_taken(feed, shop, layout)
    results.print(_columns_table([one for one in taken if one.role != NOTHING], f"{feed}, read as {layout.platform}"))
    unused = ", ".join(f"{one.column} ({one.use})" for one in taken if one.role == NOTHING)
    if unused:
        results.print(f"nothing was made of: {plain(unused)}", soft_wrap=True, highlight=False)
    if shop_file is None:
        edited.parent.mkdir(parents=True, exist_ok=True)
        edited.write_text(shop_text(shop_of(layout, shop), str(feed), layout.costs), encoding="utf-8")
    results.print(f"as in {plain(str(edited))}: edit what is wrong and run this again", soft_wrap=True)
    if layout.rules.currency is None:
        results.print(f"Prices are shown without a currency. {plain(CURRENCY)}", soft_wrap=True, highlight=False)
    if not yes and sys.stdin.isatty() and not typer.confirm("Build with this?", default=True):
        return
    items = _build(feed, bundle, edited, encoder, quiet)
    if serve:
        _serve(bundle, port, f"/?{urlencode({'q': query_of(items)})}", open_it=browser)
    else:
        results.print(next_line(bundle), highlight=False, soft_wrap=True)


def _columns_table(columns: list[Taken], title: str) -> object:
    from rich.box import SIMPLE_HEAD
    from rich.table import Column, Table

    columns_ = [
        Column(name, no_wrap=True, overflow="ellipsis", ratio=ratio)
        for name, ratio in (("column", 4), ("is taken for", 4), ("serves for", 3), ("for example", 4))
    ]
    table = Table(*columns_, title=plain(title), box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), expand=True)
    for one in columns:
        table.add_row(plain(one.column), plain(one.role), plain(one.use), plain(one.example[:MAX_EXAMPLE]))
    return table


def _build(feed: Path, bundle: Path, shop_file: Path, encoder: str, quiet: bool) -> pl.DataFrame:
    from trimtab.catalog.feeds.reading import read_feed
    from trimtab.engine.build.build import build_bundle

    started = time.perf_counter()
    read: Feed = read_feed(feed, shop_file)
    for part in feed_notes(str(feed), read.rejections.summary, {**read.rejections.as_dict(), "said": ()}):
        notes.print(part, highlight=False, soft_wrap=isinstance(part, str))
    with progress(quiet) as report:
        build_bundle(
            read.items,
            bundle,
            source=str(feed),
            rejections=read.rejections,
            shop=read.shop,
            beside=shop_file.parent,
            encoder=encoder,
            progress=report,
        )
    for part in summary_lines(bundle_summary(bundle, seconds=time.perf_counter() - started)):
        results.print(part, highlight=False, soft_wrap=isinstance(part, str))
    return read.items


def query_of(items: pl.DataFrame) -> str:
    """Words that somebody could look for in this shop: its commonest kind of thing, or else words of a title."""
    for column in ("product_type", "category"):
        named = items[column].filter(items[column] != "")
        if len(named):
            return str(named.mode().sort()[0]).rpartition(">")[2].strip()
    return " ".join(str(items["title"][0]).split()[:2])


def _serve(bundle: Path, port: int, path: str, *, open_it: bool) -> None:
    from trimtab.service.server import serve as run

    address = f"http://127.0.0.1:{port}"
    results.print(f"the playground, on a query of this shop: {address}{path}", highlight=False, soft_wrap=True)
    if open_it:
        threading.Thread(target=_open_when_ready, args=(address, path), daemon=True).start()
    run(bundle=bundle, port=port)


def _open_when_ready(address: str, path: str) -> None:
    """Open a browser once the service answers; without one the address that was printed has to do."""
    pause = threading.Event()
    while not pause.wait(POLL_SECONDS):
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5):  # noqa: S310  # our own address
                break
        except (urllib.error.URLError, OSError):
            continue
    webbrowser.open(address + path)
