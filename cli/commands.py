"""The subcommands of `trimtab`, one function each: it prints for people, or one JSON object with --json."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import AsJson, notes, plain, print_json, progress, results
from cli.pages import app as pages_app
from core.errors import BadFile, BadParameter, TrimtabError

if TYPE_CHECKING:
    from engine import Engine

app = typer.Typer(
    name="trimtab",
    help="Product search steered per request.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

app.add_typer(pages_app)

BundleFolder = Annotated[Path, typer.Argument(help="bundle folder", metavar="BUNDLE")]
Quiet = Annotated[bool, typer.Option("--quiet", help="no progress bars")]
IdSalt = Annotated[
    str | None,
    typer.Option(envvar="TRIMTAB_ID_SALT", show_default=False, help="of the service that logged, if it hashes ids"),
]


def main() -> None:
    """Run, and translate the exception tree to exit codes: 0 done, 1 failed, 2 wrong usage or bad input."""
    try:
        app()
    except TrimtabError as error:
        notes.print(f"[red]trimtab:[/] {plain(str(error))}", highlight=False, soft_wrap=True)
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
        with progress(quiet) as report:
            bundle_id = build_grocery(out, encoder=encoder, method=method, progress=report)
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
            notes.print(str(rejections), highlight=False)
        with progress(quiet) as report:
            bundle_id = build_bundle(
                items,
                out,
                source=source,
                encoder=encoder,
                judgments=judged,
                log_rows=rows,
                method=method,
                progress=report,
            )
    manifest = json.loads((out / "manifest.json").read_text())
    notes.print(f"bundle {bundle_id} in {out}: {manifest['catalogue']['n_items']:,} items")
    notes.print_json(data={"retrieval": manifest["retrieval"], "training": manifest["training"]})


@app.command()
def search(
    bundle: BundleFolder,
    query: Annotated[str, typer.Argument(help="the words")],
    w_relevance: Annotated[float | None, typer.Option("--w-relevance", min=0)] = None,
    w_revenue: Annotated[float | None, typer.Option("--w-revenue", min=0)] = None,
    w_diversity: Annotated[float | None, typer.Option("--w-diversity", min=0)] = None,
    attainment: Annotated[
        bool, typer.Option("--attainment", help="the --w numbers are shares of what each can gain over relevance")
    ] = False,
    k: Annotated[int, typer.Option(min=1, max=200)] = 10,
    max_relevance_loss: Annotated[float | None, typer.Option(min=0, max=1)] = None,
    filter_: Annotated[list[str] | None, typer.Option("--filter", help="brand:Acme, price:0..20, ...")] = None,
    user_id: Annotated[str | None, typer.Option(help="rank for this user's history")] = None,
    as_json: AsJson = False,
) -> None:
    """Search a bundle and print the slate with its receipt."""
    from cli.tables import slate_tables
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
            weights=engine.weights_for(weights) if attainment else weights or None,
            constraints=Constraints(max_relevance_loss=max_relevance_loss),
            filters=tuple(parse_filter(condition) for condition in filter_ or ()),
            user_id=user_id,
        )
    )
    response = response_of(slate, engine.store)
    if as_json:
        print_json(response)
        return
    results.print(*slate_tables(response))


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
    from cli.frontier_plot import draw_frontier
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
        print_json({"query": text, "n_candidates": len(scored), "points": found.as_dicts()})
    elif found.knee is None:
        results.print("no item matches")
    else:
        draw_frontier(found, objective, text, results)


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
    from cli.tables import intervals_table
    from engine import Engine
    from engine.evaluation import evaluate as measure

    if pool not in {"judged", "full"}:
        raise BadParameter("--pool", f"{pool!r} is no pool", "judged, full")
    engine = Engine.load(bundle)
    intervals = measure(engine, read_judgments(judgments), pool="judged" if pool == "judged" else "full")
    if as_json:
        print_json({name: interval.as_dict() for name, interval in intervals.items()})
        return
    results.print(intervals_table(intervals, title=f"{bundle.name}, {pool} pool"))
    trained_on = engine.manifest["training"].get("trained_on", [])
    if "judgments" in trained_on:
        notes.print("This bundle was trained on judgments; held-out figures are in its manifest (cross_validation).")


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
    with progress(quiet) as report:
        run(engine, impressions, out, seed=seed, click_model=CLICK_MODELS[clicks], progress=report)


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="UBI files, Open Bandit files, or any table")],
    out: Annotated[Path, typer.Option(help="log to write")],
    mapping: Annotated[Path | None, typer.Option(help="TOML file that says which column of a table is which")] = None,
    as_json: AsJson = False,
) -> None:
    """Read a log of another layout; what is rejected is counted with the reason."""
    from abtest.conversion import convert as run

    found = run(source, out, mapping=mapping).as_dict()
    if as_json:
        print_json(found)
        return
    results.print(f"{found['layout']}: {found['n_written']:,} of {found['n_read']:,} impressions in {out}")
    for reason, one in found["rejected"].items():
        results.print(f"  {one['n']:,} rejected: {reason} (first: {one['first']})", highlight=False)


def _engine_of_log(bundle: Path, id_salt: str | None) -> Engine:
    """The bundle, with its users as the log names them."""
    from pydantic import SecretStr

    from engine import Engine
    from service.pseudonyms import Pseudonyms

    return Pseudonyms(None if id_salt is None else SecretStr(id_salt)).engine(Engine.load(bundle))


@app.command()
def replay(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="impression log: a file or a folder")],
    bundle: Annotated[Path, typer.Option(help="the bundle that served")],
    policy: Annotated[list[str], typer.Option(help="NAME=w_relevance:0.7,w_revenue:0.3; may be repeated")],
    out: Annotated[Path, typer.Option(help="folder for the report")],
    judgments: Annotated[Path | None, typer.Option(help="CSV of query,item_id,grade, for nDCG")] = None,
    id_salt: IdSalt = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say what other weights would have done to relevance, revenue and diversity."""
    from abtest.replay import replay as run
    from catalog.judgments import read_judgments
    from core.weights import parse_policy

    policies = dict(parse_policy(text) for text in policy)
    judged = None if judgments is None else read_judgments(judgments)
    engine = _engine_of_log(bundle, id_salt)
    with progress(quiet or as_json) as report:
        result = run(log, engine, policies, out, judgments=judged, progress=report)
    if as_json:
        print_json(result)
    else:
        notes.print(f"report in {out}")
        results.print((out / "report.md").read_text(), highlight=False)


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

    with progress(quiet) as report:
        for name in data.split(","):
            run(name, methods.split(","), n_seeds=seeds, out=out, icecat=icecat, progress=report)
    if docs is not None:
        notes.print(f"report in {write_experiments(out, docs)}")


