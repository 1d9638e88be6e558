"""The log row of a slate that is being shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from trimtab.core.log import Impression, variants_text
from trimtab.core.records import Slate
from trimtab.ranker.slate.exploration import exploration_text
from trimtab.retrieval.filters import format_filter, format_sort


def impression_of(
    slate: Slate,
    timestamp: datetime,
    *,
    catalogue_version: int,
    manifest: Mapping[str, Any],
    remote: str | None = None,
    arm: str | None = None,
) -> Impression:
    """All that it takes to make the slate again.

    Args:
        catalogue_version: of the last change to the catalogue that the slate knew of.
        manifest: of the bundle that made it.
        remote: where its candidates were looked up, if on other machines.
        arm: of the experiment that it is in.
    """
    query = slate.query
    return Impression(
        decision_id=slate.decision_id,
        timestamp=timestamp,
        user_id=query.user_id,
        session_id=query.session_id,
        query=query.text,
        understood=query.wording.to_log(),
        bundle=slate.bundle,
        catalogue=catalogue_version,
        feature_schema=manifest["feature_schema"],
        arm=arm,
        weights=slate.weights,
        requested_weights=slate.requested_weights,
        temperature=slate.temperature,
        exploration=None if slate.seed is None else exploration_text(query.exploration_loss),
        expected_exploration_loss=slate.expected_exploration_loss,
        seed=slate.seed,
        k=query.k,
        offset=query.offset,
        item_ids=slate.item_ids,
        propensities=tuple(slate.propensities.tolist()),
        max_relevance_loss=query.constraints.max_relevance_loss,
        max_losses=query.constraints.max_losses or None,
        price_list=query.price_list,
        store=query.store,
        near=None if query.near is None else str(query.near),
        related=None if query.related is None else str(query.related),
        filters=tuple(text for condition in query.filters for text in format_filter(condition)),
        variants=None if slate.variants is None else variants_text(slate.item_ids, slate.variants),
        sort=None if query.sort is None else format_sort(query.sort),
        pins=dict(sorted(query.constraints.pins.items())),
        exclusions=query.constraints.exclusions,
        boosts=dict(sorted(query.constraints.boosts.items())),
        degraded=slate.degraded,
        interleaving=None if slate.interleaving is None else json.dumps(asdict(slate.interleaving)),
        recent=query.recent or None,
        retrieval=_where(manifest, remote),
    )


def _where(manifest: Mapping[str, Any], remote: str | None) -> str | None:
    """What the log says of a bundle whose candidates are looked up elsewhere."""
    return None if remote is None else json.dumps({"collection": remote, "as_of": manifest["as_of"]})
