"""A shop in one file: its data folder and its bundles, copied while it serves, and put back where nothing stands yet.

The archive is an uncompressed tar: the files under `data/` and `bundles/`, and as its last member `backup.json` with
the sha256 of each. A copy that was cut off has no last member and is refused.

Folders are copied in an order in which nothing that was acknowledged is missed, whatever is moved meanwhile: a segment
is written, then sealed elsewhere, so open segments come before sealed ones; changes to the catalogue end in a bundle,
so their log comes before the bundles. What is copied twice so is counted once by who reads it. Files that are appended
to may end in half a line, as after a kill.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from trimtab.core.atomic import new_file, new_folder
from trimtab.core.errors import BadFile, BadParameter
from trimtab.core.work.progress import Progress, silent
from trimtab.engine.log.interactions import SPOOL
from trimtab.service.redis.server import PrivateRedis

DATA, BUNDLES = "data", "bundles"
LIST = "backup.json"
VERSION = 1
FIRST, LAST = (SPOOL,), ("catalogue",)
"""Folders of the data folder that are copied before all others, and after them."""
NOT_KEPT = frozenset({"shadow"})
"""The rehearsal of a bundle, a folder of the data folder that is made again."""
SNAPSHOT, COPIES = "redis", "definitions"
"""Folder of the private Redis server's snapshot, and that of what it keeps of definitions and keys: where there are no
copies, as in version 0.1, the snapshot alone has them, and is kept; a server that runs writes it first."""
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What an archive holds.

    Attributes:
        n_files: without the list.
        n_bytes: of all files.
        created: when it was begun.
    """

    n_files: int
    n_bytes: int
    created: datetime

    def as_dict(self) -> dict[str, Any]:
        return {"n_files": self.n_files, "n_bytes": self.n_bytes, "created": self.created.isoformat()}


def back_up(data_folder: Path, bundle_folder: Path, out: Path, *, progress: Progress = silent) -> BackedUp:
    """Copy a shop, which may be serving, into an archive at `out`, which appears whole or not at all.

    Raises:
        BadParameter: a folder is not there, or `out` is inside one of them or exists.
        Unavailable: definitions are in a Redis server alone that cannot write them.
    """
    require_folders(data_folder, bundle_folder, out)
    created, digests, n_bytes = datetime.now(UTC), dict[str, str](), 0
    with new_file(out) as file, tarfile.open(fileobj=file, mode="w") as archive:
        for path, name in _files(data_folder, bundle_folder):
            copied = _add(archive, path, name)
            if copied is not None:
                digests[name], size = copied
                n_bytes += size
                progress("copying", n_bytes, n_bytes)
        found = BackedUp(len(digests), n_bytes, created)
        listed = {"version": VERSION, **found.as_dict(), "sha256": digests}
        _add_bytes(archive, LIST, json.dumps(listed, indent=1).encode())
    return found


def require_folders(data_folder: Path, bundle_folder: Path, out: Path) -> None:
    """Check the places of a shop and of its archive.

    Raises:
        BadParameter: a folder is not there, or `out` is inside one of them or exists.
    """
    for option, folder in (("--data", data_folder), ("--bundles", bundle_folder)):
        if not folder.is_dir():
            raise BadParameter(option, f"{folder} is not a folder", "a folder of a shop")
        if out.resolve().is_relative_to(folder.resolve()):
            raise BadParameter("--out", f"{out} is inside {folder}", "a file elsewhere")
    if out.exists():
        raise BadParameter("--out", f"{out} exists", "a new file")


