"""The `trimtab` command: thin, one function a subcommand. It prints for people, or one JSON object with --json."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column, Table

from core.errors import BadFile, BadParameter, TrimtabError

if TYPE_CHECKING:
    from engine.frontier import Frontier

app = typer.Typer(
    name="trimtab",
    help="Product search steered per request.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
_errors = Console(stderr=True)

BundleFolder = Annotated[Path, typer.Argument(help="bundle folder", metavar="BUNDLE")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")]
Quiet = Annotated[bool, typer.Option("--quiet", help="no progress bars")]


def main() -> None:
    """Run, and translate the exception tree to exit codes: 0 done, 1 failed, 2 wrong usage or bad input."""
    try:
        app()
    except TrimtabError as error:
        _errors.print(f"[red]trimtab:[/] {_plain(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


@app.command()
def build(
    source: Annotated[str, typer.Argument(help="grocery, icecat (with --data), or a catalogue file")],
    out: Annotated[Path, typer.Option(help="folder to write the bundle to")],
    encoder: Annotated[
        str, typer.Option(help="wordllama, minilm, or distilled: items by minilm, queries as quick as wordllama")
    ] = "wordllama",
    data: Annotated[Path | None, typer.Option(help="the folder of the icecat data")] = None,
    judgments: Annotated[Path | None, typer.Option(help="CSV of query,item_id,grade to train on")] = None,
    log: Annotated[Path | None, typer.Option(help="impression log to train on")] = None,
    method: Annotated[str, typer.Option(help="how objectives are traded; see `trimtab compare`")] = "heads",
    max_rejected_share: Annotated[float, typer.Option(help="fail when more of the rows are rejected")] = 0.05,
    quiet: Quiet = False,
) -> None:
    """Build a bundle: index a catalogue and train its ranker."""
    from catalog.icecat import load_icecat
    from catalog.judgments import read_judgments
    from catalog.readers import read_catalogue
    from engine.build import build_bundle
    from engine.grocery import build_grocery
    from engine.impressions import read_log, rows_of
    from ranker.methods.registry import check_servable

    check_servable(method)
    if source == "grocery":
        if judgments is not None or log is not None:
            raise BadParameter("SOURCE", "grocery is trained on its own purchases", "neither --judgments nor --log")
        with _progress(quiet) as progress:
            bundle_id = build_grocery(out, encoder=encoder, method=method, progress=progress)
    else:
        judged = read_judgments(judgments) if judgments else None
        rows = (row for frame in read_log(log) for row in rows_of(frame)) if log else None
        if source == "icecat":
            if data is None:
                raise BadParameter("--data", "icecat is read from a folder", "--data DIR with products.jsonl.gz")
            items = load_icecat(data)
        else:
            if not Path(source).exists():
                raise BadFile(source, "does not exist; SOURCE is grocery, icecat or a catalogue file")
            items, rejections = read_catalogue(Path(source), max_rejected_share=max_rejected_share)
            _errors.print(str(rejections), highlight=False)
        with _progress(quiet) as progress:
            bundle_id = build_bundle(
                items,
                out,
                source=source,
                encoder=encoder,
                judgments=judged,
                log_rows=rows,
                method=method,
                progress=progress,
            )
    manifest = json.loads((out / "manifest.json").read_text())
    _errors.print(f"bundle {bundle_id} in {out}: {manifest['catalogue']['n_items']:,} items")
    _errors.print_json(data={"retrieval": manifest["retrieval"], "training": manifest["training"]})


@app.command()
def search(
    bundle: BundleFolder,
    query: Annotated[str, typer.Argument(help="the words")],
    w_relevance: Annotated[float | None, typer.Option("--w-relevance", min=0)] = None,
    w_revenue: Annotated[float | None, typer.Option("--w-revenue", min=0)] = None,
    w_diversity: Annotated[float | None, typer.Option("--w-diversity", min=0)] = None,
    k: Annotated[int, typer.Option(min=1, max=200)] = 10,
    max_relevance_loss: Annotated[float | None, typer.Option(min=0, max=1)] = None,
    filter_: Annotated[list[str] | None, typer.Option("--filter", help="brand:Acme, price:0..20, ...")] = None,
    user_id: Annotated[str | None, typer.Option(help="rank for this user's history")] = None,
    as_json: AsJson = False,
) -> None:
    """Search a bundle and print the slate with its receipt."""
    from core.records import Constraints, Query
    from engine import Engine
    from engine.response import response_of
    from retrieval.filters import parse_filter

    asked = {"relevance": w_relevance, "revenue": w_revenue, "diversity": w_diversity}
    weights = {name: value for name, value in asked.items() if value is not None}
    text = query.strip()
    if not text:
        raise BadParameter("query", "is empty", "some words")
    engine = Engine.load(bundle)
    slate = engine.search(
        Query(
            text=text,
            k=k,
            weights=weights or None,
            constraints=Constraints(max_relevance_loss=max_relevance_loss),
            filters=tuple(parse_filter(condition) for condition in filter_ or ()),
            user_id=user_id,
        )
    )
    response = response_of(slate, engine.store)
    if as_json:
        _print_json(response)
        return
    _print_slate(response)


@app.command()
def frontier(
    bundle: BundleFolder,
    query: Annotated[str, typer.Argument(help="the words")],
    against: Annotated[str | None, typer.Option(help="the objective on the vertical axis")] = None,
    k: Annotated[int, typer.Option(min=1, max=200)] = 10,
    filter_: Annotated[list[str] | None, typer.Option("--filter", help="brand:Acme, price:0..20, ...")] = None,
    as_json: AsJson = False,
) -> None:
    """Plot what the weights can trade for a query: each point is a slate it could show."""
    from core.records import Query
    from engine import Engine
    from engine.frontier import frontier_of
    from retrieval.filters import parse_filter

    text = query.strip()
    if not text:
        raise BadParameter("query", "is empty", "some words")
    engine = Engine.load(bundle)
    traded = engine.known_weights[1:]
    objective = against or traded[0]
    if objective not in traded:
        raise BadParameter("--against", f"{objective!r} cannot be traded here", ", ".join(traded))
    asked = Query(text=text, k=k, filters=tuple(parse_filter(condition) for condition in filter_ or ()))
    scored = engine.score(asked)
    found = frontier_of(engine.stage(asked, scored), scored, engine.known_weights)
    if as_json:
        _print_json({"query": text, "n_candidates": len(scored), "points": found.as_dicts()})
    elif found.knee is None:
        Console().print("no item matches")
    else:
        _print_frontier(found, objective, text)


@app.command()
def serve(
    bundle: Annotated[Path | None, typer.Option(help="bundle folder")] = None,
    host: Annotated[str | None, typer.Option()] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535)] = None,
    workers: Annotated[int | None, typer.Option(min=1)] = None,
) -> None:
    """Serve a bundle over HTTP."""
    from service.server import serve as run
    from service.settings import read_settings

    given = {"bundle": bundle, "host": host, "port": port, "workers": workers}
    run(read_settings(**{name: value for name, value in given.items() if value is not None}))


@app.command()
def evaluate(
    bundle: BundleFolder,
    judgments: Annotated[Path, typer.Option(help="CSV of query,item_id,grade")],
    pool: Annotated[str, typer.Option(help="judged (rank the judged items) or full (unjudged count as 0)")] = "judged",
    as_json: AsJson = False,
) -> None:
    """Measure a bundle's relevance against judgments."""
    from catalog.judgments import read_judgments
    from engine import Engine
    from engine.evaluation import evaluate as measure

    if pool not in {"judged", "full"}:
        raise BadParameter("--pool", f"{pool!r} is no pool", "judged, full")
    engine = Engine.load(bundle)
    intervals = measure(engine, read_judgments(judgments), pool="judged" if pool == "judged" else "full")
    if as_json:
        _print_json({name: interval.as_dict() for name, interval in intervals.items()})
        return
    table = Table("metric", "value", "95 % interval", "queries", title=f"{bundle.name}, {pool} pool")
    for name, one in intervals.items():
        table.add_row(name, f"{one.value:.3f}", f"{one.low:.3f} to {one.high:.3f}", str(one.n_queries))
    Console().print(table)
    trained_on = engine.manifest["training"].get("trained_on", [])
    if "judgments" in trained_on:
        _errors.print("This bundle was trained on judgments; held-out figures are in its manifest (cross_validation).")


