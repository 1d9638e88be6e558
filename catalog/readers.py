"""Catalogue files into items: CSV, JSON lines and Parquet, each also with `.gz`."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from trimtab.catalog.files import UNREADABLE, read_bytes, read_text
from trimtab.catalog.validation import RawRows, Rejection, Rejections, validate
from trimtab.core.errors import BadFile

MAX_CELL_CHARACTERS = 10_000_000
N_EXAMPLES = 3


def read_catalogue(path: Path | str, *, max_rejected_share: float = 0.05) -> tuple[pl.DataFrame, Rejections]:
    """Items of a catalogue file, in schema columns, and what was rejected and why.

    Columns are matched by name. Beside the schema's, columns that begin with `attr_` become part of the searched
    `attributes` text; others are ignored and named in the summary.

    Args:
        path: `.csv` (or `.tsv`; comma, semicolon, tab or bar between cells), `.jsonl` (or `.ndjson`), `.parquet`,
            each also with `.gz`.
        max_rejected_share: of all rows; more rejected ones than that fail the whole file.

    Raises:
        BadFile: the file cannot be read, has another extension, lacks a required column, has no usable row, or too
            many rows are rejected.
    """
    path = Path(path)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = suffixes[-2] if suffixes[-1:] == [".gz"] and len(suffixes) > 1 else "".join(suffixes[-1:])
    if kind not in READERS:
        raise BadFile(path, f"unknown extension; allowed: {', '.join(READERS)}, each also with .gz")
    raw = READERS[kind](path)
    items, rejections = validate(raw, path)
    _refuse_hopeless(rejections, path, max_rejected_share)
    return items, rejections


def _read_csv(path: Path) -> RawRows:
    text = read_text(path)
    header_line = text.partition("\n")[0]
    delimiter = max(",;\t|", key=header_line.count)
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    lines: list[int] = []
    cells: list[list[str]] = []
    unreadable: list[Rejection] = []
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            break
        except csv.Error as error:
            if "unexpected end" in str(error):  # it swallowed the rest; how many rows is unknown
                raise BadFile(path, "is cut off, or a quote opened here never closes", row=line) from None
            until = f" up to line {rows.line_num}" if rows.line_num > line else ""
            unreadable.append(Rejection(line, f"row is badly quoted{until} ({error})"))
            continue
        if header is None:
            header = [name.strip() for name in row]
        elif len(row) == len(header):
            lines.append(line)
            cells.append(row)
        elif row:  # a blank line is not a row
            unreadable.append(Rejection(line, f"row has {len(row)} cells, the header has {len(header)}"))
    return _raw_rows(header or [], lines, cells, unreadable, path)


def _read_jsonl(path: Path) -> RawRows:
    lines: list[int] = []
    objects: list[dict[str, Any]] = []
    unreadable: list[Rejection] = []
    for line, text in enumerate(read_bytes(path).removeprefix(codecs.BOM_UTF8).split(b"\n"), 1):
        if not text.strip():
            continue
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            unreadable.append(Rejection(line, f"row is not JSON ({error.msg})"))
            continue
        if isinstance(value, dict):
            lines.append(line)
            objects.append(value)
        else:
            unreadable.append(Rejection(line, "row is not a JSON object"))
    if not objects:
        raise BadFile(path, "has no row with a JSON object")
    header = list(dict.fromkeys(name for value in objects for name in value))
    cells = [[cell_text(value.get(name)) for name in header] for value in objects]
    return _raw_rows(header, lines, cells, unreadable, path)


def _read_parquet(path: Path) -> RawRows:
    try:
        frame = pl.read_parquet(io.BytesIO(read_bytes(path)))
    except UNREADABLE as error:
        raise BadFile(path, f"is not a complete Parquet file ({str(error).splitlines()[0]})") from None
    cells = pl.DataFrame([_as_text(column) for column in frame.iter_columns()])
    return RawRows(cells, pl.Series(range(1, len(frame) + 1), dtype=pl.Int64))


READERS: dict[str, Callable[[Path], RawRows]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
    ".parquet": _read_parquet,
}


def _raw_rows(
    header: list[str],
    lines: list[int],
    cells: Sequence[Sequence[str | None]],
    unreadable: list[Rejection],
    path: Path,
) -> RawRows:
    if not any(header):
        raise BadFile(path, "is empty; a first row naming the columns is needed")
    repeated = [name for name in header if header.count(name) > 1]
    if repeated:
        raise BadFile(path, f"column {repeated[0]!r} stands twice in the header", row=1)
    columns = zip(*cells, strict=True) if cells else [()] * len(header)
    frame = pl.DataFrame([pl.Series(name, column, pl.String) for name, column in zip(header, columns, strict=True)])
    return RawRows(frame, pl.Series(lines, dtype=pl.Int64), tuple(unreadable))


def cell_text(value: object) -> str | None:
    """A JSON value as the text a CSV would have; a list's members joined by commas."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(part for part in map(cell_text, value) if part)
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    return str(value)


def _as_text(column: pl.Series) -> pl.Series:
    dtype = column.dtype
    if isinstance(dtype, pl.List | pl.Array):
        return column.cast(pl.List(pl.String)).list.join(", ")
    if isinstance(dtype, pl.Struct):
        return column.struct.json_encode()
    if isinstance(dtype, pl.Float32 | pl.Float64):  # a whole number is an id or a count, not "12.0"
        return column.cast(pl.String).str.strip_suffix(".0")
    if isinstance(dtype, pl.Binary):
        return column.cast(pl.String, strict=False)
    return column.cast(pl.String)


def _refuse_hopeless(rejections: Rejections, path: Path, max_rejected_share: float) -> None:
    first = "; ".join(f"line {row.line}: {row.reason}" for row in rejections.rows[:N_EXAMPLES])
    if rejections.n_read == 0:
        raise BadFile(path, "has a header but no rows")
    if rejections.n_kept == 0:
        raise BadFile(path, f"no row can be used; {first}")
    if rejections.share > max_rejected_share:
        raise BadFile(
            path,
            f"{len(rejections.rows):,} of {rejections.n_read:,} rows rejected ({rejections.share:.1%}), "
            f"allowed: {max_rejected_share:.1%}; {first}",
        )
