"""The impression log's schema: files, checks, importers and the table in `docs/evaluation.md` are derived from it.

A row is an `Impression`; each field's annotation says what the column means and which values are valid. Names follow
the User Behavior Insights schema where it has one (`query`, `user_id`, `session_id`, `timestamp`); its `query_id` is
our `decision_id`. Reading and writing files is `trimtab.engine.log.impressions`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from operator import attrgetter
from types import NoneType, UnionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from trimtab.core.understood import Understood

SCHEMA_VERSION = 1

ROUNDING = 1e-6
"""How far above 1 a chance may be by rounding: a log without its chances of 1 would be another log."""

MOST_MONEY = 1e15
"""More than this at one position is a mistake, and squares of it would not add up."""


def _json_object(text: str) -> None:
    if not isinstance(json.loads(text), dict):
        raise TypeError


def _understood(text: str) -> None:
    Understood.from_log("", text)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the log.

    Attributes:
        doc: what it means, in one line.
        unknown: for a column by position, which has one entry an item shown: the entry where nothing is known yet, or
            nothing is shown.
        distinct: no entry stands twice.
        above, up_to: bounds of the entries, the lower one exclusive.
        least: the smallest value, or entry, that there can be.
        most: the largest entry of either sign; nan is none.
        equals: the one value that can be read.
        read: for a column of JSON text, what reads it; a ValueError, TypeError or RecursionError is of a text that is
            none.
        earlier_name: what logs of earlier versions call it.
        name, kind, required: of the field; the kind is str, int, float, datetime, json (a mapping) or list[...] of one
            of these. A column that is not required may be null in a row, or not be in a log at all.
        values: kind of a mapping's values.
    """

    doc: str
    unknown: float | None = None
    distinct: bool = False
    above: float | None = None
    up_to: float = math.inf
    least: float | None = None
    most: float | None = None
    equals: int | None = None
    read: Callable[[str], None] | None = None
    earlier_name: str | None = None
    name: str = ""
    kind: str = ""
    required: bool = True
    values: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Impression:
    """A slate that was shown, as it is logged."""

    decision_id: Annotated[str, Column("names the search; the `query_id` of its events")]
    timestamp: Annotated[datetime, Column("when it was answered, in UTC")]
    user_id: Annotated[str | None, Column("who searched")] = None
    session_id: Annotated[str | None, Column("the visit that the search belongs to")] = None
    query: Annotated[str, Column("the words")]
    understood: Annotated[
        str | None,
        Column(
            "JSON: what the words were understood as, `{}` for as typed; see `core/understood.py`", read=_understood
        ),
    ] = None
    bundle: Annotated[str, Column("id of the bundle that answered")]
    feature_schema: Annotated[str, Column("hash of the bundle's features")]
    arm: Annotated[
        str | None,
        Column("arm of the experiment, `experiment/arm`; several are joined by `+`", earlier_name="variant"),
    ] = None
    channel: Annotated[
        str | None, Column("who asks: null for shoppers, `agent` for programs that search for somebody")
    ] = None
    agent: Annotated[str | None, Column("the URL by which an agent names itself")] = None
    weights: Annotated[Mapping[str, float], Column("effective weights by objective, summing to 1")]
    requested_weights: Annotated[Mapping[str, float], Column("weights as asked for, summing to 1")]
    temperature: Annotated[float, Column("temperature of the draw; 0 where the slate was sorted", least=0)] = 0.0
    exploration: Annotated[
        str | None,
        Column(
            "JSON: `scheme` of the draw, and `max_relevance_loss`, what it may cost; null where the slate was sorted",
            read=_json_object,
        ),
    ] = None
    expected_exploration_loss: Annotated[
        float | None,
        Column("share of the sorted slate's expected relevance that the draw costs; null where no limit was set"),
    ] = None
    seed: Annotated[int | None, Column("seed of the draw; null where the slate was sorted")] = None
    offset: Annotated[int, Column("0-based position of the first item shown", least=0)] = 0
    item_ids: Annotated[tuple[str, ...], Column("items shown, by position", distinct=True)]
    propensities: Annotated[
        tuple[float, ...],
        Column(
            "chance of each item at its position given the items above it", unknown=1.0, above=0.0, up_to=1 + ROUNDING
        ),
    ] = ()
    max_relevance_loss: Annotated[float | None, Column("largest share of expected relevance to give up")] = None
    max_losses: Annotated[
        Mapping[str, float] | None, Column("by other objectives, largest share of their best slates to give up")
    ] = None
    price_list: Annotated[str | None, Column("by which prices somebody buys; null for the catalogue's own")] = None
    store: Annotated[str | None, Column("where somebody buys; null for the catalogue's own stock and prices")] = None
    near: Annotated[str | None, Column("where somebody was, as in `near=`, to about 100 m; null where not said")] = None
    related: Annotated[
        str | None,
        Column("`similar:` or `together:` and the item that others were looked for beside; null where words were"),
    ] = None
    filters: Annotated[tuple[str, ...], Column("conditions, as in `filter=`")] = ()
    variants: Annotated[
        str | None,
        Column(
            "JSON: the item shown by each item that it stood for; null where variants are hits of their own",
            read=_json_object,
        ),
    ] = None
    sort: Annotated[str | None, Column("order of the result set, as in `sort=`; null where weights rank it")] = None
    pins: Annotated[
        Mapping[int, str],
        Column("items by position as asked for; one that could not be kept is not in `item_ids`"),
    ] = field(default_factory=dict)
    exclusions: Annotated[frozenset[str], Column("items that must not be shown")] = frozenset()
    boosts: Annotated[Mapping[str, float], Column("what was added to the utility of an item")] = field(
        default_factory=dict
    )
    k: Annotated[int, Column("number of items asked for; fewer may have been there", least=0)]
    degraded: Annotated[tuple[str, ...], Column("parts of the search that were left out")] = ()
    catalogue: Annotated[
        int | None, Column("version of the last known change to the catalogue; 0 or null for the bundle's own")
    ] = None
    retrieval: Annotated[
        str | None,
        Column(
            "JSON: `collection` that candidates were looked up in, and `as_of`, up to when changes to the catalogue "
            "are in it; null where they were looked up in the service's process",
            read=_json_object,
        ),
    ] = None
    recent: Annotated[
        tuple[str, ...] | None,
        Column("what the user did since the bundle was built, newest first, as `action:item_id`"),
    ] = None
    interleaving: Annotated[
        str | None,
        Column(
            "JSON: sides with weights and loss, teams by position; see `core/experiments/interleaving.py`",
            read=_json_object,
        ),
    ] = None
    features: Annotated[tuple[tuple[float, ...], ...] | None, Column("features of each item, where logged")] = None
    clicks: Annotated[tuple[int, ...], Column("0 or 1 by position; a count is read as 1", unknown=0, least=0)] = ()
    carts: Annotated[
        tuple[int, ...] | None,
        Column("0 or 1 by position: put in a cart; a count is read as 1", unknown=0, least=0),
    ] = None
    purchases: Annotated[tuple[int, ...], Column("0 or 1 by position; a count is read as 1", unknown=0, least=0)] = ()
    revenue: Annotated[
        tuple[float, ...], Column("money by position, in the catalogue's currency", unknown=0.0, most=MOST_MONEY)
    ] = ()
    schema_version: Annotated[int, Column("version of this schema", equals=SCHEMA_VERSION)] = SCHEMA_VERSION