@app.command()
def simulate(
    bundle: BundleFolder,
    impressions: Annotated[int, typer.Option(min=1, help="how many to simulate")],
    out: Annotated[Path, typer.Option(help="log to write")],
    seed: Annotated[int, typer.Option()] = 0,
    clicks: Annotated[str, typer.Option(help="how a page is read: position, trust, cascade or dbn")] = "position",
    quiet: Quiet = False,
) -> None:
    """Simulate shoppers and write the log a service would have written."""
    from abtest.clicks import CLICK_MODELS
    from abtest.simulate import simulate as run
    from engine import Engine

    if clicks not in CLICK_MODELS:
        raise BadParameter("--clicks", f"{clicks!r} is no click model", ", ".join(CLICK_MODELS))
    engine = Engine.load(bundle)
    with _progress(quiet) as progress:
        run(engine, impressions, out, seed=seed, click_model=CLICK_MODELS[clicks], progress=progress)


@app.command()
def replay(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="impression log: a file or a folder")],
    bundle: Annotated[Path, typer.Option(help="the bundle that served")],
    policy: Annotated[list[str], typer.Option(help="NAME=w_relevance:0.7,w_revenue:0.3; may be repeated")],
    out: Annotated[Path, typer.Option(help="folder for the report")],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say what other weights would have done to relevance, revenue and diversity."""
    from abtest.replay import replay as run
    from core.weights import parse_policy
    from engine import Engine

    policies = dict(parse_policy(text) for text in policy)
    engine = Engine.load(bundle)
    with _progress(quiet or as_json) as progress:
        result = run(log, engine, policies, out, progress=progress)
    if as_json:
        _print_json(result)
    else:
        _errors.print(f"report in {out}")
        Console().print((out / "report.md").read_text(), highlight=False)


@app.command()
def compare(
    data: Annotated[str, typer.Option(help="grocery, icecat, or both with a comma")],
    out: Annotated[Path, typer.Option(help="folder for prepared lists, cells and tables; a run is taken up again")],
    methods: Annotated[str, typer.Option(help="all, or names with commas")] = "all",
    seeds: Annotated[int, typer.Option(min=1, help="how many seeds")] = 5,
    icecat: Annotated[Path | None, typer.Option(help="the folder of the icecat data")] = None,
    docs: Annotated[Path | None, typer.Option(help="folder to write experiments.md and its plots to")] = None,
    quiet: Quiet = False,
) -> None:
    """Compare ways of trading objectives on the same lists."""
    from engine.compare import compare as run
    from engine.experiments import write_experiments

    with _progress(quiet) as progress:
        for name in data.split(","):
            run(name, methods.split(","), n_seeds=seeds, out=out, icecat=icecat, progress=progress)
    if docs is not None:
        _errors.print(f"report in {write_experiments(out, docs)}")


@app.command()
def decision(
    decision_id: Annotated[str, typer.Argument(metavar="ID", help="as in the response and the log")],
    bundle: Annotated[Path, typer.Option(help="the bundle that served")],
    log: Annotated[Path, typer.Option(help="impression log: a file or a folder")] = Path("data"),
) -> None:
    """Make a logged decision again, to the bit, and say what each feature added."""
    from engine import Engine
    from engine.decisions import replay_decision
    from engine.impressions import find_impression

    replayed = replay_decision(Engine.load(bundle), find_impression(decision_id, [log]))
    _print_json({**replayed, "timestamp": replayed["timestamp"].isoformat()})


@app.command()
def page(
    file: Annotated[Path, typer.Argument(help="HTML file, may be .gz", metavar="FILE.html")],
    url: Annotated[str | None, typer.Option(help="where the page is from")] = None,
    render: Annotated[bool, typer.Option(help="let Chromium draw the page where that is worth it")] = False,
    as_json: AsJson = False,
) -> None:
    """Recognise what is what on a shop's page."""
    from webpages.commands import page as run

    found = run(file, url=url, render=render)
    if as_json:
        _print_json(found)
        return
    table = Table("element", Column("value", min_width=28), "confidence", "evidence", title=found["kind"])
    for name, element in found["elements"].items():
        table.add_row(
            name, _plain(str(element["value"])), f"{element['confidence']:.2f}", ", ".join(element["evidence"])
        )
    Console().print(table)
    for form in found["forms"]:
        _errors.print_json(data=form)


