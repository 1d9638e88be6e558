"""The one folder that bundles may be loaded from, by name: no path, no link that leads out of it, no URL."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trimtab.core.errors import BundleDamaged, NotFound
from trimtab.engine.bundle.manifest import MANIFEST, read_manifest
from trimtab.service.bundles.shared_bundles import SharedBundles

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
START = "start"
"""The name of the bundle that the service was started with, where the name of its folder cannot be used."""


class BundleFolder:
    """Names and places of bundles."""

    def __init__(self, folder: Path, start: Path, shared: SharedBundles | None = None) -> None:
        """
        Args:
            start: the bundle that the service is started with, which may stand elsewhere.
            shared: where bundles come from and go to that several machines load; None for one machine.
        """
        self._shared = shared
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
            raise NotFound.unknown("bundle", name, self.names())
        for part in path.rglob("*"):
            if part.is_symlink():
                raise BundleDamaged(part.relative_to(path), "is a link; a bundle holds its own files")
        return path

    def publish(self, name: str) -> None:
        """Let the other machines have a bundle, where there are any. May take long: not for the event loop.

        Raises:
            NotFound: there is no bundle of that name.
            Unavailable: it cannot be sent to them.
        """
        if self._shared is not None:
            self._shared.publish(self.path_of(name))

    def obtain(self, name: str, bundle_id: str) -> Path:
        """The folder of a bundle that the plan names, which another machine may have. May take long.

        Raises:
            NotFound: no machine has it.
            Unavailable: it cannot be had from the other machines now.
            BundleDamaged: it is not what was built.
        """
        if self._shared is not None and name != self.start and bundle_id != self._id_here(name):
            self._shared.fetch(bundle_id, self.place_for(name))
        return self.path_of(name)

    def forget(self, name: str) -> None:
        """Delete a bundle, here and where other machines would get it from.

        Raises:
            Unavailable: the other machines' folder cannot be reached.
        """
        bundle_id, place = self._id_here(name), self.place_for(name)
        aside = place.with_name(f".{name}.removed")  # nothing takes what is half removed for a bundle
        shutil.rmtree(aside, ignore_errors=True)
        if place.exists():
            place.rename(aside)
            shutil.rmtree(aside, ignore_errors=True)
        if self._shared is not None and bundle_id is not None:
            self._shared.remove(bundle_id)

    def _id_here(self, name: str) -> str | None:
        try:
            return str(self.manifest(name)["bundle_id"])
        except (NotFound, BundleDamaged):
            return None

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
