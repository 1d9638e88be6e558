"""The subcommands of `trimtab` on logs of searches: make them, read them, say what other weights would have done."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from trimtab.cli.console import (
    AsJson,
    BundleFolder,
    OnRay,
    Quiet,
    load_engine,
    notes,
    numbers_by_name,
    plain,
    print_json,
    progress,
    results,
    tasks_on,
)
from trimtab.core.errors import BadParameter

if TYPE_CHECKING:
    from trimtab.engine import Engine

app = typer.Typer()

MOST_LOSS = 0.5
"""The largest share of relevance that exploration may be set to cost."""

IdSalt = Annotated[
    str | None,
    typer.Option(envvar="TRIMTAB_ID_SALT", show_default=False, help="of the service that logged, if it hashes ids"),
]

Seed = Annotated[int, typer.Option(help="of all chances; the same seed gives the same result")]

ServedAs = Annotated[
    Literal["sorted", "explored"] | None,
    typer.Option(
        help="compare policies as sorted slates or as explored ones; by default sorted, where the log allows it"
    ),
]


@app.command()
def simulate(
    bundle: BundleFolder,
    impressions: Annotated[int, typer.Option(min=1, help="how many to simulate")],
    out: Annotated[Path, typer.Option(help="log to write")],
    seed: Seed = 0,
    clicks: Annotated[str, typer.Option(help="how a page is read: position, trust, cascade or dbn")] = "position",
    explore: Annotated[
        str | None,
        typer.Option(
            help="what exploration may cost in expected relevance, as 1%; by default the bundle's temperature"
        ),
    ] = None,
    ray: OnRay = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Simulate shoppers and write the log a service would have written."""
    from trimtab.abtest.simulation.clicks import CLICK_MODELS
    from trimtab.abtest.simulation.simulate import simulate as run

    if clicks not in CLICK_MODELS:
        raise BadParameter.unknown("--clicks", "click model", clicks, CLICK_MODELS)
    loss = None if explore is None else parse_loss(explore)
    engine, model = load_engine(bundle), CLICK_MODELS[clicks]
    with tasks_on(ray) as tasks, progress(quiet or as_json) as report:
        run(engine, impressions, out, seed=seed, click_model=model, exploration_loss=loss, tasks=tasks, progress=report)
    if as_json:
        print_json({"n_impressions": impressions, "log": str(out), "bundle": str(bundle), "seed": seed})
        return
    results.print(
        f"{impressions:,} searches of simulated shoppers in {plain(str(out))}", highlight=False, soft_wrap=True
    )
    following = (
        f"trimtab replay {plain(str(out))} --bundle {plain(str(bundle))} --policy NAME=w_relevance:0.7,w_revenue:0.3"
    )
    results.print(f"Next:  {following} --out REPORT", highlight=False, soft_wrap=True)


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="UBI files, Open Bandit files, or any table")],
    out: Annotated[Path, typer.Option(help="log to write")],
    mapping: Annotated[Path | None, typer.Option(help="TOML file that says which column of a table is which")] = None,
    as_json: AsJson = False,
) -> None:
    """Convert a log of another layout; rejected rows are counted by reason."""
    from trimtab.abtest.importers.conversion import convert as run

    found = run(source, out, mapping=mapping).as_dict()
    if as_json:
        print_json(found)
        return
    results.print(f"{found['layout']}: {found['n_written']:,} of {found['n_read']:,} impressions in {out}")
    for reason, one in found["rejected"].items():
        results.print(f"  {one['n']:,} rejected: {reason} (first: {one['first']})", highlight=False)
    for reason, one in found["noted"].items():
        results.print(f"  {one['n']:,} noted: {reason} (first: {one['first']})", highlight=False)


def _engine_of_log(bundle: Path, id_salt: str | None) -> Engine:
    """The bundle, with its users as the log names them."""
    from trimtab.core.pseudonyms import pseudonym

    engine = load_engine(bundle)
    return engine if id_salt is None else engine.with_users_renamed(partial(pseudonym, salt=id_salt.encode()))


