"""A tantivy index as files: finished so that equal documents make equal files, and opened without writing."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from uuid import UUID

import tantivy

from trimtab.core.errors import BundleDamaged

LOCK = ".lock"
META, MANAGED = "meta.json", ".managed.json"
"""tantivy's lists of an index's segments and of the files it wrote."""


def finish(index: tantivy.Index, writer: tantivy.IndexWriter, folder: Path) -> None:
    """Commit what was written to an index in a folder, and read it."""
    writer.commit()
    writer.wait_merging_threads()
    name_by_contents(folder)
    index.reload()


def name_by_contents(folder: Path) -> None:
    """Rename the segments of an index, which tantivy names by chance, by what they hold.

    Nobody may write to the index meanwhile or have it open afterwards, and none of its documents may be deleted.
    """
    meta = json.loads((folder / META).read_text(encoding="utf-8"))
    names: dict[str, str] = {}
    for place, segment in enumerate(meta["segments"]):
        assert segment["deletes"] is None
        name = UUID(segment["segment_id"])
        files = sorted(folder.glob(f"{name.hex}.*"))
        digest = hashlib.sha256(str(place).encode())
        for file in files:
            digest.update(file.suffix.encode() + hashlib.sha256(file.read_bytes()).digest())
        new_name = UUID(bytes=digest.digest()[:16])
        for file in files:
            names[file.name] = file.rename(file.with_name(f"{new_name.hex}{file.suffix}")).name
        segment["segment_id"] = str(new_name)
    managed = json.loads((folder / MANAGED).read_text(encoding="utf-8"))
    (folder / META).write_text(json.dumps(meta, indent=2), encoding="utf-8")
    (folder / MANAGED).write_text(json.dumps(sorted(names.get(name, name) for name in managed)), encoding="utf-8")


def open_index(folder: Path) -> tantivy.Index:
    """The tantivy index in a folder, memory-mapped.

    A reader takes a lock too, which is a file beside the index, and a bundle may be mounted read-only. So the files
    are opened through links in a temporary folder, which is deleted as soon as they are mapped. The
    index's own thread may put a lock there meanwhile; then the folder is deleted at the second try, or stays behind
    with nothing but that lock.

    Raises:
        BundleDamaged: the folder holds nothing that can be read as an index.
    """
    try:
        with TemporaryDirectory(prefix="trimtab-lexical-", ignore_cleanup_errors=True) as links:
            for file in folder.iterdir():
                if file.suffix != LOCK:
                    (Path(links) / file.name).symlink_to(file.resolve())
            index = tantivy.Index.open(links)
        rmtree(links, ignore_errors=True)
        return index
    except (ValueError, OSError) as error:
        raise BundleDamaged(folder, "cannot be read as a tantivy index") from error
