"""The manifest of a bundle that nobody has verified."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trimtab.core.errors import BundleDamaged
from trimtab.engine.bundle.manifest import MANIFEST

MAX_MANIFEST_BYTES = 10_000_000


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


def objectives_in(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """The objectives that a manifest names.

    Raises:
        BundleDamaged: it names none that can be read.
    """
    try:
        return tuple(str(one["name"]) for one in manifest["objectives"])
    except (KeyError, TypeError) as error:
        raise BundleDamaged(MANIFEST, f"objectives cannot be read ({type(error).__name__})") from error
