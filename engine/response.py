"""A slate as the plain values of the HTTP interface; the command line prints the same."""

from __future__ import annotations

from typing import Any

from catalog.store import ItemStore
from core.records import Slate
from ranker.features import FEATURES

SHOWN = ("item_id", "title", "brand", "category", "price", "in_stock", "image", "url")


def response_of(slate: Slate, store: ItemStore) -> dict[str, Any]:
    """The response of `GET /search`; see the interface in docs/architecture.md."""
    return {
        "decision_id": slate.decision_id,
        "query": slate.query.text,
        "hits": [_hit(slate, store, index) for index in range(len(slate.item_ids))],
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
        "variant": None,
        "took_ms": {stage: round(seconds * 1e3, 3) for stage, seconds in slate.seconds.items()},
    }


def _hit(slate: Slate, store: ItemStore, index: int) -> dict[str, Any]:
    shown = store.display(int(slate.rows[index]))
    hit = {name: shown[name] for name in SHOWN}
    hit["position"] = slate.query.offset + index
    hit["score"] = float(slate.scores[index])
    hit["objectives"] = dict(zip(slate.objectives, slate.gains[index].tolist(), strict=True))
    hit["propensity"] = float(slate.propensities[index])
    if slate.query.explain:
        hit["features"] = dict(zip(FEATURES, slate.features[index].tolist(), strict=True))
    return hit
