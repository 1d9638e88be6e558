"""The study of scale of the paper: which methods learn from how many simulated lists, kept row by row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.ranking.studies.scale_study import CHOOSER, SIZES, TOGETHER, Oracle, study_scale, truth_of
from benchmarks.ranking.studies.shop_data import load_shop_data
from benchmarks.ranking.studies.simulated_log import SimulatedLog
from trimtab.core.atomic import new_file
from trimtab.core.work.tasks import Tasks
from trimtab.ranker.study.cell import Fold, Row
from trimtab.ranker.study.compare import recipe_of

IN_MEMORY = ("scalarisation", "boosted", "slim_blend")
"""Methods that keep their lists."""
MOST_IN_MEMORY = 1_000_000
FEWEST = 200
"""The fewest lists that methods beside networks learn from."""


def measure(out: Path, grocery: Fold, *, device: str, tasks: Tasks | None = None) -> None:
    """Add the rows that are missing to those that are kept.

    Args:
        grocery: the lists whose purchases simulated shoppers choose by.
        tasks: where simulated lists are computed; here where None.
    """
    rows = rows_of(out)
    there = {(row["method"], row["n_lists"]) for row in rows}
    plan = [((Oracle.name,), 0), *((TOGETHER, n_lists) for n_lists in SIZES)]
    plan += [((name,), n) for name in IN_MEMORY for n in SIZES if FEWEST <= n <= MOST_IN_MEMORY]
    missing = [(methods, n) for methods, n in plan if not {(name, n) for name in methods} <= there]
    if not missing:
        return
    truth = truth_of(grocery, recipe_of("grocery", CHOOSER))
    log = SimulatedLog(load_shop_data(out / "cache"), truth, device=device)
    for methods, n_lists in missing:
        for row in study_scale(log, methods, [n_lists] if n_lists else [], tasks=tasks):
            rows.append(row)
            with new_file(_path(out)) as kept:
                kept.writelines(f"{json.dumps(one)}\n".encode() for one in rows)


def rows_of(out: Path) -> list[Row]:
    """What was measured."""
    path = _path(out)
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def summary_of(rows: list[Row]) -> dict[str, Any]:
    """Method -> number of lists -> its measures; of the truth its measures."""
    found: dict[str, Any] = {}
    for row in sorted(rows, key=lambda one: one["n_lists"]):
        measures = {
            name: round(row[name], 5)
            for name in ("hypervolume", "ndcg", "calibration_error", "train_seconds")
            if row.get(name) is not None
        } | ({"device": row["device"]} if "device" in row else {})
        if row["n_lists"]:
            found.setdefault(row["method"], {})[str(row["n_lists"])] = measures
        else:
            found[row["method"]] = measures
    return found


def _path(out: Path) -> Path:
    return out / "studies" / "scale.jsonl"
