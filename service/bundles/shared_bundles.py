"""Bundles on their way from the machine that has built one to the others, in the folder that all machines see.

bundles/<bundle id>/             the files of the bundle; its manifest, which is sent last, has their sha256
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from trimtab.core.atomic import new_folder
from trimtab.core.errors import BundleDamaged
from trimtab.engine.bundle.manifest import MANIFEST, read_manifest
from trimtab.engine.bundle.verification import verify
from trimtab.service.shared_folder import SharedFolder

FOLDER = "bundles"


class SharedBundles:
    """The bundles that are there, by their ids."""

    def __init__(self, folder: SharedFolder) -> None:
        self._folder = folder

    def publish(self, bundle: Path) -> None:
        """Send a bundle, unless it is there.

        Raises:
            Unavailable: the folder cannot be written to.
            BundleDamaged: its manifest cannot be read.
        """
        manifest = read_manifest(bundle)
        place = _place(manifest["bundle_id"])
        if MANIFEST not in self._folder.names(place):
            for name in (*manifest["files"], MANIFEST):
                self._folder.send(bundle / name, f"{place}/{name}")

    def fetch(self, bundle_id: str, out: Path) -> None:
        """Get a bundle; it stands at `out` once every file is what was built, in place of another one there.

        Raises:
            NotFound: it is not there.
            Unavailable: the folder cannot be reached.
            BundleDamaged, BundleMismatch: it is not what was built, or cannot be read here.
        """
        with new_folder(out, replaces=MANIFEST) as staging:
            self._folder.fetch(f"{_place(bundle_id)}/{MANIFEST}", staging / MANIFEST)
            manifest = read_manifest(staging)
            for name in manifest["files"]:
                if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                    raise BundleDamaged(MANIFEST, f"names a file outside of the bundle, {name!r}")
                self._folder.fetch(f"{_place(bundle_id)}/{name}", staging / name)
            if verify(staging)["bundle_id"] != bundle_id:
                raise BundleDamaged(MANIFEST, f"is not that of bundle {bundle_id}")

    def remove(self, bundle_id: str) -> None:
        """Remove a bundle that no machine needs any more.

        Raises:
            Unavailable: the folder cannot be reached.
        """
        self._folder.remove(_place(bundle_id))


def _place(bundle_id: str) -> str:
    return f"{FOLDER}/{bundle_id}"