_KINDS: dict[Any, str] = {
    str: "str",
    int: "int",
    float: "float",
    datetime: "datetime",
    Mapping[str, float]: "json[float]",
    Mapping[int, str]: "json[str]",
    frozenset[str]: "list[str]",
    tuple[str, ...]: "list[str]",
    tuple[int, ...]: "list[int]",
    tuple[float, ...]: "list[float]",
    tuple[tuple[float, ...], ...]: "list[list[float]]",
}


def _columns() -> dict[str, Column]:
    annotations = get_type_hints(Impression, include_extras=True)
    columns = {}
    for one in fields(Impression):
        kind, column = get_args(annotations[one.name])
        optional = get_origin(kind) is UnionType
        if optional:
            kind = next(part for part in get_args(kind) if part is not NoneType)
        kind, _, values = _KINDS[kind].partition("json")
        columns[one.name] = replace(
            column, name=one.name, kind=kind or "json", required=not optional, values=values.strip("[]")
        )
    return columns


COLUMNS = _columns()
"""The columns by name, in order."""

REQUIRED = tuple(name for name, column in COLUMNS.items() if column.required)
"""Columns that every log has; the others are null where a log does not have them."""

LIST_COLUMNS = tuple(name for name, column in COLUMNS.items() if column.kind.startswith("list"))

JSON_COLUMNS = tuple(name for name, column in COLUMNS.items() if column.kind == "json")

CHANNELS = ("agent",)
"""Values of `channel` beside null: whose searches are read apart from those of shoppers."""

IDENTITIES = ("user_id", "session_id")
"""Columns that say who it was; blank text in them is nobody."""

BY_POSITION = {name: column.unknown for name, column in COLUMNS.items() if column.unknown is not None}
"""Columns with one entry an item shown -> the entry where nothing is known yet, or nothing is shown."""

EARLIER_NAMES = {column.earlier_name: name for name, column in COLUMNS.items() if column.earlier_name is not None}
"""Name in logs of earlier versions -> column."""


def identity(value: str | None) -> str | None:
    """Who it was; nobody where that is blank."""
    return value if value is not None and value.strip() else None


def impression_row(impression: Impression) -> dict[str, Any]:
    """Plain values by column; columns by position of which nothing is known yet are filled for the whole slate."""
    row = dict(zip(COLUMNS, _values_of(impression), strict=True))
    for name in LIST_COLUMNS:
        if (entries := row[name]) is not None:
            row[name] = sorted(entries) if isinstance(entries, frozenset) else list(entries)
    for name in JSON_COLUMNS:
        if (mapping := row[name]) is not None:
            row[name] = {str(key): entry for key, entry in mapping.items()}
    n = len(impression.item_ids)
    for name, unknown in BY_POSITION.items():
        row[name] = row[name] or [unknown] * n
    return row