@app.command()
def pages(
    folder: Annotated[Path, typer.Argument(help="folder of HTML files")],
    into: Annotated[Path, typer.Option(help="catalogue (JSON lines) to make or add to")],
    urls: Annotated[Path | None, typer.Option(help="JSON object, file name -> address")] = None,
    currency: Annotated[str | None, typer.Option(help="keep offers in this currency only")] = None,
) -> None:
    """Turn product pages into a catalogue."""
    from webpages.commands import pages as run

    _print_json(run(folder, into, urls=urls, currency=currency))


@app.command("pages-eval")
def pages_eval(
    data: Annotated[Path, typer.Option(help="the folder of the labelled sets")],
    out: Annotated[Path | None, typer.Option(help="docs folder to write tables and plots to")] = None,
) -> None:
    """Measure page analysis on labelled pages, each by a model that never saw its site."""
    from webpages.commands import pages_eval as run

    _print_json(run(data, out=out))


@app.command()
def track(
    file: Annotated[Path, typer.Argument(help="HTML file of this visit", metavar="FILE.html")],
    url: Annotated[str, typer.Option(help="the page's address")],
    state: Annotated[Path, typer.Option(help="JSON file that remembers what is followed")],
    history: Annotated[Path | None, typer.Option(help="Parquet file of all visits")] = None,
) -> None:
    """Follow a page's price from visit to visit."""
    from webpages.commands import track as run

    _print_json(run(file, url=url, state=state, history=history))


