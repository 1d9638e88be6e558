"""The results of the paper from nothing, its figures and its PDF.

python -m benchmarks.ranking.paper results --data FOLDER --out FOLDER    hours; taken up again where it was stopped
python -m benchmarks.ranking.paper build                                 from docs/paper/results alone, in seconds
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.evaluation import agreement
from benchmarks.ranking import choosing, paper_figures, paper_scale, ranker_costs
from benchmarks.ranking.paper_figures import DOCS, PAPER, RESULTS
from benchmarks.ranking.studies import budget_study
from benchmarks.ranking.studies.budget_study import study_budgets
from benchmarks.ranking.studies.receipt_study import study_receipts
from benchmarks.ranking.studies.size_study import SHARES, study_sizes
from trimtab.cli.console import tasks_on
from trimtab.core.atomic import new_file
from trimtab.core.work.tasks import Tasks
from trimtab.engine.build.grocery import Splits
from trimtab.engine.build.study_problems import HELD_OUT_SIZES, JUDGED, SIZES, load_folds
from trimtab.engine.cluster.ray_tasks import FORM
from trimtab.ranker.methods.heads import CalibratedHeads, Ensemble
from trimtab.ranker.methods.registry import make_method
from trimtab.ranker.study import cell
from trimtab.ranker.study.compare import DATA_SETS, compare, recipe_of
from trimtab.ranker.study.report import write_experiments
from trimtab.ranker.study.summary import interval_of
from trimtab.ranker.training.loss_budgets import CONFIDENCE

ROOT = Path(__file__).resolve().parents[2]
PDF = ROOT / "build" / "paper.pdf"
N_SEEDS = 5
N_BUDGET_SEEDS = {"grocery": 2, "icecat": N_SEEDS, "esci": N_SEEDS}
N_BUDGET_LISTS = 3000
"""The most lists that stand for a population: bounds are fitted 200 times on lists drawn from it."""
SIZED = (Ensemble.name, "boosted", "blend")
Rows = list[dict[str, Any]]
Folds = Callable[[str, int], list[cell.Fold]]
"""Name of a data set and seed -> its folds."""
Study = Callable[[Sequence[cell.Fold], str, int], Rows]


def make_results(data: Path, out: Path, *, device: str = "cpu", tasks: Tasks | None = None) -> None:
    """Fill what is missing in `out`, then write `docs/paper/results` and `docs/experiments.md`.

    What is there is not measured again, whatever has changed since: a new version begins in an empty folder.

    Args:
        device: where networks learn from more lists than are kept, as torch names it.
        tasks: where simulated lists are computed; here where None.
    """

    def folds_of(name: str, seed: int, sizes: Mapping[str, int] = SIZES) -> list[cell.Fold]:
        return load_folds(name, out / "cache", data=data, seed=seed, sizes=sizes)

    torch.set_num_threads(1)
    for name in DATA_SETS:
        compare(name, ["all"], n_seeds=N_SEEDS, out=out, folds_of=folds_of)
    make_studies(out, folds_of, partial(folds_of, sizes=HELD_OUT_SIZES))
    paper_scale.measure(out, folds_of("grocery", 0)[0], device=device, tasks=tasks)
    write_results("scale", paper_scale.summary_of(paper_scale.rows_of(out)))
    write_experiments(out, DOCS)


def make_studies(out: Path, folds_of: Folds, held_out_folds_of: Folds) -> None:
    """The studies beside the comparison.

    Args:
        held_out_folds_of: folds with more held-out lists, where a set has them.
    """
    RESULTS.mkdir(parents=True, exist_ok=True)
    budgets = {
        name: _by_seed(out, "budgets", name, _budget_rows, held_out_folds_of, n_seeds=N_BUDGET_SEEDS[name])
        for name in DATA_SETS
    }
    write_results("budgets", {name: _budgets(by_seed) for name, by_seed in budgets.items()})
    receipts = {name: _by_seed(out, "receipts", name, _receipt_rows, held_out_folds_of) for name in DATA_SETS}
    write_results("receipts", {name: _receipts(by_seed) for name, by_seed in receipts.items()})
    write_results("agreement", agreement.summary_of(_kept(out, "agreement", "grocery", 0, agreement.study, folds_of)))
    sizes = {
        method: _sizes(_by_seed(out, f"sizes-{method}", "grocery", partial(_size_rows, method), folds_of))
        for method in SIZED
    }
    write_results("sizes", sizes)
    write_results("costs", ranker_costs.measure())
    write_results("settings", settings())
    write_results("splits", splits(folds_of))


def settings() -> dict[str, Any]:
    """What was decided beforehand, for the text."""
    return {
        "depth": 10,
        "n_weightings": len(cell.front_weightings(3)),
        "n_seeds": N_SEEDS,
        "n_grocery_budget_seeds": N_BUDGET_SEEDS["grocery"],
        "n_budget_population": N_BUDGET_LISTS,
        "n_drawn": agreement.N_DRAWN,
        "temperature": agreement.TEMPERATURE,
        "confidence": CONFIDENCE,
        "n_draws": budget_study.N_DRAWS,
        "n_candidates": ranker_costs.N_CANDIDATES,
        "n_path_steps": cell.N_STEPS,
    }


def splits(folds_of: Folds) -> dict[str, Any]:
    """Which lists are learned from and measured on: grocery by week, each judged query's fold by seed."""
    found: dict[str, Any] = {
        "grocery": {
            part: {
                **{name: getattr(getattr(Splits(), part), name) for name in ("known_until", "first", "last")},
                "n_lists": n,
                "n_lists_of_receipts": HELD_OUT_SIZES[part],
            }
            for part, n in SIZES.items()
        }
    }
    for name in JUDGED:
        by_seed = [fold_by_query(folds_of(name, seed)) for seed in range(N_SEEDS)]
        found[name] = {query: [one[query] for one in by_seed] for query in sorted(by_seed[0])}
    return found


