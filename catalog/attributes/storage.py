"""Attribute columns in a file: one row of an Arrow table an attribute, whose cells are lists, so that all is mapped."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from trimtab.catalog.arrow import array_of
from trimtab.catalog.attributes.column import AttributeColumn
from trimtab.catalog.attributes.definition import Attribute
from trimtab.core.errors import BundleDamaged

FILE = "attributes.arrow"
SCHEMA = pa.schema(
    [
        ("attribute", pa.large_string()),
        ("rows", pa.large_list(pa.int32())),
        ("codes", pa.large_list(pa.int32())),
        ("names", pa.large_list(pa.large_string())),
        ("levels", pa.large_list(pa.float64())),
    ]
)


def save_columns(columns: Iterable[AttributeColumn], folder: Path) -> None:
    """Write `attributes.arrow` into the folder."""
    columns = tuple(columns)
    arrays = [
        pa.array([orjson.dumps(column.attribute.as_dict()).decode() for column in columns], pa.large_string()),
        array_of_lists([column.rows for column in columns], pa.int32()),
        array_of_lists([column.codes for column in columns], pa.int32()),
        pa.array([list(column.names) for column in columns], SCHEMA.field("names").type),
        array_of_lists([column.levels for column in columns], pa.float64()),
    ]
    table = pa.table(arrays, schema=SCHEMA)
    with pa.OSFile(str(folder / FILE), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
        writer.write_table(table)


def load_columns(folder: Path, n_items: int) -> tuple[AttributeColumn, ...]:
    """Map the file that `save_columns` wrote.

    Raises:
        BundleDamaged: it is missing, cut off, or not of this form.
    """
    path = folder / FILE
    try:
        with pa.memory_map(str(path)) as source:
            table = pa.ipc.open_file(source).read_all()
        if not table.schema.equals(SCHEMA):
            raise BundleDamaged(path, f"has the columns {', '.join(table.column_names)}")
        if table.num_rows == 0:
            return ()
        rows, codes, levels = (lists_of(table, name) for name in ("rows", "codes", "levels"))
        definitions = [Attribute.from_dict(orjson.loads(text)) for text in table.column("attribute").to_pylist()]
        names = [tuple(one) for one in table.column("names").to_pylist()]
    except FileNotFoundError:
        raise BundleDamaged(path, "is missing") from None
    except (pa.ArrowException, OSError, TypeError, ValueError) as error:
        raise BundleDamaged(path, f"cannot be read ({error})") from None
    return tuple(
        AttributeColumn(definition, n_items, *parts)
        for definition, *parts in zip(definitions, rows, codes, names, levels, strict=True)
    )


def array_of_lists(parts: list[Any], kind: Any) -> Any:
    """One Arrow array whose cells are lists."""
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in parts], dtype=np.int64)])
    flat = np.concatenate(parts) if parts else np.empty(0, dtype=kind.to_pandas_dtype())
    return pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), pa.array(flat, kind))


def lists_of(table: Any, name: str) -> list[Any]:
    """The lists of a column as arrays on the file's pages."""
    column = table.column(name)
    lists = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    flat = array_of(lists.values)
    offsets = lists.offsets.to_pylist()
    return [flat[start:end] for start, end in pairwise(offsets)]
