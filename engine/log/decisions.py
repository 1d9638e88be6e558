"""A logged decision made again: the same slate, chances and weights to the bit, or a list of what differs (skew).

Nothing is looked up but the row and the bundle: the row has whatever the decision depended on. Why an item stands where
it stands is explained by contributions: how much of its gain is lost when one feature is set to what the average
candidate of the same search has. They need not add up, because features work together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.core.errors import NotFound
from trimtab.core.places import parse_place
from trimtab.core.records import Constraints, FloatArray, Query, Related, ScoredCandidates, Side, Slate
from trimtab.core.understood import Understood, wording_of
from trimtab.engine.plan.degradation import FixedLevels
from trimtab.engine.plan.search_plan import SearchPlan
from trimtab.engine.response import response_of
from trimtab.engine.search import Engine
from trimtab.ranker.features import FEATURES
from trimtab.retrieval.filters import parse_filter, parse_sort

COMPARED = ("item_ids", "propensities", "weights", "seed", "temperature", "degraded")


def replay_decision(engine: Engine, row: Mapping[str, Any]) -> dict[str, Any]:
    """Search again as a log row says.

    Args:
        row: of `trimtab.core.log`, mappings decoded.

    Returns:
        The response of the search as it is made now, its hits with `features` and `contributions` (feature by
        objective); under `decision_id` the logged one, beside it `timestamp`, `reproduced` and `differences`.

    Raises:
        NotFound: another bundle made the decision.
    """
    query = query_of(row)
    engine = engine.in_market(query)
    if row["bundle"] != engine.bundle_id:
        raise NotFound(f"decision {row['decision_id']} was made by bundle {row['bundle']}, this is {engine.bundle_id}")
    found = engine.search(SearchPlan(query, FixedLevels(frozenset(row["degraded"])), sides_of(row)))
    scored, slate = found.scored, found.slate
    response = response_of(slate, engine.store, arm=row["arm"])
    for hit, contributions in zip(response["hits"], _contributions(engine, scored, slate), strict=True):
        hit["contributions"] = contributions
    differences = _differences(engine, row, slate)
    del response["took_ms"]
    return {
        **response,
        "decision_id": row["decision_id"],
        "timestamp": row["timestamp"],
        "reproduced": not differences,
        "differences": differences,
    }


def query_of(row: Mapping[str, Any]) -> Query:
    """What was asked when a row was logged, and what it was understood as where the row says so."""
    return Query(
        text=row["query"],
        k=row["k"],
        offset=row["offset"],
        weights=row["requested_weights"],
        constraints=_constraints(row),
        filters=tuple(map(parse_filter, row["filters"])),
        group=row.get("variants") is not None,
        sort=None if row.get("sort") is None else parse_sort(row["sort"]),
        user_id=row["user_id"],
        recent=tuple(row["recent"] or ()),
        session_id=row["session_id"],
        explore=row["seed"] is not None,
        exploration_loss=_exploration_loss(row),
        explain=True,
        moment=row["timestamp"].timestamp(),
        price_list=row.get("price_list"),
        store=row.get("store"),
        related=Related.parse(row.get("related")),
        near=parse_place(row.get("near") or ""),
        understood=wording if isinstance(wording := wording_of(row), Understood) else None,
    )


def _constraints(row: Mapping[str, Any]) -> Constraints:
    return Constraints(
        row["max_relevance_loss"],
        {int(position): item_id for position, item_id in row["pins"].items()},
        frozenset(row["exclusions"]),
        row["boosts"],
        row.get("max_losses") or {},
    )


def _exploration_loss(row: Mapping[str, Any]) -> float | None:
    """What the draw of a row was allowed to cost; None where no limit was set, as in rows of earlier versions."""
    logged = row.get("exploration")
    allowed: float | None = None if logged is None else json.loads(logged)["max_relevance_loss"]
    return allowed


def sides_of(row: Mapping[str, Any]) -> dict[str, Side]:
    """The rankings of an interleaved slate; none of another."""
    logged = row["interleaving"]
    return {} if logged is None else {name: Side(**side) for name, side in json.loads(logged)["sides"].items()}


def _differences(engine: Engine, row: Mapping[str, Any], slate: Slate) -> list[dict[str, Any]]:
    again = engine.impression(slate, row["timestamp"])
    pairs = [(name, row[name], getattr(again, name)) for name in COMPARED]
    pairs.append(("interleaving", row["interleaving"], again.interleaving))
    pairs.append(("catalogue", row["catalogue"] or 0, again.catalogue))
    pairs.append(("candidates", _bound(row["decision_id"]), _bound(slate.decision_id)))
    return [
        {"what": name, "logged": logged, "replayed": replayed}
        for name, logged, replayed in ((name, _plain(logged), _plain(replayed)) for name, logged, replayed in pairs)
        if logged != replayed
    ]


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _bound(decision_id: str) -> str:
    """The half of the id that binds candidates and constraints."""
    return decision_id.rpartition("-")[2]


def _contributions(engine: Engine, scored: ScoredCandidates, slate: Slate) -> list[dict[str, dict[str, float]]]:
    """For each hit, by objective, what each feature that matters adds to its gain."""
    if not len(slate.rows):
        return []
    average = scored.features.mean(axis=0)
    lost = [
        _lost_gains(engine, features, average, int(row))
        for features, row in zip(slate.features, slate.rows, strict=True)
    ]
    return [{name: _named(lost_by[:, m]) for m, name in enumerate(slate.objectives)} for lost_by in lost]


def _lost_gains(engine: Engine, features: FloatArray, average: FloatArray, row: int) -> NDArray[np.float32]:
    """[F, M] how much smaller each gain is where one feature is average."""
    n = len(features)
    without = np.tile(features, (n + 1, 1))
    np.fill_diagonal(without[:n], average)
    gains = engine.scoring.gains(without, np.full(n + 1, row))
    return np.asarray(gains[n] - gains[:n], dtype=np.float32)


def _named(contributions: Sequence[float] | NDArray[np.float32]) -> dict[str, float]:
    """Largest first."""
    by_size = sorted(zip(FEATURES, map(float, contributions), strict=True), key=lambda pair: -abs(pair[1]))
    return {name: value for name, value in by_size if value != 0}
