"""A change as a line of the log, the same bytes on every machine that shares the order.

A line that several machines share names the one that it follows (`previous`), so that two logs which have one line in
common have all before it in common.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import orjson

from trimtab.catalog.live.changes import Change
from trimtab.core.errors import BadFile

DIGEST_BYTES = 8
MAX_VERSION = 2**53
"""Further on numbers are not exact everywhere, and Redis has no ids."""
LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z


class LogPlace(NamedTuple):
    """Where a log ends: equal places mean equal logs.

    Attributes:
        digest: of the last line.
    """

    version: int
    digest: str


START = LogPlace(0, "")
"""The place of an empty log."""


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One line.

    Attributes:
        raw: its bytes, with the end of the line.
        previous: digest of the line before it; None where one machine alone has written it.
        made: when the change was first made, where it lost its place and was made again.
    """

    change: Change
    raw: bytes
    previous: str | None = None
    made: datetime | None = None

    @property
    def as_first_made(self) -> Change:
        """The change with the time that says which of two counts: it does not grow newer by being made again."""
        return self.change if self.made is None else replace(self.change, timestamp=self.made)

    @property
    def place(self) -> LogPlace:
        """Where a log with this line as its last one ends."""
        return LogPlace(self.change.version, hashlib.blake2b(self.raw, digest_size=DIGEST_BYTES).hexdigest())

    def follows(self, place: LogPlace) -> bool:
        """Whether a log that ends there goes on with this line."""
        return self.change.version == place.version + 1 and self.previous in {None, place.digest}


def reaches(first: ChangeLine, moment: datetime) -> bool:
    """Whether a log that begins with this line has all changes after a moment."""
    return first.change.version == 1 or first.change.timestamp <= moment


def shared_line(change: Change, follows: LogPlace, *, made: datetime | None = None) -> ChangeLine:
    """The line of a change that every machine is to write behind the place."""
    raw = orjson.dumps(
        {
            "version": change.version,
            "timestamp": change.timestamp,
            "put": change.put,
            "delete": change.delete,
            "previous": follows.digest,
            **({} if made is None else {"made": made}),
        },
        option=LINE,
    )
    return ChangeLine(change, raw, follows.digest, made)


def read_line(raw: bytes, where: str) -> ChangeLine:
    """A line as it was written.

    Raises:
        BadFile: it is not a change.
    """
    try:
        values = orjson.loads(raw)
        timestamp = datetime.fromisoformat(values["timestamp"])
        change = Change(values["version"], timestamp, values["put"], values["delete"])
        made = values.get("made")
        line = ChangeLine(change, raw, values.get("previous"), None if made is None else datetime.fromisoformat(made))
        is_sound = _is_sound(line)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        is_sound = False
    if not is_sound:
        raise BadFile(where, f"has a line that is not a change of a catalogue: {raw[:80]!r}")
    return line


def _is_sound(line: ChangeLine) -> bool:
    """Whether its parts are what they are used as: who follows the order must not end by what somebody else wrote."""
    change = line.change
    return (
        type(change.version) is int
        and 0 < change.version <= MAX_VERSION
        and line.change.timestamp.tzinfo is not None
        and line.as_first_made.timestamp.tzinfo is not None
        and type(change.put) is list
        and all(type(item["item_id"]) is str for item in change.put)
        and type(change.delete) is list
        and all(type(item_id) is str for item_id in change.delete)
        and (line.previous is None or type(line.previous) is str)
        and line.raw.find(b"\n") == len(line.raw) - 1
    )


def put_again(lost: Iterable[Change], kept: Iterable[Change]) -> list[Change]:
    """What is left to be done of changes that lost their place, after the changes that have it.

    Of two changes to the same column the later one counts, by the times at which they were first made.

    Returns:
        changes that change something, as they were but for columns and items that were changed later.
    """
    columns: dict[tuple[str, str], datetime] = {}
    deleted: dict[str, datetime] = {}
    put: dict[str, datetime] = {}
    for change in sorted(kept, key=lambda one: one.timestamp):  # one that was made again stands behind later ones
        for item in change.put:
            put[item["item_id"]] = change.timestamp
            columns.update({(item["item_id"], name): change.timestamp for name in item})
        deleted.update(dict.fromkeys(change.delete, change.timestamp))

    def counts(change: Change, later: datetime | None) -> bool:
        return later is None or later < change.timestamp

    left = []
    for change in lost:
        items = [
            {name: value for name, value in item.items() if counts(change, columns.get((item["item_id"], name)))}
            | {"item_id": item["item_id"]}
            for item in change.put
            if counts(change, deleted.get(item["item_id"]))
        ]
        items = [item for item in items if len(item) > 1]
        ids = [item_id for item_id in change.delete if counts(change, put.get(item_id))]
        ids = [item_id for item_id in ids if counts(change, deleted.get(item_id))]
        if items or ids:
            left.append(Change(change.version, change.timestamp, items, ids))
    return left