@app.command()
def decision(
    decision_id: Annotated[str, typer.Argument(metavar="ID", help="as in the response and the log")],
    bundle: Annotated[Path, typer.Option(help="the bundle that served")],
    log: Annotated[Path, typer.Option(help="impression log: a file or a folder")] = Path("data"),
    changes: Annotated[Path, typer.Option(help="the log of changes to the catalogue")] = Path("data/catalogue"),
    id_salt: IdSalt = None,
) -> None:
    """Make a logged decision again, to the bit, and say what each feature added."""
    from engine.decisions import replay_decision
    from engine.impressions import find_impression
    from engine.live import LiveEngine

    row = find_impression(decision_id, [log])
    replayed = replay_decision(LiveEngine(_engine_of_log(bundle, id_salt), changes).at(row["catalogue"] or 0), row)
    print_json({**replayed, "timestamp": replayed["timestamp"].isoformat()})


@app.command()
def tune(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="impression log: a file or a folder")],
    bundle: Annotated[Path, typer.Option(help="the bundle that served")],
    maximise: Annotated[str, typer.Option(help="an objective")],
    out: Annotated[Path, typer.Option(help="profile to write, as /profiles takes it")],
    keep: Annotated[list[str] | None, typer.Option(help="objective=share of its logged value, relevance=0.98")] = None,
    id_salt: IdSalt = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Find weights on a log: maximise one objective, keep a share of others."""
    from abtest.tune import tune as run
    from cli.tables import tuning_table

    floors = dict(_parse_share(text) for text in keep or ())
    engine = _engine_of_log(bundle, id_salt)
    with progress(quiet or as_json) as report:
        result = run(log, engine, out, maximise=maximise, keep=floors, progress=report)
    if as_json:
        print_json(result)
        return
    results.print(tuning_table(result, maximise, title=str(out)))


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
    from cli.tables import agreement_table
    from engine import Engine

    engine = Engine.load(bundle)
    with progress(quiet or as_json) as report:
        result = run(
            engine, metric=metric, n_policies=policies, n_log=impressions, n_truth=truth, seed=seed, progress=report
        )
    if as_json:
        print_json(result)
        return
    results.print(agreement_table(result, METHODS, title=f"{metric} of {policies} policies"))
    needed = result["searches_to_decide"]
    if needed["n_policies"]:
        results.print(
            f"searches to tell the median of {needed['n_policies']} policies from the default: "
            f"{needed['ab']:,.0f} in an A/B test, {needed['interleaving']:,.0f} interleaved"
        )


def _parse_share(text: str) -> tuple[str, float]:
    name, _, share = text.partition("=")
    try:
        return name.strip(), float(share)
    except ValueError:
        raise BadParameter("--keep", f"cannot read {text!r}", "objective=share, as in relevance=0.98") from None
