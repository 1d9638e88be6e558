"""What a manifest says of lists that were held out: how well they are ordered, and how true what is expected is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.core.metrics import mean_interval, ndcg_at_k
from trimtab.ranker.calibration import expected_calibration_error, reliability
from trimtab.ranker.training.lists import RankingLists


def held_out_report(scores: NDArray[np.floating], expected: NDArray[np.float64], lists: RankingLists) -> dict[str, Any]:
    """Measures of heads on lists of which they have learned nothing.

    Candidates stand in a list in the order of retrieval, which is what ranking starts from.

    Args:
        scores: [L, n, H] raw, relevance first.
        expected: [L, n, H] by calibrations that were fitted on other lists.
    """
    as_retrieved = np.broadcast_to(-np.arange(lists.rows.shape[1], dtype=np.float32), lists.rows.shape)
    return {
        "ndcg@10_as_retrieved": mean_interval(list_ndcg(as_retrieved, lists)).as_dict(),
        "ndcg@10": mean_interval(list_ndcg(scores[..., 0], lists)).as_dict(),
        "calibration_error": _calibration_errors(expected, lists),
        "calibration_curve": _calibration_curves(expected, lists),
    }


def list_ndcg(scores: NDArray[np.floating], lists: RankingLists, *, k: int = 10) -> NDArray[np.float64]:
    """[L] ndcg@k over the labelled candidates of each list; the labels already are gains, so grades are their logs."""
    values = []
    for row, labels in zip(scores, lists.labels[..., 0], strict=True):
        known = ~np.isnan(labels)
        values.append(ndcg_at_k(row[known], np.log2(1 + labels[known].astype(np.float64)), k=k))
    return np.array(values)


def _calibration_errors(expected: NDArray[np.float64], lists: RankingLists) -> dict[str, float]:
    """Expected calibration error of each head; `expected` [L, n, H]."""
    return {name: expected_calibration_error(*both) for name, *both in _expected_and_observed(expected, lists)}


def _calibration_curves(expected: NDArray[np.float64], lists: RankingLists) -> dict[str, list[list[float]]]:
    """Predictions of each head, `expected` [L, n, H], against observations: rows of `reliability`."""
    return {name: reliability(*both).round(6).tolist() for name, *both in _expected_and_observed(expected, lists)}


def _expected_and_observed(
    expected: NDArray[np.float64], lists: RankingLists
) -> Iterator[tuple[str, NDArray[np.floating], NDArray[np.floating]]]:
    for number, name in enumerate(lists.heads):
        values = lists.labels[..., number]
        known = ~np.isnan(values)
        yield name, expected[..., number][known], values[known]