def fold_by_query(folds: Sequence[cell.Fold]) -> dict[str, int]:
    return {str(query): number for number, fold in enumerate(folds) for query in fold.test.lists.groups}


def _by_seed(
    out: Path, study: str, name: str, rows_of: Study, folds_of: Folds, *, n_seeds: int = N_SEEDS
) -> list[Rows]:
    return [_kept(out, study, name, seed, rows_of, folds_of) for seed in range(n_seeds)]


def _kept(out: Path, study: str, name: str, seed: int, rows_of: Study, folds_of: Folds) -> Rows:
    """The rows of one study, data set and seed, measured once."""
    path = out / "studies" / f"{study}-{name}-{seed}.json"
    if not path.exists():
        measured = json.dumps(rows_of(folds_of(name, seed), name, seed))
        with new_file(path) as file:
            file.write(measured.encode())
    rows: Rows = json.loads(path.read_text())
    return rows


def _budget_rows(folds: Sequence[cell.Fold], name: str, seed: int) -> Rows:
    gains, ranges = [], []
    for fold in folds:
        method = _ensemble(name, seed)
        method.fit(fold.train, cell.training_preferences(len(fold.train.objectives)))
        gains.append(method.predict(fold.test.inputs, torch.from_numpy(fold.test.mask)).numpy().astype(np.float64))
        ranges.append(method.ranges)
    whole = folds[0].test.joined([fold.test for fold in folds[1:]])
    kept = np.random.Generator(np.random.PCG64(seed)).permutation(len(whole))[:N_BUDGET_LISTS]
    if len(kept) == len(whole):
        kept = np.arange(len(whole))
    n_lists = min(len(kept), HELD_OUT_SIZES["validation"])
    return study_budgets(
        whole.take(kept), np.concatenate(gains)[kept], np.mean(ranges, axis=0), n_lists=n_lists, seed=0
    )


def _receipt_rows(folds: Sequence[cell.Fold], name: str, seed: int) -> Rows:
    return study_receipts(lambda: _ensemble(name, seed), folds, seed=seed)


