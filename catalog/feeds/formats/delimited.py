"""Text with delimiters (CSV, TSV) as rows, also as spreadsheets and careless programs write it."""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path

from trimtab.catalog.feeds.formats.source import MAX_LINE_CHARACTERS, lines_of, opened_text
from trimtab.catalog.feeds.rows import Row, Rows, Value, clean_name
from trimtab.catalog.rejections import Rejection
from trimtab.core.errors import BadFile

DELIMITERS = ",;\t|"
MAX_LINES = 5_000
"""A cell of more lines was opened by a quote that never closes."""
MAX_OPEN_QUOTES = 1_000
"""More rows than these with such quotes are not read as a table."""
N_SNIFFED = 20
N_COMPARED = 4
"""Cells of a row of which one is its column's name, or it is not the header again."""

_SEPARATOR_LINE = re.compile(r"\s*\"?sep=(.|\\t)\"?\s*", re.IGNORECASE)


def read_delimited(path: Path) -> Rows:
    """The rows of a file with delimiters; the first one that is not blank names the columns.

    Raises:
        BadFile: it has no header, or a column twice.
    """
    csv.field_size_limit(MAX_LINE_CHARACTERS)
    with opened_text(path) as file:
        lines = _Lines(lines_of(file, path))
        delimiter = _delimiter(lines)
        records = _records(lines, delimiter, path)
        header: list[str] | None = None
        for line, cells in records:
            if isinstance(cells, Rejection):
                yield cells
            elif not any(map(str.strip, cells)):
                continue  # a spreadsheet's empty rows are no rows
            elif header is None:
                if not _is_above_header(cells, lines, delimiter):
                    header = _header(cells, line, path)
            elif not (_repeats(cells, header) or _is_remark(cells)):
                yield _row(line, cells, header)
        if header is None:
            raise BadFile(path, "is empty; a first row naming the columns is needed")


class _Lines(Iterator[str]):
    """The lines of a file, some of which can be put back.

    Attributes:
        number: of the last line given, 1-based.
    """

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._waiting: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else next(self._lines)
        line = line.replace("\0", "")
        self.number += 1
        self.taken.append(line)
        if len(self.taken) > MAX_LINES:
            raise _Unclosed
        return line

    def begin(self) -> None:
        """Forget the lines given so far: the next one begins a row."""
        self.taken = []

    def put_back(self, keep: int) -> None:
        """Give all but the first `keep` lines since `begin` again."""
        self._waiting.extendleft(reversed(self.taken[keep:]))
        self.number -= len(self.taken) - keep
        self.taken = self.taken[:keep]

    def next_lines(self, n: int) -> list[str]:
        """The next lines, which stay to be given."""
        while len(self._waiting) < n:
            line = next(self._lines, None)
            if line is None:
                break
            self._waiting.append(line)
        return list(self._waiting)[:n]


class _Unclosed(Exception):
    """A cell has taken too many lines."""


def _delimiter(lines: _Lines) -> str:
    """The delimiter that a `sep=` line names (which is taken away), or that splits the first lines most evenly."""
    first = lines.next_lines(1)
    said = _SEPARATOR_LINE.fullmatch(first[0].lstrip("\ufeff")) if first else None
    if said is not None:
        next(lines)
        return "\t" if said[1] == "\\t" else said[1]
    sample = [line for line in lines.next_lines(N_SNIFFED) if line.strip()]
    if not sample:
        return ","
    outside = [re.sub(r'"[^"]*"', "", line) for line in sample]
    begin = next((place for place, line in enumerate(outside) if any(sign in line for sign in DELIMITERS)), 0)
    return max(DELIMITERS, key=lambda sign: (outside[begin].count(sign) > 0, *_evenness(outside[begin:], sign)))


def _evenness(lines: list[str], sign: str) -> tuple[float, int]:
    """The share of lines with as many signs as the first of the table, and how many those are.

    What stands above a table has fewer, if any.
    """
    counts = [line.count(sign) for line in lines]
    first = next((count for count in counts if 2 * count > max(counts)), 0)
    return sum(count == first for count in counts) / len(counts) if first else 0.0, first


