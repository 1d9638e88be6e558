"""Tables that a test makes: columns whose cells follow from the number of the row."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from trimtab.catalog.feeds.reading import Feed, read_feed
from trimtab.catalog.shop_text import shop_text

N = 24
Cell = Callable[[int], object]


def table(columns: dict[str, Cell], *, delimiter: str = ",", n: int = N) -> str:
    """A file of `n` rows whose cells are made from the number of the row."""
    rows = [[make(row) for make in columns.values()] for row in range(n)]
    return written([list(columns), *rows], delimiter)


def written(rows: Iterable[Sequence[object]], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue()


def one_of(*values: object) -> Cell:
    return lambda row: values[row % len(values)]


LAMP: dict[str, Cell] = {"id": lambda row: f"A{row}", "title": lambda row: f"Lamp {row}"}


def same_again(found: Feed, path: Path) -> bool:
    """Whether the feed reads the same by the `shop.toml` that was inferred from it."""
    toml = path.with_suffix(".toml")
    toml.write_text(shop_text(found.shop), encoding="utf-8")
    return read_feed(path, toml).items.select(found.items.columns).equals(found.items)


def column(found: Feed, name: str) -> list[Any]:
    values: list[Any] = found.items[name].to_list()
    return values