def _size_rows(method: str, folds: Sequence[cell.Fold], name: str, seed: int) -> Rows:
    return study_sizes(lambda: make_method(method, recipe_of(name, method), seed=seed), folds[0], seed=seed)


def _ensemble(name: str, seed: int) -> CalibratedHeads:
    return Ensemble(recipe_of(name, Ensemble.name), seed=seed)


def _budgets(by_seed: Sequence[Rows]) -> dict[str, Any]:
    """Loss asked for -> how both kinds of bound fare: means over seeds, the worst loss of all."""
    return {f"{100 * asked:g}": _of_asked([_with(rows, asked) for rows in by_seed]) for asked in budget_study.ASKED}


def _with(rows: Rows, asked: float) -> Rows:
    return [row for row in rows if row["asked"] == asked]


def _of_asked(by_seed: Sequence[Rows]) -> dict[str, Any]:
    asked, n_weightings = by_seed[0][0]["asked"], len(by_seed[0])
    losses = np.array([[row["naive_loss"] for row in rows] for rows in by_seed])
    kept = [sum(row["revenue"] for row in rows) / sum(row["naive_revenue"] for row in rows) for rows in by_seed]
    return {
        "n_weightings": n_weightings,
        "n_seeds": len(by_seed),
        "naive_broken": round(float((losses > asked).sum(axis=1).mean()), 3),
        "naive_worst": round(float(losses.max()), 4),
        "fitted_broken": interval_of([max(row["broken"] for row in rows) for rows in by_seed]),
        "kept": interval_of(kept),
    }


def _receipts(by_seed: Sequence[Rows]) -> dict[str, Any]:
    """Objective -> realised over promised: mean, least and most of the weightings and seeds."""
    found = {}
    rows = [row for one in by_seed for row in one]
    for objective in dict.fromkeys(row["objective"] for row in rows):
        of_this = [row for row in rows if row["objective"] == objective]
        found[objective] = {
            kind: {
                "value": round(float(np.mean([row[kind] for row in of_this])), 4),
                "low": round(min(row[kind] for row in of_this), 4),
                "high": round(max(row[kind] for row in of_this), 4),
            }
            for kind in ("plain", "calibrated")
        } | {name: round(float(np.mean([row[name] for row in of_this])), 4) for name in ("error", "factor")}
    return found


def _sizes(by_seed: Sequence[Rows]) -> dict[str, Any]:
    """Share of the lists in percent -> their number, and measures over seeds."""
    return {
        f"{100 * share:g}": {
            "n_lists": by_seed[0][place]["n_lists"],
            **{
                measure: interval_of([rows[place][measure] for rows in by_seed])
                for measure in ("hypervolume", "calibration_error", "train_seconds")
            },
        }
        for place, share in enumerate(SHARES)
    }


def write_results(name: str, found: object) -> None:
    (RESULTS / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")


def build_pdf(pdf: Path = PDF) -> Path:
    """The figures and the PDF, from the files of results alone."""
    import typst  # noqa: PLC0415  # only the paper needs it

    paper_figures.draw(PAPER / "figures")
    pdf.parent.mkdir(parents=True, exist_ok=True)
    typst.compile(PAPER / "paper.typ", output=pdf, root=DOCS)
    return pdf


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    results = commands.add_parser("results")
    results.add_argument("--data", type=Path, required=True, help="the folder that holds icecat/ and esci/")
    results.add_argument("--out", type=Path, required=True, help="where what was measured is kept")
    results.add_argument("--device", default="cpu", help="where networks learn from more lists than are kept")
    results.add_argument("--ray", metavar="ADDRESS", help=f"where simulated lists are computed: {FORM}")
    commands.add_parser("build")
    given = parser.parse_args()
    if given.command == "results":
        if given.ray is not None and given.device != "cpu":
            parser.error("--ray computes on processors: leave --device out")
        with tasks_on(given.ray) as tasks:
            make_results(given.data, given.out, device=given.device, tasks=tasks)
        choosing.PAGE.write_text(choosing.page_of(paper_figures.read_results()))
    print(f"written: {build_pdf()}")


if __name__ == "__main__":
    main()
