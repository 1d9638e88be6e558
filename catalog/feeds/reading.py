"""A feed into items: one pass to see how it is written, one to read it, a row at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from trimtab.catalog.attributes.definition import PREFIX, Attribute
from trimtab.catalog.attributes.values import Unreadable
from trimtab.catalog.feeds.fitting import refuse_unfit
from trimtab.catalog.feeds.inference import said_of, shop_of
from trimtab.catalog.feeds.items import ItemReader
from trimtab.catalog.feeds.layout import Layout, layout_of
from trimtab.catalog.feeds.rows import Row
from trimtab.catalog.feeds.survey import adapted, survey_of
from trimtab.catalog.rejections import N_EXAMPLES, Rejection, Rejections
from trimtab.catalog.schema import COLUMNS, DTYPES, complete
from trimtab.catalog.shop import EMPTY, Shop
from trimtab.core.errors import BadFile

MAX_REJECTED_SHARE = 0.05
_CHUNK_ROWS = 20_000


@dataclass(frozen=True)
class Feed:
    """What a feed has.

    Attributes:
        items: in the schema's columns and `attr_*`, in the feed's order.
        layout: what became of which column, and how it was read.
        shop: what its `shop.toml` says, completed by what was inferred.
        rejections: rows that were not kept.
    """

    items: pl.DataFrame
    layout: Layout
    shop: Shop
    rejections: Rejections

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
    shop, layout = inferred_layout(path, shop_file, shop=shop, is_update=is_update)
    frames, rejected, unread = [], list[Rejection](), Counter[str]()
    n_read = 0
    for chunk in _chunks(path, shop, layout, rejected, unread):
        n_read += len(chunk)
        frames.append(chunk)
    rejections = _rejections(layout, rejected, unread, n_read + len(rejected))
    _refuse_hopeless(rejections, path, max_rejected_share)
    items = pl.concat(frames)
    return Feed(items if is_update else _with_schema(items), layout, shop_of(layout, shop), rejections)


def inferred_layout(
    path: Path, shop_file: Path | None = None, *, shop: Shop = EMPTY, is_update: bool = False
) -> tuple[Shop, Layout]:
    """What the shop says, and what becomes of the columns of a feed by that and by what they show.

    Raises:
        BadFile: as `read_feed`.
    """
    shop = Shop.read(shop_file) if shop_file is not None else shop
    survey = survey_of(path, shop)
    if not survey.n_rows:
        problems = [row for row in adapted(path, shop)[1] if isinstance(row, Rejection)]
        raise BadFile(path, f"no row can be used; {_examples(problems)}" if problems else "has a header but no rows")
    if is_update:
        return shop, layout_of(survey, shop, path, required=("item_id",))
    refuse_unfit(shop, survey, shop_file)
    return shop, layout_of(survey, shop, path)


def _chunks(
    path: Path, shop: Shop, layout: Layout, rejected: list[Rejection], unread: Counter[str]
) -> Iterator[pl.DataFrame]:
    reader = ItemReader(layout)
    dtypes = {name: DTYPES[COLUMNS[name].kind] for name in reader.columns} | reader.dtypes
    values: dict[str, list[Any]] = {name: [] for name in dtypes}
    first_line: dict[str, int] = {}
    for row in adapted(path, shop)[1]:
        if not isinstance(row, Row):
            rejected.append(row)
            continue
        try:
            item = reader.read(row.cells, unread)
            line = first_line.setdefault(str(item["item_id"]), row.line)
            if line != row.line:
                raise Unreadable(f"item_id '{item['item_id']}' repeats line {line}")
        except Unreadable as error:
            rejected.append(Rejection(row.line, str(error)))
            continue
        for name, column in values.items():
            column.append(item.get(name))
        if len(values["item_id"]) >= _CHUNK_ROWS:
            yield _frame(values, dtypes)
            values = {name: [] for name in dtypes}
    yield _frame(values, dtypes)


def _frame(values: dict[str, list[Any]], dtypes: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([pl.Series(name, column, dtypes[name]) for name, column in values.items()])


def _with_schema(frame: pl.DataFrame) -> pl.DataFrame:
    attributes = [column for column in frame.iter_columns() if column.name.startswith(PREFIX)]
    return complete(frame).with_columns(column for column in attributes if column.null_count() < len(column))


def _rejections(layout: Layout, rejected: list[Rejection], unread: Counter[str], n_read: int) -> Rejections:
    notes = tuple(f"{n:,} cells of {name} could not be read and are left empty" for name, n in unread.most_common())
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
