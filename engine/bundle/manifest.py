"""Where a bundle is, and what its manifest says before anything of it is loaded. Imports next to nothing, so that a
wrong path is named at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from trimtab.core.errors import BundleDamaged, BundleMismatch, did_you_mean

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 10_000_000


def require_bundle(folder: Path) -> None:
    """Nothing where a folder holds a bundle, whatever its state; in no time, before anything is loaded.

    Raises:
        BundleDamaged: it does not; names the folder, and the nearest one beside it that does.
    """
    if (folder / MANIFEST).is_file():
        return
    beside = [path.parent.name for path in folder.parent.glob(f"*/{MANIFEST}")]
    nearest = did_you_mean(folder.name, beside)
    raise BundleDamaged(folder / MANIFEST, f"is missing{nearest}; `trimtab build FEED --out {folder}` makes a bundle")


def read_manifest(folder: Path) -> dict[str, Any]:
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
        raise BundleDamaged(MANIFEST, f"cannot be read ({error})") from error
    return dict(manifest)


def objectives_in(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """The objectives that a manifest names.

    Raises:
        BundleDamaged: it names none that can be read.
    """
    try:
        return tuple(str(one["name"]) for one in manifest["objectives"])
    except (KeyError, TypeError) as error:
        raise BundleDamaged(MANIFEST, f"objectives cannot be read ({type(error).__name__})") from error


def as_of(manifest: Mapping[str, Any]) -> datetime:
    """The time up to which changes to the catalogue are in the bundle."""
    return datetime.fromisoformat(manifest.get("as_of", manifest["created"]))


def require_same_objectives(running: Sequence[str], candidate: Sequence[str]) -> None:
    """
    Raises:
        BundleMismatch: they are others: requests, profiles and experiments name those of the running bundle.
    """
    if tuple(candidate) != tuple(running):
        theirs, ours = (", ".join(names) for names in (candidate, running))
        raise BundleMismatch(
            f"its objectives are {theirs}; what serves has {ours}. Build it with the [objectives] of what serves, or "
            "serve it by a service that is started with it (trimtab serve), whose profiles name its own"
        )
