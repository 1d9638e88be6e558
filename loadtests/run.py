"""`make load`: put searches on a server at a constant rate and say whether it meets its objectives.

    python -m loadtests.run --bundle bundles/grocery --rate 100 --seconds 30

Starts a server of its own unless `--host` names one; only ever speaks to this machine. Exit 0 when every objective is
met, 1 when one is missed, 2 when the run could not be made.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from loadtests.arrivals import arrive
from loadtests.objectives import BadObjectives, Verdict, judge, read_objectives
from loadtests.queries import sample_queries
from loadtests.serving import CannotRun, server

HERE = Path(__file__).parent


def main(  # noqa: PLR0913, PLR0917  # Typer fills them by name
    bundle: Annotated[Path, typer.Option(help="bundle folder: what is served, and where queries come from")],
    rate: Annotated[float, typer.Option(min=0.1, max=5000, help="arrivals a second")] = 50,
    seconds: Annotated[float, typer.Option(min=1, max=3600)] = 30,
    host: Annotated[str | None, typer.Option(help="http://127.0.0.1:PORT of a server that runs already")] = None,
    workers: Annotated[int, typer.Option(min=1)] = 1,
    queries: Annotated[Path | None, typer.Option(help="file with a query a line, instead of the titles' words")] = None,
    n_queries: Annotated[int, typer.Option(min=1, help="how many different ones")] = 5000,
    slo: Annotated[Path, typer.Option(help="objectives")] = HERE / "slo.toml",
    seed: Annotated[int, typer.Option()] = 0,
) -> None:
    """Load a server and judge it."""
    console = Console()
    try:
        objectives = read_objectives(slo)
        with tempfile.TemporaryDirectory(prefix="trimtab-load-") as scratch:
            words = Path(scratch) / "queries.txt"
            words.write_text("\n".join(sample_queries(queries or bundle, n_queries, seed=seed)))
            with server(host, bundle, workers, Path(scratch)) as served:
                report = arrive(served.address, words, Path(scratch), rate=rate, seconds=seconds, seed=seed)
    except (BadObjectives, CannotRun, OSError) as error:
        Console(stderr=True).print(f"loadtests: {error}", style="red", markup=False)
        raise typer.Exit(2) from None
    verdicts = judge(objectives, report)
    console.print(table(verdicts, title=f"{rate:g} searches a second for {seconds:g} s"))
    raise typer.Exit(0 if all(verdict.is_met for verdict in verdicts) else 1)


def table(verdicts: list[Verdict], *, title: str) -> Table:
    """A row an objective."""
    result = Table("objective", "measure", "wanted", "measured", "verdict", title=title)
    for verdict in verdicts:
        measured = "nothing" if math.isnan(verdict.measured) else f"{verdict.measured:.4g}"
        judged = "[green]met[/]" if verdict.is_met else "[red]missed[/]"
        objective = verdict.objective
        result.add_row(objective.name, objective.measure, str(objective), measured, judged)
    return result


if __name__ == "__main__":
    typer.run(main)
