"""Catalogue files into items, for tests that want no more than those."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from trimtab.catalog.feeds.reading import MAX_REJECTED_SHARE, read_feed
from trimtab.catalog.rejections import Rejections


def read_catalogue(
    path: Path | str, *, max_rejected_share: float = MAX_REJECTED_SHARE
) -> tuple[pl.DataFrame, Rejections]:
    """Items of a feed (`trimtab.catalog.feeds`), in the schema's columns and `attr_*`, and what was rejected and why.

    Args:
        path: a file of any format that is read.
        max_rejected_share: of all rows; more rejected ones than that fail the whole file.

    Raises:
        BadFile: the file cannot be read, lacks a required column, has no usable row, or too many rows are rejected.
    """
    feed = read_feed(Path(path), max_rejected_share=max_rejected_share)
    return feed.items, feed.rejections
