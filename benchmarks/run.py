"""`make bench`: every figure of the build, in one run on one machine, as a table, as JSON and as a page."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import document
from benchmarks.evaluation import (
    against_obp,
    cascade,
    coverage,
    exploration,
    far_policies,
    never_explored,
    online,
    simulated,
    sorted_slates,
)
from benchmarks.figures import Figure, Skipped
from benchmarks.ranking import loss_budgets, relevance, training, words
from benchmarks.serving import degradation, http, latency, live, overload, suggestions
from trimtab.engine import Engine

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def sections(bundle: Path, data: Path, out: Path) -> dict[str, Callable[[], Iterator[Figure]]]:
    """What can be measured here, by name."""
    there: dict[str, Callable[[], Iterator[Figure]]] = {
        "latency": lambda: latency.measure(Engine.load(bundle)),
        "degradation": lambda: degradation.measure(bundle),
        "live": lambda: live.measure(Engine.load(bundle)),
        "http": lambda: http.measure(bundle, Engine.load(bundle)),
        "training": training.measure,
        "overload": lambda: overload.measure(bundle, Engine.load(bundle)),
        "suggestions": lambda: suggestions.measure(bundle),
        "evaluation-price-response": simulated.price_response,
        "evaluation-coverage": lambda: simulated.coverage(Engine.load(bundle)),
        "evaluation-differences": lambda: coverage.measure(out / coverage.CELLS.name),
        "evaluation-far": far_policies.measure,
        "evaluation-sorted": lambda: sorted_slates.measure(Engine.load(bundle)),
        "evaluation-never-explored": lambda: never_explored.measure(Engine.load(bundle)),
        "evaluation-cascade": lambda: cascade.measure(Engine.load(bundle)),
        "evaluation-exploration": lambda: exploration.measure(Engine.load(bundle)),
        "evaluation-temperatures": lambda: simulated.temperatures(Engine.load(bundle)),
        "evaluation-peeking": lambda: simulated.peeking(Engine.load(bundle)),
        "evaluation-online": online.measure,
        "evaluation-tuning": lambda: simulated.tuning(Engine.load(bundle)),
        "evaluation-agreement": lambda: simulated.agreement(Engine.load(bundle)),
        "evaluation-speed": lambda: simulated.speed(bundle),
        "evaluation-big-log": lambda: simulated.big_log(bundle),
        "evaluation-against-obp": against_obp.measure,
    }
    for name in loss_budgets.JUDGED:
        if (data / name).is_dir():
            there[f"loss-budgets-{name}"] = partial(loss_budgets.measure, name, data)
    for encoder in relevance.TARGETS:
        if (data / "icecat").is_dir():
            there[f"relevance-{encoder}"] = partial(relevance.measure, data / "icecat", encoder)
        if (data / "esci").is_dir() and words.baseline(encoder).exists():
            there[f"words-{encoder}"] = partial(words.measure, data / "esci", encoder)
    return there


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, default=Path("bundles/grocery"))
    parser.add_argument("--data", type=Path, default=DATA, help="folder of icecat/ and esci/")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--page", type=Path, default=Path("docs/figures.md"))
    parser.add_argument("--only", nargs="*", help="sections to run")
    arguments = parser.parse_args()
    known = sections(arguments.bundle, arguments.data, arguments.out)
    console = Console()
    for name in arguments.only or known:
        if name not in known:
            parser.error(f"--only: no section {name!r}; allowed here: {', '.join(known)}")
        try:
            with console.status(name):
                figures = list(known[name]())
        except Skipped as reason:
            console.print(f"{name}: {reason}", highlight=False)
            continue
        console.print(_table(name, figures))
        _write(arguments.out / f"{name}.json", figures)
    document.write(arguments.out, arguments.page)


def _table(title: str, figures: list[Figure]) -> Table:
    table = Table("figure", "measured", "95 % interval", "to reach", "", title=title)
    marks = {True: "[green]reached[/]", False: "[red]missed[/]", None: ""}
    for one in figures:
        interval = "" if one.interval is None else f"{one.interval[0]:.3f} to {one.interval[1]:.3f}"
        sign = "≥" if one.better == "more" else "≤"
        target = "" if one.target is None else f"{sign} {one.target:g}"
        table.add_row(one.name, f"{one.value:.3f} {one.unit}", interval, target, marks[one.met])
    return table


def _write(path: Path, figures: list[Figure]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "machine": platform.machine()},
        "figures": [one.as_dict() for one in figures],
    }
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(report, indent=1) + "\n")
    partial.replace(path)


if __name__ == "__main__":
    main()
