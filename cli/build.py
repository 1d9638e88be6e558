"""`trimtab build`: what it reads, and what it says of the bundle that it made."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import RenderableType
from rich.table import Table

from trimtab.cli.console import AsJson, Encoder, OnRay, Quiet, notes, plain, print_json, progress, results, tasks_on
from trimtab.core.counted import counted
from trimtab.core.errors import BadFile, BadParameter

if TYPE_CHECKING:
    import polars as pl

    from trimtab.catalog.feeds.reading import Feed
    from trimtab.catalog.shop import Shop

app = typer.Typer()


@app.command()
def build(
    source: Annotated[
        str | None, typer.Argument(help="grocery; icecat, bestbuy or esci (with --data); or a catalogue file")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="folder to write the bundle to")] = None,
    encoder: Encoder = "auto",
    data: Annotated[Path | None, typer.Option(help="folder of the icecat, bestbuy or esci files")] = None,
    judgments: Annotated[Path | None, typer.Option(help="CSV of query,item_id,grade to learn from")] = None,
    log: Annotated[Path | None, typer.Option(help="impression log to learn from")] = None,
    method: Annotated[
        str,
        typer.Option(
            help="how objectives are traded, see `trimtab compare`; auto: student_of_blend from 1,000 lists on "
            "(student without LightGBM, which the extra `build` brings), heads below"
        ),
    ] = "auto",
    max_rejected_share: Annotated[float, typer.Option(help="fail where a larger share of the rows is rejected")] = 0.05,
    shop: Annotated[
        Path | None, typer.Option(help="shop.toml of the catalogue; without one, it is inferred (`trimtab shop infer`)")
    ] = None,
    retrieval: Annotated[
        str | None,
        typer.Option(help="milvus://HOST:PORT/NAME: candidates are looked up there, not in the serving process"),
    ] = None,
    ray: OnRay = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Build a bundle: index a catalogue and train its ranker. On a terminal, without arguments, asks for a feed."""
    if source is None:
        _ask_for_feed()
        return
    if out is None:
        raise BadParameter("--out", "is missing", "a folder to write the bundle to")
    from trimtab.catalog.shop import naming_lines

    started = time.perf_counter()
    if source == "grocery":
        if judgments is not None or log is not None:
            raise BadParameter("SOURCE", "grocery is trained on its own purchases", "neither --judgments nor --log")
        _, build_grocery = _builders(method)
        with tasks_on(ray) as tasks, progress(quiet or as_json) as report:
            # Its published figures are of wordllama, and 67,560 items by MiniLM take minutes.
            build_grocery(
                out,
                encoder="wordllama" if encoder == "auto" else encoder,
                method=method,
                retrieval=retrieval,
                tasks=tasks,
                progress=report,
            )
    else:
        frames, known, feed = _read_items(source, data, shop, max_rejected_share)
        if feed is not None and not as_json:
            for part in feed_notes(source, feed.rejections.summary, feed.rejections.as_dict()):
                notes.print(part, highlight=False, soft_wrap=isinstance(part, str))
        judged, rows = _read_labels(judgments, log)
        build_bundle, _ = _builders(method)
        with tasks_on(ray) as tasks, progress(quiet or as_json) as report, naming_lines(shop):
            build_bundle(
                frames.pop(),  # whoever builds lets go of it
                out,
                source=source,
                rejections=None if feed is None else feed.rejections,
                shop=known,
                beside=Path() if shop is None else shop.parent,
                encoder=encoder,
                judgments=judged,
                log_rows=rows,
                method=method,
                retrieval=retrieval,
                tasks=tasks,
                progress=report,
            )
        if feed is not None and shop is None:
            _write_inferred(feed, source, out)
    summary = bundle_summary(out, seconds=time.perf_counter() - started)
    if as_json:
        print_json(summary)
    else:
        for part in (*summary_lines(summary), next_line(out)):
            results.print(part, highlight=False, soft_wrap=isinstance(part, str))


def _ask_for_feed() -> None:
    """Go on as `trimtab init` with a feed that a person names.

    Raises:
        BadParameter: there is nobody to ask.
    """
    from trimtab.cli.init import init

    if not sys.stdin.isatty():
        raise BadParameter("SOURCE", "is missing", "grocery, a data set with --data, or a catalogue file")
    init(feed=Path(typer.prompt("The shop's feed, a file")))


def _builders(method: str) -> tuple[Callable[..., str], Callable[..., str]]:
    """What builds a bundle; imported once the catalogue has been read, because that takes longer than to say what is
    wrong with one.

    Raises:
        BadParameter: see `check_servable`.
    """
    from trimtab.engine.build.build import build_bundle
    from trimtab.engine.build.grocery import build_grocery
    from trimtab.ranker.methods.registry import check_servable

    check_servable(method)
    return build_bundle, build_grocery


def _read_items(
    source: str, data: Path | None, shop: Path | None, max_rejected_share: float
) -> tuple[list[pl.DataFrame], Shop, Feed | None]:
    """The items, one frame that nobody else holds, what is known of the shop, and of a feed all but its items."""
    from trimtab.catalog.datasets.folders import DATA_SETS
    from trimtab.catalog.feeds.reading import read_feed
    from trimtab.catalog.files import nearest_file

    if source in DATA_SETS:
        if data is None:
            file = DATA_SETS[source].file
            raise BadParameter("--data", f"{source} is read from a folder", f"--data FOLDER with {file}")
        items, known = DATA_SETS[source].read(data)
        return [items], known, None
    if not Path(source).exists():
        nearest = nearest_file(Path(source))
        raise BadFile(source, f"no such file{nearest}; SOURCE is grocery, {', '.join(DATA_SETS)} or a catalogue file")
    feed = read_feed(Path(source), shop, max_rejected_share=max_rejected_share)
    return [feed.items], feed.shop, replace(feed, items=feed.items.clear())


