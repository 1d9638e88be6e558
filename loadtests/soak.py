"""`make soak`: a steady load for ten minutes, and whether the service's memory grows.

    python -m loadtests.soak --bundle bundles/grocery --rate 50 --docs docs

The first third is warming up: caches fill. Over the rest a line is fitted through the memory of the service's process
(what it holds in RAM less the files it maps). Exit 1 when it grows by more than `MAX_GROWTH_SHARE` of itself, or more
than one search in a thousand fails. Linux only: memory is read from /proc.
"""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from matplotlib.figure import Figure
from rich.console import Console
from scipy.stats import theilslopes

from loadtests.arrivals import arrive
from loadtests.document import replace_section
from loadtests.queries import sample_queries
from loadtests.serving import CannotRun, server

WARM_UP_SHARE = 1 / 3
MAX_GROWTH_SHARE = 0.02
MAX_ERROR_RATE = 0.001
SEAL_SECONDS = 60
"""Logs become Parquet this often, so that warming up has seen it and the rest sees it again and again."""
N_QUERIES = 5000
MIB = 1 << 20


def main(
    bundle: Annotated[Path, typer.Option(help="bundle folder: what is served, and where queries come from")],
    docs: Annotated[Path, typer.Option(help="folder of performance.md and img/")] = Path("docs"),
    rate: Annotated[float, typer.Option(min=0.1, help="arrivals a second")] = 50,
    minutes: Annotated[float, typer.Option(min=0.1, max=600)] = 10,
) -> None:
    """Measure, write, plot and judge."""
    console = Console(stderr=True)
    samples: list[tuple[float, float]] = []
    try:
        with tempfile.TemporaryDirectory(prefix="trimtab-soak-") as folder:
            words = Path(folder) / "queries.txt"
            words.write_text("\n".join(sample_queries(bundle, N_QUERIES, seed=0)))
            with server(None, bundle, 1, Path(folder), LOG_SEGMENT_SECONDS=SEAL_SECONDS) as served:
                assert served.pid is not None
                pid, start = served.pid, time.monotonic()
                measured = arrive(
                    served.address,
                    words,
                    Path(folder),
                    rate=rate,
                    seconds=60 * minutes,
                    seed=0,
                    meanwhile=lambda: samples.append((time.monotonic() - start, own_bytes(pid) / MIB)),
                )
    except (CannotRun, OSError) as error:
        console.print(f"loadtests: {error}", style="red", markup=False)
        raise typer.Exit(2) from None
    slope, level, growth = trend(samples)
    plot(samples, docs / "img" / "soak.png")
    machine = f"{os.cpu_count()} cores ({platform.machine()})"
    said = "\n".join(
        [
            f"Measured {datetime.now(UTC).date()}, {machine} that also send the load;",
            f"{rate:g} searches a second for {minutes:g} minutes: {measured['n_due']:.0f} searches, error rate",
            f"{measured['error_rate']:.2g}, p99 {measured['p99_ms']:.1f} ms.",
            f"Memory {level:.0f} MiB, slope {slope:+.2f} MiB a minute after the first third ({growth:+.1%} in all).",
            "",
            "![Memory](img/soak.png)",
        ]
    )
    replace_section(docs / "performance.md", "soak", said)
    console.print(said, markup=False)
    raise typer.Exit(0 if growth <= MAX_GROWTH_SHARE and measured["error_rate"] <= MAX_ERROR_RATE else 1)


def own_bytes(pid: int) -> int:
    """Memory of a process that is not of a file."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return 1024 * int(fields["RssAnon"].split()[0])


def trend(samples: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """Slope a minute, level at the start, and growth as a share of it, of (seconds, MiB) after the warm-up.

    The slope is Theil and Sen's, the median over all pairs: what is taken once and given back is not a trend.
    """
    seconds, mib = np.array(samples).T
    late = seconds >= seconds[0] + WARM_UP_SHARE * (seconds[-1] - seconds[0])
    minutes, mib = seconds[late] / 60, mib[late]
    slope = float(theilslopes(mib, minutes).slope)
    level = float(np.median(mib - slope * (minutes - minutes[0])))
    return slope, level, slope * float(minutes[-1] - minutes[0]) / level


def plot(samples: Sequence[tuple[float, float]], path: Path) -> None:
    """Memory over time."""
    seconds, mib = np.array(samples).T
    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.subplots()
    axes.plot(seconds / 60, mib)
    axes.set(xlabel="minutes", ylabel="MiB of its own", ylim=(0, None))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    typer.run(main)
