"""Whether items that nobody judged come to the fore once a ranker has learned from judgments, and what helps.

`python -m benchmarks.ranking.unjudged --data D` asks the judged queries of `D/icecat` and `D/esci` out of fold, by
relevance alone and of the candidates that a search has: ndcg@10 among the judged, and with every item that nobody
judged worth nothing. Heads that learn from the judged alone stand beside the rules of a build without judgments, and
beside two ways to keep heads from what they have never seen: a share of the unjudged candidates is learned from as
irrelevant, and heads lean on the rules (a build does both). What the other folds choose is the way whose mean of both
ndcg is the highest there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trimtab.catalog.datasets.folders import DATA_SETS
from trimtab.catalog.judgments import read_judgments
from trimtab.core.metrics import mean_interval, ndcg_at_k
from trimtab.core.work.progress import silent
from trimtab.engine.build.labelled_lists import lists_from_judgments
from trimtab.engine.build.study_problems import JUDGED, pipeline_of
from trimtab.engine.build.training import recipe_for
from trimtab.ranker.objectives import RELEVANCE
from trimtab.ranker.training.crossval import folds_of, out_of_fold_scores
from trimtab.ranker.training.heads import Recipe
from trimtab.ranker.training.lists import RankingLists, pad_lists
from trimtab.ranker.training.rules import RULES_SHARE, rule_weights
from trimtab.ranker.training.unjudged import IRRELEVANT_SHARE

Scores = NDArray[np.floating]
"""[L, n]."""

SHARES = (0.0, IRRELEVANT_SHARE, 1.0)
"""Shares of the unjudged candidates that are learned from as irrelevant."""
RULES_SHARES = (0.0, RULES_SHARE)
"""How much of the rules there is beside one of heads."""


@dataclass(frozen=True)
class Searched:
    """The candidates of judged queries.

    Attributes:
        is_found: [L, n], false of what was judged and is not found by the search.
    """

    lists: RankingLists
    is_found: NDArray[np.bool_]


def searched(name: str, folder: Path) -> Searched:
    """The judged queries of a data set."""
    pipeline = pipeline_of(DATA_SETS[name].load(folder), silent)
    lists = lists_from_judgments(pipeline, read_judgments(folder / "judgments.csv"))
    n_found = np.array([len(pipeline.retrieve(one.group).rows) for one in lists])
    padded = pad_lists(lists, (RELEVANCE.head,))
    return Searched(padded, np.arange(padded.rows.shape[1]) < n_found[:, None])


def scores_by_way(data: Searched, recipe: Recipe) -> Iterator[tuple[str, Scores]]:
    """How candidates are scored -> their scores, of queries that nothing was learned from."""
    yield "rules, without judgments", data.lists.features @ rule_weights().numpy()
    for share, rules_share in product(SHARES, RULES_SHARES):
        changed = replace(recipe, irrelevant_share=share, rules_share=rules_share)
        way = f"heads, {share:.0%} of the unjudged irrelevant" if share else "heads of the judged alone"
        yield (
            f"{way}, and {rules_share:g} of the rules" if rules_share else way,
            out_of_fold_scores(data.lists, changed)[..., 0],
        )


def ndcg_of(scores: Scores, data: Searched) -> NDArray[np.float64]:
    """[L, 2] ndcg@10 among the judged and among all, nan where nothing is relevant."""
    values = []
    for row, labels, found in zip(scores, data.lists.labels[..., 0], data.is_found, strict=True):
        judged = ~np.isnan(labels)
        grades = np.log2(1 + np.nan_to_num(labels).astype(np.float64))  # labels are gains
        missed = grades[judged & ~found].tolist()
        values.append([ndcg_at_k(row[some], grades[some], k=10, missed=missed) for some in (found & judged, found)])
    return np.array(values)


def chosen_by_others(found: Mapping[str, NDArray[np.float64]], folds: NDArray[np.int64]) -> NDArray[np.float64]:
    """[L, 2] of each query by the way that is best for the queries of the other folds."""
    ways = np.stack(list(found.values()))
    chosen = np.empty(ways.shape[1:])
    for fold in np.unique(folds):
        others, own = folds != fold, folds == fold
        chosen[own] = ways[np.nanmean(ways[:, others], axis=(1, 2)).argmax(), own]
    return chosen


def table_of(found: Mapping[str, NDArray[np.float64]]) -> str:
    """A way a line: the means with their intervals."""
    lines = ["| way | judged | all |", "|---|---|---|"]
    for way, values in found.items():
        cells = [mean_interval(column) for column in values.T]
        lines.append(f"| {way} | {' | '.join(f'{one.value:.3f} ({one.low:.3f} to {one.high:.3f})' for one in cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds icecat/ and esci/")
    parser.add_argument("--members", type=int, help="networks that are averaged; as many as a build has by default")
    parser.add_argument("--steps", type=int, help="steps of each; as many as a build has by default")
    given = parser.parse_args()
    for name in JUDGED:
        data = searched(name, given.data / name)
        recipe = recipe_for(len(data.lists), judged=True)
        recipe = replace(recipe, n_members=given.members or recipe.n_members, n_steps=given.steps or recipe.n_steps)
        found = {way: ndcg_of(scores, data) for way, scores in scores_by_way(data, recipe)}
        found["what the other folds choose"] = chosen_by_others(found, folds_of(data.lists.groups))
        sys.stdout.write(f"{name}\n{table_of(found)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
