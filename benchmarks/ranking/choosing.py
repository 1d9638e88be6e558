"""`docs/choosing.md` from the results of the comparison: `python -m benchmarks.ranking.choosing`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.ranking.paper_figures import DOCS, SCALED, read_results
from benchmarks.ranking.ranker_costs import THREE
from trimtab.engine.build.study_problems import JUDGED
from trimtab.ranker.methods.registry import DEFAULT, OF_FEW_LISTS, SERVABLE, WITHOUT_TREES
from trimtab.ranker.study.report import table
from trimtab.ranker.training.heads import ENOUGH_LISTS
from trimtab.ranker.training.loss_budgets import MIN_LISTS
from trimtab.retrieval.encoders.registry import DISTILLED_ITEMS

PAGE = DOCS / "choosing.md"
GROCERY = "grocery"
PREDICTED = "bounds and receipts as predicted"
COST_OF = {
    "ensemble": THREE,
    "slim_blend": "one network and trees",
    "blend": "three networks and trees",
    "boosted": "trees",
    "student": "a student",
    "student_of_blend": "a student",
}
"""Method -> its row of the table of costs, with networks of the size that is served."""
AFFORDABLE = 1.05
"""The most that a method may cost, as a share of three networks, to be recommended without a second thought."""

HEAD = f"""# Which method and encoder to use

