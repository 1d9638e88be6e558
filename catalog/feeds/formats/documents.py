"""Formats with types as rows: JSON (an array, an object with one, or a line a row) and Parquet."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from operator import itemgetter
from pathlib import Path
from typing import IO, Any

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from trimtab.catalog.feeds.columns.names import role_named
from trimtab.catalog.feeds.formats.source import lines_of, opened, opened_text
from trimtab.catalog.feeds.platforms.hydra import members_of
from trimtab.catalog.feeds.platforms.jsonld import products_in
from trimtab.catalog.feeds.reshaping.nested_variants import items_of
from trimtab.catalog.feeds.rows import Row, Rows, cells_of
from trimtab.catalog.rejections import Rejection
from trimtab.core.errors import BadFile

MAX_WHOLE_BYTES = 1 << 30
"""An object is read as a whole, because what is listed in it may stand anywhere."""
MAX_DEPTH = 8
"""Objects around a list of items."""
LISTS = (
    "products",
    "items",
    "itemListElement",
    "@graph",
    "data",
    "feed",
    "entries",
    "results",
    "rows",
    "docs",
    "hits",
    "offers",
)
MIN_LISTED, MIN_SHARED = 2, 2
"""Objects, and members that all of them have, from which on an object without a list is one of items."""
_BLOCK_CHARACTERS = 1 << 18
_MAX_ROW_CHARACTERS = 1 << 24
"""A member of an array that is longer is damaged."""
_BATCH_ROWS = 4_096
_NEXT_OBJECT = re.compile(r"\}\s*,\s*(?=\{)")
_BLANK = re.compile(r"[\s,]*")


def read_lines(path: Path) -> Rows:
    """A JSON object a line; an array a line where the first line names the columns."""
    header: list[str] | None = None
    with opened_text(path) as file:
        for line, text in enumerate(lines_of(file, path), 1):
            if not text.strip():
                continue
            try:
                value = orjson.loads(text.lstrip("\ufeff"))
            except orjson.JSONDecodeError as error:
                yield Rejection(line, f"row is not JSON ({error.msg})")
                continue
            if isinstance(value, list) and header is None and all(isinstance(name, str) for name in value):
                header = value
            elif isinstance(value, list) and header is not None and len(value) == len(header):
                yield Row(line, cells_of(dict(zip(header, value, strict=True))))
            else:
                yield from _rows_of(line, value)


def read_json(path: Path) -> Rows:
    """The objects of an array, one after the other; or of the list in an object."""
    with opened_text(path) as file:
        first = file.read(1)
        while first and (first.isspace() or first == "\ufeff"):
            first = file.read(1)
        if first == "[":
            yield from _array(file)
            return
    with opened(path) as raw:
        data = raw.read(MAX_WHOLE_BYTES + 1)
    if len(data) > MAX_WHOLE_BYTES:
        raise BadFile(path, "is one JSON object of more than 1 GB; allowed: an array, or an object a line")
    try:
        value = json.loads(data.decode("utf-8-sig", errors="replace"))
        is_linked = isinstance(value, Mapping) and bool({"@graph", "@type"} & value.keys())
        listed = members_of(value) or ([value] if is_linked else _listed(without_edges(value)))
    except (ValueError, RecursionError) as error:  # also a number of more digits than Python reads
        raise BadFile(path, f"is not JSON ({error})") from None
    for number, one in enumerate(listed, 1):
        yield from _rows_of(number, one)


def without_edges(value: Any) -> Any:
    """Lists in the place of GraphQL's connections: `{"edges": [{"node": 1}]}` is `[1]`."""
    if isinstance(value, list):
        return [without_edges(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    if isinstance(nodes := value.get("nodes"), list):
        return without_edges(nodes)
    edges = value.get("edges")
    if isinstance(edges, list) and all(isinstance(one, Mapping) and "node" in one for one in edges):
        return [without_edges(one["node"]) for one in edges]
    return {name: without_edges(one) for name, one in value.items()}


def _listed(value: Any) -> list[Any]:
    """The list in an object that is its items, however deep it lies; the object itself where it has none.

    Of several lists it is the one whose members look most like items, the outermost of equals.
    """
    if not isinstance(value, Mapping):
        return value if isinstance(value, list) else [value]
    best, found, level = _UNLIKE, list[Any](), [value]
    for _ in range(MAX_DEPTH):
        lists = [(_likeness(name, one), one) for outer in level for name, one in outer.items() if isinstance(one, list)]
        likeness, likely = max(lists, key=itemgetter(0), default=(_UNLIKE, []))
        if likeness[0] > best[0]:
            best, found = likeness, likely
        elif best == _UNLIKE and (by_name := next(filter(None, map(_by_id_or_column, level)), None)):
            return by_name
        level = [one for outer in level for one in outer.values() if isinstance(one, Mapping)]
    return found or ([] if any(value.get(name) == [] for name in LISTS) else [value])


def _likeness(name: str, members: list[Any]) -> tuple[int, bool, int]:
    """How much members of a list look like items: what they say of id, title and price, by its name, how many."""
    first = next(iter(members), None)
    if not isinstance(first, Mapping):
        return _UNLIKE
    roles = {role_named(one) for one in _own(first)}
    return len(roles & {"item_id", "title", "price"}), name in LISTS, len(members)


_UNLIKE = (-1, False, 0)


def _own(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The item in an answer of Elasticsearch, with its id where it has none of its own; another object as it is."""
    source = value.get("_source")
    if not isinstance(source, Mapping):
        return value
    has_id = any(role_named(name) == "item_id" for name in source)
    return source if has_id or "_id" not in value else {"item_id": value["_id"], **source}


def _by_id_or_column(value: Mapping[str, Any]) -> list[Any]:
    return _by_id(value) or _by_column(value)


def _by_id(value: Mapping[str, Any]) -> list[Any]:
    """Objects that stand by their ids, all with some members in common; none where they do not."""
    objects = list(value.values())
    if len(objects) < MIN_LISTED or not all(isinstance(one, Mapping) for one in objects):
        return []
    shared = set.intersection(*(set(one) for one in objects))
    has_ids = any(role_named(name) == "item_id" for name in shared)
    named = ({} if has_ids else {"item_id": key} for key in value)
    return [{**own, **one} for own, one in zip(named, objects, strict=True)] if len(shared) >= MIN_SHARED else []


def _by_column(value: Mapping[str, Any]) -> list[Any]:
    """Rows of columns that are lists of one length; none where they are not."""
    columns = list(value.values())
    if not all(isinstance(one, list) and len(one) == len(columns[0]) for one in columns):
        return []
    rows = [dict(zip(value, cells, strict=True)) for cells in zip(*columns, strict=True)]
    return rows if len(columns) >= MIN_SHARED and len(rows) >= MIN_LISTED else []


def _array(file: IO[str]) -> Rows:
    """The members of an array whose bracket has been read; `line` is that of the member's beginning."""
    decoder = json.JSONDecoder()
    buffer, at, line, is_last = "", 0, 1, False
    while True:
        at = _skip(buffer, at)
        if at < len(buffer) and buffer[at] == "]":
            return
        try:
            if at >= len(buffer):
                raise ValueError("more is needed")
            value, end = decoder.raw_decode(buffer, at)
        except (ValueError, RecursionError) as error:
            if not is_last and len(buffer) - at < _MAX_ROW_CHARACTERS:
                block = file.read(max(_BLOCK_CHARACTERS, len(buffer) - at))
                is_last = not block
                line += buffer.count("\n", 0, at)
                buffer, at = buffer[at:] + block, 0
                continue
            found = _NEXT_OBJECT.search(buffer, at)
            if at < len(buffer):
                reason = str(error).partition(":")[0]
                yield Rejection(line + buffer.count("\n", 0, at), f"row is not JSON ({reason})")
            if found is None:
                return
            at = found.end()
            continue
        yield from _rows_of(line + buffer.count("\n", 0, at), value)
        at = end
        if at > _BLOCK_CHARACTERS:
            line += buffer.count("\n", 0, at)
            buffer, at = buffer[at:], 0


def _skip(buffer: str, at: int) -> int:
    blank = _BLANK.match(buffer, at)
    return blank.end() if blank else at


def read_parquet(path: Path) -> Rows:
    """The rows of a Parquet file, a batch at a time."""
    try:
        with opened(path) as file:
            number = 0
            for batch in pq.ParquetFile(file).iter_batches(batch_size=_BATCH_ROWS):
                names, columns = batch.schema.names, [_values_of(column) for column in batch.columns]
                for values in zip(*columns, strict=True):
                    number += 1
                    yield Row(number, cells_of(dict(zip(names, values, strict=True))))
    except (pa.ArrowException, OSError) as error:
        raise BadFile(path, f"is not a complete Parquet file ({str(error).splitlines()[0]})") from None


def _values_of(column: pa.Array) -> list[Any]:
    """The values of a column; texts, numbers, flags and dates come many times as quickly by polars."""
    if not _is_plain(column.type):
        return [_plain(value) for value in column.to_pylist()]
    values = pl.Series(column).to_list()
    return list(map(_plain, values)) if pa.types.is_floating(column.type) else values


def _is_plain(kind: pa.DataType) -> bool:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _is_plain(kind.value_type)
    return any(one(kind) for one in _PLAIN_TYPES)


_PLAIN_TYPES = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_integer,
    pa.types.is_float32,
    pa.types.is_float64,
    pa.types.is_boolean,
    pa.types.is_date32,
)


def _plain(value: Any) -> Any:
    """A number that is whole is an id or a count, not `12.0`; bytes are text."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value


def _rows_of(line: int, value: object) -> Rows:
    """The rows of an object: one, or the products that JSON-LD lists in it."""
    if not isinstance(value, Mapping):
        yield Rejection(line, "row is not a JSON object")
        return
    is_linked = "@type" in value or "@graph" in value
    try:
        rows = [
            Row(line, cells_of(one))
            for one in (products_in(value) if is_linked else items_of(without_edges(_own(value))))
        ]
    except RecursionError:
        yield Rejection(line, "row is nested too deep")
        return
    yield from rows


def all_of(path: Path, form: str) -> Iterator[Row | Rejection]:
    """The rows of a file of one of these forms."""
    return {"lines": read_lines, "json": read_json, "parquet": read_parquet}[form](path)
