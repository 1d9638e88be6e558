"""The impression log's columns: one row an impression.

Names follow the User Behavior Insights schema where it has one (`query`, `user_id`, `session_id`, `timestamp`);
its `query_id` is our `decision_id`. Reading and writing files is `trimtab.engine.log.impressions`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimtab.core.records import Impression

SCHEMA_VERSION = 1

COLUMNS: dict[str, str] = {
    "decision_id": "str",
    "timestamp": "datetime",  # UTC
    "user_id": "str?",
    "session_id": "str?",
    "query": "str",
    "bundle": "str",
    "feature_schema": "str",
    "arm": "str?",  # of the experiment; `variant` in logs of earlier versions
    "weights": "json",  # effective, objective -> weight, summing to 1
    "requested_weights": "json",
    "temperature": "float",  # 0 where the slate was sorted
    "seed": "int?",
    "offset": "int",
    "item_ids": "list[str]",  # by position
    "propensities": "list[float]",  # conditional on the items above
    "max_relevance_loss": "float?",
    "filters": "list[str]",
    "pins": "json",  # position -> item_id, as asked for; a pin that could not be kept is not in item_ids
    "exclusions": "list[str]",
    "boosts": "json",  # item_id -> what was added to its utility
    "k": "int",  # how many were asked for; fewer may have been there
    "degraded": "list[str]",  # parts of the search that were left out
    "catalogue": "int?",  # version of the last change to the catalogue that was known; 0 or null as the bundle has it
    "recent": "list[str]?",  # what the user had done since the bundle was built, the newest first: action:item_id
    "interleaving": "str?",  # JSON: sides with weights and loss, teams by position: `core.interleaving`
    "features": "list[list[float]]?",
    "clicks": "list[int]",  # 0/1 by position
    "purchases": "list[int]",  # 0/1 by position
    "revenue": "list[float]",  # by position, in the catalogue's currency
    "schema_version": "int",
}
"""Column -> kind; `?` may be null."""

EARLIER_NAMES = {"variant": "arm"}
"""Name in logs of earlier versions -> column."""


def impression_row(impression: Impression) -> dict[str, Any]:
    """Plain values by column; outcomes not known yet are zeros of the slate's length."""
    n = len(impression.item_ids)
    row = {name: getattr(impression, name) for name in COLUMNS if name != "schema_version"}
    row["weights"] = dict(impression.weights)
    row["requested_weights"] = dict(impression.requested_weights)
    row["item_ids"] = list(impression.item_ids)
    row["propensities"] = list(impression.propensities)
    row["filters"] = list(impression.filters)
    row["pins"] = {str(position): item_id for position, item_id in sorted(impression.pins.items())}
    row["exclusions"] = sorted(impression.exclusions)
    row["boosts"] = dict(sorted(impression.boosts.items()))
    row["degraded"] = list(impression.degraded)
    row["recent"] = list(impression.recent) or None
    row["clicks"] = list(impression.clicks) or [0] * n
    row["purchases"] = list(impression.purchases) or [0] * n
    row["revenue"] = list(impression.revenue) or [0.0] * n
    row["schema_version"] = SCHEMA_VERSION
    return row


def problem_of(row: Mapping[str, Any], columns: Iterable[str] = tuple(COLUMNS)) -> str | None:
    """Why a log row cannot be used, in words; None where it can.

    Args:
        columns: that have to be there.
    """
    missing = [name for name in columns if not COLUMNS[name].endswith("?") and row.get(name) is None]
    if missing:
        return f"{missing[0]} is missing"
    if row["schema_version"] != SCHEMA_VERSION:
        return f"schema_version is {row['schema_version']}, this reads {SCHEMA_VERSION}"
    n = len(row["item_ids"])
    if len(set(row["item_ids"])) != n:
        return "item_ids repeats an item"
    for name in ("propensities", "clicks", "purchases", "revenue"):
        if len(row[name]) != n:
            return f"{name} has {len(row[name])} entries for {n} items"
    for propensity in row["propensities"]:
        if propensity is None or not 0 < propensity <= 1:
            return f"propensities has {propensity}, allowed: above 0 up to 1"
    if any(not math.isfinite(value) for value in row["revenue"]):
        return "revenue has a value that is not finite"
    return None
