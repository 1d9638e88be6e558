"""`trimtab shop`: what a catalogue is, as a file to edit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trimtab.cli.console import AsJson, plain, print_json, results
from trimtab.core.errors import BadParameter

app = typer.Typer(
    name="shop", help="What a shop's catalogue is: its columns, attributes, variants.", no_args_is_help=True
)


@app.callback()
def shop() -> None:
    """What a shop's catalogue is: its columns, attributes, variants."""


@app.command()
def infer(
    feed: Annotated[Path, typer.Argument(help="the catalogue, as the shop's platform exports it")],
    out: Annotated[Path, typer.Option(help="file to write")] = Path("shop.toml"),
    force: Annotated[bool, typer.Option("--force", help="write over a file that is there")] = False,
    as_json: AsJson = False,
) -> None:
    """Look at a feed, say what each column was taken for, and write the shop.toml to edit."""
    from trimtab.catalog.feeds.columns.summary.inference import said_of, shop_of
    from trimtab.catalog.feeds.reading import inferred_layout
    from trimtab.catalog.shop_text import shop_text

    if out.exists() and not force:
        raise BadParameter("--out", f"{out} is there", "another file, or --force to write over it")
    given, layout = inferred_layout(feed)
    inferred = shop_of(layout, given)
    out.write_text(shop_text(inferred, str(feed), layout.costs), encoding="utf-8")
    if as_json:
        print_json({"shop": str(out), "said": list(said_of(layout)), **inferred.model_dump(exclude_defaults=True)})
        return
    for line in said_of(layout):
        results.print(plain(line), highlight=False, soft_wrap=True)
    following = f"trimtab build {plain(str(feed))} --shop {plain(str(out))} --out BUNDLE"
    results.print(f"Next:  edit {plain(str(out))}, then   {following}", soft_wrap=True)


@app.command()
def columns(
    write: Annotated[Path | None, typer.Option(help="Markdown file whose table of columns is made anew")] = None,
    as_json: AsJson = False,
) -> None:
    """List the columns that a feed may have: their types, what each is for, what feeds call them."""
    from dataclasses import asdict

    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from trimtab.catalog.feeds.columns.summary.table import column_lines, written_into

    if write is not None:
        try:
            write.write_text(written_into(write.read_text(encoding="utf-8")), encoding="utf-8")
        except (OSError, ValueError) as error:
            raise BadParameter("--write", f"cannot write into {write} ({error})", "docs/catalogue.md") from None
        return
    if as_json:
        print_json({"columns": [asdict(one) for one in column_lines()]})
        return
    table = Table("column", "type", "empty", "what it is", "also called", box=SIMPLE_HEAD, pad_edge=False)
    for one in column_lines():
        table.add_row(one.column, one.type, one.empty, plain(one.meaning), plain(", ".join(one.names)))
    results.print(table)
    results.print("Any other column becomes an attribute of the shop's own: trimtab shop infer FEED", soft_wrap=True)