@app.command()
def replay(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="impression log: a file or a folder")],
    bundle: Annotated[Path, typer.Option(help="the bundle that served")],
    policy: Annotated[list[str], typer.Option(help="NAME=w_relevance:0.7,w_revenue:0.3; may be repeated")],
    out: Annotated[Path, typer.Option(help="folder for the report")],
    judgments: Annotated[Path | None, typer.Option(help="CSV of query,item_id,grade, for nDCG")] = None,
    served: ServedAs = None,
    channel: Annotated[str | None, typer.Option(help="whose searches: agent; left out, shoppers'")] = None,
    id_salt: IdSalt = None,
    ray: OnRay = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Estimate what other weights would have done to each objective."""
    from trimtab.abtest.ope.replay import replay as run
    from trimtab.catalog.judgments import read_judgments
    from trimtab.cli.evaluation_tables import replay_table
    from trimtab.core.weights import parse_policy

    policies = dict(parse_policy(text) for text in policy)
    judged = None if judgments is None else read_judgments(judgments)
    engine = _engine_of_log(bundle, id_salt)
    with tasks_on(ray) as tasks, progress(quiet or as_json) as report:
        result = run(
            log,
            engine,
            policies,
            out,
            judgments=judged,
            served=served,
            channel=channel,
            tasks=tasks,
            progress=report,
        )
    _print_warnings(result)
    if as_json:
        print_json(result)
        return
    results.print(replay_table(result))
    for sentence in result["verdicts"]:
        results.print(plain(sentence), highlight=False)
    results.print(f"the whole report: {out / 'report.html'}", highlight=False, soft_wrap=True)


@app.command()
def decision(
    decision_id: Annotated[str, typer.Argument(metavar="ID", help="as in the response and the log")],
    bundle: Annotated[Path, typer.Option(help="the bundle that served")],
    log: Annotated[Path, typer.Option(help="impression log: a file or a folder")] = Path("data"),
    changes: Annotated[Path, typer.Option(help="the log of changes to the catalogue")] = Path("data/catalogue"),
    id_salt: IdSalt = None,
    as_json: AsJson = False,
) -> None:
    """Repeat a logged decision, to the bit, and show what each feature added."""
    from trimtab.cli.tables import decision_tables
    from trimtab.engine.live.live_engine import LiveEngine
    from trimtab.engine.log.decisions import replay_decision
    from trimtab.engine.log.impressions import find_impression

    row = find_impression(decision_id, [log])
    replayed = replay_decision(
        LiveEngine(_engine_of_log(bundle, id_salt), changes).at_version(row["catalogue"] or 0), row
    )
    if as_json:
        print_json({**replayed, "timestamp": replayed["timestamp"].isoformat()})
        return
    for part in decision_tables(replayed):
        results.print(part, highlight=False)


@app.command()
def tune(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="impression log: a file or a folder")],
    bundle: Annotated[Path, typer.Option(help="the bundle that served")],
    maximise: Annotated[str, typer.Option(help="an objective")],
    out: Annotated[Path, typer.Option(help="profile to write, as /profiles takes it")],
    keep: Annotated[list[str] | None, typer.Option(help="objective=share of its logged value, relevance=0.98")] = None,
    served: ServedAs = None,
    id_salt: IdSalt = None,
    ray: OnRay = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Choose weights on a log: maximise one objective, keep a share of others."""
    from trimtab.abtest.ope.tune import tune as run
    from trimtab.abtest.report.tuning import tuning_verdict, write_tuning_report
    from trimtab.cli.evaluation_tables import tuning_table

    floors = numbers_by_name(keep or (), "--keep", "relevance=0.98")
    engine = _engine_of_log(bundle, id_salt)
    with tasks_on(ray) as tasks, progress(quiet or as_json) as report:
        result = run(log, engine, out, maximise=maximise, keep=floors, served=served, tasks=tasks, progress=report)
    page = out.with_name(f"{out.stem}.report.html")
    write_tuning_report(result, page)
    _print_warnings(result)
    if as_json:
        print_json(result)
        return
    results.print(tuning_table(result))
    results.print(plain(tuning_verdict(result)), highlight=False)
    results.print(
        f"the profile, as PUT /profiles/NAME takes it: {plain(str(out))}",
        f"the whole report: {plain(str(page))}",
        sep="\n",
        highlight=False,
        soft_wrap=True,
    )


@app.command()
def agree(
    bundle: BundleFolder,
    metric: Annotated[str, typer.Option(help="relevance or revenue")] = "relevance",
    policies: Annotated[int, typer.Option(min=3, help="how many to draw at random")] = 20,
    impressions: Annotated[int, typer.Option(min=1, help="of the log, and of all A/B tests together")] = 200_000,
    truth: Annotated[int, typer.Option(min=30, help="searches by which each policy's truth is measured")] = 100_000,
    max_relevance_loss: Annotated[
        float | None, typer.Option(min=0, max=1, help="share of relevance that weights may cost; no bound by default")
    ] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Simulate many policies: do judgments, replay, A/B tests and interleaving rank them as the truth does?"""
    from trimtab.abtest.simulation.agree import METHODS
    from trimtab.abtest.simulation.agree import agree as run
    from trimtab.cli.evaluation_tables import agreement_table

    engine = load_engine(bundle)
    with progress(quiet or as_json) as report:
        result = run(
            engine,
            metric=metric,
            n_policies=policies,
            n_log=impressions,
            n_truth=truth,
            max_relevance_loss=max_relevance_loss,
            seed=seed,
            progress=report,
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


def parse_loss(text: str) -> float:
    """A share of relevance that exploration may cost, from `1%` or `0.01`.

    Raises:
        BadParameter: it is not one.
    """
    number, percent, rest = text.strip().partition("%")
    try:
        loss = float(number) / (100 if percent else 1)
    except ValueError:
        loss = -1.0
    if rest or not 0 < loss <= MOST_LOSS:
        raise BadParameter("--explore", f"{text!r} is not what exploration may cost", "above 0 up to 50%, as in 1%")
    return loss


def _print_warnings(result: Mapping[str, Any]) -> None:
    for warning in result["warnings"]:
        notes.print(f"warning: {warning}", highlight=False, markup=False, soft_wrap=True)
