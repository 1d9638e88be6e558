"""How often intervals of values and differences hold the truth, over `kinds_of_logs`.

`python -m benchmarks.evaluation.coverage --jobs N` measures the cells that are not in
`benchmarks/results/evaluation-differences-cells.jsonl` yet, a line each, so that a run that was ended goes on where it
was and files of several machines are concatenated; it needs numpy and scipy alone. `python -m benchmarks.run --only
evaluation-differences` makes the figures of them. The bounds of `trimtab.abtest.ope.reliability` were chosen on cells
of other seeds and are tested on these: the rule that rewards unrelated to weights vary as all rewards do, and the
margin, were fixed before any of them was computed.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.evaluation.kinds_of_logs import DESIGN, DISTANCES, Cell, Floats, Logs, cells, logs_of
from benchmarks.figures import Figure
from trimtab.abtest.ope.intervals import MIN_ESS, resampled_counts
from trimtab.abtest.ope.reliability import (
    MARGIN,
    MIN_REWARDED_TO_BE_SURE,
    MIN_SHARE_TO_BE_SURE,
    student_quantile,
)

N_LOGS = 2000
N_POWER = 200
FEWEST_LOGS = 100
N_RESAMPLES = 200
LOGS_AT_ONCE = 100
CONFIDENCE = 0.95
CELLS = Path("benchmarks/results/evaluation-differences-cells.jsonl")


def studentised(logs: Logs) -> dict[str, Floats]:
    """[n_logs] by name: value, standard error and the two quantiles of the studentised bootstrap, as
    `trimtab.abtest.ope.intervals.bootstrap` has them, and what can be observed."""
    signs = logs.signs
    n_users = logs.numerators.shape[1]
    g = n_users
    denominators = logs.denominators.sum(axis=1)
    ratios = logs.numerators.sum(axis=1) / denominators
    off = logs.numerators - logs.denominators * ratios[:, None]
    effect = np.einsum("rgm,rm->rg", off, signs / denominators)
    squares = (effect**2).sum(axis=1)
    left_out = (off / (denominators[:, None] - logs.denominators)) @ signs
    error = np.sqrt((g - 1) / g * (left_out**2).sum(axis=1))
    low, high = _quantiles(off, logs.denominators, signs, resampled_counts(n_users, N_RESAMPLES, 0))
    sides = [
        np.abs(np.einsum("rgm,rm->rg", logs.numerators, np.where(signs * way > 0, 1 / denominators, 0)))
        for way in (1, -1)
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "value": ratios @ signs,
            "error": error,
            "q_low": low,
            "q_high": high,
            "ess": logs.ess,
            "unrelated": logs.unrelated,
            "deciding": squares**2 / (effect**4).sum(axis=1),
            "rewarded": np.minimum(*[(side > 0).sum(axis=1) for side in sides]).astype(float),
        }


def _quantiles(off: Floats, denominators: Floats, signs: Floats, drawn: Floats) -> tuple[Floats, Floats]:
    """Quantiles of the studentised bootstrap, by one matrix product for all logs."""
    n_logs, n_users, m = off.shape
    totals = denominators.sum(axis=1)[:, None]
    parts = np.concatenate([off / totals, denominators / totals], axis=2)
    first, second = np.triu_indices(2 * m)
    columns = np.concatenate([parts, parts[:, :, first] * parts[:, :, second]], axis=2)
    scale = np.abs(columns).max(axis=1, keepdims=True)
    scale[scale == 0] = 1
    stacked = (columns / scale).transpose(1, 0, 2).reshape(n_users, -1).astype(np.float32)
    sums = (drawn.astype(np.float32) @ stacked).reshape(len(drawn), n_logs, -1) * scale[:, 0]
    moved, shares = sums[:, :, :m], sums[:, :, m : 2 * m]
    with np.errstate(divide="ignore", invalid="ignore"):
        change = moved / shares
        a = np.concatenate([signs / shares, -signs / shares * change], axis=2)
        quadratic = np.zeros(sums.shape[:2])
        for place, (i, j) in enumerate(zip(first, second, strict=True)):
            quadratic += (1 if i == j else 2) * a[:, :, i] * a[:, :, j] * sums[:, :, 2 * m + place]
        statistics = (change @ signs) / np.sqrt(n_users / (n_users - 1) * np.maximum(quadratic, 0))
    statistics[~np.isfinite(statistics)] = np.nan
    bad = np.isnan(statistics).mean(axis=0) > 0.5
    statistics[:, bad] = 0
    tail = (1 - CONFIDENCE) / 2
    low, high = np.nanquantile(statistics, [tail, 1 - tail], axis=0)
    low[bad], high[bad] = np.nan, np.nan
    return low, high


@dataclass(frozen=True)
class Measured:
    """What came of the logs of a cell.

    Attributes:
        logs: number of logs.
        given: those with an interval that may be called sure.
        covered: those of them whose interval holds the truth; `bootstrap` is that of the bootstrap alone.
        wrong: those of them sure of one wrong sign, the more frequent one.
        sure: logs that are sure of the right sign.
    """

    logs: int
    given: int
    covered: int
    bootstrap: int
    wrong: int
    sure: int


def observe(cell: Cell, number: int, n_logs: int = N_LOGS) -> dict[str, Floats]:
    """Observations of a cell's logs, with the truth under `truth`."""
    rng = np.random.Generator(np.random.PCG64([DESIGN, number]))
    parts = []
    at_once = max(round(LOGS_AT_ONCE * min(1.0, 2000 / cell.n) / cell.positions), 5)
    for start in range(0, n_logs, at_once):
        logs = logs_of(cell, min(at_once, n_logs - start), rng)
        parts.append({**studentised(logs), "truth": np.full(len(logs.ess), logs.truth)})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def judge(cell: Cell, seen: dict[str, Floats]) -> Measured:
    """Intervals and statements as `trimtab.abtest.ope.intervals.estimate` makes them."""
    value, error = seen["value"], seen["error"]
    truth = seen["truth"] if cell.effect else np.zeros(len(value))
    deciding, share = np.nan_to_num(seen["deciding"]), seen["ess"] / cell.n
    is_refused = seen["ess"] < min(MIN_ESS, cell.n / 2)
    is_near = share >= MIN_SHARE_TO_BE_SURE
    given = ~is_refused & is_near & (seen["rewarded"] * share >= MIN_REWARDED_TO_BE_SURE) & (error > 0)
    bare = value - seen["q_high"] * error, value - seen["q_low"] * error
    cautious = MARGIN * np.fmax(error, seen["unrelated"])
    half = student_quantile((1 + CONFIDENCE) / 2, deciding) * cautious
    ends = value - seen["q_high"] * cautious, value - seen["q_low"] * cautious
    low, high = np.fmin(ends[0], value - half), np.fmax(ends[1], value + half)
    above, below = given & (low > 0), given & (high < 0)
    return Measured(
        logs=len(value),
        given=int(given.sum()),
        covered=int((given & (low <= truth) & (truth <= high)).sum()),
        bootstrap=int((given & (bare[0] <= truth) & (truth <= bare[1])).sum()),
        wrong=max(int((above & (truth <= 0)).sum()), int((below & (truth >= 0)).sum())),
        sure=int(((above & (truth > 0)) | (below & (truth < 0))).sum()),
    )


