"""The one folder that bundles may be loaded from, by name: no path, no link that leads out of it, no URL."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trimtab.core.errors import BundleDamaged, NotFound
from trimtab.engine.bundle.manifest import MANIFEST

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
START = "start"
"""The name of the bundle that the service was started with, where the name of its folder cannot be used."""
MAX_MANIFEST_BYTES = 10_000_000


class BundleFolder:
    """Names and places of bundles."""

    def __init__(self, folder: Path, start: Path) -> None:
        """
        Args:
            start: the bundle that the service is started with, which may stand elsewhere.
        """
        self._folder = folder
        self._start = start.resolve()  # a link that is pointed elsewhere later is for the next start
        self.start = self._start.name if NAME.fullmatch(self._start.name) else START

    def names(self) -> list[str]:
        """The names of the bundles that are there."""
        there = self._folder.iterdir() if self._folder.is_dir() else ()
        found = {path.name for path in there if NAME.fullmatch(path.name) and not path.is_symlink()}
        return sorted({self.start} | {name for name in found if (self._folder / name / MANIFEST).is_file()})

    def path_of(self, name: str) -> Path:
        """The folder of a bundle.

        Raises:
            NotFound: there is no bundle of that name.
            BundleDamaged: something in it is a link.
        """
        if name == self.start:
            return self._start
        path = self._folder / name
        if not NAME.fullmatch(name) or path.is_symlink() or not (path / MANIFEST).is_file():
            raise NotFound(f"there is no bundle {name!r}")
        for part in path.rglob("*"):
            if part.is_symlink():
                raise BundleDamaged(part.relative_to(path), "is a link; a bundle holds its own files")
        return path

    def place_for(self, name: str) -> Path:
        """The folder to write a bundle of that name to."""
        assert NAME.fullmatch(name), name
        return self._folder / name

    def manifest(self, name: str) -> Mapping[str, Any]:
        """The manifest of the bundle of that name.

        Raises:
            NotFound: there is no bundle of that name.
            BundleDamaged: it cannot be read.
        """
        return read_manifest(self.path_of(name))


def read_manifest(folder: Path) -> Mapping[str, Any]:
    """The manifest of a bundle; its files are not verified.

    Raises:
        BundleDamaged: it is too large, or not a JSON object with an id.
    """
    path = folder / MANIFEST
    try:
        if path.stat().st_size > MAX_MANIFEST_BYTES:
            raise BundleDamaged(MANIFEST, f"is larger than {MAX_MANIFEST_BYTES} bytes")
        manifest = json.loads(path.read_text())
        manifest["bundle_id"].encode()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleDamaged(MANIFEST, f"cannot be read ({type(error).__name__})") from error
    return dict(manifest)
