"""Whether items that nobody judged come to the fore once a ranker has learned from judgments, and what helps.

`python -m benchmarks.ranking.unjudged --data D` asks the judged queries of `D/icecat` and `D/esci` out of fold, by
relevance alone and of the candidates that a search has: ndcg@10 among the judged, and with every item that nobody
judged worth nothing. Heads as a build fits them stand beside the rules of a build without judgments, and beside two
ways to keep heads from what they have never seen: a share of the unjudged candidates are learned from as irrelevant, or
scores are mixed with those of the rules.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
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
from trimtab.ranker.features import AT
from trimtab.ranker.objectives import RELEVANCE
from trimtab.ranker.training.cold_start import RULES
from trimtab.ranker.training.crossval import out_of_fold_scores, scores_out_of_fold
from trimtab.ranker.training.heads import Recipe, fit_heads
from trimtab.ranker.training.lists import RankingLists, pad_lists

Scores = NDArray[np.floating]
"""[L, n]."""

SHARE = 0.25
"""The share of the unjudged candidates that are learned from as irrelevant."""
MIXED = (0.25, 1.0)
"""How much of the rules there is beside one of heads, each in its own spread."""


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


def some_as_irrelevant(lists: RankingLists, share: float = SHARE, *, seed: int = 0) -> RankingLists:
    """The lists with a share of the unjudged candidates as irrelevant."""
    drawn = np.random.Generator(np.random.PCG64(seed)).random(lists.rows.shape) < share
    unjudged = np.isnan(lists.labels).all(axis=2) & (lists.rows >= 0)
    labels = lists.labels.copy()
    labels[drawn & unjudged, 0] = 0.0
    return replace(lists, labels=labels)


def scores_by_way(data: Searched, recipe: Recipe) -> Iterator[tuple[str, Scores]]:
    """How candidates are scored -> their scores, of queries that nothing was learned from."""

    def in_own_spread(scores: Scores) -> Scores:
        found = scores[data.is_found]
        return np.asarray((scores - found.mean()) / found.std())

    rules = in_own_spread(data.lists.features[..., [AT[name] for name in RULES]] @ np.array(list(RULES.values())))
    learned = in_own_spread(out_of_fold_scores(data.lists, recipe)[..., 0])
    beside = scores_out_of_fold(data.lists, lambda kept: fit_heads(some_as_irrelevant(kept), recipe), seed=0)
    irrelevant = in_own_spread(beside[..., 0])
    yield "rules, without judgments", rules
    yield "heads", learned
    yield f"heads, {SHARE:.0%} of the unjudged irrelevant", irrelevant
    yield "the mean of both heads", (learned + irrelevant) / 2
    for share in MIXED:
        yield f"heads and {share:g} of the rules", learned + share * rules
        yield f"the mean of both heads and {share:g} of the rules", (learned + irrelevant) / 2 + share * rules


def ndcg_of(scores: Scores, data: Searched) -> NDArray[np.float64]:
    """[L, 2] ndcg@10 among the judged and among all, nan where nothing is relevant."""
    values = []
    for row, labels, found in zip(scores, data.lists.labels[..., 0], data.is_found, strict=True):
        judged = ~np.isnan(labels)
        grades = np.log2(1 + np.nan_to_num(labels).astype(np.float64))  # labels are gains
        missed = grades[judged & ~found].tolist()
        values.append([ndcg_at_k(row[some], grades[some], k=10, missed=missed) for some in (found & judged, found)])
    return np.array(values)


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
        recipe = recipe_for(len(data.lists))
        recipe = replace(recipe, n_members=given.members or recipe.n_members, n_steps=given.steps or recipe.n_steps)
        found = {way: ndcg_of(scores, data) for way, scores in scores_by_way(data, recipe)}
        sys.stdout.write(f"{name}\n{table_of(found)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
