"""Files and folders that appear whole or not at all: written aside, then renamed into place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import BinaryIO

from trimtab.core.errors import BadParameter


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that becomes `path` once it is on the disk, when the block ends well; it is gone when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def new_folder(out: Path, *, replaces: str | None = None) -> Iterator[Path]:
    """An empty folder that becomes `out` when the block ends well; it is gone when it does not.

    Args:
        replaces: a file by which an earlier result is known; a folder with it is replaced. Anything else that stands
            at `out` is left alone.

    Raises:
        BadParameter: something else stands there.
    """
    if out.exists() and not _may_be_replaced(out, replaces):
        raise BadParameter("out", f"{out} exists and is not an earlier result", "a new or empty folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    staging, old = aside / "new", aside / "old"
    staging.mkdir()
    try:
        yield staging
        if out.exists():
            os.rename(out, old)
        os.rename(staging, out)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to the disk: a new file that is synced may be there without its name."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _may_be_replaced(out: Path, replaces: str | None) -> bool:
    if not out.is_dir():
        return False
    return not any(out.iterdir()) or (replaces is not None and (out / replaces).is_file())