@app.command()
def tune(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="impression log: a file or a folder")],
    bundle: Annotated[Path, typer.Option(help="the bundle that served")],
    maximise: Annotated[str, typer.Option(help="an objective")],
    out: Annotated[Path, typer.Option(help="profile to write, as /profiles takes it")],
    keep: Annotated[list[str] | None, typer.Option(help="objective=share of its logged value, relevance=0.98")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Find weights on a log: maximise one objective, keep a share of others."""
    from abtest.tune import tune as run
    from core.weights import format_weights
    from engine import Engine

    floors = dict(_parse_share(text) for text in keep or ())
    engine = Engine.load(bundle)
    with _progress(quiet or as_json) as progress:
        result = run(log, engine, out, maximise=maximise, keep=floors, progress=progress)
    if as_json:
        _print_json(result)
        return
    table = Table("weights", f"{maximise} gain", "at least", "keeps", "front", title=f"{out}")
    for name, one in result["candidates"].items():
        gain, at_least = ("" if value is None else f"{value:+.1%}" for value in (one["gain"], one["gain_at_least"]))
        marks = " ".join(
            mark for mark, is_so in (("chosen", name == result["chosen"]), ("knee", name == result["knee"])) if is_so
        )
        front = "front" if one["on_front"] else ""
        keeps = one["refusal"] or ("yes" if one["keeps"] else "not surely")
        table.add_row(f"{format_weights(one['weights'])} {marks}", gain, at_least, keeps, front)
    Console().print(table)


@app.command()
def agree(
    bundle: BundleFolder,
    metric: Annotated[str, typer.Option(help="relevance or revenue")] = "relevance",
    policies: Annotated[int, typer.Option(min=3)] = 20,
    impressions: Annotated[int, typer.Option(min=1, help="of the log, and of all A/B tests together")] = 200_000,
    truth: Annotated[int, typer.Option(min=1, help="searches by which each policy's truth is measured")] = 100_000,
    seed: Annotated[int, typer.Option()] = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Simulate many policies: do judgments, replay, A/B tests and interleaving rank them as the truth does?"""
    from abtest.agree import METHODS
    from abtest.agree import agree as run
    from engine import Engine

    engine = Engine.load(bundle)
    with _progress(quiet or as_json) as progress:
        result = run(
            engine, metric=metric, n_policies=policies, n_log=impressions, n_truth=truth, seed=seed, progress=progress
        )
    if as_json:
        _print_json(result)
        return
    table = Table("policy", "truth", *METHODS, title=f"{metric} of {policies} policies")
    for name, one in sorted(result["policies"].items(), key=lambda item: -item[1]["truth"]):
        table.add_row(name, *("" if one[m] is None else f"{one[m]:.4f}" for m in ("truth", *METHODS)))
    taus = ("" if result["kendall_tau"][m] is None else f"{result['kendall_tau'][m]:.3f}" for m in METHODS)
    table.add_section()
    table.add_row("Kendall's tau to the truth", "", *taus)
    Console().print(table)
    needed = {method: f"{count:,.0f}" for method, count in result["searches_to_decide"].items() if count}
    Console().print("searches to tell the median policy from the default:", needed)


def _parse_share(text: str) -> tuple[str, float]:
    name, _, share = text.partition("=")
    try:
        return name.strip(), float(share)
    except ValueError:
        raise BadParameter("--keep", f"cannot read {text!r}", "objective=share, as in relevance=0.98") from None


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Progress bars on stderr, one a stage; silent without a terminal."""
    columns = (
        TextColumn("{task.description:>20}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=_errors, disable=quiet or not _errors.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield report


def _print_slate(response: dict[str, Any]) -> None:
    console = Console()
    objectives = list(response["hits"][0]["objectives"]) if response["hits"] else []
    title = Column("title", min_width=28)
    table = Table("#", title, "price", *objectives, "score", title=f"“{_plain(response['query'])}”")
    best = max((hit["score"] for hit in response["hits"]), default=1.0) or 1.0
    for hit in response["hits"]:
        price = "" if hit["price"] is None else f"{hit['price']:.2f}"
        values = [f"{hit['objectives'][name]:.3f}" for name in objectives]
        bar = "█" * max(1, round(8 * hit["score"] / best))
        rank = str(hit["position"] + 1)
        table.add_row(rank, _plain(hit["title"]), price, *values, f"{hit['score']:.2f} {bar}")
    console.print(table if response["hits"] else "no item matches")
    receipt = Table("objective", "weight", "expected", "pure relevance", "change", title="receipt")
    for name, line in response["receipt"].items():
        change = "" if line["change"] is None else f"{line['change']:+.1%}"
        weight = f"{response['weights'][name]:.2f}"
        receipt.add_row(name, weight, f"{line['expected']:.3f}", f"{line['baseline']:.3f}", change)
    console.print(receipt)
    if response["infeasible"]:
        console.print("[yellow]max_relevance_loss cannot hold here: the slate is as relevant as it can be[/]")


def _print_frontier(found: Frontier, objective: str, query: str) -> None:
    """The plane of relevance and one objective, down to a little below its front, then the front as a table."""
    import numpy as np

    assert found.knee is not None
    columns, rows, margin = 64, 18, 0.35
    front = found.plane_front(objective)
    named = [found.names.index("relevance"), found.names.index(objective)]
    plane = np.nan_to_num(found.changes()[:, named])
    framed = plane[[*front, found.knee]]
    high = framed.max(axis=0)
    low = high - np.maximum(high - framed.min(axis=0), 0.01) * (1 + margin)
    cells = np.rint((plane - low) / (high - low) * [columns - 1, rows - 1]).astype(int)
    canvas = np.full((rows, columns), " ")
    for points, mark in ((range(len(plane)), "·"), (front, "●"), ([found.knee], "◆")):
        for column, row in cells[list(points)]:
            if column >= 0 and row >= 0:
                canvas[rows - 1 - row, column] = mark
    console = Console(highlight=False)
    console.print(f"[bold]{objective}[/] of “{_plain(query)}” against pure relevance", soft_wrap=True)
    labels = {0: f"{high[1]:+.1%}", rows - 1: f"{low[1]:+.1%}"}
    for number, line in enumerate(canvas):
        console.print(f"{labels.get(number, ''):>8} │{''.join(line)}", soft_wrap=True)
    ends = f"{low[0]:+.1%}", f"relevance {high[0]:+.1%}"
    console.print(f"{'':>8} └{'─' * columns}\n{'':>10}{ends[0]}{ends[1]:>{columns - len(ends[0])}}", soft_wrap=True)
    table = Table("", *(f"w_{name}" for name in found.names), *found.names, title="● the front, ◆ the knee of all")
    steps = np.unique(np.linspace(0, len(front) - 1, 8).round().astype(int))
    for mark, number in [*(("●", int(front[step])) for step in steps), ("◆", found.knee)]:
        weights = (f"{weight:.2f}" for weight in found.weights[number])
        table.add_row(mark, *weights, *(f"{change:+.1%}" for change in found.changes()[number]))
    console.print(table)


def _plain(text: str) -> str:
    """Text of others, kept from being read as markup."""
    return text.replace("[", "\\[")


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, allow_nan=False) + "\n")


if __name__ == "__main__":
    main()
