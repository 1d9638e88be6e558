"""`make capacity`: how answers slow down as more searches arrive, with open arrivals, and what an overload does.

    python -m loadtests.capacity --bundle bundles/grocery --docs docs

One worker is given more and more searches a second until it no longer answers 99 in 100 of them within the objective:
the most it did so is its capacity. Then half of that, which is where one would run it, and three times as much. Writes
the table into `performance.md` and plots `img/capacity.png`.
"""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from matplotlib.figure import Figure
from rich.console import Console

from loadtests.arrivals import arrive
from loadtests.document import replace_section
from loadtests.queries import sample_queries
from loadtests.serving import CannotRun, server

Measures = Mapping[str, float]

WITHIN_MS = 50.0
"""What nearly every search must be answered within; the alert SearchesSlow has the same bound."""
ANSWERED_SHARE = 0.99
FIRST_RATE = 25.0
GROWTH = 1.3
MOST_STEPS = 20
MAX_LAG_MS = 10.0
N_QUERIES = 50_000
"""As many as make sure that hardly any is asked twice: what is measured is searching, not the cache of candidates."""
OVERLOAD = 3.0


def main(
    bundle: Annotated[Path, typer.Option(help="bundle folder: what is served, and where queries come from")],
    docs: Annotated[Path, typer.Option(help="folder of performance.md and img/")] = Path("docs"),
    seconds: Annotated[float, typer.Option(min=1, max=600, help="of each step")] = 10,
    workers: Annotated[int, typer.Option(min=1)] = 1,
) -> None:
    """Measure, write and plot."""
    console = Console(stderr=True)
    try:
        with _under_load(bundle, workers) as (address, words, scratch):

            def step(rate: float, length: float = seconds) -> Measures:
                measured = arrive(address, words, scratch, rate=rate, seconds=length, seed=round(rate))
                console.print(line(rate, measured), highlight=False)
                return measured

            steps = list(curve(step))
            capacity = max((rate for rate, measured in steps if keeps_up(measured)), default=0.0)
            if not capacity:
                raise CannotRun(f"not even {FIRST_RATE:g} searches a second are answered as they should be")
            half = step(capacity / 2, 3 * seconds)
            over = step(capacity * OVERLOAD, 2 * seconds)
    except (CannotRun, OSError) as error:
        console.print(f"loadtests: {error}", style="red", markup=False)
        raise typer.Exit(2) from None
    plot(steps, capacity, docs / "img" / "capacity.png")
    replace_section(docs / "performance.md", "capacity", text(steps, capacity, half, over, workers=workers))
    console.print(f"capacity {capacity:.0f} a second; written to {docs / 'performance.md'}")


@contextmanager
def _under_load(bundle: Path, workers: int) -> Iterator[tuple[str, Path, Path]]:
    with tempfile.TemporaryDirectory(prefix="trimtab-capacity-") as folder:
        scratch = Path(folder)
        words = scratch / "queries.txt"
        words.write_text("\n".join(sample_queries(bundle, N_QUERIES, seed=0)))
        with server(None, bundle, workers, scratch) as served:
            yield served.address, words, scratch


def curve(step: Callable[[float], Measures]) -> Iterator[tuple[float, Measures]]:
    """Rates and what came of them, up to the second in a row that is too much."""
    rate, n_too_much = FIRST_RATE, 0
    for _ in range(MOST_STEPS):
        measured = step(rate)
        yield rate, measured
        n_too_much = 0 if keeps_up(measured) else n_too_much + 1
        if n_too_much == 2:
            return
        rate *= GROWTH


def keeps_up(measured: Measures) -> bool:
    """Whether this many arrivals are no more than the server can answer."""
    return measured["throughput_share"] >= ANSWERED_SHARE and measured["p99_ms"] <= WITHIN_MS


def line(rate: float, measured: Measures) -> str:
    """One step, for who watches."""
    late = "" if measured["lag_p99_ms"] <= MAX_LAG_MS else f", sent up to {measured['lag_p99_ms']:.0f} ms late"
    return (
        f"{rate:7.0f} a second: p50 {measured['p50_ms']:.1f} ms, p99 {measured['p99_ms']:.1f} ms, "
        f"{measured['throughput_share']:.1%} answered{late}"
    )


def text(
    steps: Sequence[tuple[float, Measures]], capacity: float, half: Measures, over: Measures, *, workers: int
) -> str:
    """The section of the document."""
    head = ("arrivals a second", "p50 ms", "p95 ms", "p99 ms", "answered", "turned away", "sent late by (p99, ms)")
    rows = [(f"{rate:.0f}", measured) for rate, measured in steps]
    rows += [(f"**{capacity / 2:.0f}** (half)", half), (f"**{capacity * OVERLOAD:.0f}** ({OVERLOAD:g} times)", over)]
    table = [head, ("---",) * len(head), *(_cells(name, measured) for name, measured in rows)]
    when = f"Measured {datetime.now(UTC).date()}, {os.cpu_count()} cores ({platform.machine()}) that also send the load"
    return "\n".join(
        [
            f"{when};",
            f"{workers} worker{'s' * (workers > 1)}, every search with weights of its own, hardly any words twice.",
            f"Capacity, the most of which {ANSWERED_SHARE:.0%} are answered and p99 stays within {WITHIN_MS:g} ms:",
            f"**{capacity:.0f} a second**. Times run from when a search was due. At half of it p99 is",
            f"{half['p99_ms']:.1f} ms; at {OVERLOAD:g} times as much, of what is let in, {over['p99_ms']:.0f} ms, and",
            f"{over['n_turned_away'] / over['n_due']:.0%} are turned away.",
            "",
            *(f"| {' | '.join(cells)} |" for cells in table),
            "",
            "![Capacity of one worker](img/capacity.png)",
        ]
    )


def _cells(name: str, measured: Measures) -> tuple[str, ...]:
    times = (f"{measured[key]:.1f}" for key in ("p50_ms", "p95_ms", "p99_ms"))
    turned_away = measured["n_turned_away"] / measured["n_due"]
    return (name, *times, f"{measured['throughput_share']:.1%}", f"{turned_away:.1%}", f"{measured['lag_p99_ms']:.1f}")


def plot(steps: Sequence[tuple[float, Measures]], capacity: float, path: Path) -> None:
    """Times over arrivals, in logarithms, with the capacity and the bound."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    rates = [rate for rate, _ in steps]
    for measure in ("p50_ms", "p95_ms", "p99_ms"):
        axes.plot(rates, [measured[measure] for _, measured in steps], marker="o", label=measure.removesuffix("_ms"))
    axes.axhline(WITHIN_MS, color="0.6", linestyle="--")
    axes.axvline(capacity, color="0.6", linestyle="--")
    axes.set(xlabel="searches that arrive a second", ylabel="ms from when it was due", yscale="log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    typer.run(main)