@dataclass(frozen=True)
class Task:
    """A cell's logs, by the number of their seed."""

    cell: Cell
    number: int
    n_logs: int

    @property
    def key(self) -> str:
        """Names what decides the result."""
        bounds = (MARGIN, MIN_ESS, MIN_REWARDED_TO_BE_SURE, MIN_SHARE_TO_BE_SURE)
        decided_by = repr((self, N_RESAMPLES, DESIGN, bounds))
        return sha256(decided_by.encode()).hexdigest()[:16]

    @property
    def size(self) -> int:
        """Grows with the time that it takes."""
        return self.n_logs * self.cell.n * self.cell.positions

    def measured(self) -> tuple[Measured, float]:
        """What came of the logs, and the processor time in seconds."""
        start = time.process_time()
        return judge(self.cell, observe(self.cell, self.number, self.n_logs)), time.process_time() - start


def validity_tasks() -> list[Task]:
    """Whether what is called sure is true."""
    return [Task(cell, number, N_LOGS) for number, cell in enumerate(cells())]


def power_tasks() -> list[Task]:
    """Whether a true difference of 10 % is called sure: 30,000 searches, 5 % purchases."""
    found = [Cell(30_000, 0.05, distance, effect=0.1) for distance in DISTANCES]
    return [Task(cell, 1000 + number, N_POWER) for number, cell in enumerate(found)]