_values_of = attrgetter(*COLUMNS)


def problem_of(row: Mapping[str, Any], columns: Iterable[str] = tuple(COLUMNS)) -> str | None:
    """The reason why a log row cannot be used, in words; None where it can.

    Args:
        row: mappings may be JSON text.
        columns: what is checked; `item_ids` must be among them.
    """
    checked = [COLUMNS[name] for name in columns]
    # What is there is checked before what is in it.
    for check in (_problem_of_kind, _problem_of_value):
        for column in checked:
            problem = check(column, row)
            if problem is not None:
                return problem
    return None


def kind_of(problem: str) -> str:
    """A problem in the same words for every row that has it."""
    found, allowed, what = problem.partition(", allowed")
    return re.sub(r"-?\d[\d.e+-]*|None|nan|-?inf\b", "…", found) + allowed + what


def problem_of_text(column: Column, text: str) -> str | None:
    """The reason why a column's JSON text cannot be used; None where it can."""
    try:
        if column.read is not None:
            column.read(text)
    except (ValueError, TypeError, RecursionError):
        return f"{column.name} is not what is logged there"
    return None


def problem_of_mapping(column: Column, value: object) -> str | None:
    """The reason why a value, or its JSON text, cannot be used as a mapping; None where it can."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    if not isinstance(value, Mapping):
        return f"{column.name} is not a JSON object"
    if column.values == "float":
        good = all(map(_is_text, value)) and all(_is_number(entry) and math.isfinite(entry) for entry in value.values())
        return None if good else f"{column.name} has a value that is not a number"
    good = all(str(key).isdecimal() for key in value) and all(map(_is_text, value.values()))
    return None if good else f"{column.name} has a key that is not a position, or a value that is not an item_id"


def _problem_of_kind(column: Column, row: Mapping[str, Any]) -> str | None:
    value = row.get(column.name)
    if value is None:
        return f"{column.name} is missing" if column.required else None
    if column.kind == "json":
        return problem_of_mapping(column, value)
    if not _is_of_kind(value, column.kind):
        return wrong_kind(column)
    if column.equals is not None and value != column.equals:
        return f"{column.name} is {value}, this version reads {column.equals}"
    return None


def wrong_kind(column: Column) -> str:
    """The problem of a value that is of another kind than its column."""
    return f"{column.name} is not {_IN_WORDS[column.kind]}"


def _problem_of_value(column: Column, row: Mapping[str, Any]) -> str | None:
    name, value = column.name, row.get(column.name)
    if value is None:
        return None
    if column.distinct and len(set(value)) != len(value):
        return f"{name} repeats an item"
    if column.unknown is not None and len(value) != len(row["item_ids"]):
        return f"{name} has {len(value)} entries for {len(row['item_ids'])} items"
    if column.read is not None:
        return problem_of_text(column, value)
    if column.above is None and column.least is None and column.most is None:
        return None
    for entry in value if isinstance(value, list) else [value]:
        if column.above is not None and not column.above < entry <= column.up_to:
            return f"{name} has {entry}, allowed: above {column.above:g} up to {column.up_to:g}"
        if column.least is not None and not column.least <= entry < math.inf:
            return f"{name} has {entry}, allowed: {column.least:g} and more"
        if column.most is not None and not abs(entry) <= column.most:
            return f"{name} has {entry}, allowed: {-column.most:g} to {column.most:g}"
    return None


_IN_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "datetime": "a time with its offset from UTC",
    "list[str]": "a list of text",
    "list[int]": "a list of whole numbers",
    "list[float]": "a list of numbers",
    "list[list[float]]": "a list of lists of numbers",
}


def _is_of_kind(value: object, kind: str) -> bool:
    if kind.startswith("list["):
        return isinstance(value, list) and all(_is_of_kind(entry, kind[5:-1]) for entry in value)
    return _CHECKS[kind](value)


def _is_text(value: object) -> bool:
    """Whether it is text that can be written: half of a surrogate pair cannot."""
    try:
        return isinstance(value, str) and value.encode() is not None
    except UnicodeEncodeError:
        return False


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def _is_number(value: object) -> bool:
    return isinstance(value, float) or (_is_whole(value) and math.isfinite(float(value)))  # type: ignore[arg-type]


_CHECKS: dict[str, Callable[[object], bool]] = {
    "str": _is_text,
    "int": _is_whole,
    "float": _is_number,
    "datetime": lambda value: isinstance(value, datetime) and value.tzinfo is not None,
}


def variants_text(item_ids: Iterable[str], variants: Iterable[Iterable[str]]) -> str:
    """The column `variants` of items shown and, by position, the variants that each stood for."""
    return json.dumps({other: shown for shown, others in zip(item_ids, variants, strict=True) for other in others})
