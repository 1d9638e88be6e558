"""Cells of text into values.

A cell is read by the kind of its column (`trimtab.catalog.schema`):

    text    stripped; runs of white space become one space; no longer than its column allows
    price   `3.99`, `$3.99`, `3,99 €`, `1,299.00`, `1.299,00`, `USD 5`; above 0. One currency a file.
            A comma before exactly three digits groups thousands (`1,299`), otherwise it is the decimal sign; a
            point is the decimal sign unless a decimal comma follows it.
    flag    true/false, yes/no, y/n, t/f, 1/0, in stock/out of stock, InStock/OutOfStock (schema.org)
    amount  a number of 0 or more
    share   `0.2` or `20%`, 0 to 1

Empty cells take the column's default.
"""

from __future__ import annotations

import polars as pl

from trimtab.catalog.schema import COLUMNS, DTYPES, Kind

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


def parsed_cells(cells: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """The values of the schema's columns that are there (null: empty or unusable), and why a row cannot be used.

    Returns:
        values [n_rows], and problems [n_rows], a sentence that begins with the column's name, or null.
    """
    known = [name for name in COLUMNS if name in cells.columns]
    squeezed = cells.with_columns(squeeze(pl.col(*known))) if known else cells
    parsed = squeezed.select(
        *(parse(name, COLUMNS[name].kind).alias(name) for name in known),
        pl.coalesce(*(_problem(name) for name in known)).alias("_problem"),
    )
    return parsed.drop("_problem"), parsed["_problem"]


def squeeze(cell: pl.Expr) -> pl.Expr:
    """The text without white space around it, each run of white space in it one space."""
    return cell.str.replace_all(r"\s+", " ").str.strip_chars()


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
        in_32_bits = number.cast(pl.Float32)  # what the ranker computes with: 1e-46 is 0 and 1e39 infinite there
        return _kept(number, (in_32_bits > 0) & in_32_bits.is_finite(), kind)
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
        too_long = f"{name} is too long; allowed: up to {column.max_bytes:,} bytes of text"
        problem = pl.when(cell.str.len_bytes() > column.max_bytes).then(pl.lit(too_long))
        return pl.when(empty).then(pl.lit(f"{name} is empty")).otherwise(problem) if column.default is None else problem
    shown = pl.when(cell.str.len_chars() > 40).then(cell.str.slice(0, 40) + "…").otherwise(cell)
    sentence = pl.format("{} is '{}'; allowed: {}", pl.lit(name), shown, pl.lit(ALLOWED[column.kind]))
    return pl.when(~empty & parse(name, column.kind).is_null()).then(sentence)
