"""Results appear whole or not at all: written aside, then renamed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from trimtab.core.errors import BadParameter


@contextmanager
def published(out: Path, *, replaces: str | None = None) -> Iterator[Path]:
    """A fresh folder that becomes `out` when the block ends well, and is gone when it does not.

    Args:
        replaces: a file by which an earlier result is known; a folder with it is replaced. Anything else that stands
            at `out` is left alone.

    Raises:
        BadParameter: something else stands there.
    """
    if out.exists() and not _may_go(out, replaces):
        raise BadParameter("--out", f"{out} is there already and is none of ours to replace", "a new or empty folder")
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


def written(path: Path, text: str) -> None:
    """A small text file, written aside and renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text)
    os.replace(partial, path)


def _may_go(out: Path, replaces: str | None) -> bool:
    if not out.is_dir():
        return False
    return not any(out.iterdir()) or (replaces is not None and (out / replaces).is_file())