def _write_inferred(feed: Feed, source: str, out: Path) -> None:
    """Write what was inferred beside the bundle, to be edited; a file that is there may have been."""
    from trimtab.catalog.shop import FILE
    from trimtab.catalog.shop_text import shop_text

    path = out.with_name(f"{out.name}.{FILE}")
    if not path.exists():
        path.write_text(shop_text(feed.shop, source, feed.layout.costs), encoding="utf-8")


def _read_labels(
    judgments: Path | None, log: Path | None
) -> tuple[pl.DataFrame | None, Iterator[Mapping[str, Any]] | None]:
    from trimtab.catalog.judgments import read_judgments
    from trimtab.engine.log.impressions import read_log
    from trimtab.engine.log.rows import rows_of

    rows = (row for frame in read_log(log) for row in rows_of(frame)) if log else None
    return read_judgments(judgments) if judgments else None, rows


def bundle_summary(out: Path, *, seconds: float) -> dict[str, Any]:
    """What `trimtab build --json` prints: the manifest has the rest."""
    from trimtab.engine.bundle.manifest import read_manifest

    manifest = read_manifest(out)
    training = manifest["training"]
    measured = training.get("test") or training.get("cross_validation") or {}
    return {
        "bundle": str(out),
        "bundle_id": manifest["bundle_id"],
        "source": manifest["source"],
        "n_items": manifest["catalogue"]["n_items"],
        "rows": manifest["catalogue"].get("rows"),
        "encoder": manifest["retrieval"]["encoder"],
        "collection": manifest["retrieval"].get("remote", {}).get("collection"),
        "method": training["method"],
        "trained_on": training.get("trained_on", []),
        "n_lists": training.get("n_lists", 0),
        "recall@100": training.get("recall@100"),
        "recall@100_against_exact": manifest["retrieval"]["recall@100_against_exact"],
        "ndcg@10_as_retrieved": measured.get("ndcg@10_as_retrieved"),
        "ndcg@10": measured.get("ndcg@10"),
        "default_weights": manifest["default_weights"],
        "without_value": {
            one["name"]: one["n_without_value"] for one in manifest["objectives"] if one["n_without_value"]
        },
        "seconds": round(seconds, 1),
        "bytes": sum(file.stat().st_size for file in out.rglob("*") if file.is_file()),
    }


def summary_lines(summary: Mapping[str, Any]) -> Iterator[RenderableType]:
    """The same for a person."""
    out = plain(summary["bundle"])
    yield f"{counted(summary['n_items'], 'item')} from {plain(summary['source'])}"
    yield f"bundle {summary['bundle_id']} in {out}: {summary['bytes'] / 1e6:,.1f} MB, {summary['seconds']:.0f} s"
    facts = Table.grid(padding=(0, 2))
    learned = f"{' and '.join(summary['trained_on'])} ({summary['n_lists']:,} lists)"
    facts.add_row("  learned from", learned if summary["trained_on"] else "nothing: it ranks by fixed rules")
    facts.add_row("  encoder", summary["encoder"])
    if summary["collection"]:
        facts.add_row("  collection", summary["collection"])
    facts.add_row("  recall@100", _recall(summary))
    if summary["ndcg@10"]:
        facts.add_row("  ndcg@10", _ndcg(summary))
    weights = (f"{name} {weight:.2f}" for name, weight in summary["default_weights"].items())
    facts.add_row("  default weights", ", ".join(weights))
    yield facts
    yield from _without_value(summary)


def _without_value(summary: Mapping[str, Any]) -> Iterator[str]:
    """Objectives that items have no value for."""
    for name, n in summary["without_value"].items():
        if n == summary["n_items"]:
            yield f"  {plain(name)}: no item has what its value is made of, so w_{plain(name)} changes nothing"
        else:
            yield f"  {plain(name)}: {counted(n, 'item lacks', 'items lack')} what its value is made of"


def next_line(bundle: Path) -> str:
    """The commands that come next."""
    out = plain(str(bundle))
    return f"Next:  trimtab search {out} WORDS    or    trimtab serve {out}"


def feed_notes(source: str, summary: str, rows: Mapping[str, Any]) -> Iterator[RenderableType]:
    """What became of a feed's rows, and what its columns were taken for."""
    yield f"{summary} of {plain(source)}"
    if rows["rejected"]:
        table = Table("column", "rejected", "the first of them", box=None, padding=(0, 2))
        for column, one in rows["rejected"].items():
            table.add_row(column, f"{one['n']:,}", plain(f"line {one['first_line']}: {one['first_reason']}"))
        yield table
    for line in rows["said"]:
        yield f"  {plain(line)}"


def _recall(summary: Mapping[str, Any]) -> str:
    nearest = f"{summary['recall@100_against_exact']:.3f} of the nearest items"
    relevant = summary["recall@100"]
    return nearest if relevant is None else f"{relevant['value']:.3f} of the relevant items, {nearest}"


def _ndcg(summary: Mapping[str, Any]) -> str:
    after, before = summary["ndcg@10"], summary["ndcg@10_as_retrieved"]
    held_out = f"95 % interval {after['low']:.3f} to {after['high']:.3f}, {after['n_queries']:,} held-out queries"
    start = "" if before is None else f"{before['value']:.3f} as retrieved, "
    return f"{start}{after['value']:.3f} ranked ({held_out})"