Written by `python -m benchmarks.ranking.choosing` from the tables in `docs/paper/results` (`make paper-results`), so
that what is advised is what was measured: hypervolume on held-out lists as a percentage of three networks.
`trimtab build` without `--method` takes `{DEFAULT}` of {ENOUGH_LISTS:,} lists and more, `{WITHOUT_TREES}` where
LightGBM is not installed, and `{OF_FEW_LISTS}` of fewer lists. How it was measured: [experiments](experiments.md); why:
[insights](insights.md#boosted-trees-beside-networks).
"""


def page_of(results: dict[str, Any]) -> str:
    """The page."""
    return "\n".join(
        [
            HEAD,
            _by_evidence(results),
            _by_cost(results),
            _by_objectives(results),
            _by_encoder(results["encoders"]),
        ]
    )


def best(results: dict[str, Any], sets: Sequence[str], most: float = AFFORDABLE) -> str:
    """The servable method whose worst mean over data sets is highest, among those that cost no more than `most`."""
    comparison, costs = results["comparison"], results["costs"]
    affordable = [
        name
        for name in COST_OF
        if name in SERVABLE and costs[COST_OF[name]]["share"] <= most and all(name in comparison[one] for one in sets)
    ]
    return max(affordable, key=lambda name: min(_of_ensemble(results, one, name)["value"] for one in sets))


def _by_evidence(results: dict[str, Any]) -> str:
    bought = best(results, [GROCERY])
    fitted = "fitted bounds and receipt factors"
    rows = [
        ["neither judgments nor a log", "the rules of the cold start", "", PREDICTED],
        [f"up to {MIN_LISTS - 1} judged queries", f"`{OF_FEW_LISTS}`, five small networks", "", PREDICTED],
        [f"{MIN_LISTS} judged queries or more", f"`{OF_FEW_LISTS}`, five small networks", "", fitted],
        [f"up to {ENOUGH_LISTS - 1} searches of a log", f"`{OF_FEW_LISTS}`, five small networks", "", PREDICTED],
        [f"{ENOUGH_LISTS:,} searches of a log or more", f"`{bought}`", _shown(results, [GROCERY], bought), PREDICTED],
    ]
    return (
        "## By what there is to learn from\n\n"
        f"{table(['you have', 'method', '% of three networks', 'what else holds'], rows)}\n\n"
        "Methods that learn from trees need LightGBM (`pip install 'trimtab[build]'`) where a bundle is built, not "
        f"where it is served. `{WITHOUT_TREES}`, which does without, has "
        f"{_shown(results, [*JUDGED, GROCERY], WITHOUT_TREES)}.\n"
        f"{_as_served(results['served'])}{_by_size(results['sizes'])}{_by_scale(results['scale'])}"
    )


def _as_served(served: dict[str, Any]) -> str:
    rows = []
    for data, methods in served.items():
        base = methods[OF_FEW_LISTS]["hypervolume"]
        for name, one in methods.items():
            share = f"{100 * one['hypervolume'] / base:.1f}"
            errors = ", ".join(f"{error:.3f}" for error in one["calibration_error"].values())
            rows.append([data, f"`{name}`", _interval(one["ndcg"]), share, errors, f"{one['train_seconds']:.0f}"])
    head = ["set", "method", "ndcg@10", f"% of `{OF_FEW_LISTS}`", "calibration error of each head", "s to fit"]
    return (
        "\nFitted as a build fits them (larger networks, or of few lists five small ones with a hidden layer; "
        f"one seed, held-out lists, processor time of a busy machine):\n\n{table(head, rows)}\n"
    )


def _by_size(sizes: dict[str, Any]) -> str:
    rows = [[method, *(_spread(one["hypervolume"]) for one in found.values())] for method, found in sizes.items()]
    lists = [f"{one['n_lists']:,} lists" for one in next(iter(sizes.values())).values()]
    head = "Hypervolume on grocery by the number of lists with a purchase to learn from"
    return f"\n{head}:\n\n{table(['method', *lists], rows)}\n"


def _by_scale(scale: dict[str, Any]) -> str:
    sizes = list(scale["ensemble"])
    rows = [
        [f"`{name}`", *(f"{found[n]['hypervolume']:.3f}" if n in found else "" for n in sizes)]
        for name, found in scale.items()
        if name in SCALED
    ]
    return (
        "\nThe same of simulated lists of 20 candidates, with networks of the size that is served (one seed; a "
        f"simulated shop has a front of its own):\n\n{table(['method', *(f'{int(n):,}' for n in sizes)], rows)}\n"
    )


def _by_cost(results: dict[str, Any]) -> str:
    comparison = results["comparison"]
    rows = []
    for name, kind in COST_OF.items():
        cost = results["costs"][kind]
        seconds = [
            f"{by_method[name]['train_seconds']['value']:.1f}" if name in by_method else ""
            for by_method in comparison.values()
        ]
        rows.append([f"`{name}`", f"{cost['ms']:.3f}", f"{cost['share']:.2f}", *seconds])
    head = ["method", "ms a list", "share of three networks", *(f"{one}: s to train" for one in comparison)]
    return (
        "## By time\n\nProcessor time of scoring 200 candidates, with networks of the size that is served, and of "
        f"training in the comparison, whose networks are smaller:\n\n{table(head, rows)}\n"
    )


def _by_objectives(results: dict[str, Any]) -> str:
    grocery = results["comparison"][GROCERY]
    heads, each = (grocery[name]["train_seconds"]["value"] for name in ("heads", "scalarisation"))
    return (
        "## By the number of objectives\n\nAn objective is a head times a value of the item. Objectives that share a "
        "head (relevance and rating; revenue, margin and private label) cost no training, and a multiplication when "
        "they are served; a head costs a column of each network and trees of its own. One network of heads for every "
        f"weighting takes {heads:.1f} s of processor time on grocery; a small model for each of the weightings takes "
        f"{each:.1f} s, and answers only those.\n"
    )


def _by_encoder(encoders: dict[str, Any]) -> str:
    names = [name for name in encoders if name != "source"]
    rows = [[f"`{name}`", *map(_ndcg, (encoders[name][one] for one in JUDGED))] for name in names]
    return (
        f"## By the size of the catalogue\n\n`--encoder auto` takes `distilled` up to {DISTILLED_ITEMS:,} items and "
        "`wordllama` above. ndcg@10 on the judged pool, out of fold (from [insights](insights.md)):\n\n"
        f"{table(['encoder', *JUDGED], rows)}\n\n`minilm` puts each query through a transformer; the others look its "
        "words up.\n"
    )


def _ndcg(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _spread(found: dict[str, float]) -> str:
    value = f"{found['value']:.3f}"
    return value if found["low"] == found["high"] else f"{value} ({found['low']:.3f} to {found['high']:.3f})"


def _interval(found: dict[str, float]) -> str:
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"


def _of_ensemble(results: dict[str, Any], data: str, name: str) -> dict[str, float]:
    found: dict[str, float] = results["comparison"][data][name]["percent_of_ensemble"]
    return found


def _shown(results: dict[str, Any], sets: Sequence[str], name: str) -> str:
    return "; ".join(
        f"{one} {found['value']:.1f} ({found['low']:.1f} to {found['high']:.1f})"
        for one in sets
        for found in [_of_ensemble(results, one, name)]
    )


if __name__ == "__main__":
    PAGE.write_text(page_of(read_results()))
