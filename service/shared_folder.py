"""A folder that all machines see: a shared file system or an object store, by its URL (fsspec).

`file:///mnt/shop` needs nothing else; `s3://`, `gs://`, `abfs://` and others need the package that fsspec names for
them. A file appears under its name when all of it is there.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from fsspec.core import url_to_fs

from trimtab.core.errors import BadParameter, NotFound, TrimtabError, Unavailable

PARTIAL = ".partial"
CHUNK_BYTES = 1 << 20


class SharedFolder:
    """Files by name; a name may have slashes in it."""

    def __init__(self, url: str) -> None:
        """
        Raises:
            BadParameter: no folder can be reached by such a URL, or not with what is installed.
        """
        try:
            found: tuple[Any, str] = url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise BadParameter("TRIMTAB_SHARED_FOLDER_URL", f"cannot use {url!r}", str(error)) from None
        self._files, self._root = found

    def names(self, folder: str) -> list[str]:
        """The names of what is in a folder, without its path; none where it is not there.

        Raises:
            Unavailable: it cannot be asked.
        """
        with _reaching():
            self._files.invalidate_cache()
            if not self._files.isdir(f"{self._root}/{folder}"):
                return []
            found = self._files.ls(f"{self._root}/{folder}", detail=False)
            return sorted(name for path in found if not (name := path.rpartition("/")[2]).endswith(PARTIAL))

    @contextmanager
    def new_file(self, name: str) -> Iterator[IO[bytes]]:
        """A file that has its name when the block ends well.

        Raises:
            Unavailable: it cannot be written.
        """
        path, partial = f"{self._root}/{name}", f"{self._root}/{name}.{uuid4().hex[:8]}{PARTIAL}"
        with _reaching():
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
            with self._files.open(partial, "wb") as file:
                yield file
            self._files.mv(partial, path)

    def send(self, source: Path, name: str) -> None:
        """Copy a file of this machine there.

        Raises:
            Unavailable: it cannot be written.
        """
        with source.open("rb") as content, self.new_file(name) as file:
            shutil.copyfileobj(content, file, CHUNK_BYTES)

    def fetch(self, name: str, target: Path) -> None:
        """Copy a file of it to this machine.

        Raises:
            NotFound: there is no such file.
            Unavailable: it cannot be read.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        with self.reading(name) as content, target.open("wb") as file:
            shutil.copyfileobj(content, file, CHUNK_BYTES)

    @contextmanager
    def reading(self, name: str) -> Iterator[IO[bytes]]:
        """A file to read from.

        Raises:
            NotFound: there is no such file.
            Unavailable: it cannot be read.
        """
        with _reaching():
            try:
                file = self._files.open(f"{self._root}/{name}", "rb")
            except FileNotFoundError:
                raise NotFound(f"the shared folder has no {name}") from None
            with file:
                yield file

    def remove(self, name: str) -> None:
        """Remove a file, or a folder with all that is in it; nothing where it is not there.

        Raises:
            Unavailable: it cannot be removed.
        """
        with _reaching():
            self._files.invalidate_cache()
            if self._files.exists(f"{self._root}/{name}"):
                self._files.rm(f"{self._root}/{name}", recursive=True)


@contextmanager
def _reaching() -> Iterator[None]:
    """What fails at the other end is a fault that may pass."""
    try:
        yield
    except TrimtabError:
        raise
    except Exception as error:  # each kind of store has errors of its own
        problem = getattr(error, "strerror", None) or type(error).__name__
        raise Unavailable(f"the shared folder cannot be reached ({problem})") from error