def known(path: Path) -> dict[str, Measured]:
    """What is in the file of cells, by the key of the task."""
    if not path.exists():
        return {}
    lines = map(json.loads, path.read_text().splitlines())
    return {line["key"]: Measured(**line["measured"]) for line in lines}


def fill(path: Path, jobs: int = 1) -> Iterator[tuple[Task, float]]:
    """Measure what is missing in the file of cells, the largest first; each as it is done, with its processor time."""
    there = known(path)
    missing = [task for task in validity_tasks() + power_tasks() if task.key not in there]
    missing.sort(key=lambda task: task.size, reverse=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file, ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        running = {pool.submit(task.measured): task for task in missing}
        for done in as_completed(running):
            task, (found, seconds) = running[done], done.result()
            line = {"key": task.key, "cell": task.cell.label, "measured": asdict(found)}
            file.write(json.dumps(line) + "\n")
            file.flush()
            yield task, seconds


def figures(found: Mapping[Cell, Measured]) -> Iterator[Figure]:
    """Figures of all cells together, then of every cell with 100 logs or more that may be sure."""
    some = [one for one in found.values() if one.given >= FEWEST_LOGS]
    given = sum(one.given for one in some)
    unit = f"of {given:,} logs, {len(some)} of {len(found)} cells"
    covered, bootstrap = sum(one.covered for one in some), sum(one.bootstrap for one in some)
    yield Figure("intervals of differences that hold the truth", covered / given, unit, 0.94)
    yield Figure("the same, bootstrap alone", bootstrap / given, unit)
    yield Figure("least of a cell", min(one.covered / one.given for one in some), unit, 0.94)
    yield Figure(
        "sure of a wrong sign, most of a cell", max(one.wrong / one.given for one in some), unit, 0.025, "less"
    )
    for cell, one in found.items():
        if one.given >= FEWEST_LOGS:
            yield Figure(f"{cell.label}: coverage", one.covered / one.given, f"of {one.given:,} logs")
            yield Figure(f"{cell.label}: sure of a wrong sign", one.wrong / one.given, f"of {one.given:,} logs")
            if cell.effect:
                yield Figure(f"{cell.label}: surely right", one.sure / one.logs, f"of {one.logs:,} logs")


def measure(path: Path = CELLS) -> Iterator[Figure]:
    """The figures of `evaluation-differences`, from the file of cells, filled where cells are missing."""
    for _ in fill(path):
        pass
    there = known(path)
    yield from figures({task.cell: there[task.key] for task in validity_tasks()})
    for task in power_tasks():
        one = there[task.key]
        yield Figure(f"{task.cell.label}: surely right", one.sure / one.logs, f"of {one.logs:,} logs", 0.8)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the cells of evaluation-differences that are missing.")
    parser.add_argument("--file", type=Path, default=CELLS, help="a line a cell; begun where it is not there")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    arguments = parser.parse_args()
    # Each process takes one core; numpy would have each of them take all. Spawned ones read this before they load it.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
    start = time.monotonic()
    for number, (task, seconds) in enumerate(fill(arguments.file, arguments.jobs), 1):
        passed = time.monotonic() - start
        print(f"{number} after {passed:.0f} s: {task.cell.label} ({seconds:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
