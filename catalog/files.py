"""Bytes and text of a file, plain or gzipped, with one clear error."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import polars as pl

from trimtab.core.errors import BadFile, did_you_mean

UNREADABLE: tuple[type[BaseException], ...] = (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException)
"""What reading a table raises that is damaged. polars panics at some damage, with what is not an `Exception`."""


def nearest_file(path: Path) -> str:
    """The end of a sentence about a file that is not there: the one beside it that may be meant, or nothing."""
    try:
        return did_you_mean(path.name, [one.name for one in path.absolute().parent.iterdir()])
    except OSError:
        return ""


def read_bytes(path: Path) -> bytes:
    """The file's contents, unpacked where its name ends in `.gz`.

    Raises:
        BadFile: it is not there, cannot be read, or is cut off.
    """
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if path.suffix.lower() == ".gz" else data
    except FileNotFoundError:
        raise BadFile(path, f"no such file{nearest_file(path)}") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadFile(path, f"is not a complete gzip file ({error})") from None
    except OSError as error:
        raise BadFile(path, f"cannot be read ({error.strerror})") from None


def read_text(path: Path) -> str:
    """The same as text; a byte order mark is left out.

    Raises:
        BadFile: also where it is not UTF-8, naming the line.
    """
    data = read_bytes(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(path, "is not UTF-8 text", row=data.count(b"\n", 0, error.start) + 1) from None
