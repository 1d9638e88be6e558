"""User Behavior Insights (schema 1.x): a file of queries with what was shown, a file of events on it.

From a query: `query_id`, `user_query`, `client_id`, `timestamp`, `query_response_hit_ids`; in `query_attributes` it may
carry any column of our log (bundle, weights, propensities, ...): without propensities a slate counts as sorted. From an
event: `query_id`, `action_name`, `timestamp` and `event_attributes.object.object_id`; the price of what was bought in
`event_attributes.object.object_detail.price`; `event_id` where there is one.

An event is an outcome of its query where it came within `IN_TIME` of it, and counts once however often it was sent. It
comes from a shopper's clock: one that was stamped before its query counts as of the query's time, one stamped after it
is read as of now, and both are noted.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trimtab.abtest.importers.foreign import (
    Accepted,
    Noted,
    Read,
    Rejected,
    accepted,
    column_of,
    rows_of,
    value_of,
)
from trimtab.core.moments import moment
from trimtab.engine.log.interactions import IN_TIME

ACTIONS = {"click": "clicks", "item_click": "clicks", "purchase": "purchases", "checkout": "purchases"}
"""Events that are outcomes."""

FROM_QUERY = ("decision_id", "timestamp", "user_id", "query", "item_ids")
"""Columns that have a place of their own in a query; attributes of these names are not looked at."""

MOST_PAID = 1e15

UNREADABLE = "cannot be read as a row"
NO_QUERY_ID = "an event without query_id"
NO_ITEM = "an event without object_id"
NO_SUCH_QUERY = "an event of a query that is not there"
NOT_SHOWN = "an event on an item that its query did not show"
TOO_LATE = f"an event more than {IN_TIME.days * 24} hours after its query"
OTHER_ACTION = "an event that is neither a click nor a purchase"
SENT_AGAIN = "an event that was sent again"
NO_TIME = "a timestamp that cannot be read"
BAD_PRICE = "a price that is not a number"

NO_PRICE = "a purchase without a price: it counts, with no revenue"
TOO_EARLY = "an event stamped before its query: it counts as of the query's time"
NOT_YET = "a time that has not come yet: it counts as of now"


@dataclass(frozen=True, slots=True)
class _Event:
    action: str
    item_id: str
    at: datetime
    price: float | None
    where: str


def is_layout(source: Path) -> bool:
    """Whether a folder has files of queries and of events."""
    return source.is_dir() and bool(_files(source, "queries")) and bool(_files(source, "events"))


def read(source: Path) -> Iterator[Read]:
    """Queries in the order of the files, each with its outcomes. Events are in memory while it runs."""
    now = datetime.now(UTC)
    events: defaultdict[str, list[_Event]] = defaultdict(list)
    for found in _events(source, now):
        if isinstance(found, tuple):
            events[found[0]].append(found[1])
        else:
            yield found
    for path in _files(source, "queries"):
        for where, raw in rows_of(path):
            query = _query(raw, where)
            if isinstance(query, Accepted):
                if query.row["timestamp"] > now:
                    yield Noted(NOT_YET, where)
                    query.row["timestamp"] = now
                yield from _add_outcomes(query.row, events.pop(query.row["decision_id"], []))
            yield query
    for left in events.values():
        yield from (Rejected(NO_SUCH_QUERY, event.where, is_impression=False) for event in left)


def _files(source: Path, what: str) -> list[Path]:
    return sorted(path for path in source.iterdir() if what in path.name and path.is_file() and path.name[0] != ".")


def _query(raw: Mapping[str, Any] | None, where: str) -> Accepted | Rejected:
    if raw is None:
        return Rejected(UNREADABLE, where)
    for name in ("query_id", "user_query", "timestamp"):
        if raw.get(name) is None or raw[name] == "":
            return Rejected(f"{name} is missing", where)
    at = moment(raw["timestamp"])
    if at is None:
        return Rejected(NO_TIME, where)
    texts = {name: _text(raw.get(name)) for name in ("query_id", "user_query", "client_id", "session_id")}
    for name, text in texts.items():
        if text is None and raw.get(name) is not None:
            return Rejected(f"{name} is not text", where)
    hits = _structure(raw.get("query_response_hit_ids"))
    if not isinstance(hits, list):
        return Rejected("query_response_hit_ids is not a list", where)
    item_ids = [_text(item) for item in hits]
    if None in item_ids:
        return Rejected("query_response_hit_ids has an entry that is not an id", where)
    ours = _ours(_structure(raw.get("query_attributes")), where)
    if isinstance(ours, Rejected):
        return ours
    known = {
        "session_id": texts["session_id"],
        **ours,
        "decision_id": texts["query_id"],
        "timestamp": at,
        "user_id": texts["client_id"],
        "query": texts["user_query"],
        "item_ids": item_ids,
    }
    return accepted(known, where)


def _ours(attributes: object, where: str) -> dict[str, Any] | Rejected:
    """The attributes that are columns of our log."""
    found = {}
    for name, raw in attributes.items() if isinstance(attributes, dict) else ():
        column = column_of(name)
        if column is None or column.name in FROM_QUERY:
            continue
        try:
            found[column.name] = None if raw is None else value_of(column, raw)
        except (TypeError, ValueError, OverflowError, RecursionError):
            return Rejected(f"query_attributes.{name} cannot be read as {column.kind}", where)
    return found


def _events(source: Path, now: datetime) -> Iterator[tuple[str, _Event] | Rejected | Noted]:
    """Each event of its query, once."""
    seen = set()
    for path in _files(source, "events"):
        for where, raw in rows_of(path):
            found = _event(raw, where)
            if isinstance(found, Rejected):
                yield found
                continue
            query_id, event = found
            assert raw is not None
            key = _text(raw.get("event_id")) or (event.at, event.price, _text(raw.get("client_id")))
            if (query_id, event.action, event.item_id, key) in seen:
                yield Rejected(SENT_AGAIN, where, is_impression=False)
                continue
            seen.add((query_id, event.action, event.item_id, key))
            if event.at > now:
                yield Noted(NOT_YET, where)
                event = replace(event, at=now)
            yield query_id, event


def _event(raw: Mapping[str, Any] | None, where: str) -> tuple[str, _Event] | Rejected:
    reason = None
    if raw is None:
        return Rejected(UNREADABLE, where, is_impression=False)
    action = ACTIONS.get(str(raw.get("action_name")))
    query_id = _text(raw.get("query_id"))
    at = moment(raw.get("timestamp"))
    item = _nested(raw, "event_attributes", "object")
    item_id = _text(item.get("object_id") if isinstance(item, dict) else raw.get("event_attributes.object.object_id"))
    price: float | None = None
    if action is None:
        reason = OTHER_ACTION
    elif not query_id:
        reason = NO_QUERY_ID
    elif at is None:
        reason = NO_TIME
    elif item_id is None:
        reason = NO_ITEM
    elif action == "purchases":
        price = _price(item)
        reason = BAD_PRICE if price is not None and not abs(price) <= MOST_PAID else None
    if reason is not None or action is None or query_id is None or at is None or item_id is None:
        return Rejected(reason or UNREADABLE, where, is_impression=False)
    return query_id, _Event(action, item_id, at, price, where)


def _price(item: object) -> float | None:
    """What was paid; nan where it is not a number, None where it is not given."""
    detail = _nested(item, "object_detail")
    price = detail.get("price") if isinstance(detail, dict) else None
    if price is None:
        return None
    try:
        return math.nan if isinstance(price, bool) else float(price)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _add_outcomes(row: dict[str, Any], events: list[_Event]) -> Iterator[Rejected | Noted]:
    places = {item_id: place for place, item_id in enumerate(row["item_ids"])}
    for event in events:
        place = places.get(event.item_id)
        if place is None:
            yield Rejected(NOT_SHOWN, event.where, is_impression=False)
            continue
        if event.at - row["timestamp"] > IN_TIME:
            yield Rejected(TOO_LATE, event.where, is_impression=False)
            continue
        if event.at < row["timestamp"]:
            yield Noted(TOO_EARLY, event.where)
        row[event.action][place] = 1
        if event.action == "purchases":
            row["clicks"][place] = 1
            row["revenue"][place] += event.price or 0.0
            if event.price is None:
                yield Noted(NO_PRICE, event.where)


def _text(value: object) -> str | None:
    """An id, or words; None for what is neither text nor a number."""
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None


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
    except (ValueError, RecursionError):
        return None
