"""The subcommands of `trimtab` on bundles, one function each: it prints for people, or one JSON object with --json.

`build` is in `trimtab.cli.build`, those on logs are in `trimtab.cli.logs`, those on web pages in `trimtab.cli.pages`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from trimtab.cli.accounts import app as accounts_app
from trimtab.cli.analytics import app as analytics_app
from trimtab.cli.backups import app as backups_app
from trimtab.cli.build import app as build_app
from trimtab.cli.config import app as config_app
from trimtab.cli.console import (
    AsJson,
    BundleFolder,
    Quiet,
    as_typed,
    load_engine,
    notes,
    numbers_by_name,
    plain,
    print_json,
    progress,
    results,
)
from trimtab.cli.feed import app as feed_app
from trimtab.cli.init import app as init_app
from trimtab.cli.logs import app as logs_app
from trimtab.cli.pages import app as pages_app
from trimtab.cli.shop import app as shop_app
from trimtab.cli.words import app as words_app
from trimtab.core.errors import BadParameter, TrimtabError
from trimtab.core.work.collector import collector_seldom

app = typer.Typer(
    name="trimtab",
    help="Product search steered per request.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

app.add_typer(init_app)
app.add_typer(build_app)
app.add_typer(logs_app)
app.add_typer(analytics_app)
app.add_typer(pages_app)
app.add_typer(shop_app)
app.add_typer(words_app)
app.add_typer(feed_app)
app.add_typer(backups_app)
app.add_typer(config_app, name="config")
app.add_typer(accounts_app, name="accounts")


def _print_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        results.print(f"trimtab {version('trimtab')}", highlight=False)
        raise typer.Exit


@app.callback()
def trimtab(
    version: Annotated[  # its callback prints and stops
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="print the version and stop")
    ] = False,
) -> None:
    """Product search steered per request."""


def main() -> None:
    """Run, and translate the exception tree to exit codes: 0 done, 1 failed, 2 wrong usage or bad input."""
    try:
        with collector_seldom():
            app()
    except TrimtabError as error:
        notes.print(f"[red]trimtab:[/] {plain(as_typed(error))}", highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


WIDE = 110
"""The width of a terminal with room for a column an objective."""
WEIGHT = "how much it counts beside the others; only proportions matter"
SHOWN = "items to show"


@app.command()
def search(
    bundle: BundleFolder,
    query: Annotated[str, typer.Argument(help="the words")],
    w_relevance: Annotated[float | None, typer.Option("--w-relevance", min=0, help=WEIGHT)] = None,
    w_revenue: Annotated[float | None, typer.Option("--w-revenue", min=0, help=WEIGHT)] = None,
    w_diversity: Annotated[float | None, typer.Option("--w-diversity", min=0, help=WEIGHT)] = None,
    weight: Annotated[
        list[str] | None, typer.Option("--w", help="NAME=WEIGHT, of any objective of the bundle; may be repeated")
    ] = None,
    attainment: Annotated[
        bool, typer.Option("--attainment", help="the --w numbers are shares of what each can gain over relevance")
    ] = False,
    k: Annotated[int, typer.Option(min=1, max=200, help=SHOWN)] = 10,
    max_relevance_loss: Annotated[
        float | None, typer.Option(min=0, max=1, help="share of expected relevance that the weights may cost")
    ] = None,
    max_loss: Annotated[
        list[str] | None, typer.Option(help="NAME=SHARE of another objective's best slate to give up; may be repeated")
    ] = None,
    filter_: Annotated[list[str] | None, typer.Option("--filter", help="brand:Acme, price:0..20, ...")] = None,
    user_id: Annotated[str | None, typer.Option(help="rank for this user's history")] = None,
    price_list: Annotated[str | None, typer.Option(help="prices of shop.toml by which somebody buys")] = None,
    store: Annotated[str | None, typer.Option(help="store of shop.toml where somebody buys")] = None,
    near: Annotated[str | None, typer.Option(help="LATITUDE,LONGITUDE where somebody is, for `distance`")] = None,
    sort: Annotated[str | None, typer.Option(help="NAME, NAME:asc or NAME:desc instead of weights")] = None,
    offset: Annotated[int, typer.Option(min=0, help="how many hits to leave out before the first")] = 0,
    facet: Annotated[list[str] | None, typer.Option(help="attribute to count by; may be repeated")] = None,
    group: Annotated[bool, typer.Option(help="show the variants of a product as one hit")] = True,
    language: Annotated[str | None, typer.Option(help="of the words, as de; by default the catalogue's")] = None,
    exact: Annotated[bool, typer.Option("--exact", help="search as typed, without correction")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="with --json, the features of each hit")] = False,
    as_json: AsJson = False,
) -> None:
    """Search a bundle and print the slate with its receipt."""
    asked = {"relevance": w_relevance, "revenue": w_revenue, "diversity": w_diversity}
    weights = {name: value for name, value in asked.items() if value is not None}
    weights |= numbers_by_name(weight or (), "--w", "margin=0.3")
    engine = load_engine(bundle)

    from trimtab.cli.tables import slate_tables
    from trimtab.engine.search_index import SearchIndex
    from trimtab.retrieval.filters import unknown_values

    found = SearchIndex(engine).search(
        query,
        k=k,
        offset=offset,
        weights=weights,
        mode="attainment" if attainment else "weights",
        max_relevance_loss=max_relevance_loss,
        max_losses=numbers_by_name(max_loss or (), "--max-loss", "margin=0.1"),
        filters=filter_ or (),
        facets=facet or (),
        sort=sort,
        group=group,
        user_id=user_id,
        price_list=price_list,
        store=store,
        near=near,
        explain=explain,
        language=language,
        exact=exact,
    )
    if as_json:
        print_json(found.response)
        return
    results.print(*slate_tables(found.response, is_wide=results.width >= WIDE), sep="\n")
    if not found:
        results.print(*map(plain, unknown_values(engine.store, found.slate.query.filters)), sep="\n")


@app.command()
def frontier(
    bundle: BundleFolder,
    query: Annotated[str, typer.Argument(help="the words")],
    against: Annotated[str | None, typer.Option(help="the objective on the vertical axis")] = None,
    k: Annotated[int, typer.Option(min=1, max=200, help="items of a slate")] = 10,
    filter_: Annotated[list[str] | None, typer.Option("--filter", help="brand:Acme, price:0..20, ...")] = None,
    as_json: AsJson = False,
) -> None:
    """Plot what the weights can trade for a query: each point is a slate it could show."""
    text = query.strip()
    if not text:
        raise BadParameter("query", "is empty", "some words")
    engine = load_engine(bundle)

    from trimtab.cli.frontier_plot import draw_frontier
    from trimtab.core.records import Query
    from trimtab.engine.plan.search_plan import SearchPlan
    from trimtab.retrieval.filters import parse_filter

    traded = engine.known_weights[1:]
    objective = against or traded[0]
    if objective not in traded:
        raise BadParameter("--against", f"{objective!r} cannot be traded here", ", ".join(traded))
    asked = Query(text=text, k=k, filters=tuple(parse_filter(condition) for condition in filter_ or ()))
    searched = engine.candidates(SearchPlan(asked))
    found = engine.frontier(searched)
    if as_json:
        print_json({"query": text, "n_candidates": len(searched.scored), "points": found.as_dicts()})
    elif found.knee is None:
        results.print("no item matches")
    else:
        draw_frontier(found, objective, text, results)


@app.command()
def serve(
    folder: Annotated[Path | None, typer.Argument(metavar="BUNDLE", help="bundle folder")] = None,
    bundle: Annotated[Path | None, typer.Option(help="bundle folder, too; by default TRIMTAB_BUNDLE")] = None,
    host: Annotated[str | None, typer.Option(help="address to listen at; by default TRIMTAB_HOST")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0 takes a free one")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="processes that answer searches")] = None,
    data_folder: Annotated[Path | None, typer.Option(help="where logs, events and definitions are kept")] = None,
    explore: Annotated[
        str | None,
        typer.Option(help="what exploration may cost in expected relevance, as 1%; makes the log replayable"),
    ] = None,
) -> None:
    """Serve a bundle over HTTP."""
    from trimtab.cli.logs import parse_loss
    from trimtab.service.server import serve as run

    if folder is not None and bundle is not None:
        raise BadParameter(
            "--bundle", f"{bundle} beside {folder}", "one bundle to start with; more can be loaded later"
        )
    given = {
        "bundle": folder or bundle,
        "host": host,
        "port": port,
        "workers": workers,
        "data_folder": data_folder,
        "exploration_max_relevance_loss_ratio": None if explore is None else parse_loss(explore),
    }
    run(**{name: value for name, value in given.items() if value is not None})


@app.command()
def evaluate(
    bundle: BundleFolder,
    judgments: Annotated[Path, typer.Option(help="CSV of query,item_id,grade")],
    pool: Annotated[str, typer.Option(help="judged (rank the judged items) or full (unjudged count as 0)")] = "judged",
    as_json: AsJson = False,
) -> None:
    """Measure a bundle's relevance against judgments."""
    from trimtab.catalog.judgments import read_judgments, unknown_items
    from trimtab.cli.tables import intervals_table
    from trimtab.engine.build.relevance_evaluation import evaluate_relevance

    if pool not in {"judged", "full"}:
        raise BadParameter.unknown("--pool", "pool", pool, ("judged", "full"))
    engine, judged = load_engine(bundle), read_judgments(judgments)
    warning = unknown_items(judged, engine.store)
    if warning is not None:
        notes.print(f"warning: {warning}", highlight=False, markup=False, soft_wrap=True)
    intervals = evaluate_relevance(engine, judged, pool="judged" if pool == "judged" else "full")
    if as_json:
        print_json({name: interval.as_dict() for name, interval in intervals.items()})
        return
    results.print(intervals_table(intervals, title=f"{bundle.name}, {pool} pool"))
    trained_on = engine.manifest["training"].get("trained_on", [])
    if "judgments" in trained_on:
        notes.print("This bundle was trained on judgments; held-out figures are in its manifest (cross_validation).")


