"""Parts of long work that outlast a process that was killed: who does the same work again finds them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.core.errors import TrimtabError

DIGEST_BYTES = 16


class Parts:
    """Arrays in a folder, each in a file that is named by a digest of what it was made from.

    So a part is never taken for another, whatever was changed between two runs. The digest of its content is behind the
    content: a file that is cut off or damaged is made again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def kept(self, made_from: Iterable[str], make: Callable[[], NDArray[Any]]) -> Path:
        """The file of an array, which is made where it is not there.

        Args:
            made_from: all that the array depends on.
        """
        name = blake2b(digest_size=DIGEST_BYTES)
        for text in made_from:
            name.update(len(encoded := text.encode("utf-8", "replace")).to_bytes(8, "little"))
            name.update(encoded)
        path = self._folder / f"{name.hexdigest()}.part"
        if not _is_whole(path):
            self._folder.mkdir(parents=True, exist_ok=True)
            _write(path, np.ascontiguousarray(make()))
        return path


@contextmanager
def parts_beside(out: Path) -> Iterator[Parts]:
    """Parts of the work whose result is `out`; they stay where it breaks off, and are deleted when it is done or what
    it was given will not do."""
    folder = out.with_name(f".{out.name}.parts")
    try:
        yield Parts(folder)
    except TrimtabError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


def content_bytes(path: Path) -> int:
    """How much of a part's file is its content."""
    return path.stat().st_size - DIGEST_BYTES


def _write(path: Path, array: NDArray[Any]) -> None:
    content = array.data.cast("B") if array.size else b""
    partial = path.with_suffix(f".{os.getpid()}")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.write(blake2b(content, digest_size=DIGEST_BYTES).digest())
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _is_whole(path: Path) -> bool:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return False
    return content[-DIGEST_BYTES:] == blake2b(content[:-DIGEST_BYTES], digest_size=DIGEST_BYTES).digest()
