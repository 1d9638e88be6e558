"""Cells of text into items: what can be read is kept, what cannot is rejected with its line and the reason.

A cell is read by the kind of its column (`trimtab.catalog.schema`):

    text    stripped; runs of white space become one space
    price   `3.99`, `$3.99`, `3,99 €`, `1,299.00`, `1.299,00`, `USD 5`; above 0. One currency a file.
            A comma before exactly three digits groups thousands (`1,299`), otherwise it is the decimal sign; a
            point is the decimal sign unless a decimal comma follows it.
    flag    true/false, yes/no, y/n, t/f, 1/0, in stock/out of stock, InStock/OutOfStock (schema.org)
    amount  a number of 0 or more
    share   `0.2` or `20%`, 0 to 1

Empty cells take the column's default. An item_id seen before is rejected, the first one stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from trimtab.catalog.schema import COLUMNS, DTYPES, REQUIRED, Kind, complete
from trimtab.core.errors import BadFile

ATTRIBUTE_PREFIX = "attr_"
CURRENCY = r"(?:US\$|[$€£¥₹₽]|(?i:USD|EUR|GBP|JPY|CHF|CAD|AUD|SEK|NOK|DKK|PLN|INR))"
TRUE = ("true", "t", "yes", "y", "1", "1.0", "in stock", "instock")
FALSE = ("false", "f", "no", "n", "0", "0.0", "out of stock", "outofstock")
UNKNOWN = ("", "nan", "null", "none")
"""Spellings of an empty cell in columns other than text."""

ALLOWED: dict[Kind, str] = {
    "text": "some text",
    "price": "a number above 0 such as 3.99, $3.99 or 1,299.00, or nothing where unknown",
    "flag": "true or false",
    "amount": "a number of 0 or more",
    "share": "a share such as 0.2 or 20%, between 0 and 1",
}


@dataclass(frozen=True, slots=True)
class Rejection:
    """One row that was not kept; `line` is 1-based as an editor counts (in Parquet: the number of the row)."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Rejections:
    """What became of a catalogue file's rows.

    Attributes:
        rows: the rejected ones, by line.
        n_read: rows in the file.
        attribute_columns: further columns that became part of the text (`attr_*`).
        ignored_columns: columns nothing was made of.
    """

    rows: tuple[Rejection, ...]
    n_read: int
    attribute_columns: tuple[str, ...] = ()
    ignored_columns: tuple[str, ...] = ()

    @property
    def n_kept(self) -> int:
        return self.n_read - len(self.rows)

    @property
    def share(self) -> float:
        return len(self.rows) / self.n_read if self.n_read else 0.0

    def by_column(self) -> dict[str, list[Rejection]]:
        """The rejected rows by the column that was the reason, the most frequent one first."""
        found: dict[str, list[Rejection]] = {}
        for row in self.rows:
            found.setdefault(row.reason.split(" ", 1)[0], []).append(row)
        return dict(sorted(found.items(), key=lambda item: -len(item[1])))

    def as_dict(self) -> dict[str, Any]:
        """For a bundle's manifest: counts, by column with the first row rejected, and what became of other columns."""
        return {
            "n_kept": self.n_kept,
            "n_rejected": len(self.rows),
            "rejected": {
                column: {"n": len(rows), "first_line": rows[0].line, "first_reason": rows[0].reason}
                for column, rows in self.by_column().items()
            },
            "attribute_columns": list(self.attribute_columns),
            "ignored_columns": list(self.ignored_columns),
        }


@dataclass(frozen=True, slots=True)
class RawRows:
    """A file's rows as text, before anything is made of them.

    Attributes:
        cells: one String column a column of the file; null is an empty cell.
        lines: [n_rows] Int64, where each row begins, 1-based.
        unreadable: rows that could not even be split into cells.
    """

    cells: pl.DataFrame
    lines: pl.Series
    unreadable: tuple[Rejection, ...] = ()


def validate(raw: RawRows, path: object) -> tuple[pl.DataFrame, Rejections]:
    """Items in schema columns, and what was rejected.

    Raises:
        BadFile: a required column is missing, or prices are in several currencies.
    """
    cells = raw.cells
    missing = [name for name in REQUIRED if name not in cells.columns]
    if missing:
        raise BadFile(path, f"required column {missing[0]} is missing; found: {', '.join(cells.columns) or 'none'}")
    known = [name for name in COLUMNS if name in cells.columns]
    others = [name for name in cells.columns if name not in COLUMNS]
    attributes = tuple(name for name in others if name.startswith(ATTRIBUTE_PREFIX))
    if "price" in known:
        _refuse_mixed_currencies(cells["price"], path)
    values, problems = parsed_cells(raw)
    parsed = values.with_columns(raw.lines.alias("_line"), problems.alias("_problem"))
    parsed = _mark_repeats(parsed)

    bad = parsed.filter(pl.col("_problem").is_not_null())
    rejected = [Rejection(line, reason) for line, reason in bad.select("_line", "_problem").iter_rows()]
    rows = tuple(sorted([*raw.unreadable, *rejected], key=lambda row: row.line))
    ignored = tuple(name for name in others if name not in attributes)
    kept = complete(parsed.filter(pl.col("_problem").is_null()))
    return kept, Rejections(rows, len(cells) + len(raw.unreadable), attributes, ignored)