@app.command()
def compare(
    data: Annotated[str, typer.Option(help="grocery, icecat, esci, or several with commas")],
    out: Annotated[Path, typer.Option(help="folder for prepared lists, cells and tables; a run is taken up again")],
    methods: Annotated[str, typer.Option(help="all, or names with commas")] = "all",
    seeds: Annotated[int, typer.Option(min=1, help="how many seeds")] = 5,
    judged: Annotated[Path | None, typer.Option(help="the folder that holds icecat/ and esci/")] = None,
    docs: Annotated[Path | None, typer.Option(help="folder to write experiments.md and its plots to")] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Compare ways of trading objectives on the same lists."""
    from trimtab.engine.build.study_problems import load_folds
    from trimtab.ranker.study.cell import Fold
    from trimtab.ranker.study.compare import compare as run
    from trimtab.ranker.study.report import write_experiments

    with progress(quiet or as_json) as report:

        def folds_of(name: str, seed: int) -> list[Fold]:
            return load_folds(name, out / "cache", data=judged, seed=seed, progress=report)

        for name in data.split(","):
            run(name, methods.split(","), n_seeds=seeds, out=out, folds_of=folds_of, progress=report)
    written = None if docs is None else write_experiments(out, docs)
    if as_json:
        print_json({"out": str(out), "report": None if written is None else str(written)})
    elif written is None:
        results.print(f"results in {out}; the same command with --docs FOLDER writes the report", soft_wrap=True)
    else:
        results.print(f"report in {written}", soft_wrap=True)