def restore(archive: Path, data_folder: Path, bundle_folder: Path, *, progress: Progress = silent) -> BackedUp:
    """Put a shop back; both folders appear whole, or neither where the archive is not what was written.

    Raises:
        BadFile: the archive is missing, cannot be read, is cut off, or a file in it is not what was written.
        BadParameter: a folder is there already and is not empty.
    """
    for option, folder in (("--data", data_folder), ("--bundles", bundle_folder)):
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            raise BadParameter(option, f"{folder} is there and not empty", "a new or empty folder")
    try:
        with tarfile.open(archive, mode="r:") as opened, ExitStack() as stack:
            members = {member.name: member for member in opened.getmembers()}
            found, digests = _list_of(opened, archive)
            places = {
                DATA: stack.enter_context(new_folder(data_folder)),
                BUNDLES: stack.enter_context(new_folder(bundle_folder)),
            }
            for n, (name, digest) in enumerate(digests.items(), start=1):
                source = opened.extractfile(members[name])
                if source is None or _put(source, _target(archive, name, places)) != digest:
                    raise BadFile(archive, f"{name} is not what was written")
                progress("restoring", n, len(digests))
    except (tarfile.TarError, EOFError, KeyError) as error:
        raise BadFile(archive, f"is not a whole backup ({error})") from error
    except FileNotFoundError:
        raise BadFile(archive, "is missing") from None
    return found


def _files(data_folder: Path, bundle_folder: Path) -> Iterator[tuple[Path, str]]:
    """The files to copy with their names in the archive, each folder listed when its turn comes."""
    names = {path.name for path in data_folder.iterdir()} - NOT_KEPT
    if COPIES in names:
        names.discard(SNAPSHOT)
    else:
        PrivateRedis(data_folder / SNAPSHOT).save()
    between = sorted(names - set(FIRST) - set(LAST))
    for name in (*FIRST, *between, *LAST):
        yield from _below(data_folder / name, f"{DATA}/{name}")
    for bundle in sorted(bundle_folder.iterdir()):
        if not bundle.name.startswith("."):  # one that is being built
            yield from _below(bundle, f"{BUNDLES}/{bundle.name}")


def _below(path: Path, name: str) -> Iterator[tuple[Path, str]]:
    """A file, or all files below a folder, but for those that are being written; links lead elsewhere."""
    if path.name.endswith(".partial") or path.is_symlink():
        return
    if not path.is_dir():
        yield path, name
        return
    for entry in sorted(path.iterdir()):
        yield from _below(entry, f"{name}/{entry.name}")


def _add(archive: tarfile.TarFile, path: Path, name: str) -> tuple[str, int] | None:
    """Copy what a file has now; its sha256 and size, or None where it went meanwhile."""
    try:
        with path.open("rb") as file:
            member = archive.gettarinfo(arcname=name, fileobj=file)
            reader = _Hashing(file, member.size)
            archive.addfile(member, reader)
    except FileNotFoundError:
        return None
    return reader.digest.hexdigest(), member.size


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


class _Hashing(io.RawIOBase):
    """The beginning of a file, which may grow, hashed as it is read."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._left = size
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        read = self._file.read(wanted)
        self._left -= len(read)
        self.digest.update(read)
        return read


def _list_of(opened: tarfile.TarFile, archive: Path) -> tuple[BackedUp, dict[str, str]]:
    """What the archive says it holds."""
    file = opened.extractfile(LIST)
    try:
        assert file is not None
        listed = json.loads(file.read())
        if listed["version"] != VERSION:
            raise BadFile(archive, f"is a backup of version {listed['version']}, this reads {VERSION}")
        digests = {str(name): str(digest) for name, digest in listed["sha256"].items()}
        found = BackedUp(int(listed["n_files"]), int(listed["n_bytes"]), datetime.fromisoformat(listed["created"]))
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadFile(archive, f"its {LIST} cannot be read ({error})") from error
    return found, digests


def _target(archive: Path, name: str, places: dict[str, Path]) -> Path:
    """Where a file goes, which is below one of the places."""
    parts = PurePosixPath(name).parts
    if len(parts) < 2 or parts[0] not in places or ".." in parts:
        raise BadFile(archive, f"has a file that no backup has, {name!r}")
    return places[parts[0]].joinpath(*parts[1:])


def _put(source: IO[bytes], target: Path) -> str:
    """Write a file; the sha256 of what was read."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with target.open("wb") as file:
        while piece := source.read(CHUNK_BYTES):
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()