def parsed_cells(raw: RawRows) -> tuple[pl.DataFrame, pl.Series]:
    """The values of the schema's columns that are there (null: empty or unusable), and why a row cannot be used.

    Returns:
        values [n_rows], `attributes` among them where a column of its own or `attr_*` is there, and problems [n_rows],
        a sentence that begins with the column's name, or null.
    """
    known = [name for name in COLUMNS if name in raw.cells.columns]
    attributes = tuple(name for name in raw.cells.columns if name.startswith(ATTRIBUTE_PREFIX))
    squeezed = raw.cells.with_columns(pl.col(*known, *attributes).str.replace_all(r"\s+", " ").str.strip_chars())
    parsed = squeezed.select(
        *(parse(name, COLUMNS[name].kind).alias(name) for name in known if name != "attributes"),
        _attribute_text(attributes, own="attributes" in known).alias("attributes"),
        pl.coalesce(*(_problem(name) for name in known)).alias("_problem"),
    )
    return parsed.drop("_problem"), parsed["_problem"]


def parse(name: str, kind: Kind) -> pl.Expr:
    """The cell's value by its kind; null where it is empty or cannot be read."""
    cell = pl.col(name)
    lower = cell.str.to_lowercase()
    if kind == "text":
        return pl.when(cell != "").then(cell)
    if kind == "flag":
        return pl.when(lower.is_in(TRUE)).then(True).when(lower.is_in(FALSE)).then(False)
    if kind == "price":
        number = _price_number(cell)
        return _kept(number, number > 0, kind)
    if kind == "share":
        percent = cell.str.strip_suffix("%").str.strip_chars().cast(pl.Float64, strict=False) / 100
        number = pl.when(cell.str.ends_with("%")).then(percent).otherwise(cell.cast(pl.Float64, strict=False))
        return _kept(number, number.is_between(0, 1), kind)
    number = cell.cast(pl.Float64, strict=False)
    return _kept(number, number >= 0, kind)


def _kept(number: pl.Expr, is_allowed: pl.Expr, kind: Kind) -> pl.Expr:
    """The number where it is allowed and can be kept: one that is too large for its type cannot."""
    kept = number.cast(DTYPES[kind])
    return pl.when(kept.is_finite() & is_allowed).then(kept)


def _price_number(cell: pl.Expr) -> pl.Expr:
    bare = (
        cell.str.replace(rf"^\s*{CURRENCY}\s*", "").str.replace(rf"\s*{CURRENCY}\s*$", "").str.replace_all(r"[ '’]", "")
    )
    grouped_by_comma = bare.str.contains(r"^[1-9]\d{0,2}(,\d{3})+(\.\d+)?$")
    grouped_by_point = bare.str.contains(r"^[1-9]\d{0,2}(\.\d{3})+,\d+$")
    decimal_comma = bare.str.contains(r"^\d+,\d+$")
    plain = (
        pl.when(grouped_by_comma)
        .then(bare.str.replace_all(",", ""))
        .when(grouped_by_point)
        .then(bare.str.replace_all(".", "", literal=True).str.replace(",", "."))
        .when(decimal_comma)
        .then(bare.str.replace(",", "."))
        .otherwise(bare)
    )
    return plain.cast(pl.Float64, strict=False)


def _problem(name: str) -> pl.Expr:
    """Why the cell cannot be used, as a sentence; null where it can."""
    column = COLUMNS[name]
    cell = pl.col(name)
    empty = cell.is_null() | (cell == "" if column.kind == "text" else cell.str.to_lowercase().is_in(UNKNOWN))
    if column.kind == "text":
        return pl.when(empty).then(pl.lit(f"{name} is empty")) if column.default is None else pl.lit(None, pl.String)
    shown = pl.when(cell.str.len_chars() > 40).then(cell.str.slice(0, 40) + "…").otherwise(cell)
    sentence = pl.format("{} is '{}'; allowed: {}", pl.lit(name), shown, pl.lit(ALLOWED[column.kind]))
    return pl.when(~empty & parse(name, column.kind).is_null()).then(sentence)


def _attribute_text(columns: tuple[str, ...], *, own: bool) -> pl.Expr:
    parts = ["attributes", *columns] if own else list(columns)
    if not parts:
        return pl.lit(None, pl.String)
    cells = [pl.when(pl.col(part) != "").then(pl.col(part)) for part in parts]
    return pl.concat_str(cells, separator=", ", ignore_nulls=True)


def _mark_repeats(parsed: pl.DataFrame) -> pl.DataFrame:
    """Reject each good row whose item_id a good row above it has."""
    good = parsed.filter(pl.col("_problem").is_null())
    first = good.group_by("item_id").agg(pl.col("_line").min().alias("_first"))
    repeat = pl.format("item_id '{}' repeats line {}", "item_id", "_first")
    return (
        parsed.join(first, on="item_id", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("_problem", pl.when(pl.col("_line") > pl.col("_first")).then(repeat)).alias("_problem")
        )
        .drop("_first")
    )


def _refuse_mixed_currencies(prices: pl.Series, path: object) -> None:
    signs = prices.str.extract(f"({CURRENCY})").str.to_uppercase().replace({"US$": "$", "USD": "$", "EUR": "€"})
    signs = signs.replace({"GBP": "£", "JPY": "¥", "INR": "₹"}).drop_nulls().unique().sort()
    if len(signs) > 1:
        raise BadFile(path, f"price is in several currencies ({', '.join(signs)}); allowed: one a catalogue")
