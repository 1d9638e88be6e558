"""A slate as the plain values of the HTTP interface; the command line prints the same."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from trimtab.catalog.store import ItemStore
from trimtab.core.records import Slate
from trimtab.ranker.features import FEATURES


def response_of(slate: Slate, store: ItemStore, *, hidden: Collection[str] = ()) -> dict[str, Any]:
    """The response of `GET /search`; see the interface in docs/architecture.md.

    Args:
        hidden: features that `explain` leaves out.
    """
    return {
        "decision_id": slate.decision_id,
        "query": slate.query.text,
        "hits": list(_hits(slate, store, hidden)),
        "n_candidates": slate.n_candidates,
        "weights": dict(slate.weights),
        "receipt": {
            name: {"expected": line.expected, "baseline": line.baseline, "change": line.change}
            for name, line in slate.receipt.items()
        },
        "infeasible": slate.infeasible,
        "degraded": list(slate.degraded),
        "facets": {field: dict(counts) for field, counts in slate.facets.items()},
        "bundle": slate.bundle,
        "arm": None,
        "variant": None,  # the name that `arm` had before, for one version
        "took_ms": {stage: round(seconds * 1e3, 3) for stage, seconds in slate.seconds.items()},
    }


def _hits(slate: Slate, store: ItemStore, hidden: Collection[str]) -> Iterator[dict[str, Any]]:
    rows, gains = slate.rows.tolist(), slate.gains.tolist()
    scores, propensities = slate.scores.tolist(), slate.propensities.tolist()
    for index, row in enumerate(rows):
        hit = store.display(row)
        hit["position"] = slate.query.offset + index
        hit["score"] = scores[index]
        hit["objectives"] = dict(zip(slate.objectives, gains[index], strict=True))
        hit["propensity"] = propensities[index]
        if slate.query.explain:
            features = zip(FEATURES, slate.features[index].tolist(), strict=True)
            hit["features"] = {name: value for name, value in features if name not in hidden}
        yield hit
