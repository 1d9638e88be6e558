"""Where a bundle is: the folder with a manifest. Imports nothing, so that a wrong path is named at once."""

from __future__ import annotations

from pathlib import Path

from trimtab.core.errors import BundleDamaged, did_you_mean

MANIFEST = "manifest.json"


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
