"""Files and folders that appear whole or not at all: written aside, then renamed into place."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import BinaryIO

from trimtab.core.errors import BadParameter

OLD = "old"
"""What stood where a new folder comes, while it is moved there."""


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
    with folder_beside(out) as aside:
        staging, old = aside / "new", aside / OLD
        staging.mkdir()
        yield staging
        if out.exists():
            os.rename(out, old)
        os.rename(staging, out)


@contextmanager
def folder_beside(out: Path) -> Iterator[Path]:
    """An empty folder on the file system of `out`, which is gone afterwards; what was killed before its end goes first.

    A folder is somebody's for as long as it is locked, which ends with the process.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        with _locked(out.parent, fcntl.LOCK_EX):  # nobody takes a folder for one that was left before it is locked
            _forget_left(out)
            folder = Path(mkdtemp(prefix=f".{out.name}.", dir=out.parent))
            stack.enter_context(_locked(folder, fcntl.LOCK_EX))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        yield folder


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to the disk: a new file that is synced may be there without its name."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _forget_left(out: Path) -> None:
    """Delete the folders beside `out` that nobody has any more, but for those with what stood there before."""
    ours = re.compile(rf"\.{re.escape(out.name)}\.[a-z0-9_]{{8}}")
    for folder in out.parent.iterdir():
        if ours.fullmatch(folder.name) and folder.is_dir() and not (folder / OLD).exists():
            with _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB) as is_ours:
                if is_ours:
                    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[bool]:
    """Whether a folder is this process's meanwhile; never where its file system has no locks."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, how)
            is_ours = True
        except OSError:
            is_ours = False
        yield is_ours
    finally:
        os.close(descriptor)


def _may_be_replaced(out: Path, replaces: str | None) -> bool:
    if not out.is_dir():
        return False
    return not any(out.iterdir()) or (replaces is not None and (out / replaces).is_file())
