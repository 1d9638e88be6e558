"""The rows of attributes by value in a file of a bundle, so that they are mapped and not sorted by every process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trimtab.catalog.attributes.column import AttributeColumn
from trimtab.catalog.attributes.storage import array_of_lists, lists_of
from trimtab.catalog.attributes.value_rows import ValueRows
from trimtab.core.errors import BundleDamaged

FILE = "sorted.arrow"
SCHEMA = pa.schema(
    [
        ("name", pa.large_string()),
        ("rows", pa.large_list(pa.int32())),
        ("starts", pa.large_list(pa.int64())),
        ("codes", pa.large_list(pa.int32())),
        ("levels", pa.large_list(pa.float64())),
    ]
)


@dataclass(frozen=True, eq=False)
class SortedColumn:
    """What is known of a column beforehand.

    Attributes:
        by_value: its rows by value.
        codes, levels: of numbers that the catalogue's schema has, as `AttributeColumn` has them; else empty.
    """

    by_value: ValueRows
    codes: NDArray[np.int32]
    levels: NDArray[np.float64]


def save_sorted(columns: Iterable[AttributeColumn], with_codes: frozenset[str], folder: Path) -> None:
    """Write the columns that are filtered on.

    Args:
        with_codes: the names of those of which codes and levels are not in another file.
    """
    kept = [column for column in columns if column.attribute.filter]
    has_codes = [column.attribute.name in with_codes and not column.is_named for column in kept]
    lists: dict[str, list[Any]] = {
        "rows": [column.by_value.rows for column in kept],
        "starts": [column.by_value.starts for column in kept],
        "codes": [column.codes if has else column.codes[:0] for column, has in zip(kept, has_codes, strict=True)],
        "levels": [column.levels if has else column.levels[:0] for column, has in zip(kept, has_codes, strict=True)],
    }
    arrays = [pa.array([column.attribute.name for column in kept], pa.large_string())]
    arrays += [array_of_lists(list(parts), SCHEMA.field(name).type.value_type) for name, parts in lists.items()]
    with pa.OSFile(str(folder / FILE), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
        writer.write_table(pa.table(arrays, schema=SCHEMA))


def load_sorted(folder: Path) -> Mapping[str, SortedColumn]:
    """Map what `save_sorted` wrote, by name; nothing where a bundle was written without it.

    Raises:
        BundleDamaged: it cannot be read.
    """
    path = folder / FILE
    if not path.exists():
        return {}
    try:
        with pa.memory_map(str(path)) as source:
            table = pa.ipc.open_file(source).read_all()
        if not table.schema.equals(SCHEMA):
            raise BundleDamaged(path, f"has the columns {', '.join(table.column_names)}")
        parts = [lists_of(table, name) for name in SCHEMA.names[1:]]
        names = table.column("name").to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BundleDamaged(path, f"cannot be read ({error})") from None
    return {
        name: SortedColumn(ValueRows(rows, starts), codes, levels)
        for name, rows, starts, codes, levels in zip(names, *parts, strict=True)
    }
