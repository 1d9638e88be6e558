"""The measured figures as a page: `docs/figures.md`, made from the JSON files of `make bench`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HEAD = """# Measured figures

Made by `make bench` (`python -m benchmarks.run`), which also keeps them as JSON in `benchmarks/results/`. Times are of
the machine they were measured on; compare figures of one run, and ratios across runs.
"""

MOST_ROWS = 300
"""The most figures of a section that a reader of the page is shown."""


def write(results: Path, page: Path) -> None:
    """One table a section; sections keep the time and machine of their own last run."""
    parts = [HEAD]
    for path in sorted(results.glob("*.json")):
        report = json.loads(path.read_text())
        machine = report["machine"]
        parts.append(f"## {path.stem}\n")
        parts.append(f"Measured {report['measured'][:10]}, {machine['cores']} cores ({machine['machine']}).\n")
        if len(report["figures"]) > MOST_ROWS:
            parts.append(f"{len(report['figures']):,} figures, in [a file](../benchmarks/results/{path.name}).\n")
            continue
        parts.append("| figure | measured | 95 % interval | to reach | |\n|---|---|---|---|---|")
        parts.append("\n".join(_row(figure) for figure in report["figures"]) + "\n")
    page.write_text("\n".join(parts))


def _row(figure: dict[str, Any]) -> str:
    interval = "" if figure["interval"] is None else "{:.3f} to {:.3f}".format(*figure["interval"])
    sign = "≥" if figure["better"] == "more" else "≤"
    target = "" if figure["target"] is None else f"{sign} {figure['target']:g}"
    verdict = {True: "reached", False: "**missed**", None: ""}[figure["met"]]
    return f"| {figure['name']} | {figure['value']:.3f} {figure['unit']} | {interval} | {target} | {verdict} |"
