"""Readers of learning-to-rank benchmarks: LightGBM's lambdarank example and MSLR-WEB30K, both in SVMlight format.

They check the training stack against published figures; users who have MSLR-WEB30K can compare the methods on it.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trimtab.core.errors import BadFile
from trimtab.core.metrics import exponential_gain
from trimtab.ranker.item_values import ItemValues
from trimtab.ranker.methods.problem import Problem, multipliers_of
from trimtab.ranker.objectives import Objective
from trimtab.ranker.training.lists import RankingLists

MSLR_N_FEATURES = 136
MSLR_OBJECTIVES = {
    "quality_score": 132,
    "quality_score_2": 133,
    "query_url_click_count": 134,
    "url_click_count": 135,
    "url_dwell_time": 136,
}
"""Columns (1-based) of MSLR-WEB30K that the literature takes as objectives beside relevance, and takes out of the
features: QualityScore, QualityScore2, query-URL click count, URL click count and URL dwell time."""


def read_svmlight(path: Path) -> tuple[NDArray[np.float32], NDArray[np.float32], list[str]]:
    """Features [n, F], labels [n] and query ids [n] ("" where there are none) of an SVMlight file, or its .gz.

    Raises:
        BadFile: a line is not `label [qid:id] index:value ...`; names the line.
    """
    labels, queries, entries = [], [], []
    for number, line in enumerate(_lines(path), 1):
        fields = line.split("#", 1)[0].split()
        if not fields:
            continue
        try:
            labels.append(float(fields[0]))
            has_query = len(fields) > 1 and fields[1].startswith("qid:")
            queries.append(fields[1].removeprefix("qid:") if has_query else "")
            pairs = [field.split(":") for field in fields[2 if has_query else 1 :]]
            row = [(int(index), float(value)) for index, value in pairs]
            if any(index < 1 or not np.isfinite(value) for index, value in row):
                raise ValueError("an index below 1 or a value that is not finite")
        except ValueError as error:
            raise BadFile(path, f"is not an SVMlight line ({error})", row=number) from None
        entries.append(row)
    if not entries:
        raise BadFile(path, "has no lines")
    width = max((index for row in entries for index, _ in row), default=0)
    features = np.zeros((len(entries), width), dtype=np.float32)
    for position, row in enumerate(entries):
        for index, value in row:
            features[position, index - 1] = value
    return features, np.array(labels, dtype=np.float32), queries


def read_lambdarank(path: Path) -> RankingLists:
    """LightGBM's example: an SVMlight file without query ids and `<name>.query` beside it with the list lengths.

    Raises:
        BadFile: a file is damaged, or the lengths do not add up to the lines.
    """
    features, grades, _ = read_svmlight(path)
    lengths_path = path.with_name(path.name.removesuffix(".gz") + ".query")
    try:
        lengths = [int(line) for line in lengths_path.read_text().split()]
    except (OSError, ValueError) as error:
        raise BadFile(lengths_path, f"does not hold list lengths ({error})") from None
    if sum(lengths) != len(features):
        raise BadFile(lengths_path, f"the lengths add up to {sum(lengths)}, but {path.name} has {len(features)} lines")
    return lists_of(features, grades[:, None], lengths, [str(number) for number in range(len(lengths))])


def read_mslr(path: Path, *, objectives: Sequence[str] = tuple(MSLR_OBJECTIVES)) -> Problem:
    """MSLR-WEB30K (or 10K): relevance grades, and columns of it as further objectives.

    An objective's column is taken out of the features and divided by its largest value; counts go through log(1 + x).

    Raises:
        BadFile: the file is damaged, has no query ids, or not 136 features.
    """
    features, grades, queries = read_svmlight(path)
    if features.shape[1] != MSLR_N_FEATURES:
        raise BadFile(path, f"has {features.shape[1]} features, MSLR-WEB30K has {MSLR_N_FEATURES}")
    if "" in queries:
        raise BadFile(path, "has a line without qid", row=queries.index("") + 1)
    columns = [_scaled(np.log1p(np.maximum(features[:, MSLR_OBJECTIVES[name] - 1], 0))) for name in objectives]
    relevance = exponential_gain(grades) / exponential_gain(4)
    labels = np.column_stack([relevance, *columns]).astype(np.float32)
    kept = np.setdiff1d(np.arange(MSLR_N_FEATURES), [column - 1 for column in MSLR_OBJECTIVES.values()])
    starts = [0, *(np.flatnonzero(np.array(queries[1:]) != np.array(queries[:-1])) + 1).tolist(), len(queries)]
    names = ("relevance", *objectives)
    groups = [queries[start] for start in starts[:-1]]
    lists = lists_of(features[:, kept], labels, np.diff(starts).tolist(), groups, names)
    all_objectives = tuple(Objective(name, name, unit="share of the largest") for name in names)
    return Problem(
        lists,
        all_objectives,
        multipliers_of(lists, ItemValues(all_objectives, {})),
        np.full((*lists.rows.shape, 0), -1, dtype=np.int64),
    )


def lists_of(
    features: NDArray[np.float32],
    labels: NDArray[np.float32],
    lengths: Sequence[int],
    groups: Sequence[str],
    heads: Sequence[str] = ("relevance",),
) -> RankingLists:
    """Pad consecutive rows [n, F] and labels [n, H] into lists of the given lengths; rows count through the file."""
    longest, starts = max(lengths), np.r_[0, np.cumsum(lengths)]
    shape = (len(lengths), longest)
    padded = np.zeros((*shape, features.shape[1]), dtype=np.float32)
    known = np.full((*shape, labels.shape[1]), np.nan, dtype=np.float32)
    rows = np.full(shape, -1, dtype=np.int64)
    for number, length in enumerate(lengths):
        span = slice(starts[number], starts[number + 1])
        padded[number, :length] = features[span]
        known[number, :length] = labels[span]
        rows[number, :length] = np.arange(starts[number], starts[number + 1])
    prices = np.full(shape, np.nan, dtype=np.float32)
    return RankingLists(padded, prices, known, np.array(groups), rows, tuple(heads))


def _scaled(values: NDArray[np.floating]) -> NDArray[np.floating]:
    largest = values.max()
    return values / largest if largest > 0 else values


def _lines(path: Path) -> Iterator[str]:
    try:
        with gzip.open(path, "rt") if path.name.endswith(".gz") else path.open() as file:
            yield from file
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise BadFile(path, f"cannot be read ({error})") from None
