"""A feed into items: one pass to see how it is written, one to read it, a block of rows at a time.

What a block shows and what it becomes depends on nothing else, so blocks of a large feed are computed in several
processes; what several blocks say of one thing is put together here.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trimtab.catalog.attributes.definition import PREFIX, Attribute
from trimtab.catalog.attributes.values import Unreadable
from trimtab.catalog.feeds.columns.fitting import refuse_unfit, refuse_unreadable
from trimtab.catalog.feeds.columns.layout import Layout, layout_of
from trimtab.catalog.feeds.columns.summary.inference import said_of, shop_of
from trimtab.catalog.feeds.columns.survey import BLOCK_ROWS, adapted, survey_of
from trimtab.catalog.feeds.items import ItemReader
from trimtab.catalog.feeds.rows import Row
from trimtab.catalog.rejections import N_EXAMPLES, Omission, Rejection, Rejections
from trimtab.catalog.schema import COLUMNS, DTYPES, complete
from trimtab.catalog.shop import EMPTY, Shop
from trimtab.core.counted import counted
from trimtab.core.errors import BadFile
from trimtab.core.work.processes import Processes
from trimtab.core.work.tasks import Tasks, blocks_of

MAX_REJECTED_SHARE = 0.05


@dataclass(frozen=True)
class Feed:
    """What a feed has.

    Attributes:
        items: in the schema's columns and `attr_*`, in the feed's order.
        layout: what became of which column, and how it was read.
        shop: what its `shop.toml` says, completed by what was inferred.
        rejections: rows that were not kept.
        lines: of each item.
    """

    items: pl.DataFrame
    layout: Layout
    shop: Shop
    rejections: Rejections
    lines: Sequence[int] = ()

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """What the columns `attr_*` are."""
        return tuple(one for one in self.layout.definitions if f"{PREFIX}{one.name}" in self.items.columns)


def read_feed(
    path: Path,
    shop_file: Path | None = None,
    *,
    shop: Shop = EMPTY,
    is_update: bool = False,
    max_rejected_share: float = MAX_REJECTED_SHARE,
) -> Feed:
    """The items of a feed.

    Args:
        shop_file: its `shop.toml`; what that leaves open is inferred.
        shop: the same where it has been read.
        is_update: the feed may lack columns, titles among them: it says what has changed of items that are known.
        max_rejected_share: of all rows; more rejected ones than that fail the whole feed.

    Raises:
        BadFile: the file cannot be read, lacks a required column, has no usable row, or too many rows are rejected; or
            the shop names a column that it does not have.
    """
    with Processes() as tasks:
        shop, layout = _shop_and_layout(path, shop_file, shop, tasks, is_update=is_update)
        rejected, unread = list[Rejection](), Counter[str]()
        blocks = list(_read_blocks(path, shop, layout, rejected, tasks))
    for block in blocks:
        rejected += block.rejected
        unread.update(block.unread)
    items, kept_lines = _without_repeats(blocks, rejected)
    n_read = len(items) + len(rejected)
    rejections = _rejections(layout, rejected, list(_unread(unread)), n_read)
    _refuse_hopeless(rejections, path, max_rejected_share)
    whole = items if is_update else _with_schema(items)
    return Feed(whole, layout, shop_of(layout, shop), rejections, kept_lines)


def inferred_layout(
    path: Path, shop_file: Path | None = None, *, shop: Shop = EMPTY, is_update: bool = False
) -> tuple[Shop, Layout]:
    """What the shop says, and what becomes of the columns of a feed by that and by what they show.

    Raises:
        BadFile: as `read_feed`.
    """
    with Processes() as tasks:
        return _shop_and_layout(path, shop_file, shop, tasks, is_update=is_update)


def _shop_and_layout(
    path: Path, shop_file: Path | None, shop: Shop, tasks: Tasks, *, is_update: bool
) -> tuple[Shop, Layout]:
    shop = Shop.read(shop_file) if shop_file is not None else shop
    survey = survey_of(path, shop, tasks)
    if not survey.n_rows:
        problems = [row for row in adapted(path, shop)[1] if isinstance(row, Rejection)]
        raise BadFile(path, f"no row can be used; {_examples(problems)}" if problems else "has a header but no rows")
    if is_update:
        return shop, layout_of(survey, shop, path, required=("item_id",))
    refuse_unfit(shop, survey, shop_file)
    layout = layout_of(survey, shop, path)
    refuse_unreadable(shop, layout, shop_file)
    return shop, layout


@dataclass(frozen=True)
class _Block:
    """What became of some rows.

    Attributes:
        items: those that could be read, in the schema's columns and `attr_*`.
        lines: of each item.
        unread: column -> cells of attributes that could not be read.
    """

    items: pl.DataFrame
    lines: Sequence[int]
    rejected: list[Rejection]
    unread: Counter[str]


def _read_blocks(path: Path, shop: Shop, layout: Layout, rejected: list[Rejection], tasks: Tasks) -> Iterator[_Block]:
    def usable() -> Iterator[Row]:
        for row in adapted(path, shop)[1]:
            if isinstance(row, Row):
                yield row
            elif not isinstance(row, Omission):
                rejected.append(row)

    # What the layout was decided by is large, and of no use to who reads.
    return tasks.map(_block_of, replace(layout, survey=None), blocks_of(usable(), BLOCK_ROWS))


def _block_of(layout: Layout, rows: Sequence[Row]) -> _Block:
    reader = ItemReader(layout)
    dtypes = {name: DTYPES[COLUMNS[name].kind] for name in reader.columns} | reader.dtypes
    values: dict[str, list[Any]] = {name: [] for name in dtypes}
    lines, rejected, unread = array("q"), list[Rejection](), Counter[str]()
    for row in rows:
        try:
            item = reader.read(row.cells, unread)
        except Unreadable as error:
            rejected.append(Rejection(row.line, str(error)))
            continue
        lines.append(row.line)
        for name, column in values.items():
            column.append(item.get(name))
    frame = pl.DataFrame([pl.Series(name, column, dtypes[name]) for name, column in values.items()])
    return _Block(frame, lines, rejected, unread)


def _without_repeats(blocks: Sequence[_Block], rejected: list[Rejection]) -> tuple[pl.DataFrame, Sequence[int]]:
    """The items of blocks with their lines, but for those whose id stands in an earlier line."""
    if not blocks:
        return pl.DataFrame(), []
    items = pl.concat([block.items for block in blocks])
    ids = items.select("item_id", line=np.concatenate([np.array(block.lines, dtype=np.int64) for block in blocks]))
    ids = ids.with_columns(first=pl.col("line").first().over("item_id"))
    is_first = ids["line"] == ids["first"]
    for item_id, line, first in ids.filter(~is_first).iter_rows():
        rejected.append(Rejection(line, f"item_id '{item_id}' repeats line {first}"))
    kept = items if is_first.all() else items.filter(is_first)  # not a copy of millions
    return kept, array("q", ids.filter(is_first)["line"].to_numpy().tobytes())


def _with_schema(frame: pl.DataFrame) -> pl.DataFrame:
    attributes = [column for column in frame.iter_columns() if column.name.startswith(PREFIX)]
    return complete(frame).with_columns(column for column in attributes if column.null_count() < len(column))


_CELLS = (("cell", "is"), ("cells", "are"))


def _unread(unread: Counter[str]) -> Iterator[str]:
    for name, n in unread.most_common():
        yield counted(n, *(f"{cells} of {name} could not be read and {left} left empty" for cells, left in _CELLS))


def _rejections(layout: Layout, rejected: list[Rejection], notes: Sequence[str], n_read: int) -> Rejections:
    return Rejections(
        tuple(sorted(rejected, key=lambda row: row.line)),
        n_read,
        tuple(one.attribute.name for one in layout.attributes),
        tuple(layout.ignored),
        (*said_of(layout), *notes),
    )


def _refuse_hopeless(rejections: Rejections, path: Path, max_rejected_share: float) -> None:
    if rejections.n_read == 0:
        raise BadFile(path, "has a header but no rows")
    if rejections.n_kept == 0:
        raise BadFile(path, f"no row can be used; {_examples(rejections.rows)}")
    if rejections.share > max_rejected_share:
        raise BadFile(
            path,
            f"{len(rejections.rows):,} of {rejections.n_read:,} rows rejected ({rejections.share:.1%}), "
            f"allowed: {max_rejected_share:.1%}; {_examples(rejections.rows)}",
        )


def _examples(rows: Any) -> str:
    return "; ".join(f"line {row.line}: {row.reason}" for row in rows[:N_EXAMPLES])
