"""User Behavior Insights (schema 1.x): a file of queries with what was shown, a file of events on it.

From a query: `query_id`, `user_query`, `client_id`, `timestamp`, `query_response_hit_ids`; in `query_attributes` it may
carry any column of our log (bundle, weights, propensities, ...): without propensities a slate counts as sorted. From an
event: `query_id`, `action_name`, `timestamp` and `event_attributes.object.object_id`; the price of what was bought in
`event_attributes.object.object_detail.price`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from trimtab.abtest.importers.foreign import Accepted, Read, Rejected, column_of, log_row, moment, rows_of

ACTIONS = {"click": "clicks", "item_click": "clicks", "purchase": "purchases", "checkout": "purchases"}
"""Events that are outcomes."""

UNREADABLE = "cannot be read as a row"
NO_QUERY_ID = "an event without query_id"
NO_SUCH_QUERY = "an event of a query that is not there"
NOT_SHOWN = "an event on an item that its query did not show"
TOO_EARLY = "an event before its query: a clock went backwards"
OTHER_ACTION = "an event that is neither a click nor a purchase"
NO_TIME = "a timestamp that cannot be read"
TWICE = "a query_id that was there before"


@dataclass(frozen=True, slots=True)
class _Event:
    action: str
    item_id: str
    at: datetime
    price: float
    where: str


def is_layout(source: Path) -> bool:
    """Whether a folder has files of queries and of events."""
    return source.is_dir() and bool(_files(source, "queries")) and bool(_files(source, "events"))


def read(source: Path) -> Iterator[Read]:
    """Queries in the order of the files, each with its outcomes. Events are in memory while it runs."""
    events: defaultdict[str, list[_Event]] = defaultdict(list)
    for path in _files(source, "events"):
        for where, raw in rows_of(path):
            event = _event(raw, where)
            if isinstance(event, Rejected):
                yield event
            else:
                events[event[0]].append(event[1])
    seen: set[str] = set()
    for path in _files(source, "queries"):
        for where, raw in rows_of(path):
            query = _query(raw, where)
            if isinstance(query, Accepted) and query.row["decision_id"] in seen:
                query = Rejected(TWICE, where)
            if isinstance(query, Rejected):
                yield query
                continue
            seen.add(query.row["decision_id"])
            yield from _add_outcomes(query, events.pop(query.row["decision_id"], []))
            yield query
    for left in events.values():
        yield from (Rejected(NO_SUCH_QUERY, event.where, is_impression=False) for event in left)


def _files(source: Path, what: str) -> list[Path]:
    return sorted(path for path in source.iterdir() if what in path.name and path.is_file() and path.name[0] != ".")


def _query(raw: Mapping[str, Any] | None, where: str) -> Accepted | Rejected:
    if raw is None:
        return Rejected(UNREADABLE, where)
    for name in ("query_id", "user_query", "timestamp"):
        if raw.get(name) in {None, ""}:
            return Rejected(f"{name} is missing", where)
    at = moment(raw["timestamp"])
    if at is None:
        return Rejected(NO_TIME, where)
    hits = _structure(raw.get("query_response_hit_ids"))
    if not isinstance(hits, list):
        return Rejected("query_response_hit_ids is not a list", where)
    attributes = _structure(raw.get("query_attributes"))
    given = attributes if isinstance(attributes, dict) else {}
    ours = {column.name: value for name, value in given.items() if (column := column_of(name)) is not None}
    return Accepted(
        log_row(
            {
                "session_id": raw.get("session_id"),
                **ours,
                "decision_id": str(raw["query_id"]),
                "timestamp": at,
                "user_id": raw.get("client_id"),
                "query": str(raw["user_query"]),
                "item_ids": [str(item) for item in hits],
            }
        ),
        where,
    )


def _event(raw: Mapping[str, Any] | None, where: str) -> tuple[str, _Event] | Rejected:
    if raw is None:
        return Rejected(UNREADABLE, where, is_impression=False)
    action = ACTIONS.get(str(raw.get("action_name")))
    if action is None:
        return Rejected(OTHER_ACTION, where, is_impression=False)
    if not raw.get("query_id"):
        return Rejected(NO_QUERY_ID, where, is_impression=False)
    at = moment(raw.get("timestamp"))
    if at is None:
        return Rejected(NO_TIME, where, is_impression=False)
    item = _nested(raw, "event_attributes", "object")
    detail = _nested(item, "object_detail") if isinstance(item, dict) else None
    price = detail.get("price", 0.0) if isinstance(detail, dict) else 0.0
    item_id = item.get("object_id") if isinstance(item, dict) else raw.get("event_attributes.object.object_id")
    try:
        return str(raw["query_id"]), _Event(action, str(item_id), at, float(price), where)
    except (TypeError, ValueError):
        return Rejected("a price that is not a number", where, is_impression=False)


def _add_outcomes(query: Accepted, events: list[_Event]) -> Iterator[Rejected]:
    row = query.row
    places = {item_id: place for place, item_id in enumerate(row["item_ids"])}
    for event in events:
        place = places.get(event.item_id)
        if place is None:
            yield Rejected(NOT_SHOWN, event.where, is_impression=False)
        elif event.at < row["timestamp"]:
            yield Rejected(TOO_EARLY, event.where, is_impression=False)
        else:
            row[event.action][place] = 1
            if event.action == "purchases":
                row["clicks"][place] = 1
                row["revenue"][place] += event.price


def _nested(value: object, *names: str) -> object:
    for name in names:
        value = _structure(value.get(name)) if isinstance(value, dict) else None
    return value


def _structure(value: object) -> object:
    """A list or mapping, also where it is JSON text in a CSV cell."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None