def _records(lines: _Lines, delimiter: str, path: Path) -> Iterator[tuple[int, list[str] | Rejection]]:
    n_open = 0
    while True:
        lines.begin()
        line = lines.number + 1
        try:
            yield line, next(csv.reader(lines, delimiter=delimiter, strict=True))
        except StopIteration:
            return
        except (_Unclosed, csv.Error) as error:
            is_open = isinstance(error, _Unclosed) or "unexpected end" in str(error)
            n_open += is_open
            if n_open > MAX_OPEN_QUOTES:
                raise BadFile(path, "has too many rows with a quote that never closes", row=line) from None
            lines.put_back(1)
            yield line, _unquoted(lines.taken[0], delimiter, line, is_open=is_open)


def _unquoted(text: str, delimiter: str, line: int, *, is_open: bool) -> list[str] | Rejection:
    """A line whose quotes are no quotes: `A7,"Lamp" on,3`, `A8,"12 inch pipe,7`."""
    if delimiter in text:
        return text.rstrip("\r\n").split(delimiter)
    return Rejection(line, "row has a quote that never closes" if is_open else "row is badly quoted")


def _is_above_header(cells: list[str], lines: _Lines, delimiter: str) -> bool:
    """Whether a first row is above the header: a remark of far fewer cells, or names of groups of columns."""
    above = _filled(cells)
    try:
        rest = list(filter(None, map(_filled, csv.reader(lines.next_lines(N_SNIFFED), delimiter=delimiter))))
    except csv.Error:  # a cell without an end; what reads the rows says so
        return False
    widest = max(map(len, rest), default=0)
    names = next((row for row in rest if 2 * len(row) > widest), [])
    are_names = len(set(names)) == len(names) and not any(name[:1].isdigit() for name in names)
    are_groups = len(set(above)) < len(above) <= len(names) and names == rest[0]
    return (2 * len(above) <= widest or are_groups) and widest > 2 and are_names


def _filled(row: list[str]) -> list[str]:
    return [cell for cell in map(str.strip, row) if cell]


def _header(cells: list[str], line: int, path: Path) -> list[str]:
    header = [name.strip().lstrip("\ufeff") for name in cells]
    while header and not header[-1]:
        header.pop()
    often, named = Counter(header), Counter[str]()
    repeated = next((name for name in header if often[name] > 1 and clean_name(name) in _ONCE), None)
    if repeated is not None:
        raise BadFile(path, f"column {repeated!r} stands twice in the header", row=line)
    for place, name in enumerate(header):
        if name and often[name] > 1:
            named[name] += 1
            header[place] = f"{name} {named[name]}"
    return [name or f"column_{number}" for number, name in enumerate(header, 1)]


_ONCE = frozenset({"item_id", "id", "sku", "title", "name", "price"})
"""What no item can have two of; what else stands twice is numbered."""


def _is_remark(cells: list[str]) -> bool:
    """Whether a row explains the columns, as templates do: `# Required | A unique name`."""
    said = [cell for cell in cells if cell.strip()]
    return len(said) > 1 and all(cell.startswith("# ") for cell in said)


def _unwrapped(cell: str) -> str:
    """What a spreadsheet shows of `="00123"`, which keeps zeros and long numbers as they are."""
    return cell[2:-1] if cell.startswith('="') and cell.endswith('"') and len(cell) > 2 else cell


def _repeats(cells: list[str], header: list[str]) -> bool:
    """Whether a row is the header again, as in files put together of several, or its names for a machine."""
    filled = [(cell, name) for cell, name in zip(cells, header, strict=False) if cell and not cell.isspace()]
    if not any(clean_name(cell) == clean_name(name) for cell, name in filled[:N_COMPARED]):
        return False
    said = [(clean_name(cell), clean_name(name)) for cell, name in filled]
    return len(said) > 2 and sum(cell == name for cell, name in said) >= 0.8 * len(said)


def _row(line: int, cells: list[str], header: list[str]) -> Row | Rejection:
    while len(cells) > len(header) and not cells[-1].strip():
        cells.pop()
    if len(cells) != len(header):
        return Rejection(line, f"row has {len(cells)} cells, the header has {len(header)}")
    named: dict[str, Value] = dict(zip(header, map(_unwrapped, cells), strict=True))
    return Row(line, named)
